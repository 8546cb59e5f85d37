//! How many tests may be at heavy work at once, with guests that boot or many bakes: each takes all of a
//! processor, and a builder that has no more than a part of one answers too late. Other tests wait for
//! something most of the time, so more of them run side by side than there are processors.

use std::sync::{Condvar, Mutex, PoisonError};

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
    let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    let full = |under_way: &mut usize| *under_way >= AT_ONCE;
    *ONE_LESS.wait_while(under_way, full).unwrap_or_else(PoisonError::into_inner) += 1;
    Turn(())
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ONE_LESS.notify_one();
    }
}
