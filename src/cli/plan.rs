use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Context, inputs, show};
use crate::{
    error::Error,
    plan::{self, compile},
};

/// Prints what a bake would do, and does nothing
#[derive(Debug, Args)]
pub struct Plan {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
}

impl Plan {
    pub fn run(self, context: &Context) -> Result<ExitCode, Error> {
        for loaded in inputs::load(&self.templates, context)? {
            let plan = compile(loaded.template, context.global.platform)?;
            if context.json() {
                show::stdout_json(&plan);
            } else {
                show::stdout(&text(&plan));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
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
