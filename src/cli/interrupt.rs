//! Signals: the first one ends the run in order, the second one ends the process at once.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::show;
use crate::{
    engine::Interrupt,
    error::{Error, Kind},
};

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
                show::stderr(
                    "\nStopped at once. The builder ends with this process; its folder stays in the state directory.\n",
                );
                #[expect(clippy::exit, reason = "the user asked twice: nothing more is waited for")]
                std::process::exit(Kind::Interrupted.exit_code().into());
            }
            first = false;
            show::stderr("\nInterrupted: cleaning up. Press Ctrl-C again to stop at once.\n");
            sender.send_replace(true);
        }
    });
    Ok(Interrupt(receiver))
}
