use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, inputs, show};
use crate::error::Error;

/// Finds every mistake of every template, without any network
#[derive(Debug, Args)]
pub struct Validate {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
}

impl Validate {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = inputs::load(&self.templates, context)?;
        match loaded.len() {
            1 => show::stderr("1 template is valid.\n"),
            many => show::stderr(&format!("{many} templates are valid.\n")),
        }
        Ok(ExitCode::SUCCESS)
    }
}
