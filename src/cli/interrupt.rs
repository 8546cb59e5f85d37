//! Signals: the first one ends the run in order, the second one ends the process at once.

use std::sync::{Mutex, PoisonError};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::show;
use crate::{
    engine::Interrupt,
    error::{Error, Kind},
    journal::Journal,
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
    let handler =
        |kind| signal(kind).map_err(|error| Error::new(Kind::Local, "listening for signals").because(&error));
    let (mut int, mut term) = (handler(SignalKind::interrupt())?, handler(SignalKind::terminate())?);
    let mut hup = handler(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let mut first = true;
        loop {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
                _ = hup.recv() => {}
            }
            if !first {
                show::stderr(&left_behind());
                #[expect(clippy::exit, reason = "the user asked twice: nothing more is waited for")]
                std::process::exit(Kind::Interrupted.exit_code().into());
            }
            first = false;
            show::stderr("\nInterrupted: cleaning up. Press Ctrl-C again to stop at once.\n");
            sender.send_replace(true);
        }
    });
    Ok(Interrupt::new(receiver))
}
