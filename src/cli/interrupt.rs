//! Signals: the first one ends the run in order. Only a person who presses Ctrl-C once more, a while after
//! the first time, ends the process at once: terminals, shells and CI systems send several signals by themselves.

mod grace;
mod request;

use std::{
    io::IsTerminal,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use tokio::{
    signal::unix::signal,
    sync::{mpsc, watch},
};

pub use grace::{grace, write};
use request::{Answer, Request, Requests};

use super::show;
use crate::{
    engine::Interrupt,
    error::{Error, Kind},
    journal::Journal,
    ui::control_echo,
};

/// The runs of this process, with their journals: what a second signal leaves behind is told.
static RUNS: Mutex<Vec<(String, Journal)>> = Mutex::new(Vec::new());

/// A run that signals may end.
pub fn watch(run: &str, journal: &Journal) {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner).push((run.to_owned(), journal.clone()));
}

fn left_behind() -> String {
    let mut text = "\nStopped at once.\n".to_owned();
    for (run, journal) in RUNS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let left = journal.open_things();
        if !left.is_empty() {
            let names: Vec<String> = left.iter().map(ToString::to_string).collect();
            text += &format!("Left behind: {}. `hornero clean {run}` removes it.\n", names.join(", "));
        }
    }
    text
}

/// Listens for SIGINT, SIGTERM and SIGHUP.
///
/// # Errors
/// When the operating system refuses a handler.
pub fn listen() -> Result<Interrupt, Error> {
    let (received, mut requests) = mpsc::unbounded_channel();
    for request in Request::ALL {
        let mut signals = signal(request.signal())
            .map_err(|error| Error::new(Kind::Local, "listening for signals").because(&error))?;
        let received = received.clone();
        tokio::spawn(
            async move { while signals.recv().await.is_some() && received.send(request).is_ok() {} },
        );
    }
    let (sender, receiver) = watch::channel(false);
    grace::may_be_needed();
    tokio::spawn(async move {
        let mut so_far = Requests::default();
        while let Some(request) = requests.recv().await {
            match so_far.answer(request, Instant::now(), has_terminal()) {
                Answer::CleanUp => {
                    // Told first: writing to a terminal that is stuck may take for ever.
                    sender.send_replace(true);
                    grace::begin();
                    show::stderr(cleaning_up());
                }
                Answer::StopAtOnce => stop_at_once(),
                Answer::None => {}
            }
        }
    });
    Ok(Interrupt::new(receiver))
}

/// Whether a person may sit there. A terminal that was closed is none.
fn has_terminal() -> bool {
    std::io::stdin().is_terminal() || std::io::stderr().is_terminal()
}

fn cleaning_up() -> &'static str {
    match has_terminal() {
        true => "\nInterrupted: cleaning up. Press Ctrl-C again to stop at once.\n",
        false => "\nInterrupted: cleaning up.\n",
    }
}

fn stop_at_once() -> ! {
    show::stderr(&left_behind());
    control_echo::show_again();
    #[expect(clippy::exit, reason = "the user asked twice: nothing more is waited for")]
    std::process::exit(Kind::Interrupted.exit_code().into());
}
