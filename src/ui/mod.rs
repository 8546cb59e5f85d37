//! The ui room owns what a person or a program sees of a run: listeners on the event stream, one
//! file each. Bars for a terminal, plain lines elsewhere, JSON for programs, the log file, and the
//! summary at the end. Runs at once share a `Screen`. Nothing but this room and `cli` prints.

pub mod bars;
pub mod control_echo;
mod harmless;
pub mod json;
mod label;
pub mod lines;
pub mod log;
mod screen;
mod sentence;
mod sparing;
pub mod summary;
pub mod table;
mod tail;
mod text;

pub use harmless::{for_json, for_screen};
pub use label::Label;
pub use screen::{Deferred, Screen};
pub use sentence::sentence;
pub use text::{clean, clean_block, pad};

use std::{io, time::Duration};

use clap::ValueEnum;
use jiff::Timestamp;
use tokio::{sync::oneshot, time::MissedTickBehavior};

use crate::event::{Event, EventReceiver, Sent};

/// Spinners turn and elapsed times grow this often. Below 100 ms the drawing is what costs.
const TICK: Duration = Duration::from_millis(100);

/// How a run is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputStyle {
    /// Bars on a terminal, lines elsewhere and in CI
    #[default]
    Auto,
    /// Progress bars and the last lines of output
    Bars,
    /// One line for everything that happens, with its time
    Lines,
    /// One JSON object a line on standard output
    Json,
    /// A graph in Graphviz's language; of `plan` alone
    Dot,
    /// For a comment on a pull request; of `plan` alone
    Markdown,
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Colours on a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// What `auto` depends on. The caller looks; this room only judges.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub stderr_is_terminal: bool,
    /// TERM
    pub term: Option<String>,
    /// CI
    pub ci: Option<String>,
    /// NO_COLOR
    pub no_color: Option<String>,
}

impl Surroundings {
    fn can_redraw(&self) -> bool {
        self.stderr_is_terminal && self.term.as_deref().is_some_and(|term| !matches!(term, "" | "dumb"))
    }

    fn is_ci(&self) -> bool {
        self.ci.as_deref().is_some_and(|ci| !matches!(ci, "" | "false" | "0"))
    }
}

impl OutputStyle {
    /// The style that `auto` stands for. Never `Auto`.
    pub fn resolve(self, around: &Surroundings) -> Self {
        match self {
            Self::Auto if around.can_redraw() && !around.is_ci() => Self::Bars,
            Self::Auto => Self::Lines,
            // Where nothing can be drawn, bars would say nothing to the end.
            Self::Bars if !around.stderr_is_terminal => Self::Lines,
            Self::Bars | Self::Lines | Self::Json | Self::Dot | Self::Markdown => self,
        }
    }
}

impl ColorChoice {
    pub fn enabled(self, around: &Surroundings) -> bool {
        let refused = around.no_color.as_deref().is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => around.can_redraw() && !refused,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// One that hears every event of a run. An error ends this listener alone; the others are told.
pub trait Listener: Send {
    fn event(&mut self, event: &Event, at: Timestamp) -> Result<(), String>;

    /// Called a few times a second, for what moves by itself.
    fn tick(&mut self) {}

    /// After the last event.
    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// The listeners, at work until the last sender of events is gone. An error says that they have failed.
pub type Shown = oneshot::Receiver<()>;

/// Tells the listeners on a thread of their own: writing to a terminal or a pipe may take for ever.
///
/// # Errors
/// When there is no thread to be had.
pub fn listen_aside(events: EventReceiver, listeners: Vec<Box<dyn Listener>>) -> io::Result<Shown> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (done, shown) = oneshot::channel();
    std::thread::Builder::new().name("listeners".into()).spawn(move || {
        runtime.block_on(listen(events, listeners));
        // Nobody may wait for it any more.
        done.send(()).ok();
    })?;
    Ok(shown)
}

/// Hands every event to every listener until the last sender is gone.
pub async fn listen(mut events: EventReceiver, mut listeners: Vec<Box<dyn Listener>>) {
    let mut ticker = tokio::time::interval(TICK);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            sent = events.next() => match sent {
                Some(sent) => tell(&mut listeners, sent, &events),
                None => break,
            },
            _ = ticker.tick() => listeners.iter_mut().for_each(|listener| listener.tick()),
        }
    }
    for mut listener in listeners {
        // Nobody is left to tell; what a listener could not write at the end is lost output only.
        listener.finish().ok();
    }
}

/// A listener that fails is dropped, and the rest hear why: the bake goes on.
fn tell(listeners: &mut Vec<Box<dyn Listener>>, Sent { event, at }: Sent, events: &EventReceiver) {
    let mut pending = vec![event];
    while let Some(mut event) = pending.pop() {
        harmless::clean_event(&mut event);
        listeners.retain_mut(|listener| match listener.event(&event, at) {
            Ok(()) => true,
            Err(message) => {
                let warning = Event::Warning { message, place: None };
                events.record(&warning, at);
                pending.push(warning);
                false
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::event::Events;

    fn terminal() -> Surroundings {
        Surroundings { stderr_is_terminal: true, term: Some("xterm".into()), ..Surroundings::default() }
    }

    #[test]
    fn auto_means_bars_only_on_a_terminal_that_can_redraw() {
        let auto = |around: Surroundings| OutputStyle::Auto.resolve(&around);
        assert_eq!(auto(terminal()), OutputStyle::Bars);
        assert_eq!(auto(Surroundings { term: Some("dumb".into()), ..terminal() }), OutputStyle::Lines);
        assert_eq!(auto(Surroundings { term: None, ..terminal() }), OutputStyle::Lines);
        assert_eq!(auto(Surroundings { ci: Some("true".into()), ..terminal() }), OutputStyle::Lines);
        assert_eq!(auto(Surroundings { ci: Some("false".into()), ..terminal() }), OutputStyle::Bars);
        assert_eq!(auto(Surroundings::default()), OutputStyle::Lines);
        assert_eq!(OutputStyle::Json.resolve(&terminal()), OutputStyle::Json);
        assert_eq!(OutputStyle::Bars.resolve(&terminal()), OutputStyle::Bars);
        assert_eq!(OutputStyle::Bars.resolve(&Surroundings::default()), OutputStyle::Lines);
    }

    #[test]
    fn no_color_and_color_never_are_obeyed() {
        let refused = Surroundings { no_color: Some("1".into()), ..terminal() };
        assert!(ColorChoice::Auto.enabled(&terminal()));
        assert!(!ColorChoice::Auto.enabled(&refused));
        assert!(ColorChoice::Always.enabled(&refused));
        assert!(!ColorChoice::Never.enabled(&terminal()));
        assert!(!ColorChoice::Auto.enabled(&Surroundings::default()));
    }

    struct Broken;
    impl Listener for Broken {
        fn event(&mut self, _: &Event, _: Timestamp) -> Result<(), String> {
            Err("disk full".into())
        }
    }

    #[derive(Clone, Default)]
    struct Keeps(Arc<Mutex<Vec<Event>>>);
    impl Listener for Keeps {
        fn event(&mut self, event: &Event, _: Timestamp) -> Result<(), String> {
            self.0.lock().unwrap().push(event.clone());
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_listener_that_fails_is_dropped_and_the_others_hear_why() {
        let (events, receiver) = Events::channel();
        let kept = Keeps::default();
        events.note("one");
        events.note("two");
        drop(events);
        listen(receiver, vec![Box::new(Broken), Box::new(kept.clone())]).await;
        let kept = kept.0.lock().unwrap();
        let note = |message: &str| Event::Note { message: message.into() };
        assert_eq!(
            *kept,
            [note("one"), Event::Warning { message: "disk full".into(), place: None }, note("two")]
        );
    }
}
