use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Deserialize;

use super::{Context, Global, run::Run, wiring};
use crate::{
    engine::{manifest::Manifest, outcome::Outcome, publish_phase},
    error::{Error, Kind},
    redact::Redact,
    template::model::{self, Ec2, PlatformKind},
};

/// Publishes the image of a run again, without a bake
///
/// For a bake whose image is good and whose last step failed: the parameter could not be written,
/// or a copy to another region could not be made.
#[derive(Debug, Args)]
pub struct Publish {
    /// ID of the run
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
    ec2: Ec2,
}

impl Publish {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let folder = self.folder(context)?;
        let plan = read_plan(&folder)?;
        let outcome = Outcome::read(&folder)?;
        if !outcome.passed {
            return Err(Error::new(
                Kind::Check,
                format!("publishing {}: it has not passed its checks", outcome.image),
            )
            .hint("a parameter only points at images that did; bake the template again"));
        }
        // The run has been on a platform already.
        let context = &Context::new(Global { platform: plan.platform, ..context.global.clone() });
        let mut manifest = Manifest::read(&outcome.folder)?;
        let rooms = wiring::rooms(context, &plan.template.ec2).await?;
        let run = Run::start(&format!("publish-{}", manifest.name), Redact::default(), context)?;
        run.announce(&manifest.name, manifest.version.clone(), plan.platform.name());
        let target = &plan.template.publish;
        let result = publish_phase(
            &rooms,
            &outcome.folder,
            &mut manifest,
            target,
            (&run.folders.journal, &run.events),
        )
        .await;
        Ok(run.finish(result).await.map_or_else(ExitCode::from, |()| ExitCode::SUCCESS))
    }

    fn folder(&self, context: &Context) -> Result<PathBuf, Error> {
        let runs = context.state()?.join("runs");
        let folder = runs.join(&self.run);
        if self.run.contains('/') || !folder.is_dir() {
            let message = format!("there is no run `{}` in `{}`", self.run, runs.display());
            return Err(Error::new(Kind::Usage, message)
                .hint("a bake tells its run's ID at its start; runs of another computer stay there"));
        }
        Ok(folder)
    }
}

fn read_plan(folder: &std::path::Path) -> Result<Plan, Error> {
    let path = folder.join("plan.json");
    let text = std::fs::read_to_string(&path).map_err(std::io::Error::other);
    text.and_then(|text| serde_json::from_str(&text).map_err(std::io::Error::other)).map_err(|error| {
        Error::new(Kind::Local, format!("reading the plan `{}`", path.display())).because(&error)
    })
}
