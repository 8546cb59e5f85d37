//! The wire to where builders run. `Platform` launches builders from a base or from a finished
//! image; a `Builder` is a running machine that can be reached, stopped, captured and destroyed.
//! `ec2` runs them on AWS, `qemu` on this computer.

mod console;
pub mod ec2;
mod image;
mod kept;
mod leftover;
pub mod qemu;
mod settings;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use console::last_lines;
pub use image::{CaptureSpec, Captured, CapturedDisk, CloudImage, Content, ImageCopy};
pub use kept::KeptBuilder;
pub use leftover::{Leftover, LeftoverKind, Whose};
pub use settings::Settings;

use crate::{
    event::Events,
    journal::{History, Journal, JournalError},
    remote::endpoint::Endpoint,
    template::{
        model::{Arch, Base, Disk, DiskName, Ec2Disk, Ssh},
        units::Size,
    },
};

/// Why a platform could not do what it was asked. `what` says what was being done to which named
/// thing, `why` the cause, `hint` what to do now.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct PlatformError {
    pub what: String,
    pub why: String,
    pub hint: Option<String>,
    /// The last lines of the serial console or of a program's output, where they tell more.
    pub tail: Vec<String>,
    /// The user has to set something up before the platform can be asked at all.
    pub is_setup: bool,
}

/// Where a builder's disks come from.
#[derive(Clone, Debug)]
pub enum Origin {
    Base(BaseImage),
    /// A finished image: its root disk and its extra disks.
    Image {
        id: String,
        /// Where its manifest lies, and its disks if they are files.
        folder: PathBuf,
    },
}

/// A base that is ready to start from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseImage {
    /// Decides the content: `sha256:...` of the disk, or the platform's own ID.
    pub id: String,
    /// What a person reads: `debian bookworm, built from packages`.
    pub description: String,
    /// The root disk, where it is a file on this computer.
    pub disk: Option<PathBuf>,
}

/// Who powers a builder off that is to be captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerOff {
    /// Its guest has been told to: the platform only waits for it.
    Guest,
    /// The platform asks it to.
    Platform,
}

/// Everything a platform needs to know to start a builder.
#[derive(Clone, Debug)]
pub struct LaunchSpec {
    /// Names the machine: the run's ID, or what it is started for.
    pub name: String,
    /// The run's ID.
    pub run: String,
    pub origin: Origin,
    /// Of the root disk; the origin's own size when `None`, never smaller than that.
    pub root_size: Option<Size>,
    pub root_volume: Ec2Disk,
    /// Empty disks to add, in order. An image brings its own.
    pub disks: Vec<Disk>,
    /// cloud-init's user-data; `None` starts the machine without any.
    pub user_data: Option<Vec<u8>>,
    pub settings: Settings,
    /// The image's name and the template's tags, for what is tagged.
    pub image: String,
    pub tags: BTreeMap<String, String>,
    /// After this it ends itself, unless a live run puts that off.
    pub ttl: Duration,
    /// It may be kept when the bake fails, so it does not end with hornero.
    pub may_be_kept: bool,
    /// It may begin as a copy of a machine that has booted already. One that is to show that it boots may not.
    pub may_be_warm: bool,
    /// The way in, for a platform that opens doors.
    pub ssh: Ssh,
    /// A folder of this launch alone, made by the caller: overlays, seed, console log.
    pub folder: PathBuf,
    /// Told before anything is made.
    pub journal: Journal,
}

#[async_trait]
pub trait Platform: Send + Sync {
    /// What a bake would start from, looked up without making anything; `None` where only making
    /// it can tell.
    async fn look_up_base(
        &self,
        base: &Base,
        settings: &Settings,
    ) -> Result<Option<BaseImage>, PlatformError>;

    /// Makes the base available: built, downloaded or found in the cache.
    async fn prepare_base(
        &self,
        base: &Base,
        settings: &Settings,
        events: &Events,
    ) -> Result<BaseImage, PlatformError>;

    /// Whether extra disks have the names of the template as their serials. Where they have not,
    /// the serials are known only after the launch, when user-data is fixed already.
    fn names_disks(&self) -> bool;

    /// Does what a captured image still lacks, copies in other regions among it, and says what it
    /// lacks after that. Can be called again.
    async fn finish_image(
        &self,
        image: CloudImage,
        settings: &Settings,
        journal: &Journal,
        events: &Events,
    ) -> Result<CloudImage, PlatformError>;

    /// Asks what can be asked before a launch and would only fail after it.
    async fn check_launch(&self, _spec: &LaunchSpec) -> Result<(), PlatformError> {
        Ok(())
    }

    /// Makes what shortens the launch of this builder and of others like it, where the platform has such a
    /// thing and it is not there yet. Can be interrupted; what goes wrong is no error, for the launch does
    /// without.
    async fn warm_up(&self, _spec: &LaunchSpec, _events: &Events) {}

    /// Starts a builder. On an error nothing of it is left running.
    async fn launch(&self, spec: LaunchSpec, events: &Events) -> Result<Box<dyn Builder>, PlatformError>;

    /// A builder that an earlier process has left running.
    async fn attach(&self, kept: &KeptBuilder<'_>) -> Result<Box<dyn Builder>, PlatformError>;

    /// What dead runs have left, in the order in which it can be removed. Complete images are not
    /// among it.
    async fn leftovers(&self, whose: Whose<'_>) -> Result<Vec<Leftover>, PlatformError>;

    /// Says on everything that the run has there that it is still in use, to whoever looks for leftovers
    /// from another computer. Its builder may live for `ttl` from now on.
    async fn retain(
        &self,
        _run: &str,
        (_journal, _history): (&Journal, &History),
        _ttl: Duration,
    ) -> Result<(), PlatformError> {
        Ok(())
    }

    /// Removes one of them; it is no error when it is gone already. The journal is that of its run,
    /// if that is here.
    async fn release(&self, left: &Leftover, journal: Option<&Journal>) -> Result<(), PlatformError>;
}

#[async_trait]
pub trait Builder: Send + Sync {
    /// The platform's name for it: a process ID, an instance ID.
    fn id(&self) -> String;

    /// Where its SSH answers, or will.
    fn address(&self) -> SocketAddr;

    /// How the guest recognises its extra disks.
    fn disks(&self) -> Vec<DiskName>;

    /// Whether it runs on this computer, where no bastion or endpoint stands before it.
    fn is_local(&self) -> bool {
        false
    }

    /// The EC2 Instance Connect Endpoint that leads to it: the one with this ID, or one that is found.
    async fn endpoint(&self, id: Option<&str>) -> Result<Endpoint, PlatformError> {
        let endpoint = id.unwrap_or("an endpoint");
        Err(PlatformError::new(
            format!("looking for {endpoint} as a way to the builder"),
            "this platform has no EC2 Instance Connect Endpoints",
        )
        .hint("remove `via` from [ssh]"))
    }

    /// Why it no longer runs; `None` while it does.
    async fn gone(&self) -> Option<String>;

    /// The last lines of its serial console.
    async fn console_tail(&self, lines: usize) -> Vec<String>;

    /// From now on a builder that goes off stays as it is. Until then it is ended with all it has:
    /// nobody may come back for it.
    async fn keep_when_off(&mut self) -> Result<(), PlatformError> {
        Ok(())
    }

    /// Waits until the guest is off, whoever was to power it off. A guest that is still up after
    /// `deadline`, or that went off otherwise, is an error: it is never cut off and captured.
    async fn stop(&mut self, by: PowerOff, deadline: Duration) -> Result<(), PlatformError>;

    /// Makes an image of the disks of the stopped builder. What a cloud's image lacks then is
    /// `Platform::finish_image`'s to do.
    async fn capture(&mut self, spec: &CaptureSpec<'_>, events: &Events) -> Result<Captured, PlatformError>;

    /// What `Platform::attach` needs to find it again.
    async fn kept(&self) -> Result<serde_json::Value, PlatformError> {
        Err(PlatformError::new(format!("keeping the builder {}", self.id()), "this platform keeps none"))
    }

    /// From now on it runs without this process.
    async fn leave_running(&mut self) {}

    /// Ends it, however it is, and removes what the launch made. Can be called again.
    async fn destroy(&mut self) -> Result<(), PlatformError>;
}

/// What cannot be written down is not done.
impl From<JournalError> for PlatformError {
    fn from(error: JournalError) -> Self {
        Self::new("writing down what is about to be done", error)
            .hint("nothing is done without it: look whether the disk with the state directory is full")
    }
}

impl PlatformError {
    pub fn new(what: impl Into<String>, why: impl ToString) -> Self {
        Self { what: what.into(), why: why.to_string(), hint: None, tail: Vec::new(), is_setup: false }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn setup(self, is_setup: bool) -> Self {
        Self { is_setup, ..self }
    }

    pub fn tail(mut self, tail: Vec<String>) -> Self {
        self.tail = tail;
        self
    }
}

/// The architecture of the machine that hornero runs on, if images can be baked for it.
pub fn native_arch() -> Option<Arch> {
    match std::env::consts::ARCH {
        "x86_64" => Some(Arch::X86_64),
        "aarch64" => Some(Arch::Arm64),
        _ => None,
    }
}
