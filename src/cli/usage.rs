//! The command line as it was given, or what is wrong with it: in clap's words, and with a tip where
//! the habit of another tool is the reason.

use std::process::ExitCode;

use clap::{
    ArgMatches, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};

use super::{Cli, wiring};
use crate::{error::Kind, event::Event};

/// `Err` is the exit code of what has been shown: a mistake, or the help that was asked for.
pub fn parse() -> Result<Cli, ExitCode> {
    parsed().map_err(|mut error| {
        if let Some(tip) = tip(&error) {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        // Whoever asked has gone away when it cannot be shown.
        error.print().ok();
        if error.use_stderr() && wants_json() {
            tell(&error);
        }
        match error.use_stderr() {
            true => ExitCode::from(Kind::Usage.exit_code()),
            false => ExitCode::SUCCESS,
        }
    })
}

fn parsed() -> Result<Cli, clap::Error> {
    let matches = Cli::command().try_get_matches()?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let of_command = matches.subcommand().and_then(|(_, matches)| matches.value_source("platform"));
    let sources = [matches.value_source("platform"), of_command];
    cli.global.platform_is_said =
        sources.into_iter().flatten().any(|source| source != ValueSource::DefaultValue);
    cli.global.output_is_given = is_on_command_line("output", &matches);
    Ok(cli)
}

/// A global argument may stand before the command or after it.
fn is_on_command_line(argument: &str, matches: &ArgMatches) -> bool {
    let below = matches.subcommand().is_some_and(|(_, below)| is_on_command_line(argument, below));
    below || matches.value_source(argument) == Some(ValueSource::CommandLine)
}

/// As far as that can be seen of a command line that is not understood.
fn wants_json() -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let given = arguments.iter().any(|argument| argument == "--output=json")
        || arguments.windows(2).any(|two| two[0] == "--output" && two[1] == "json");
    given || std::env::var_os("HORNERO_OUTPUT").is_some_and(|style| style == "json")
}

/// For programs, which do not read standard error.
fn tell(error: &clap::Error) {
    let text = error.render().to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let (code, kind) = (Kind::Usage.exit_code(), Kind::Usage.name().to_owned());
    let tail = text.lines().skip(1).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    // Standard error has it too.
    wiring::tell(&Event::Error { image: None, code, kind, message, hint: None, tail }).ok();
}

fn tip(error: &clap::Error) -> Option<String> {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(name)) => Some(name.as_str()),
        Some(_) | None => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand if named(ContextKind::InvalidSubcommand) == Some("build") => {
            Some("images are baked: use 'bake'".to_owned())
        }
        ErrorKind::UnknownArgument if named(ContextKind::InvalidArg) == Some("-v") => one_dash(),
        _ => None,
    }
}

/// Packer and Terraform write long options with one dash.
fn one_dash() -> Option<String> {
    let arguments = std::env::args_os().filter_map(|argument| argument.into_string().ok());
    let given = arguments.into_iter().find(|argument| argument.starts_with("-var"))?;
    Some(format!("long options have two dashes: use '-{given}'"))
}
