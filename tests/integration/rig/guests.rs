//! How many tests may be at heavy work at once, with guests that boot or many bakes: each takes all of a
//! processor, and a builder that has no more than a part of one answers too late. Beside them a few with servers
//! alone are at work, which wait for something most of the time.

use std::{
    cell::{Cell, RefCell},
    sync::{Arc, Weak},
};

use super::places::{Place, Places, current_test};

/// For computers with two processors, as that of CI has.
static HEAVY: Places = Places::new(2);

/// Tests that have a cloud in memory or an SSH server.
static WITH_SERVERS: Places = Places::new(3);

/// Of a template, for builders that boot beside other work on a slow computer.
pub const PATIENT: &str = "[ssh]\ntimeout = \"15m\"\n";

/// Of a template: under emulation a boot with two processors takes a fifth more of the computer's time.
pub const SMALL: &str = "[qemu]\ncpus = 1\nmemory = \"1GiB\"\n";

thread_local! {
    static TURNS: Cell<usize> = const { Cell::new(0) };
    static SERVERS: RefCell<Weak<Place>> = const { RefCell::new(Weak::new()) };
}

/// Holds a place for one test.
pub struct Turn(#[expect(dead_code, reason = "it is held")] Place);

/// Waits for a place.
pub fn turn() -> Turn {
    counted(HEAVY.take())
}

/// The same for the tests that take longest.
pub fn long_turn() -> Turn {
    counted(HEAVY.take_first())
}

fn counted(place: Place) -> Turn {
    TURNS.set(TURNS.get() + 1);
    Turn(place)
}

impl Drop for Turn {
    fn drop(&mut self) {
        TURNS.set(TURNS.get().saturating_sub(1));
    }
}

/// Waits for a place of a test with servers: one for all servers of a test, as long as it has one. Whoever has a
/// turn needs none, for those with servers may wait for a turn; nor do the threads that a test has started.
pub fn place_for_servers() -> Option<Arc<Place>> {
    if TURNS.get() > 0 || current_test().is_none() {
        return None;
    }
    if let Some(held) = SERVERS.with_borrow(Weak::upgrade) {
        return Some(held);
    }
    let place = Arc::new(WITH_SERVERS.take());
    SERVERS.replace(Arc::downgrade(&place));
    Some(place)
}
