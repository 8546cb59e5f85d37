//! How many tests may be at heavy work at once, with guests that boot or many bakes: each takes all of a
//! processor, and a builder that has no more than a part of one answers too late. Other tests wait for
//! something most of the time, so more of them run side by side than there are processors.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For computers with two processors, as that of CI has.
const AT_ONCE: usize = 2;

/// Of a template, for builders that boot beside other work on a slow computer.
pub const PATIENT: &str = "[ssh]\ntimeout = \"15m\"\n";

static UNDER_WAY: Mutex<usize> = Mutex::new(0);
static ONE_LESS: Condvar = Condvar::new();

/// Holds a place for one test.
pub struct Turn(());

/// Waits for a place.
pub fn turn() -> Turn {
    let began = Instant::now();
    let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    let full = |under_way: &mut usize| *under_way >= AT_ONCE;
    *ONE_LESS.wait_while(under_way, full).unwrap_or_else(PoisonError::into_inner) += 1;
    record_wait(began.elapsed());
    Turn(())
}

/// The time of a test, as the harness tells it, has the wait for its turn in it. `scripts/timed-tests.sh`
/// takes it out again.
fn record_wait(wait: Duration) {
    let (Some(file), Some(test)) = (std::env::var_os("HORNERO_TEST_WAITS"), current_test()) else { return };
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(format!("{test} {:.3}\n", wait.as_secs_f64()).as_bytes()).unwrap();
}

/// The harness gives each test's thread the name of the test.
fn current_test() -> Option<String> {
    std::thread::current().name().map(Into::into)
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ONE_LESS.notify_one();
    }
}
