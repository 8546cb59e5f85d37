use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, inputs, secrets, set, show};
use crate::{error::Error, plan, template::model::PlatformKind};

/// Finds every mistake of every template, without any network
#[derive(Debug, Args)]
pub struct Validate {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
}

impl Validate {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = match context.platform_is_said() {
            true => inputs::load(&self.templates, context)?,
            false => inputs::load_for_any_platform(&self.templates, context)?,
        };
        for one in &loaded {
            let usual = context.global.platform;
            let here = match one.template.base.ec2.is_none() && !context.platform_is_said() {
                true => PlatformKind::Qemu,
                false => usual,
            };
            plan::compile(one.template.clone(), here)?;
            secrets::warn(&secrets::at_hand(&one.template.secrets));
        }
        set::each_its_own(&loaded)?;
        match loaded.len() {
            1 => show::stderr("1 template is valid.\n"),
            many => show::stderr(&format!("{many} templates are valid.\n")),
        }
        Ok(ExitCode::SUCCESS)
    }
}
