use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    Context, Global,
    ask::Failing,
    bake, chain,
    find_run::{FoundRun, RunFilter, find},
    inputs, interrupt,
    run::Run,
    secrets, show, wiring,
};
use crate::{
    engine::{self, BakeInputs, Rooms, kept::Kept},
    error::{Error, Kind},
    journal::{History, Journal},
    plan::{Plan, compile},
    platform::{Builder, KeptBuilder, Settings},
    redact::Redact,
};

/// Goes on with a failed bake that has kept its builder
///
/// At the step that failed, with the corrected template. What was done before that step must be
/// unchanged; otherwise it says what has changed and leaves the builder as it is. Give the same --var
/// as before.
#[derive(Debug, Args)]
pub struct Resume {
    /// ID of the run, its beginning, or the name of the image
    run: String,
    /// The corrected template [default: the one that the run was made from]
    template: Option<PathBuf>,
    #[command(flatten)]
    failing: Failing,
}

impl Resume {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let FoundRun { id, folder } = find(&self.run, RunFilter::WITH_BUILDER, context)?;
        // From here on no other process goes on with it, or removes what it has left.
        let (journal, history) = taken(&id, &folder)?;
        let kept = Kept::read(&folder)?;
        let (on_error, context) = self.failing.decide(context);
        // The run has been on a platform already.
        let context = &Context::new(Global { platform: kept.platform, ..context.global.clone() });
        let (plan, rooms, inputs) = self.plan(&kept, context).await?;
        let secrets = secrets::resolve(&plan.template.secrets, &plan.template.ec2, context).await?;
        secrets::kept_out(&plan.template, &secrets)?;
        let secret_sums = secrets::sums(&secrets, rooms.store.as_ref(), true).await?;
        let inputs = BakeInputs { secret_sums, ..inputs };
        engine::fits(&kept, &plan, &inputs)?;
        let builder = attached(&kept, &plan, &rooms, &journal).await?;
        let interrupt = interrupt::listen()?;
        let redact = Redact::new(secrets.values().cloned());
        let run = Run::over(id, folder, journal, redact, context)?;
        let image = &plan.template.image;
        run.announce(&image.name, image.version.clone(), plan.platform.name());
        secrets::warnings(&secrets).into_iter().for_each(|text| run.events.warn(text));
        bake::write_plan(&plan, &run)?;
        let resumed = history.taken_up.iter().copied().chain([Timestamp::now()]).collect();
        let inputs = BakeInputs { secrets, on_error, resumed, ..inputs };
        let result =
            engine::resume((kept, builder), &plan, &rooms, &run.folders, inputs, interrupt, &run.events)
                .await;
        match run.finish(result).await {
            Ok(baked) if !context.json() => show::stdout(&format!("{}\n", baked.image))?,
            Ok(_) => {}
            Err(failed) => return Ok(ExitCode::from(failed)),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn plan(&self, kept: &Kept, context: &Context) -> Result<(Plan, Rooms, BakeInputs), Error> {
        let path = self.template.clone().unwrap_or_else(|| kept.template.clone());
        let loaded = inputs::load(std::slice::from_ref(&path), context)?;
        let [one] = loaded.as_slice() else {
            let message = format!("going on with {}: `{}` is not one template", kept.run, path.display());
            return Err(Error::new(Kind::Usage, message).hint("name the template that was corrected"));
        };
        let mut template = one.template.clone();
        let rooms = wiring::rooms(context, &template.ec2).await?;
        chain::as_before(&mut template, context.global.platform, kept)?;
        let plan = compile(template, context.global.platform)?;
        let parameter = &plan.template.publish.parameter;
        if *parameter != kept.parameter {
            show::stderr(&format!("note: the image goes to {parameter}, and not to {}\n", kept.parameter));
        }
        let inputs = inputs::contents(one, plan.platform, context)?;
        Ok((plan, rooms, inputs))
    }
}

fn taken(run: &str, folder: &Path) -> Result<(Journal, History), Error> {
    let doing = format!("going on with {run}");
    let Some((journal, history)) = Journal::take_over(folder)? else {
        return Err(Error::new(Kind::Usage, format!("{doing}: another process is at work on it"))
            .hint("wait until it has ended, or interrupt it"));
    };
    if history.builder_kept.is_none() {
        return Err(no_builder(&doing, run, &history));
    }
    Ok((journal, history))
}

/// Why there is nothing to go on with or to look at.
pub fn no_builder(doing: &str, run: &str, history: &History) -> Error {
    let (why, hint) = match (&history.kept, history.is_open()) {
        (Some((image, _)), _) => (
            format!("it has made the image {image}, and its builder is gone"),
            format!("`hornero publish {run}` does what the image still lacks"),
        ),
        (None, true) => (
            "it was killed, and has kept no builder".to_owned(),
            format!("`hornero clean {run}` removes what it has left"),
        ),
        (None, false) => (
            "it has kept no builder".to_owned(),
            "a bake with `--on-error keep` keeps its builder when it fails".to_owned(),
        ),
    };
    Error::new(Kind::Usage, format!("{doing}: {why}")).hint(hint)
}

async fn attached(
    kept: &Kept,
    plan: &Plan,
    rooms: &Rooms,
    journal: &Journal,
) -> Result<Box<dyn Builder>, Error> {
    let kept = KeptBuilder {
        settings: Settings::of(&plan.template, plan.platform),
        disks: &plan.template.disks,
        journal: Some(journal),
        ..kept.as_builder()
    };
    Ok(rooms.platform.attach(&kept).await?)
}
