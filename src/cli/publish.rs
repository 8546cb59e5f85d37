use std::process::ExitCode;

use clap::Args;

use super::{
    Context, Global,
    inputs::who,
    interrupt,
    publish_source::{self, PublishSource},
    run::Run,
    wiring,
};
use crate::{
    engine::{
        Delivery, Interrupt, Rooms, clean, deliver, image, lock,
        manifest::FILE,
        outcome::{Outcome, Proof},
    },
    error::{Error, Kind},
    platform::Settings,
    redact::Redact,
    template::model::Ec2,
};

/// Does what the image of a run still lacks, without a bake
///
/// For a bake that failed after its image was captured: the image could not be tested, shared or
/// copied to a region, or the parameter could not be written. What was done is not done again. An
/// image that failed its checks is not published. On EC2 any computer can do it, by the tags of the image.
#[derive(Debug, Args)]
pub struct Publish {
    /// ID of the run, its beginning, or the name of the image; the whole ID for a run of another computer
    run: String,
    /// Where the image of a run of another computer is [default: the environment's]
    #[arg(long)]
    region: Option<String>,
}

impl Publish {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let mut source = publish_source::find(&self.run, self.region.as_deref(), context).await?;
        if source.outcome.proof == Proof::Failed {
            return Err(refused(&source.outcome));
        }
        // The run has been on a platform already.
        let context = &Context::new(Global { platform: source.platform, ..context.global.clone() });
        let ec2 = match &source.manifest.machine {
            Settings::Ec2(ec2) => *ec2.clone(),
            Settings::Qemu(_) => Ec2::default(),
        };
        let rooms = wiring::rooms(context, &ec2).await?;
        let interrupt = interrupt::listen()?;
        let manifest = &source.manifest;
        let run = Run::start(&format!("publish-{}", manifest.name), Redact::default(), context)?;
        run.announce(&manifest.name, manifest.version.clone(), source.platform.name());
        let result = publish_under_lock(&mut source, &rooms, &run, interrupt).await;
        match result {
            Ok(()) => run.events.note(format!(
                "nothing is left to do: {} is published at {}",
                source.outcome.image, source.target.parameter
            )),
            Err(_) => clean::after_failure(&rooms, &run.folders, &run.events).await,
        }
        Ok(run.finish(result).await.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS))
    }
}

/// Publishes when no bake of the same image is under way, and lets none begin meanwhile.
async fn publish_under_lock(
    source: &mut PublishSource,
    rooms: &Rooms,
    run: &Run,
    interrupt: Interrupt,
) -> Result<(), Error> {
    let PublishSource { run: id, here, platform, outcome, manifest, target } = source;
    if !outcome.folder.join(FILE).is_file() {
        image::make_folder(&outcome.folder, manifest, run.events.redact())?;
    }
    let (name, who, telling) = (manifest.name.clone(), who(), (&run.folders.journal, &run.events));
    if here.is_some() {
        // It is dead, and may have it still.
        rooms.store.release(&lock::name(&name, *platform), &lock::holder(id, "")).await?;
    }
    let wanted =
        lock::Wanted { image: &name, platform: *platform, run: &run.folders.id, who: &who, wait: true };
    let lock = lock::lock(&rooms.store, wanted, interrupt.clone(), telling).await?;
    let made_by = here.as_ref().map_or(&run.folders.run, |(folder, _)| folder);
    let image = Delivery { manifest, outcome: outcome.clone(), made_by, target };
    let result = deliver(&lock.guard(rooms), image, &run.folders, interrupt, &run.events).await;
    lock::give_back(lock, &run.events).await;
    if let Some((folder, _)) = here {
        image::remove_beside(folder);
    }
    result
}

fn refused(outcome: &Outcome) -> Error {
    let message = format!("publishing {}: it failed its checks on a machine started from it", outcome.image);
    Error::new(Kind::Check, message).hint(format!(
        "a parameter only points at images that passed: correct the template and bake it again; \
         `hornero test {}` shows which checks fail",
        outcome.image
    ))
}
