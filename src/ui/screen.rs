//! The terminal on which all runs of this process are shown: their bars in one place, and text
//! between them that does not tear them.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use super::{harmless::for_screen, label::Label};

/// Redraws a second at most: guests can print thousands of lines a second.
const REDRAWS: u8 = 15;

/// There is one, whoever asks for it: also what knows of no run must not write between bars.
static STDERR: LazyLock<Arc<Terminal>> = LazyLock::new(|| {
    let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
    Terminal::new(target, || Term::stderr().size().1.into(), io::stderr())
});

/// A terminal, and whether what is shown on it needs the names of images. Clones draw on the same.
#[derive(Clone)]
pub struct Screen {
    terminal: Arc<Terminal>,
    /// Of the names, where several images are baked at once.
    column: Option<usize>,
}

struct Terminal {
    bars: MultiProgress,
    width: Box<dyn Fn() -> usize + Send + Sync>,
    text: Mutex<Box<dyn Write + Send>>,
    /// Lines that stay, until the event that told them is drawn.
    lines: Mutex<String>,
    deferred: Mutex<String>,
}

impl Terminal {
    fn new(
        target: ProgressDrawTarget,
        width: impl Fn() -> usize + Send + Sync + 'static,
        text: impl Write + Send + 'static,
    ) -> Arc<Self> {
        let bars = MultiProgress::with_draw_target(target);
        Arc::new(Self {
            bars,
            width: Box::new(width),
            text: Mutex::new(Box::new(text)),
            lines: Mutex::default(),
            deferred: Mutex::default(),
        })
    }
}

impl Screen {
    /// Standard error, for one run at a time.
    pub fn stderr() -> Self {
        Self { terminal: STDERR.clone(), column: None }
    }

    /// Bars on `target`, text to `text`; `width` tells the columns, which may change while a run goes on.
    pub fn new(
        target: ProgressDrawTarget,
        width: impl Fn() -> usize + Send + Sync + 'static,
        text: impl Write + Send + 'static,
    ) -> Self {
        Self { terminal: Terminal::new(target, width, text), column: None }
    }

    /// The same for runs of these images at once. A single one is shown as ever.
    pub fn several<'a>(self, images: impl IntoIterator<Item = &'a str>) -> Self {
        Self { column: Label::column(images), ..self }
    }

    /// What stands before everything that is told of an image's run; nothing before that of one alone.
    pub fn label(&self, image: &str) -> Option<Label> {
        self.column.map(|column| Label::new(image, column))
    }

    pub fn width(&self) -> usize {
        (self.terminal.width)()
    }

    /// Draws what one event or tick changes: nobody else draws or writes meanwhile. Not to be called inside itself.
    pub(super) fn draw(&self, change: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        let mut text = self.lock();
        let changed = change();
        let lines = std::mem::take(&mut *self.lines());
        if lines.is_empty() {
            return changed;
        }
        // Not through `MultiProgress::println`, which fills each line with blanks up to the width of the terminal: a
        // window that is made narrower breaks such lines, and who copies them gets the blanks.
        let bars = &self.terminal.bars;
        let written =
            bars.clear().and_then(|()| text.write_all(lines.as_bytes())).and_then(|()| text.flush());
        written.map_err(|err| format!("the bars are no longer drawn: {err}")).and(changed)
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.terminal.text.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, String> {
        self.terminal.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what writes to the terminal by itself. The bars are out of its way, and come back at the
    /// next tick.
    pub fn aside<T>(&self, write: impl FnOnce(&mut dyn Write) -> T) -> T {
        let mut text = self.lock();
        // Not `MultiProgress::suspend`, which panics when the terminal is gone. Bars that cannot be
        // taken away are no reason to keep the text back.
        self.terminal.bars.clear().ok();
        write(&mut *text)
    }

    /// A line that stays, above everything that moves. Written when all that [`Screen::draw`] draws is drawn.
    pub(super) fn say(&self, line: &str) {
        *self.lines() += &format!("{}\n", for_screen(line));
    }

    /// A new bar at `index` from the top, or at the end.
    pub(super) fn insert(&self, index: usize, bar: ProgressBar) -> ProgressBar {
        self.terminal.bars.insert(index, bar)
    }

    /// A new bar below one that is there.
    pub(super) fn insert_below(&self, above: &ProgressBar, bar: ProgressBar) -> ProgressBar {
        self.terminal.bars.insert_after(above, bar)
    }

    pub(super) fn remove(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.terminal.bars.remove(bar);
    }

    pub(super) fn clear(&self) -> Result<(), String> {
        self.terminal.bars.clear().map_err(|err| err.to_string())
    }
}

/// Keeps text for the end of all runs.
pub struct Deferred(Screen);

impl Screen {
    /// For what is to be told when all runs are over.
    pub fn deferred(&self) -> Deferred {
        Deferred(self.clone())
    }

    /// What has been kept so far.
    pub fn take_deferred(&self) -> String {
        std::mem::take(&mut *self.terminal.deferred.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Deferred {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.terminal.deferred.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_str(&String::from_utf8_lossy(text));
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each piece of text is written whole.
impl Write for Screen {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let shown = String::from_utf8_lossy(text);
        self.aside(|out| out.write_all(for_screen(&shown).as_bytes())).map(|()| text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lock().flush()
    }
}
