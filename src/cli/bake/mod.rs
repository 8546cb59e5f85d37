//! `hornero bake`: what is due of a set of templates (`many`), one bake each (`one`), and what came of
//! them (`end`).

mod end;
mod keep_hint;
mod many;
mod one;

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode};

use clap::{Args, builder::BoolishValueParser};

pub use one::write_plan;

use super::{Context, anew::Anew, ask::Failing, interrupt, judge::Judge, set::Set, show};
use crate::{error::Error, template::model::PlatformKind};

/// Bakes images that are due, and records their IDs
///
/// Prints the ID of the image on standard output; of several templates, each one's name, a tab and the ID. An image that is there already, made from the same
/// inputs, is not baked again: its stage is made to point at it. A template that another one is made from is
/// baked first, named or not; what does not hang on each other is baked side by side.
#[derive(Debug, Args)]
pub struct Bake {
    /// Templates, or folders of templates
    #[arg(required = true)]
    templates: Vec<PathBuf>,
    #[command(flatten)]
    anew: Anew,
    /// Fails when another bake of the same image is under way, rather than to wait for its end
    #[arg(long)]
    no_wait: bool,
    /// So many bakes at once [default: 32 on ec2; half as many as there are processors on qemu]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Boots the builder, and saves no machine for later ones to start from (`qemu` does so by itself)
    #[arg(long, env = "HORNERO_COLD", value_parser = BoolishValueParser::new())]
    cold: bool,
    #[command(flatten)]
    failing: Failing,
}

impl Bake {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let set = Set::load(&self.templates, context)?;
        let (on_error, context) = self.failing.decide(context);
        let context = &context.several(set.templates.iter().map(|one| one.template.image.name.as_str()));
        let judge = Judge::new(context, self.anew);
        let secrets = one::secrets(&set, context).await?;
        let interrupt = interrupt::listen()?;
        // A question must not be asked by two at once.
        let jobs =
            if on_error.asks() { 1 } else { self.jobs.map_or_else(|| usual(context), NonZeroUsize::get) };
        let how = many::How { anew: self.anew, no_wait: self.no_wait, cold: self.cold, on_error };
        let many = many::Many::new(&set, &judge, secrets, how, interrupt, jobs, context);
        let ends = many.run().await;
        show::stderr(&context.screen.take_deferred());
        if ends.len() > 1 && !context.json() {
            show::stderr(&end::render_overview(&set, &ends));
        }
        if !context.json() {
            show::stdout(&end::render_answers(&set, &ends))?;
        }
        Ok(ExitCode::from(ends.iter().map(end::TemplateEnd::code).rfind(|code| *code != 0).unwrap_or(0)))
    }
}

/// A cloud has room; builders here share the processors, and one alone does not use them all.
fn usual(context: &Context) -> usize {
    match context.global.platform {
        PlatformKind::Ec2 => 32,
        PlatformKind::Qemu => {
            std::thread::available_parallelism().map_or(1, |count| (count.get() / 2).max(1))
        }
    }
}
