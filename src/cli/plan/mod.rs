//! `hornero plan`: what a bake would do (`rows`, as `text` and as `markdown`), what hangs on what (`dot`),
//! and how long that takes (`estimate`).

mod dot;
mod estimate;
mod markdown;
mod rows;
mod text;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::Args;
use rows::Report;
use serde::Serialize;
use text::Layout;

use super::{
    Context,
    anew::Anew,
    judge::{self, Judge, Judged},
    local_programs,
    set::{self, Set},
    show,
};
use crate::{
    engine::due::Verdict,
    error::Error,
    load::UsedProvisioner,
    plan::{self, Section},
    platform::BaseImage,
    store::StoreError,
    template::model::PlatformKind,
    ui::{ColorChoice, OutputStyle},
};

/// What `--detailed-exitcode` ends with when something is to be baked; an error is 1 then.
const CHANGES: u8 = 2;

/// Prints what a bake would do, and why, and does nothing
///
/// An image that is there already, made from the same inputs, is not baked again. Where one is to be
/// baked, this says which inputs have changed since the last one. `--output dot` prints what is made from
/// what in Graphviz's language, `--output markdown` is for a comment on a pull request.
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
    /// Also lists what every bake does alike: each part of the seal
    #[arg(long, short)]
    verbose: bool,
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
    /// What the bake will use and make.
    outline: Vec<Section>,
    /// Where its provisioners were taken from.
    provisioners: &'a [UsedProvisioner],
    /// What decides the image and is not in the fingerprint.
    unknown_inputs: Vec<UnknownInput>,
    /// As the last bakes took.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_seconds: Option<f64>,
    #[serde(flatten)]
    plan: &'a plan::Plan,
}

#[derive(Serialize)]
struct UnknownInput {
    step: String,
    what: String,
}

/// What is looked up for a template besides how it was judged.
struct LookedUp {
    region: Option<String>,
    seconds: Option<f64>,
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
        for due in judged.iter().filter(|one| one.is_due()) {
            local_programs::warn_of_missing(&due.plan.template.steps, context);
        }
        match context.style() {
            OutputStyle::Dot => show::stdout(&dot::graph(&set, &judged))?,
            OutputStyle::Json => {
                for (number, one) in judged.iter().enumerate() {
                    let known = look_up(one, &judge, context).await?;
                    show::stdout_json(&shown(&set, number, &self.report(one, &known)))?;
                }
            }
            OutputStyle::Markdown => {
                let known = look_up_all(&judged, &judge, context).await?;
                let pairs = judged.iter().zip(&known);
                let reports: Vec<Report<'_>> = pairs.map(|(one, known)| self.report(one, known)).collect();
                show::stdout(&markdown::document(&reports, &judged))?;
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
        let layout = layout(context);
        let is_told = |one: &&Judged| one.is_due() || judged.len() == 1 || knows_not_all(one);
        for one in judged.iter().filter(is_told) {
            let known = look_up(one, judge, context).await?;
            text += &text::details(&self.report(one, &known), layout);
        }
        Ok(text + &text::sum(judged))
    }

    fn report<'a>(&self, judged: &'a Judged, known: &'a LookedUp) -> Report<'a> {
        Report { judged, region: known.region.as_deref(), seconds: known.seconds, verbose: self.verbose }
    }
}

/// Lines are broken and coloured only for a person who looks at them.
fn layout(context: &Context) -> Layout {
    let is_terminal = std::io::stdout().is_terminal();
    let colour = context.color() && (is_terminal || context.global.color == ColorChoice::Always);
    Layout { width: is_terminal.then(|| context.width()), colour }
}

/// Whether something decides the image that is not in its fingerprint.
fn knows_not_all(judged: &Judged) -> bool {
    rows::unknown_inputs(&judged.plan.template.steps).next().is_some()
}

async fn look_up(judged: &Judged, judge: &Judge<'_>, context: &Context) -> Result<LookedUp, Error> {
    let ec2 = &judged.plan.template.ec2;
    let region = match judged.plan.platform {
        PlatformKind::Ec2 => {
            let aws = context.accounts.open(ec2.role_arn.as_deref(), ec2.region.as_deref()).await;
            Some(aws.map_err(StoreError::aws("look at the region"))?.region().to_owned())
        }
        PlatformKind::Qemu => None,
    };
    Ok(LookedUp { region, seconds: estimate::seconds(judged, judge, context).await? })
}

async fn look_up_all(
    judged: &[Judged],
    judge: &Judge<'_>,
    context: &Context,
) -> Result<Vec<LookedUp>, Error> {
    futures::future::try_join_all(judged.iter().map(|one| look_up(one, judge, context))).await
}

fn shown<'a>(set: &Set, number: usize, report: &Report<'a>) -> Shown<'a> {
    let one = report.judged;
    let unknown = rows::unknown_inputs(&one.plan.template.steps);
    let unknown = unknown.map(|(step, what)| UnknownInput { step: step.to_owned(), what });
    let file = |number: usize| set::path(&set.templates[number]).display().to_string();
    Shown {
        file: file(number),
        made_from: set.graph.base(number).map(file),
        verdict: &one.verdict,
        fingerprint: one.fingerprint.as_deref(),
        base_image: one.base.as_ref(),
        outline: report.outline(),
        provisioners: &one.provisioners,
        unknown_inputs: unknown.collect(),
        estimated_seconds: report.seconds,
        plan: &one.plan,
    }
}
