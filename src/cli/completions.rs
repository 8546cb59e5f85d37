use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::error::Error;

/// Prints the completions of a shell
#[derive(Debug, Args)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<ExitCode, Error> {
        clap_complete::generate(self.shell, &mut Cli::command(), "hornero", &mut std::io::stdout());
        Ok(ExitCode::SUCCESS)
    }
}
