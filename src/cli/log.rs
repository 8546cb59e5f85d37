use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    Context,
    find_run::{FoundRun, RunFilter, find},
    run_summary::RunSummary,
    show,
};
use crate::{
    error::{Error, Kind},
    journal,
};

/// How often a log that grows is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// Prints the log of a run
#[derive(Debug, Args)]
pub struct Log {
    /// ID of the run, its beginning, or the name of the image, which means its newest run [default: the newest run]
    run: Option<String>,
    /// Goes on with what a run that is under way logs, until it ends
    #[arg(long, short)]
    follow: bool,
}

/// One line of a log, for programs.
#[derive(Serialize)]
struct Line<'a> {
    run: &'a str,
    line: &'a str,
}

impl Log {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let run = match &self.run {
            Some(typed) => find(typed, RunFilter::NEWEST, context)?,
            None => newest(context)?,
        };
        let path = run.folder.join("log");
        let failed =
            |error| Error::new(Kind::Local, format!("reading the log `{}`", path.display())).because(&error);
        let mut log = BufReader::new(File::open(&path).map_err(failed)?);
        let mut ticks = interval(BETWEEN_LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Asked first: what the run has written before its end is printed after this.
            let goes_on = self.follow && is_running(&run.folder)?;
            let is_read = print_rest(&mut log, &run.id, context, failed)?;
            if !goes_on || !is_read {
                return Ok(ExitCode::SUCCESS);
            }
            ticks.tick().await;
        }
    }
}

fn newest(context: &Context) -> Result<FoundRun, Error> {
    let run = RunSummary::list(context)?.into_iter().next().ok_or_else(|| {
        let hint = "a run of another state directory is found with --state-dir";
        Error::new(Kind::Usage, "there are no runs on this computer").hint(hint)
    })?;
    Ok(FoundRun { id: run.run, folder: run.folder })
}

/// A run that was made before there were journals is over.
fn is_running(folder: &Path) -> Result<bool, Error> {
    Ok(folder.join(journal::FILE).is_file() && journal::is_held(folder)?)
}

/// Prints what there is up to the end of the file; gives whether somebody still reads it.
fn print_rest(
    log: &mut BufReader<File>,
    run: &str,
    context: &Context,
    failed: impl Fn(std::io::Error) -> Error,
) -> Result<bool, Error> {
    let mut line = Vec::new();
    while log.read_until(b'\n', &mut line).map_err(&failed)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let printed = match context.json() {
            true => show::json_line(&Line { run, line: text.trim_end_matches('\n') }),
            false => text.into_owned(),
        };
        if !show::write_stdout(&printed)? {
            return Ok(false);
        }
        line.clear();
    }
    Ok(true)
}
