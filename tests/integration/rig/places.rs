//! How many tests may do one kind of work at once. All others wait, which costs nothing: so there can be many more
//! threads than places, and a test that waits for a guest keeps none of the others from their work.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Places of one kind.
pub struct Places {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    taken: usize,
    /// Those who wait and go before all others.
    preferred: usize,
}

/// One that is taken, until this is dropped.
pub struct Place(&'static Places);

impl Places {
    pub const fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::new(State { taken: 0, preferred: 0 }), changed: Condvar::new() }
    }

    /// Waits for a place.
    pub fn take(&'static self) -> Place {
        self.wait(|state| state.taken >= self.limit || state.preferred > 0)
    }

    /// The same for work that takes long: begun late, it would go on alone at the end.
    pub fn take_first(&'static self) -> Place {
        self.lock().preferred += 1;
        let place = self.wait(|state| state.taken >= self.limit);
        self.lock().preferred -= 1;
        self.changed.notify_all();
        place
    }

    fn wait(&'static self, mut must_wait: impl FnMut(&mut State) -> bool) -> Place {
        let began = Instant::now();
        let state = self.changed.wait_while(self.lock(), &mut must_wait);
        state.unwrap_or_else(PoisonError::into_inner).taken += 1;
        record_wait(began.elapsed());
        Place(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().taken -= 1;
        self.0.changed.notify_all();
    }
}

/// The test of this thread: the harness gives a test's thread its name. Threads that a test has started have none
/// such.
pub fn current_test() -> Option<String> {
    std::thread::current().name().filter(|name| name.contains("::")).map(Into::into)
}

/// The time of a test, as the harness tells it, has its waits for places in it. `scripts/timed-tests.sh` takes them
/// out again.
fn record_wait(wait: Duration) {
    let (Some(file), Some(test)) = (std::env::var_os("HORNERO_TEST_WAITS"), current_test()) else { return };
    let mut file = OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(format!("{test} {:.3}\n", wait.as_secs_f64()).as_bytes()).unwrap();
}

#[test]
fn no_more_than_the_limit_are_at_work_and_what_is_preferred_goes_first() {
    static PLACES: Places = Places::new(1);
    let order = Mutex::new(Vec::new());
    let held = PLACES.take();
    std::thread::scope(|scope| {
        let waits = |preferred| {
            while PLACES.lock().preferred != preferred {
                std::thread::yield_now();
            }
        };
        scope.spawn(|| {
            let _place = PLACES.take_first();
            order.lock().unwrap().push("long");
        });
        waits(1);
        scope.spawn(|| {
            let _place = PLACES.take();
            order.lock().unwrap().push("short");
        });
        assert_eq!(*order.lock().unwrap(), Vec::<&str>::new());
        drop(held);
    });
    assert_eq!(*order.lock().unwrap(), ["long", "short"]);
    assert_eq!(PLACES.lock().taken, 0);
}
