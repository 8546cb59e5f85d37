//! One bake from its plan to a finished, tested image.

mod proof;
mod provision;
mod record;
mod specs;

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    Interrupt, Rooms, RunFolders,
    image::Staging,
    leftover,
    machine::LaunchKeys,
    manifest::Manifest,
    outcome::Outcome,
    phases::{Timings, phase},
    publish,
};
use crate::{
    error::{Error, Kind},
    event::{Event, Events, Phase},
    plan::{Content, Fingerprint, Plan, fingerprint},
    platform::{BaseImage, Builder},
};

/// How long a guest may take to shut down.
const STOP: std::time::Duration = std::time::Duration::from_secs(3 * 60);

/// What a bake has made.
#[derive(Debug)]
pub struct Baked {
    pub manifest: Manifest,
    /// Where the manifest lies, and the disks if they are files.
    pub folder: PathBuf,
}

impl Baked {
    /// A folder, or a region.
    pub fn location(&self) -> String {
        self.manifest.region.clone().unwrap_or_else(|| self.folder.display().to_string())
    }
}

/// A bake under way: what does not change in it.
struct Bake<'a> {
    plan: &'a Plan,
    rooms: &'a Rooms,
    folders: &'a RunFolders,
    inputs: BakeInputs,
    keys: LaunchKeys,
    events: &'a Events,
}

/// What a bake starts from, and what that makes of its plan.
struct Ground {
    base: BaseImage,
    fingerprint: Fingerprint,
}

/// What a bake is given beside its plan.
#[derive(Debug, Default)]
pub struct BakeInputs {
    /// Every file that was read.
    pub files: Vec<Content>,
    /// Values by name.
    pub secrets: BTreeMap<String, String>,
}

/// Bakes `plan`. The image is captured, has passed its checks and is published when this comes back.
///
/// # Errors
/// The first thing that failed. Whatever was started is gone by then, except an image that was
/// captured: that one stays.
pub async fn bake(
    plan: &Plan,
    rooms: &Rooms,
    folders: &RunFolders,
    inputs: BakeInputs,
    interrupt: Interrupt,
    events: &Events,
) -> Result<Baked, Error> {
    let keys = LaunchKeys::generate(&folders.id)?;
    let bake = Bake { plan, rooms, folders, inputs, keys, events };
    let mut timings = Timings::default();
    let baked = bake.make(&mut timings, interrupt.clone()).await?;
    let (image, folder) = (baked.manifest.image.clone(), baked.folder.clone());
    let outcome = Outcome { image, folder, passed: false };
    outcome.write(&folders.run)?;
    publish::record(rooms, &baked).await?;
    bake.test(&baked, &mut timings, interrupt).await?;
    Outcome { passed: true, ..outcome }.write(&folders.run)?;
    let work = publish::publish(rooms, &baked.manifest, &plan.template.publish, events);
    phase(events, &mut timings, Phase::Publish, work).await?;
    Ok(baked)
}

impl Bake<'_> {
    async fn make(&self, timings: &mut Timings, mut interrupt: Interrupt) -> Result<Baked, Error> {
        let Self { plan, rooms, events, .. } = self;
        let interrupted = || Error::new(Kind::Interrupted, "the bake was interrupted");
        let base = tokio::select! {
            base = phase(events, timings, Phase::Base, async {
                Ok(rooms.platform.prepare_base(&plan.template.base, &self.settings(), events).await?)
            }) => base?,
            () = interrupt.wanted() => return Err(interrupted()),
        };
        let fingerprint = fingerprint(plan, &base.id, &self.inputs.files);
        let ground = Ground { base, fingerprint };
        let spec = self.launch_spec(&ground.base)?;
        let mut builder =
            phase(events, timings, Phase::Launch, async { Ok(rooms.platform.launch(spec, events).await?) })
                .await?;
        let work = self.work(builder.as_mut(), &ground, timings);
        let result = tokio::select! {
            result = work => result,
            () = interrupt.wanted() => Err(interrupted()),
        };
        self.clean_up(builder.as_mut()).await;
        result
    }

    /// An image that was captured is good, whatever becomes of its builder; what is left of that is
    /// named, with the way to remove it.
    async fn clean_up(&self, builder: &mut dyn Builder) {
        let events = self.events;
        let work = async { Ok::<(), Error>(builder.destroy().await?) };
        if let Err(left) = phase(events, &mut Timings::default(), Phase::Cleanup, work).await {
            leftover::tell("the builder", left, events);
        }
    }

    /// Everything between a launched builder and a finished image folder.
    async fn work(
        &self,
        builder: &mut dyn Builder,
        ground: &Ground,
        timings: &mut Timings,
    ) -> Result<Baked, Error> {
        let survey = self.provision(builder, timings).await?;
        let events = self.events;
        phase(events, timings, Phase::Stop, async { Ok(builder.stop(STOP).await?) }).await?;
        let staging = Staging::new(&self.folders.images)?;
        let captured = phase(events, timings, Phase::Capture, async {
            Ok(builder.capture(&self.capture_spec(ground, staging.path()), events).await?)
        })
        .await?;
        let manifest = self.manifest(ground, captured, survey, timings);
        let folder = staging.finish(&manifest, events.redact())?;
        let baked = Baked { manifest, folder };
        let (image, bytes) = (baked.manifest.image.clone(), baked.manifest.bytes());
        events.send(Event::ImageCaptured { image, location: baked.location(), bytes });
        Ok(baked)
    }
}
