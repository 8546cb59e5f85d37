//! The entry: reads the command line, runs the command, turns its end into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hornero::cli::main()
}
