//! A running QEMU as a builder: where it answers, whether it still runs, how it is stopped and
//! ended. `capture` turns its disks into an image.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use tokio::{
    process::Child,
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::{
    capture,
    leftovers::remove_disks,
    machine::{Drive, Machine},
    qmp::Qmp,
};
use crate::{
    event::Events,
    journal::{Journal, Thing},
    platform::{Builder, CaptureSpec, Captured, PlatformError, PowerOff, last_lines},
    template::model::DiskName,
};

/// A guest that is busy starting can miss the power button, so it is pressed again.
const PRESS_AGAIN: Duration = Duration::from_secs(10);
/// A killed process that is not gone by then hangs in the kernel.
const KILLED: Duration = Duration::from_secs(10);

/// The QEMU process, watched by a task of its own.
#[derive(Debug)]
pub struct Running {
    id: u32,
    /// How it ended, once it has.
    ended: watch::Receiver<Option<String>>,
    kill: mpsc::Sender<()>,
}

#[derive(Debug)]
pub struct QemuBuilder {
    name: String,
    folder: PathBuf,
    console: PathBuf,
    disks: Vec<Drive>,
    running: Running,
    qmp: Qmp,
    port: u16,
    journal: Journal,
    /// The guest has shut itself down, so its disks are whole.
    stopped: bool,
}

impl Running {
    pub fn watch(mut child: Child) -> Self {
        let id = child.id().unwrap_or_default();
        let (report, ended) = watch::channel(None);
        let (kill, mut killed) = mpsc::channel(1);
        tokio::spawn(async move {
            let status = tokio::select! {
                status = child.wait() => status,
                // Also when the builder was dropped without an end.
                _ = killed.recv() => end(&mut child).await,
            };
            report.send_replace(Some(
                status.map_or_else(|error| error.to_string(), |status| status.to_string()),
            ));
        });
        Self { id, ended, kill }
    }

    pub async fn kill(&mut self) {
        // A full channel means that it was asked already, a closed one that it has ended.
        self.kill.try_send(()).ok();
        timeout(KILLED, self.ended.wait_for(Option::is_some)).await.ok();
    }

    fn how_it_ended(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    async fn ends_within(&mut self, time: Duration) -> bool {
        timeout(time, self.ended.wait_for(Option::is_some)).await.is_ok()
    }
}

async fn end(child: &mut Child) -> io::Result<std::process::ExitStatus> {
    child.start_kill()?;
    child.wait().await
}

impl QemuBuilder {
    pub fn new(
        machine: Machine,
        folder: &Path,
        running: Running,
        (qmp, port): (Qmp, u16),
        journal: Journal,
    ) -> Self {
        let Machine { name, console, disks, .. } = machine;
        Self { name, folder: folder.into(), console, disks, running, qmp, port, journal, stopped: false }
    }

    /// Of the QEMU process.
    pub fn pid(&self) -> u32 {
        self.running.id
    }

    /// Waits until the guest has gone off or the time is over; presses the power button meanwhile,
    /// unless the guest goes by itself.
    async fn power_down(&mut self, by: PowerOff, deadline: Duration) -> Result<(), PlatformError> {
        let end = Instant::now() + deadline;
        while self.running.how_it_ended().is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.still_up(deadline).await);
            }
            if by == PowerOff::Platform {
                // A guest that goes off in this moment closes the line; whether it did is asked below.
                self.qmp.execute("system_powerdown", json!({})).await.ok();
            }
            self.running.ends_within(left.min(PRESS_AGAIN)).await;
        }
        Ok(())
    }

    async fn still_up(&self, deadline: Duration) -> PlatformError {
        PlatformError::new(self.stopping(), format!("the guest was still up after {} s", deadline.as_secs()))
            .hint("see the console for what holds it up; it is not cut off, for its disks could be half-written")
            .tail(self.console_tail(20).await)
    }

    /// Whether the guest itself went off, or something happened to QEMU.
    async fn went_off_cleanly(&mut self) -> Result<(), PlatformError> {
        let reason = self.qmp.shutdown_reason().await;
        if reason.as_deref() == Some("guest-shutdown") {
            return Ok(());
        }
        let how = self.running.how_it_ended().unwrap_or_default();
        let why = format!("QEMU ended ({how}) without a shutdown by the guest");
        Err(PlatformError::new(self.stopping(), why).tail(self.console_tail(20).await))
    }

    fn stopping(&self) -> String {
        format!("stopping the virtual machine `{}`", self.name)
    }
}

#[async_trait]
impl Builder for QemuBuilder {
    fn id(&self) -> String {
        self.running.id.to_string()
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn is_local(&self) -> bool {
        true
    }

    /// The root disk comes first.
    fn disks(&self) -> Vec<DiskName> {
        self.disks.iter().skip(1).map(|drive| DiskName::itself(&drive.serial)).collect()
    }

    async fn gone(&self) -> Option<String> {
        let how = self.running.how_it_ended()?;
        let said = fs::read_to_string(self.folder.join("qemu.log")).unwrap_or_default();
        let said = last_lines(&said, 1).pop().map(|line| format!(": {line}")).unwrap_or_default();
        Some(format!("QEMU ended with {how}{said}"))
    }

    async fn console_tail(&self, lines: usize) -> Vec<String> {
        let console = fs::read(&self.console).unwrap_or_default();
        last_lines(&String::from_utf8_lossy(&console), lines)
    }

    async fn stop(&mut self, by: PowerOff, deadline: Duration) -> Result<(), PlatformError> {
        self.power_down(by, deadline).await?;
        self.went_off_cleanly().await?;
        self.stopped = true;
        Ok(())
    }

    async fn capture(&mut self, spec: &CaptureSpec<'_>, events: &Events) -> Result<Captured, PlatformError> {
        if !self.stopped {
            let what = format!("capturing the virtual machine `{}`", self.name);
            return Err(PlatformError::new(what, "it was not shut down, so its disks may be half-written"));
        }
        let disks = capture::capture(&self.disks, spec.folder, events).await?;
        Ok(Captured { disks, cloud: None })
    }

    async fn destroy(&mut self) -> Result<(), PlatformError> {
        self.running.kill().await;
        if self.running.how_it_ended().is_none() {
            let what = format!("ending the virtual machine `{}`", self.name);
            return Err(PlatformError::new(what, format!("QEMU's process {} does not end", self.running.id))
                .hint(format!("end it with `kill -9 {}`", self.running.id)));
        }
        remove_disks(&self.folder).map_err(|error| {
            PlatformError::new(format!("removing the disks in `{}`", self.folder.display()), error)
        })?;
        // If that cannot be written, it is looked for in vain later.
        self.journal
            .gone(|thing| matches!(thing, Thing::Machine { folder, .. } if *folder == self.folder))
            .ok();
        Ok(())
    }
}
