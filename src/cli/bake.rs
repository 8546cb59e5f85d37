use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, ask::Failing, chain, clean, inputs, interrupt, run::Run, secrets, show, wiring};
use crate::{
    engine::{self, BakeInputs, Baked, Interrupt, Rooms},
    error::{Error, Kind},
    load::Loaded,
    plan::{Content, Plan, compile},
    private,
    redact::Redact,
};

/// Bakes images and records their IDs
///
/// Prints the ID of each image on standard output.
#[derive(Debug, Args)]
pub struct Bake {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
    #[command(flatten)]
    failing: Failing,
}

impl Bake {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = inputs::load(&self.templates, context)?;
        let (on_error, context) = self.failing.decide(context);
        let context = &context;
        // Whether all can be baked is known before the first one is.
        let mut due = Vec::new();
        for one in loaded {
            compile(one.template.clone(), context.global.platform)?;
            let secrets = secrets::resolve(&one.template.secrets, &one.template.ec2, context).await?;
            secrets::kept_out(&one.template, &secrets)?;
            let inputs = BakeInputs { secrets, on_error: on_error.clone(), ..read(&one)? };
            due.push((inputs, one.template));
        }
        let interrupt = interrupt::listen()?;
        let mut code = 0;
        for (inputs, mut template) in due {
            // Each template says itself in which account and region.
            let rooms = wiring::rooms(context, &template.ec2).await?;
            chain::resolve(&mut template, &rooms, context).await?;
            let plan = compile(template, context.global.platform)?;
            match one(&plan, inputs, &rooms, interrupt.clone(), context).await? {
                Ok(baked) if !context.json() => show::stdout(&format!("{}\n", baked.manifest.image))?,
                Ok(_) => {}
                Err(failed) => code = failed,
            }
        }
        Ok(ExitCode::from(code))
    }
}

/// One bake; `Err` inside is the exit code of a failure that has been shown.
async fn one(
    plan: &Plan,
    inputs: BakeInputs,
    rooms: &Rooms,
    interrupt: Interrupt,
    context: &Context,
) -> Result<Result<Baked, u8>, Error> {
    let image = &plan.template.image;
    let run = Run::start(&image.name, Redact::new(inputs.secrets.values().cloned()), context)?;
    clean::tell_of_dead(&image.name, context, &run.events)?;
    run.announce(&image.name, image.version.clone(), plan.platform.name());
    secrets::exceptions(&plan.template.secrets).into_iter().for_each(|text| run.events.note(text));
    secrets::warnings(&inputs.secrets).into_iter().for_each(|text| run.events.warn(text));
    let written = write_plan(plan, &run);
    let result = match written {
        Ok(()) => engine::bake(plan, rooms, &run.folders, inputs, interrupt, &run.events).await,
        Err(error) => Err(error),
    };
    Ok(run.finish(result).await)
}

/// The plan lies beside the run's log.
pub fn write_plan(plan: &Plan, run: &Run) -> Result<(), Error> {
    let path = run.folders.run.join("plan.json");
    let text = run.events.redact().pretty(plan).map_err(std::io::Error::other);
    text.and_then(|text| private::write(&path, text)).map_err(|error| {
        Error::new(Kind::Local, format!("writing the plan `{}`", path.display())).because(&error)
    })
}

/// Every file that was read, with its sum; the template is the first of them.
pub fn read(loaded: &Loaded) -> Result<BakeInputs, Error> {
    let content = |file: &crate::load::InputFile| {
        let sum = file.sum().map_err(|error| {
            Error::new(Kind::Local, format!("reading `{}`", file.path.display())).because(&error)
        })?;
        Ok(Content { path: file.path.clone(), mode: file.mode, sum })
    };
    let files: Vec<Content> = loaded.inputs.iter().map(content).collect::<Result<_, Error>>()?;
    let template = files.first().map(|file| file.path.clone()).unwrap_or_default();
    Ok(BakeInputs { template, files, ..BakeInputs::default() })
}
