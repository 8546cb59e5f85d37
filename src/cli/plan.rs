use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, inputs, show, wiring};
use crate::{
    error::Error,
    plan::{self, Action, PlannedBase, compile},
    platform::Settings,
    template::model::{Ec2Base, QemuBase},
};

/// Prints what a bake would do, and does nothing
#[derive(Debug, Args)]
pub struct Plan {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
}

impl Plan {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        for loaded in inputs::load(&self.templates, context)? {
            let mut plan = compile(loaded.template, context.global.platform)?;
            find_base(&mut plan, context).await?;
            if context.json() {
                show::stdout_json(&plan)?;
            } else {
                show::stdout(&text(&plan))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says which image the base stands for, where that can be known without making it.
async fn find_base(plan: &mut plan::Plan, context: &Context) -> Result<(), Error> {
    // The image of another template is looked for when its bake is due.
    if matches!(plan.base, PlannedBase::Ec2(Ec2Base::Template(_)) | PlannedBase::Qemu(QemuBase::Template(_)))
    {
        return Ok(());
    }
    let settings = Settings::of(&plan.template, plan.platform);
    let found = wiring::platform(context)?.look_up_base(&plan.template.base, &settings).await?;
    let lines =
        found.map(|base| Action { phase: "base", what: format!("{} ({})", base.id, base.description) });
    plan.actions.splice(1..1, lines);
    Ok(())
}

/// One line an action, the phase before the first of its own.
fn text(plan: &plan::Plan) -> String {
    let mut text = format!("{} on {}\n", plan.title(), plan.platform.name());
    let mut last = "";
    for action in &plan.actions {
        let phase = if action.phase == last { "" } else { action.phase };
        text += &format!("  {phase:<11} {}\n", action.what);
        last = action.phase;
    }
    text
}
