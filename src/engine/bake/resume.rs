//! Going on with a bake that has failed and kept its builder.

use super::{Bake, BakeInputs, Made, ground::Ground};
use crate::{
    engine::{Interrupt, Rooms, RunFolders, kept::Kept, launch_keys::LaunchKeys, phases::Timings},
    error::{Error, Kind},
    event::Events,
    plan::{Plan, changed, fingerprint},
    platform::Builder,
};

/// Whether the builder is what the plan wants, as far as it has come.
///
/// # Errors
/// What has changed that was done already, each by its name.
pub fn fits(kept: &Kept, plan: &Plan, inputs: &BakeInputs) -> Result<(), Error> {
    let mut changes = Vec::new();
    if plan.template.image.name != kept.image {
        changes.push(format!("the image's name, which was `{}`", kept.image));
    }
    if plan.declared_base() != kept.declared_base || inputs.made_from != kept.made_from {
        changes.push("the base".to_owned());
    }
    let now = fingerprint(plan, inputs.given(&kept.base.id)).parts;
    let parts = changed(&kept.parts, &now, kept.progress.done());
    changes.extend(parts.into_iter().filter(|part| part != "name"));
    if changes.is_empty() {
        return Ok(());
    }
    let next = kept.progress.next(&plan.template.steps);
    let message = format!(
        "going on with {} at {next}: what was done before that has changed: {}",
        kept.run,
        changes.join(", ")
    );
    Err(Error::new(Kind::Template, message).hint(format!(
        "the builder is as it was; undo these changes, give the same --var as before, or `hornero clean {}` and \
         bake anew",
        kept.run
    )))
}

/// Goes on at the step that failed, with a plan that fits. The same road as a bake's, to its end.
///
/// # Errors
/// As a bake; the builder is kept again if that is wanted.
pub async fn resume(
    (kept, builder): (Kept, Box<dyn Builder>),
    plan: &Plan,
    rooms: &Rooms,
    folders: &RunFolders,
    inputs: BakeInputs,
    interrupt: Interrupt,
    events: &Events,
) -> Result<Made, Error> {
    let keys = LaunchKeys::kept(&kept.run, &kept.private_key, &kept.host_key)?;
    let bake = Bake { plan, rooms, folders, inputs, keys, events };
    events.note(format!("going on at {}", kept.progress.next(&plan.template.steps)));
    if let Err(error) = bake.ready(&kept, interrupt.clone()).await {
        return Err(error.hint("the builder is kept as before"));
    }
    let lock =
        bake.lock(interrupt.clone()).await.map_err(|error| error.hint("the builder is kept as before"))?;
    folders.journal.taken_up()?;
    bake.retain().await;
    let ground = bake.ground_of(&kept);
    bake.run(Some((builder, ground, kept)), lock, interrupt).await
}

impl Bake<'_> {
    /// What can fail before the builder is touched.
    async fn ready(&self, kept: &Kept, mut interrupt: Interrupt) -> Result<(), Error> {
        if kept.progress.done().uploaded {
            return Ok(());
        }
        let mut timings = Timings::default();
        tokio::select! {
            fetched = self.fetch(&mut timings) => fetched,
            error = interrupt.wanted("the bake") => Err(error),
        }
    }

    /// The base is the one that the builder was started from, whatever is the newest now.
    fn ground_of(&self, kept: &Kept) -> Ground {
        let base = kept.base.clone();
        let fingerprint = fingerprint(self.plan, self.inputs.given(&base.id));
        Ground { base, fingerprint }
    }
}
