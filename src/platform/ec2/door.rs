//! A builder's SSH port, knocked at while EC2 is still asked: whoever answers there runs, and EC2 may
//! be some seconds late to say so.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::{sync::Notify, task::JoinHandle};

use crate::{remote::dial::dial, time::Moment};

/// Nobody is waited for longer than EC2 is.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

#[derive(Default)]
pub struct Door {
    answered: Arc<Notify>,
    knocking: OnceLock<Knocking>,
}

/// Ends with its holder.
struct Knocking(JoinHandle<()>);

impl Drop for Knocking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Door {
    /// Told when somebody answers.
    pub fn answered(&self) -> Arc<Notify> {
        self.answered.clone()
    }

    /// Begins to knock, once.
    pub fn knock(&self, at: SocketAddr) {
        self.knocking.get_or_init(|| {
            let answered = self.answered.clone();
            Knocking(tokio::spawn(async move {
                // What keeps it shut is told when the builder is connected to.
                if dial(at, Instant::now(), Instant::now().later(PATIENCE), &|_| {}).await.is_ok() {
                    answered.notify_one();
                }
            }))
        });
    }
}
