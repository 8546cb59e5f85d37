//! A running QEMU as a builder: where it answers, whether it still runs, how it is stopped and
//! ended. `capture` turns its disks into an image.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::{
    capture, control,
    kept::Written,
    leftovers::remove_disks,
    machine::{Drive, Machine},
    qmp::Qmp,
    running::Running,
};
use crate::{
    event::Events,
    journal::{Journal, Thing},
    platform::{Builder, CaptureSpec, Captured, PlatformError, PowerOff, last_lines},
    template::model::DiskName,
    time::Moment,
};

/// A guest that is busy starting can miss the power button, so it is pressed again.
const PRESS_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct QemuBuilder {
    name: String,
    folder: PathBuf,
    console: PathBuf,
    disks: Vec<Drive>,
    running: Running,
    /// Not opened yet of a machine that was kept: one process at a time can have it.
    qmp: Option<Qmp>,
    port: u16,
    journal: Option<Journal>,
    may_be_kept: bool,
    /// The guest has shut itself down, so its disks are whole.
    stopped: bool,
}

impl QemuBuilder {
    pub fn new(
        machine: Machine,
        folder: &Path,
        running: Running,
        (qmp, port): (Qmp, u16),
        journal: Journal,
    ) -> Self {
        let Machine { name, console, disks, may_be_kept, .. } = machine;
        let (qmp, journal) = (Some(qmp), Some(journal));
        let folder = folder.into();
        Self { name, folder, console, disks, running, qmp, port, journal, may_be_kept, stopped: false }
    }

    /// One that an earlier process has left running.
    pub fn kept(written: Written, running: Running, journal: Option<Journal>) -> Self {
        let Written { name, pid: _, folder, console, disks, port } = written;
        let (qmp, may_be_kept, stopped) = (None, true, false);
        Self { name, folder, console, disks, running, qmp, port, journal, may_be_kept, stopped }
    }

    async fn control(&mut self) -> Result<&mut Qmp, PlatformError> {
        if let Some(ref mut qmp) = self.qmp {
            return Ok(qmp);
        }
        let opened = control::connect(&self.folder).await.map_err(|error| {
            let what = format!("opening the control line of the virtual machine `{}`", self.name);
            PlatformError::new(what, error)
        })?;
        Ok(self.qmp.insert(opened))
    }

    /// Of the QEMU process.
    pub fn pid(&self) -> u32 {
        self.running.id()
    }

    /// Waits until the guest has gone off or the time is over; presses the power button meanwhile,
    /// unless the guest goes by itself.
    async fn power_down(&mut self, by: PowerOff, deadline: Duration) -> Result<(), PlatformError> {
        let end = Instant::now().later(deadline);
        while self.running.how_it_ended().is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.still_up(deadline).await);
            }
            if by == PowerOff::Platform {
                // A guest that goes off in this moment closes the line; whether it did is asked below.
                self.control().await?.execute("system_powerdown", json!({})).await.ok();
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
        let reason = match &mut self.qmp {
            Some(qmp) => qmp.shutdown_reason().await,
            None => None,
        };
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
        self.running.id().to_string()
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

    /// Why the guest goes off is told on the control line, which must be open by then.
    async fn keep_when_off(&mut self) -> Result<(), PlatformError> {
        self.control().await.map(drop)
    }

    async fn kept(&self) -> Result<serde_json::Value, PlatformError> {
        let what = format!("keeping the virtual machine `{}`", self.name);
        if !self.may_be_kept {
            return Err(PlatformError::new(what, "it was started so that it ends with hornero"));
        }
        let written = Written {
            name: self.name.clone(),
            pid: self.running.id(),
            folder: self.folder.clone(),
            console: self.console.clone(),
            disks: self.disks.clone(),
            port: self.port,
        };
        serde_json::to_value(written).map_err(|error| PlatformError::new(what, error))
    }

    async fn leave_running(&mut self) {
        self.qmp = None;
        self.running.leave();
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
            return Err(PlatformError::new(
                what,
                format!("QEMU's process {} does not end", self.running.id()),
            )
            .hint(format!("end it with `kill -9 {}`", self.running.id())));
        }
        remove_disks(&self.folder).map_err(|error| {
            PlatformError::new(format!("removing the disks in `{}`", self.folder.display()), error)
        })?;
        let gone = |thing: &Thing| matches!(thing, Thing::Machine { folder, .. } if *folder == self.folder);
        // If that cannot be written, it is looked for in vain later.
        self.journal.iter().for_each(|journal| drop(journal.gone(gone)));
        Ok(())
    }
}
