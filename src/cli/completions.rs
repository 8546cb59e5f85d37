use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, show};
use crate::error::Error;

/// Prints the completions of a shell
#[derive(Debug, Args)]
pub struct Completions {
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<ExitCode, Error> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hornero", &mut text);
        show::own_script(&String::from_utf8_lossy(&text))?;
        Ok(ExitCode::SUCCESS)
    }
}
