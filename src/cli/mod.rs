//! The command line: one file a command, its doc comment is its help. Commands read their inputs,
//! call the rooms that do the work, and print what came out: data on standard output, everything
//! else on standard error.

mod anew;
mod ask;
mod bake;
mod chain;
mod clean;
mod completions;
mod context;
mod diff;
mod environment;
mod estimate;
mod find_run;
mod get;
mod history;
mod images;
mod init;
mod inputs;
mod interrupt;
mod judge;
mod known;
mod local_programs;
mod log;
mod matrix;
mod plan;
mod publish;
mod publish_source;
mod resume;
mod run;
mod run_summary;
mod runs;
mod secrets;
mod set;
mod show;
mod ssh;
mod test;
mod usage;
mod validate;
pub mod wiring;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{
    error::{Error, Kind, note_panics},
    template::model::PlatformKind,
    ui::{ColorChoice, OutputStyle, control_echo},
};
use context::Context;

/// Bakes machine images for AWS and QEMU from TOML templates
#[derive(Debug, Parser)]
#[command(name = "hornero", version, about, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Where builders run
    #[arg(long, global = true, env = "HORNERO_PLATFORM", default_value = "ec2")]
    platform: PlatformKind,
    /// Whether an option or the environment says so.
    #[arg(skip)]
    platform_is_said: bool,
    /// Sets a variable of the template; HORNERO_VAR_NAME does the same
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = inputs::assignment)]
    vars: Vec<(String, String)>,
    /// A TOML file of variables; `--var` wins over it
    #[arg(long = "var-file", global = true, value_name = "FILE")]
    var_files: Vec<PathBuf>,
    /// Lets templates name files in this folder too, and not only in their own
    #[arg(long = "allow-path", global = true, value_name = "DIR")]
    allow_paths: Vec<PathBuf>,
    /// The stage to record under or to read from, in place of the template's own
    #[arg(long, global = true, value_parser = inputs::stage)]
    stage: Option<String>,
    /// How a run is shown, and whether answers are text or JSON
    #[arg(long, global = true, value_name = "STYLE", default_value = "auto", env = "HORNERO_OUTPUT")]
    output: OutputStyle,
    /// Whether `output` stands on the command line.
    #[arg(skip)]
    output_is_given: bool,
    /// Whether the command's answer is read as a whole by another program.
    #[arg(skip)]
    answer_is_one_document: bool,
    /// Whether text is coloured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    /// Runs, their logs and journals [default: the user's state directory]
    #[arg(long, global = true, value_name = "DIR", env = "HORNERO_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// Images, bases and the local store [default: the user's data directory]
    #[arg(long, global = true, value_name = "DIR", env = "HORNERO_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Validate(validate::Validate),
    Plan(plan::Plan),
    Matrix(matrix::Matrix),
    Bake(bake::Bake),
    Runs(runs::Runs),
    Log(log::Log),
    Resume(resume::Resume),
    Ssh(ssh::Ssh),
    Publish(publish::Publish),
    Get(get::Get),
    Images(images::Images),
    History(history::History),
    Test(test::Test),
    Diff(diff::Diff),
    Clean(clean::Clean),
    Completions(completions::Completions),
}

/// Runs the command that the process was started with, and says how it went. To be called before there is a
/// second thread.
pub fn main() -> ExitCode {
    environment::unset_what_is_empty();
    note_panics(show::panic);
    usage::parse().map_or_else(|code| code, Cli::run)
}

impl Cli {
    /// The answer of `get` goes into the command line of another program: only who asks for JSON there gets it.
    fn style_for_command(mut self) -> Self {
        self.global.answer_is_one_document =
            matches!(self.command, Command::Get(_) | Command::Matrix(_) | Command::Plan(_));
        if matches!(self.command, Command::Get(_)) && !self.global.output_is_given {
            self.global.output = OutputStyle::Auto;
        }
        self
    }

    /// Runs the command to its end and says how it went.
    fn run(self) -> ExitCode {
        let Self { global, command } = self.style_for_command();
        let context = Context::new(global);
        let result = match command {
            ref command
                if matches!(context.style(), OutputStyle::Dot | OutputStyle::Markdown)
                    && !matches!(command, Command::Plan(_)) =>
            {
                Err(Error::new(Kind::Usage, "`--output dot` and `markdown` are of `hornero plan` alone")
                    .hint("choose `lines`, `bars` or `json`"))
            }
            Command::Init(command) => command.run(&context),
            Command::Validate(command) => command.run(&context),
            Command::Plan(command) => with_runtime(command.run(&context)),
            Command::Matrix(command) => with_runtime(command.run(&context)),
            Command::Bake(command) => with_runtime(command.run(&context)),
            Command::Runs(command) => command.run(&context),
            Command::Log(command) => with_runtime(command.run(&context)),
            Command::Resume(command) => with_runtime(command.run(&context)),
            Command::Ssh(command) => with_runtime(command.run(&context)),
            Command::Publish(command) => with_runtime(command.run(&context)),
            Command::Get(command) => with_runtime(command.run(&context)),
            Command::Images(command) => with_runtime(command.run(&context)),
            Command::History(command) => with_runtime(command.run(&context)),
            Command::Test(command) => with_runtime(command.run(&context)),
            Command::Diff(command) => with_runtime(command.run(&context)),
            Command::Clean(command) => with_runtime(command.run(&context)),
            Command::Completions(command) => command.run(),
        };
        control_echo::show_again();
        match result {
            Ok(code) => code,
            Err(error) => {
                show::error(&error, &context);
                ExitCode::from(error.kind.exit_code())
            }
        }
    }
}

/// A runtime for the commands that wait for something; the others start without one.
fn with_runtime(work: impl Future<Output = Result<ExitCode, Error>>) -> Result<ExitCode, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Error::new(Kind::Local, "starting the runtime").because(&error))?;
    let result = runtime.block_on(work);
    // A blocking call to a builder that is gone must not hold up the end.
    runtime.shutdown_background();
    result
}
