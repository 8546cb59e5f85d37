//! One bake from its plan to a finished, tested image.

mod ground;
mod provision;
mod record;
mod specs;

use std::collections::BTreeMap;

use ground::Ground;

use super::{
    Delivery, Interrupt, Rooms, RunFolders, clean, deliver,
    image::Staging,
    leftover,
    machine::LaunchKeys,
    manifest::Manifest,
    outcome::{Outcome, Proof},
    phases::{Timings, phase},
    stop,
};
use crate::{
    error::Error,
    event::{Event, Events, Phase},
    plan::{Content, Plan},
    platform::Builder,
};

/// How long a guest may take to shut down.
const STOP: std::time::Duration = std::time::Duration::from_secs(3 * 60);

/// What a bake has made.
#[derive(Debug)]
pub struct Baked {
    pub manifest: Manifest,
    /// Where the manifest lies, and what has been shown of the image when it was captured.
    outcome: Outcome,
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

/// What a bake is given beside its plan.
#[derive(Debug, Default)]
pub struct BakeInputs {
    /// Every file that was read.
    pub files: Vec<Content>,
    /// Values by name.
    pub secrets: BTreeMap<String, String>,
}

/// Bakes `plan`. The image is captured, has passed its checks, is finished and published when this
/// comes back.
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
    let result = bake.whole(interrupt).await;
    if result.is_err() {
        clean::after_failure(rooms, folders, events).await;
    }
    result
}

impl Bake<'_> {
    async fn whole(&self, interrupt: Interrupt) -> Result<Baked, Error> {
        let Self { plan, rooms, folders, events, .. } = *self;
        let mut timings = Timings::default();
        let interrupt = interrupt.within(plan.template.image.timeout);
        let mut baked = self.make(&mut timings, interrupt.clone()).await?;
        let (manifest, outcome) = (&mut baked.manifest, baked.outcome.clone());
        let target = &plan.template.publish;
        let image = Delivery { manifest, outcome, made_by: &folders.run, target };
        deliver(rooms, image, folders, interrupt, events).await?;
        Ok(baked)
    }

    async fn make(&self, timings: &mut Timings, mut interrupt: Interrupt) -> Result<Baked, Error> {
        let Self { rooms, events, .. } = self;
        let ground = tokio::select! {
            ground = self.ground(timings) => ground?,
            error = interrupt.wanted("the bake") => return Err(error),
        };
        let spec = self.launch_spec(&ground.base)?;
        let mut builder =
            phase(events, timings, Phase::Launch, async { Ok(rooms.platform.launch(spec, events).await?) })
                .await?;
        let work = self.work(builder.as_mut(), &ground, timings);
        let result = tokio::select! {
            result = work => result,
            error = interrupt.wanted("the bake") => Err(error),
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
        phase(events, timings, Phase::Stop, async {
            Ok(builder.stop(stop::by(&self.plan.template), STOP).await?)
        })
        .await?;
        let staging = Staging::new(&self.folders.images, &self.folders.id, &self.folders.journal)?;
        let captured = phase(events, timings, Phase::Capture, async {
            Ok(builder.capture(&self.capture_spec(ground, staging.path()), events).await?)
        })
        .await?;
        let manifest = self.manifest(ground, captured, survey, timings);
        let folder = staging.finish(&manifest, events.redact())?;
        self.folders.journal.kept(&manifest.image, &folder)?;
        let (image, bytes, location) = (manifest.image.clone(), manifest.bytes(), manifest.location(&folder));
        // From here on `hornero publish` can go on with it, however this bake ends.
        let outcome = Outcome { image: image.clone(), folder, proof: Proof::Untested };
        outcome.write(&self.folders.run)?;
        events.send(Event::ImageCaptured { image, location, bytes });
        Ok(Baked { manifest, outcome })
    }
}
