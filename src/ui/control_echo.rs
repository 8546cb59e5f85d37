//! What the terminal shows of Ctrl-C. It writes `^C` where the cursor stands, which is at the end of the last bar: the
//! cursor then is a line further down than indicatif knows, and the top line of the bars stays for ever.

use std::{
    io::{self, IsTerminal},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetpgrp, tcsetattr};

/// Whether the terminal showed control characters before.
static IS_HIDDEN: AtomicBool = AtomicBool::new(false);

/// Hides control characters until [`show_again`].
pub fn hide() {
    if io::stderr().is_terminal() && change(LocalModes::ECHOCTL, false).unwrap_or(false) {
        IS_HIDDEN.store(true, Ordering::Relaxed);
    }
}

/// Shows control characters again, if they were hidden.
pub fn show_again() {
    if IS_HIDDEN.swap(false, Ordering::Relaxed) {
        // A terminal that is gone shows nothing in any case.
        change(LocalModes::ECHOCTL, true).unwrap_or_default();
    }
}

/// Turns a mode of the terminal on or off; says whether that was a change.
fn change(mode: LocalModes, on: bool) -> rustix::io::Result<bool> {
    let terminal = io::stderr();
    // Who changes a terminal from the background is stopped by the kernel.
    if tcgetpgrp(&terminal)? != rustix::process::getpgrp() {
        return Ok(false);
    }
    let mut modes = tcgetattr(&terminal)?;
    if modes.local_modes.contains(mode) == on {
        return Ok(false);
    }
    modes.local_modes.set(mode, on);
    tcsetattr(&terminal, OptionalActions::Now, &modes)?;
    Ok(true)
}
