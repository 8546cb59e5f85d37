//! `hornero plan`: what a bake would do (`text`), what hangs on what (`dot`), and how long that takes
//! (`estimate`).

mod dot;
mod estimate;
mod text;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;

use super::{
    Context,
    anew::Anew,
    judge::{self, Judge, Judged},
    set::{self, Set},
    show,
};
use crate::{engine::due::Verdict, error::Error, plan, platform::BaseImage, ui::OutputStyle};

/// What `--detailed-exitcode` ends with when something is to be baked; an error is 1 then.
const CHANGES: u8 = 2;

/// Prints what a bake would do, and why, and does nothing
///
/// An image that is there already, made from the same inputs, is not baked again. Where one is to be
/// baked, this says which inputs have changed since the last one. `--output dot` prints what is made from
/// what in Graphviz's language.
#[derive(Debug, Args)]
pub struct Plan {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
    #[command(flatten)]
    anew: Anew,
    /// Ends with 0 when nothing is to be baked, with 2 when something is, and with 1 on an error
    #[arg(long)]
    detailed_exitcode: bool,
}

/// One template of the answer in JSON.
#[derive(Serialize)]
struct Shown<'a> {
    /// Where it was read from.
    file: String,
    /// The file of the template that it is made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_from: Option<String>,
    #[serde(flatten)]
    verdict: &'a Verdict,
    fingerprint: Option<&'a str>,
    base_image: Option<&'a BaseImage>,
    /// As the last bakes took.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_seconds: Option<f64>,
    #[serde(flatten)]
    plan: &'a plan::Plan,
}

impl Plan {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        match self.shown(context).await {
            Ok(due) if due && self.detailed_exitcode => Ok(ExitCode::from(CHANGES)),
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(error) if self.detailed_exitcode => {
                show::error(&error, context);
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether something is to be baked.
    async fn shown(&self, context: &Context) -> Result<bool, Error> {
        let set = Set::load(&self.templates, context)?;
        let judge = Judge::new(context, self.anew);
        let judged = judge::all(&set, &judge).await?;
        match context.style() {
            OutputStyle::Dot => show::stdout(&dot::graph(&set, &judged))?,
            OutputStyle::Json => {
                for (number, one) in judged.iter().enumerate() {
                    let seconds = estimate::seconds(one, &judge, context).await?;
                    show::stdout_json(&shown(&set, number, one, seconds))?;
                }
            }
            OutputStyle::Auto | OutputStyle::Bars | OutputStyle::Lines => {
                show::stdout(&self.text(&set, &judged, &judge, context).await?)?;
            }
        }
        Ok(judged.iter().any(Judged::is_due))
    }

    async fn text(
        &self,
        set: &Set,
        judged: &[Judged],
        judge: &Judge<'_>,
        context: &Context,
    ) -> Result<String, Error> {
        let mut text = match judged.len() {
            1 => String::new(),
            _ => set.graph.tree(|number| text::line(&judged[number])) + "\n",
        };
        for one in judged.iter().filter(|one| one.is_due() || judged.len() == 1) {
            let seconds = estimate::seconds(one, judge, context).await?;
            text += &text::details(one, seconds);
        }
        Ok(text + &text::sum(judged))
    }
}

fn shown<'a>(set: &Set, number: usize, one: &'a Judged, seconds: Option<f64>) -> Shown<'a> {
    let file = |number: usize| set::path(&set.templates[number]).display().to_string();
    Shown {
        file: file(number),
        made_from: set.graph.base(number).map(file),
        verdict: &one.verdict,
        fingerprint: one.fingerprint.as_deref(),
        base_image: one.base.as_ref(),
        estimated_seconds: seconds,
        plan: &one.plan,
    }
}
