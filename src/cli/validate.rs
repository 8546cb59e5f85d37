use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use serde::Serialize;

use super::{Context, inputs, local_programs, secrets, set, show};
use crate::{
    amount,
    error::Error,
    load::{Loaded, UsedProvisioner},
    plan,
    template::model::PlatformKind,
};

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
            local_programs::warn_of_missing(&one.template.steps, context);
        }
        set::each_its_own(&loaded)?;
        loaded.iter().try_for_each(|one| tell_provisioners(one, context))?;
        let are = if loaded.len() == 1 { "is" } else { "are" };
        show::stderr(&format!("{} {are} valid.\n", amount::count(loaded.len(), "template")));
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the provisioners of a template were taken from: they are code of others, and may run on this computer.
#[derive(Serialize)]
struct ShownProvisioners<'a> {
    file: String,
    provisioners: &'a [UsedProvisioner],
}

fn tell_provisioners(loaded: &Loaded, context: &Context) -> Result<(), Error> {
    let (file, provisioners) = (set::path(loaded).display().to_string(), loaded.provisioners.as_slice());
    if provisioners.is_empty() {
        return Ok(());
    }
    if context.json() {
        return show::stdout_json(&ShownProvisioners { file, provisioners });
    }
    for used in provisioners {
        let told = format!("{file} uses the provisioner `{}`: {}", used.name, used.folder);
        show::stderr(&format!("{}\n", crate::ui::clean(&told)));
    }
    Ok(())
}
