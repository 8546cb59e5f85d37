//! One bake from its plan to a finished, tested image.

mod ground;
mod inputs;
mod keep;
mod locked;
mod progress;
mod provision;
mod record;
mod resume;
mod specs;
mod targets;

use ground::Ground;
pub use inputs::BakeInputs;
pub use progress::Progress;
use record::completed;
pub use resume::{fits, resume};

use super::{
    Interrupt, Rooms, RunFolders, clean,
    delivery_note::DeliveryNote,
    image::{self, Staging},
    kept::{self, Kept},
    launch_keys::LaunchKeys,
    leftover,
    manifest::Manifest,
    outcome::{Outcome, Proof},
    phases::{Timings, phase},
    stop,
};
use crate::{
    error::{Error, caught},
    event::{Event, Events, Phase},
    plan::Plan,
    platform::Builder,
};

/// How long a guest may take to shut down.
const STOP: std::time::Duration = std::time::Duration::from_secs(3 * 60);

/// The image that a bake has ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub image: String,
    /// Whether it was there already.
    pub reused: bool,
}

/// What a bake has made.
#[derive(Debug)]
struct Baked {
    manifest: Manifest,
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

/// Bakes `plan`. The image is captured, has passed its checks, is finished and published when this
/// comes back.
///
/// # Errors
/// The first thing that failed. Whatever was started is gone by then, except an image that was
/// captured, which stays, and a builder that is to be kept.
pub async fn bake(
    plan: &Plan,
    rooms: &Rooms,
    folders: &RunFolders,
    inputs: BakeInputs,
    interrupt: Interrupt,
    events: &Events,
) -> Result<Made, Error> {
    let keys = LaunchKeys::generate(&folders.id)?;
    let bake = Bake { plan, rooms, folders, inputs, keys, events };
    match caught(bake.lock(interrupt.clone())).await {
        Ok(lock) => bake.run(None, lock, interrupt).await,
        Err(error) => {
            clean::after_failure(rooms, folders, events).await;
            Err(error)
        }
    }
}

/// A builder that was kept, and what it stands on.
type From = (Box<dyn Builder>, Ground, Kept);

impl Bake<'_> {
    /// From a running builder, however far it has come, to a finished image folder. The builder is gone
    /// when this comes back, or kept.
    async fn go_on(
        &self,
        mut builder: Box<dyn Builder>,
        ground: &mut Ground,
        (mut progress, mut timings): (Progress, Timings),
        mut interrupt: Interrupt,
    ) -> Result<Baked, Error> {
        // On the heap: it holds all that is done with a builder, and is part of two roads.
        let work = Box::pin(self.work(builder.as_mut(), ground, &mut progress, &mut timings));
        let result = tokio::select! {
            result = caught(work) => result,
            error = interrupt.wanted("the bake") => Err(error),
        };
        match result {
            Ok(baked) => {
                self.clean_up(builder.as_mut()).await;
                Ok(baked)
            }
            Err(error) => {
                // Ctrl-C reaches what runs on this computer too: what fails because of it is no cause.
                let error = interrupt.cause_of(error, "the bake");
                Err(self.give_up(builder.as_mut(), (ground, progress), &timings, interrupt, error).await)
            }
        }
    }

    /// An image that was captured is good, whatever becomes of its builder; what is left of that is
    /// named, with the way to remove it.
    async fn clean_up(&self, builder: &mut dyn Builder) {
        let events = self.events;
        let work = async { Ok::<(), Error>(builder.destroy().await?) };
        if let Err(left) = phase(events, &mut Timings::default(), Phase::Cleanup, work).await {
            leftover::tell("the builder", left, events);
        }
        // Of one that was kept before.
        if let Err(error) = kept::forget(&self.folders.run) {
            events.warn(error.to_string());
        }
    }

    /// Everything between a launched builder and a finished image folder.
    async fn work(
        &self,
        builder: &mut dyn Builder,
        ground: &mut Ground,
        progress: &mut Progress,
        timings: &mut Timings,
    ) -> Result<Baked, Error> {
        let survey = self.provision(builder, progress, timings).await?;
        let events = self.events;
        phase(events, timings, Phase::Stop, async {
            Ok(builder.stop(stop::by(&self.plan.template), STOP).await?)
        })
        .await?;
        let staging = Staging::new(&self.folders.images, &self.folders.id, &self.folders.journal)?;
        let draft = self.draft(ground, survey, timings);
        let delivery = DeliveryNote::of(&draft, &self.plan.template.publish).packed(events.redact());
        let captured = phase(events, timings, Phase::Capture, async {
            let spec = self.capture_spec(ground, &draft, &delivery, staging.path());
            Ok(builder.capture(&spec, events).await?)
        })
        .await?;
        let manifest = completed(draft, captured, timings);
        let outcome = self.put_down(&manifest, staging)?;
        let (image, bytes) = (manifest.image.clone(), manifest.bytes());
        events.send(Event::ImageCaptured { image, location: manifest.location(&outcome.folder), bytes });
        Ok(Baked { manifest, outcome })
    }

    /// Writes down what there is now. From here on `hornero publish` can go on with it, however this bake ends. An
    /// image that the platform keeps is there whether its folder can be written or not, so the run tells of it first.
    fn put_down(&self, manifest: &Manifest, staging: Staging) -> Result<Outcome, Error> {
        let (run, redact, journal) = (&self.folders.run, self.events.redact(), &self.folders.journal);
        let (image, folder) = (manifest.image.clone(), self.folders.images.join(&manifest.image));
        let outcome = Outcome { image, folder, proof: Proof::Untested };
        let is_kept_elsewhere = manifest.region.is_some();
        if is_kept_elsewhere {
            journal.kept(&outcome.image, &outcome.folder)?;
            outcome.write(run)?;
            image::write_beside(run, manifest, redact)?;
        }
        staging.finish(manifest, redact).map_err(|error| match is_kept_elsewhere {
            true => error.hint(format!(
                "the image {} stays; free space for its folder, then `hornero publish {}` does what is missing",
                outcome.image, self.folders.id
            )),
            false => error,
        })?;
        match is_kept_elsewhere {
            true => image::remove_beside(run),
            false => {
                journal.kept(&outcome.image, &outcome.folder)?;
                outcome.write(run)?;
            }
        }
        Ok(outcome)
    }
}
