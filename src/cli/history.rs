use std::process::ExitCode;

use clap::Args;

use super::{
    Context,
    get::{missing, parameter_name},
    show, wiring,
};
use crate::{error::Error, time::second, ui::table::table};

/// Shows what a stage pointed at, and since when
#[derive(Debug, Args)]
pub struct History {
    /// Name of the image, or of a whole parameter when it starts with `/`
    name: String,
}

impl History {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let store = wiring::store(context, &Default::default()).await?;
        let name = parameter_name(&self.name, context);
        let versions = store.history(&name).await?;
        if versions.is_empty() {
            return Err(missing(&name, None, context));
        }
        if context.json() {
            versions.iter().try_for_each(show::stdout_json)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(oldest) = versions.first().filter(|oldest| oldest.version > 1) {
            show::stderr(&format!("The store keeps no version before {}.\n", oldest.version));
        }
        let rows = versions.iter().rev().map(|one| {
            let written = second(one.written);
            [one.version.to_string(), one.value.clone(), written, one.description.clone()]
        });
        show::stdout(&format!("{name}\n{}", table(["version", "value", "since", "description"], rows)))?;
        Ok(ExitCode::SUCCESS)
    }
}
