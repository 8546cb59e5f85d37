//! Output after a signal: a reader that does not read, or a terminal that is stopped, may hold up the end for a few
//! seconds and no longer. Without a signal it is waited for, as by every program.

use std::{
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::time::Moment;
use tokio::sync::watch;

/// How long output may take once a signal has come.
const GRACE: Duration = Duration::from_secs(5);

/// What is known of signals, and of output that is on its way.
struct Grace {
    /// Whether somebody listens for signals: without that they end the process by themselves.
    needed: bool,
    signalled: bool,
}

static GRACE_STATE: Mutex<Grace> = Mutex::new(Grace { needed: false, signalled: false });
/// Told when a signal comes, and when something has been written.
static CHANGED: Condvar = Condvar::new();
static SIGNALLED: std::sync::LazyLock<watch::Sender<bool>> =
    std::sync::LazyLock::new(|| watch::channel(false).0);

fn state() -> MutexGuard<'static, Grace> {
    GRACE_STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on signals do not end the process by themselves.
pub(super) fn may_be_needed() {
    state().needed = true;
}

/// A signal has come.
pub(super) fn begin() {
    state().signalled = true;
    SIGNALLED.send_replace(true);
    CHANGED.notify_all();
}

/// Comes back when output has had its time after a signal.
pub async fn grace() {
    // The sender is never dropped.
    SIGNALLED.subscribe().wait_for(|signalled| *signalled).await.ok();
    tokio::time::sleep(GRACE).await;
}

/// Writes something, wherever that goes.
///
/// # Errors
/// As `work`; `TimedOut` when a signal has come and it is not done in time.
pub fn write(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    if !state().needed {
        return work();
    }
    let result = Arc::new(Mutex::new(None));
    let written = result.clone();
    std::thread::Builder::new().name("output".into()).spawn(move || {
        let done = work();
        *written.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        // Not between a look of who waits and its sleep.
        drop(state());
        CHANGED.notify_all();
    })?;
    wait_for(&result)
}

fn wait_for(result: &Mutex<Option<io::Result<()>>>) -> io::Result<()> {
    let mut deadline = None;
    let mut state = state();
    loop {
        if let Some(done) = result.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return done;
        }
        if !state.signalled {
            state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let left = deadline
            .get_or_insert_with(|| Instant::now().later(GRACE))
            .saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads it"));
        }
        state = CHANGED.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}
