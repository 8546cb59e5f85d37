//! `make bench`: hornero and its peers do the same work on this computer, in turn. Prints medians
//! and ratios, and writes them as JSON and as the page `docs/benchmarks.md`.
//!
//! Runs the programs and links none of hornero's library: that would link the AWS SDK once more.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]
#![expect(clippy::print_stderr, reason = "says what it is doing while it does it")]

mod args;
mod measure;
mod outcome;
mod report;
mod rig;
mod rows;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use args::Args;
use rig::bench::Bench;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // Whatever is dropped with a row ends its processes and removes its folders.
    let done = tokio::select! {
        done = run(&args) => done,
        interrupted = interrupted() => interrupted,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<()> {
    let bench = Bench::new(args)?;
    let mut found = report::Found::read(&args.output)?;
    for row in args.rows() {
        eprintln!("{}: {}", row.name(), row.what());
        let fresh = row.run(&bench).await?;
        println!("{}\n", report::table::of(&fresh.outcomes));
        found.put(fresh);
        // After each row: an interrupt loses only the one that is under way.
        found.write(&args.output)?;
    }
    found.machine.facts = report::machine::facts().await;
    found.machine.kvm = rig::guest::kvm_told().or(found.machine.kvm);
    found.write(&args.output)?;
    println!("{}", report::table::of(&found.outcomes));
    if let Some(folder) = args.page() {
        report::page::write(&found, &folder)?;
    }
    Ok(())
}

/// Fails as soon as somebody ends the run.
async fn interrupted() -> Result<()> {
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let name = tokio::select! { _ = int.recv() => "SIGINT", _ = term.recv() => "SIGTERM" };
    bail!("interrupted by {name}; what was started is ended")
}
