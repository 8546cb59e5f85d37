//! The QEMU process, watched by a task of its own: a child of this process, or one that an earlier
//! process has left running.

use std::{io, os::fd::OwnedFd, sync::Arc, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use tokio::{
    process::Child,
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

/// A killed process that is not gone by then hangs in the kernel.
const KILLED: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Running {
    id: u32,
    /// How it ended, once it has.
    ended: watch::Receiver<Option<String>>,
    order: mpsc::Sender<Order>,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Kill,
    /// It goes on without this process.
    Leave,
}

impl Running {
    pub fn watch(mut child: Child) -> Self {
        let id = child.id().unwrap_or_default();
        let (running, report, mut orders) = Self::new(id);
        tokio::spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                order = orders.recv() => match order {
                    Some(Order::Leave) => return,
                    // Also when the builder was dropped without an end.
                    Some(Order::Kill) | None => end(&mut child).await,
                },
            };
            report.send_replace(Some(
                status.map_or_else(|error| error.to_string(), |status| status.to_string()),
            ));
        });
        running
    }

    /// A process that is no child of this one. Whoever calls looks whose it is while it is held: its
    /// number cannot come again before that.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn hold(id: u32) -> io::Result<OwnedFd> {
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other(format!("{id} is no process")))?;
        Ok(pidfd_open(pid, PidfdFlags::empty())?)
    }

    /// # Errors
    /// When it cannot be watched.
    pub fn attach(id: u32, process: OwnedFd) -> io::Result<Self> {
        let (running, report, mut orders) = Self::new(id);
        let process = Arc::new(process);
        let mut over = end_of(process.clone())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = &mut over => {}
                order = orders.recv() => match order {
                    // It may just have ended by itself.
                    Some(Order::Kill) => {
                        pidfd_send_signal(&process, Signal::KILL).ok();
                        over.await.ok();
                    }
                    // One that was dropped without an end has been kept before, and still is.
                    Some(Order::Leave) | None => return,
                },
            }
            report.send_replace(Some("a status that only its parent is told".to_owned()));
        });
        Ok(running)
    }

    fn new(id: u32) -> (Self, watch::Sender<Option<String>>, mpsc::Receiver<Order>) {
        let (report, ended) = watch::channel(None);
        let (order, orders) = mpsc::channel(1);
        (Self { id, ended, order }, report, orders)
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    pub async fn kill(&mut self) {
        // A full channel means that it was asked already, a closed one that it has ended.
        self.order.try_send(Order::Kill).ok();
        timeout(KILLED, self.ended.wait_for(Option::is_some)).await.ok();
    }

    /// Nothing that happens to this process touches it any more.
    pub fn leave(&mut self) {
        self.order.try_send(Order::Leave).ok();
    }

    pub fn how_it_ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    pub async fn ends_within(&mut self, time: Duration) -> bool {
        timeout(time, self.ended.wait_for(Option::is_some)).await.is_ok()
    }
}

/// Comes when the process has ended. A thread waits for that, and ends with hornero at the latest.
fn end_of(process: Arc<OwnedFd>) -> io::Result<oneshot::Receiver<()>> {
    let (tell, over) = oneshot::channel();
    std::thread::Builder::new().name("machine".into()).spawn(move || {
        let mut one = [PollFd::new(&process, PollFlags::IN)];
        // A signal only wakes it up.
        while poll(&mut one, None).is_err() {}
        tell.send(()).ok();
    })?;
    Ok(over)
}

async fn end(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    child.start_kill()?;
    child.wait().await
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::platform::qemu::process::spawn_free;

    async fn sleeper() -> Running {
        let mut command = Command::new("sleep");
        command.arg("600");
        Running::watch(spawn_free(command).await.unwrap())
    }

    #[tokio::test]
    async fn one_that_is_left_is_found_by_its_number_and_ended() {
        let mut first = sleeper().await;
        let id = first.id();
        first.leave();
        drop(first);
        let mut again = Running::attach(id, Running::hold(id).unwrap()).unwrap();
        assert_eq!(again.how_it_ended(), None);
        again.kill().await;
        assert!(again.how_it_ended().is_some());
    }

    #[tokio::test]
    async fn one_that_ends_by_itself_is_noticed_also_when_it_is_no_child() {
        let mut child = sleeper().await;
        let mut seen = Running::attach(child.id(), Running::hold(child.id()).unwrap()).unwrap();
        child.kill().await;
        assert!(seen.ends_within(Duration::from_secs(30)).await);
    }

    #[tokio::test]
    async fn one_that_is_dropped_without_a_word_is_ended() {
        let child = sleeper().await;
        let mut seen = Running::attach(child.id(), Running::hold(child.id()).unwrap()).unwrap();
        drop(child);
        assert!(seen.ends_within(Duration::from_secs(30)).await);
    }
}
