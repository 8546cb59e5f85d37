//! The entry: reads the command line, runs the command, turns its end into an exit code.

use std::process::ExitCode;

use clap::Parser;
use hornero::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
