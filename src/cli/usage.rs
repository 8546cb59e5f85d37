//! The command line as it was given, or what is wrong with it: in clap's words, and with a tip where
//! the habit of another tool or an empty variable is the reason.

use std::{ffi::OsStr, process::ExitCode};

use clap::{
    CommandFactory, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Cli;
use crate::error::Kind;

/// `Err` is the exit code of what has been shown: a mistake, or the help that was asked for.
pub fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|mut error| {
        if let Some(tip) = tip(&error) {
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
        }
        // Whoever asked has gone away when it cannot be shown.
        error.print().ok();
        match error.use_stderr() {
            true => ExitCode::from(Kind::Usage.exit_code()),
            false => ExitCode::SUCCESS,
        }
    })
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
        ErrorKind::InvalidValue => named(ContextKind::InvalidArg).and_then(empty_variable),
        _ => None,
    }
}

/// Packer and Terraform write long options with one dash.
fn one_dash() -> Option<String> {
    let arguments = std::env::args_os().filter_map(|argument| argument.into_string().ok());
    let given = arguments.into_iter().find(|argument| argument.starts_with("-var"))?;
    Some(format!("long options have two dashes: use '-{given}'"))
}

/// The variable of the environment behind an option, if it is there and says nothing.
fn empty_variable(option: &str) -> Option<String> {
    let mut command = Cli::command();
    // How an option is written is known from then on.
    command.build();
    let behind = command.get_arguments().find(|argument| argument.to_string() == option)?;
    let variable = behind.get_env()?;
    let empty = std::env::var_os(variable).is_some_and(|value| value == OsStr::new(""));
    empty.then(|| format!("the variable {} is empty: unset it, or give it a value", variable.display()))
}
