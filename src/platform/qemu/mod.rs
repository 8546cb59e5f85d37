//! Builders as QEMU virtual machines on this computer: bases, machine flags, the process and its
//! control line, and the disks that come out.

mod accel;
mod base;
mod builder;
mod capture;
mod control;
mod digest;
mod disk_image;
mod drives;
mod fat;
mod firmware;
mod foreign_disk;
mod kept;
mod launch;
mod leftovers;
mod machine;
mod process;
pub mod qcow2_header;
mod qmp;
mod running;
mod seed;
mod staging;
mod warm;

use std::path::PathBuf;

use async_trait::async_trait;
pub use base::package_sources;

use super::{
    BaseImage, Builder, CloudImage, KeptBuilder, LaunchSpec, Leftover, Platform, PlatformError, Settings,
    Whose,
};
use crate::{event::Events, journal::Journal, template::model::Base};

/// The emulator for builders.
const QEMU: &str = "qemu-system-x86_64";

/// The platform; `data` keeps bases and what was found out about this computer.
#[derive(Clone, Debug)]
pub struct QemuPlatform {
    data: PathBuf,
}

impl QemuPlatform {
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }
}

#[async_trait]
impl Platform for QemuPlatform {
    /// Only building one from packages tells what it is.
    async fn look_up_base(&self, base: &Base, _: &Settings) -> Result<Option<BaseImage>, PlatformError> {
        base::look_up(base, &self.data).await
    }

    async fn prepare_base(
        &self,
        base: &Base,
        _: &Settings,
        events: &Events,
    ) -> Result<BaseImage, PlatformError> {
        base::prepare(base, &self.data, events).await
    }

    /// The files are the image: nothing is done with it after the capture.
    async fn finish_image(
        &self,
        image: CloudImage,
        _: &Settings,
        _: &Journal,
        _: &Events,
    ) -> Result<CloudImage, PlatformError> {
        Ok(image)
    }

    fn names_disks(&self) -> bool {
        true
    }

    async fn warm_up(&self, spec: &LaunchSpec, events: &Events) {
        warm::make_missing(spec, &self.data, events).await;
    }

    async fn launch(&self, spec: LaunchSpec, events: &Events) -> Result<Box<dyn Builder>, PlatformError> {
        let accelerator = spec.settings.qemu()?.accelerator;
        let accel = accel::choose(accelerator, &self.data, events).await?;
        let saved = warm::find(&spec, accel, &self.data).await;
        Ok(Box::new(launch::launch(spec, accel, saved, events).await?))
    }

    async fn attach(&self, kept: &KeptBuilder<'_>) -> Result<Box<dyn Builder>, PlatformError> {
        Ok(Box::new(kept::attach(kept)?))
    }

    async fn leftovers(&self, whose: Whose<'_>) -> Result<Vec<Leftover>, PlatformError> {
        match whose {
            Whose::Run { id, history } => leftovers::find(id, history, &self.data),
            // Nothing here carries tags, and the journals of this computer's runs are all here.
            Whose::Anyone { .. } => Ok(Vec::new()),
        }
    }

    async fn release(&self, left: &Leftover, _: Option<&Journal>) -> Result<(), PlatformError> {
        leftovers::release(left).await
    }
}
