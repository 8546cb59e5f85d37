use std::{path::Path, process::ExitCode};

use clap::Args;
use serde::Deserialize;

use super::{
    Context, Global,
    find_run::{FoundRun, RunFilter, find},
    inputs::who,
    interrupt,
    run::Run,
    wiring,
};
use crate::{
    engine::{
        Delivery, Interrupt, Rooms, clean, deliver, lock,
        manifest::Manifest,
        outcome::{Outcome, Proof},
    },
    error::{Error, Kind},
    journal::{self, FIRST_FORMAT, Journal, check_format},
    platform::Settings,
    redact::Redact,
    template::model::{self, Ec2, PlatformKind},
};

/// Does what the image of a run still lacks, without a bake
///
/// For a bake that failed after its image was captured: the image could not be tested, shared or
/// copied to a region, or the parameter could not be written. What was done is not done again. An
/// image that failed its checks is not published.
#[derive(Debug, Args)]
pub struct Publish {
    /// ID of the run, its beginning, or the name of the image
    run: String,
}

/// What publishing needs of a run's plan.
#[derive(Debug, Deserialize)]
struct Plan {
    platform: PlatformKind,
    template: Template,
}

#[derive(Debug, Deserialize)]
struct Template {
    publish: model::Publish,
}

impl Publish {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let FoundRun { id, folder } = find(&self.run, RunFilter::WITH_UNFINISHED_IMAGE, context)?;
        // Held to the end: nobody else goes on with this run meanwhile.
        let _journal = take_over(&folder, &id)?;
        let outcome = Outcome::read(&folder)?;
        let plan = read_plan(&folder)?;
        if outcome.proof == Proof::Failed {
            return Err(refused(&outcome));
        }
        // The run has been on a platform already.
        let context = &Context::new(Global { platform: plan.platform, ..context.global.clone() });
        let mut manifest = Manifest::read(&outcome.folder)?;
        let ec2 = match &manifest.machine {
            Settings::Ec2(ec2) => *ec2.clone(),
            Settings::Qemu(_) => Ec2::default(),
        };
        let rooms = wiring::rooms(context, &ec2).await?;
        let interrupt = interrupt::listen()?;
        let run = Run::start(&format!("publish-{}", manifest.name), Redact::default(), context)?;
        run.announce(&manifest.name, manifest.version.clone(), plan.platform.name());
        let (manifest, target) = (&mut manifest, &plan.template.publish);
        let told = format!("nothing is left to do: {} is published at {}", outcome.image, target.parameter);
        let image = Delivery { manifest, outcome, made_by: &folder, target };
        let result = under_lock(image, (&id, plan.platform), (&rooms, &run), interrupt).await;
        match result {
            Ok(()) => run.events.note(told),
            Err(_) => clean::after_failure(&rooms, &run.folders, &run.events).await,
        }
        Ok(run.finish(result).await.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS))
    }
}

/// Publishes when no bake of the same image is under way, and lets none begin meanwhile. The lock that the run
/// itself may still have is given back: it is dead.
async fn under_lock(
    image: Delivery<'_>,
    (id, platform): (&str, PlatformKind),
    (rooms, run): (&Rooms, &Run),
    interrupt: Interrupt,
) -> Result<(), Error> {
    let (name, who, telling) = (image.manifest.name.clone(), who(), (&run.folders.journal, &run.events));
    rooms.store.release(&lock::name(&name, platform), &lock::holder(id, "")).await?;
    let wanted = lock::Wanted { image: &name, platform, run: &run.folders.id, who: &who, wait: true };
    let lock = lock::lock(&rooms.store, wanted, interrupt.clone(), telling).await?;
    let result = deliver(&lock.guard(rooms), image, &run.folders, interrupt, &run.events).await;
    lock::give_back(lock, &run.events).await;
    result
}

/// `None` for a run that was made before there were journals.
fn take_over(folder: &Path, run: &str) -> Result<Option<Journal>, Error> {
    if !folder.join(journal::FILE).is_file() {
        return Ok(None);
    }
    match Journal::take_over(folder)? {
        Some((journal, _)) => Ok(Some(journal)),
        None => Err(Error::new(Kind::Usage, format!("publishing the image of {run}: that run is alive"))
            .hint("it publishes its image itself; wait for its end")),
    }
}

fn refused(outcome: &Outcome) -> Error {
    let message = format!("publishing {}: it failed its checks on a machine started from it", outcome.image);
    Error::new(Kind::Check, message).hint(format!(
        "a parameter only points at images that passed: correct the template and bake it again; \
         `hornero test {}` shows which checks fail",
        outcome.image
    ))
}

fn read_plan(folder: &Path) -> Result<Plan, Error> {
    let path = folder.join("plan.json");
    let reading = format!("reading the plan `{}`", path.display());
    let failed = |error: &std::io::Error| Error::new(Kind::Local, &reading).because(error);
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    check_format(text.as_bytes(), FIRST_FORMAT).map_err(|newer| Error::newer(&reading, &newer))?;
    serde_json::from_str(&text).map_err(|error| failed(&error.into()))
}
