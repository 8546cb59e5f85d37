//! Cutting a line whose thread does not come back: libssh2 reads as long as something comes, and looks at no clock and
//! at nobody's wish meanwhile. Without its socket it comes back at once.

use std::{
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::net::{Shutdown, shutdown};

use super::{RemoteError, ssh::blocking};

/// How long after its time a thread may take to come back by itself. It ends what it has started on the builder then.
const MARGIN: Duration = Duration::from_secs(60);

/// The same where there is nothing to end there.
const SOON: Duration = Duration::from_secs(1);

/// How long it may take when nobody waits for it any more.
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// Cuts a line when what is done over it is not done in time, or not ended when nobody waits for it any more.
pub(super) struct Cut {
    socket: Arc<OwnedFd>,
    time: Option<Duration>,
    margin: Duration,
}

impl Cut {
    pub fn new(socket: Arc<OwnedFd>, time: Option<Duration>) -> Self {
        Self { socket, time, margin: MARGIN }
    }

    /// For what has nothing to end on the builder, and no more time than this.
    pub fn soon(self) -> Self {
        Self { margin: SOON, ..self }
    }

    /// Does something over the line, on a blocking thread.
    ///
    /// # Errors
    /// As `work`.
    pub async fn over<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, RemoteError> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let over = LeftAlone { socket: self.socket.clone(), done: Arc::default() };
        let done = over.done.clone();
        let mut running = std::pin::pin!(blocking(move || {
            let result = work();
            done.store(true, Ordering::Relaxed);
            result
        }));
        let Some(time) = self.time.and_then(|time| time.checked_add(self.margin)) else {
            return running.await;
        };
        match tokio::time::timeout(time, &mut running).await {
            Ok(result) => result,
            Err(_) => {
                cut(&self.socket);
                running.await
            }
        }
    }
}

/// A thread that may still be at work when this is dropped.
struct LeftAlone {
    socket: Arc<OwnedFd>,
    done: Arc<AtomicBool>,
}

impl Drop for LeftAlone {
    fn drop(&mut self) {
        // At the end of the process there is no runtime, and soon no thread.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.done.load(Ordering::Relaxed) {
            return;
        }
        let (socket, done) = (self.socket.clone(), self.done.clone());
        runtime.spawn(async move {
            tokio::time::sleep(LEFT_ALONE).await;
            if !done.load(Ordering::Relaxed) {
                cut(&socket);
            }
        });
    }
}

/// One that is cut already stays so.
fn cut(socket: &OwnedFd) {
    shutdown(socket, Shutdown::Both).ok();
}
