use std::process::ExitCode;

use clap::Args;

use super::{Context, run_summary::RunSummary, show};
use crate::{amount, error::Error, time::minute, ui::table::table};

/// Lists the runs of this computer, newest first
///
/// With each run's state: running, finished, failed, builder kept, interrupted, killed, or cleaned up after it was
/// killed. The ID, the beginning of it or the name of the image is what `log`, `resume`, `ssh`, `publish` and
/// `clean` take.
#[derive(Debug, Args)]
pub struct Runs {
    /// Only runs of the image of this name
    name: Option<String>,
}

impl Runs {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let mut runs = RunSummary::list(context)?;
        runs.retain(|run| self.name.as_ref().is_none_or(|name| run.image == *name));
        if context.json() {
            runs.iter().try_for_each(show::stdout_json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows = runs.iter().map(|run| {
            [
                run.run.clone(),
                run.platform.clone(),
                state(run),
                minute(run.began),
                amount::duration(run.seconds),
                run.exit_code.map(|code| code.to_string()).unwrap_or_default(),
                run.image_id.clone().unwrap_or_default(),
            ]
        });
        show::stdout(&table(["run", "platform", "state", "began", "took", "exit", "image"], rows))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn state(run: &RunSummary) -> String {
    match run.kept_until {
        Some(until) => format!("builder kept until {}", minute(until)),
        None => run.state.title().to_owned(),
    }
}
