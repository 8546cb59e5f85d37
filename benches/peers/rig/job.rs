//! Programs being measured, each in a process group of its own, which ends with the value that
//! stands for it: on errors and interrupts too, and with whatever the program started itself.

use std::{
    io::{Read, Seek},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{MissedTickBehavior, interval},
};

use super::memory::Peak;

/// Between two looks at a program's memory; the kernel keeps the peak between them.
const LOOK: Duration = Duration::from_millis(20);

/// A program under way.
pub struct Job {
    pub child: Child,
    group: Option<Pid>,
}

impl Job {
    pub fn start(what: &str, command: &mut Command) -> Result<Self> {
        let child = command.process_group(0).spawn().with_context(|| format!("starting {what}"))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { child, group: id.and_then(Pid::from_raw) })
    }

    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    pub async fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await.context("waiting for a program's end")?;
        // From here on the number may become somebody else's.
        self.group = None;
        Ok(status)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // Fails only where nothing of the group is left.
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

/// A line of standard output, and when it came, counted from the start.
pub struct Line {
    pub at: Duration,
    pub text: String,
}

/// What a program that went well came to.
pub struct Ran {
    pub seconds: f64,
    pub lines: Vec<Line>,
    /// Of the program and what it started, in MiB.
    pub peak: f64,
}

/// Runs it to its end.
pub async fn run(what: &str, command: Command) -> Result<Ran> {
    watch(what, command, |_| ()).await
}

/// The same, and hands on each line as it comes.
pub async fn watch(what: &str, mut command: Command, mut told: impl FnMut(&Line)) -> Result<Ran> {
    let said = tempfile::tempfile().context("making a file for what a program says")?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(said.try_clone()?);
    let begun = Instant::now();
    let mut job = Job::start(what, &mut command)?;
    let mut peak = Peak::of(job.id());
    let out = job.child.stdout.take().with_context(|| format!("reading what {what} prints"))?;
    let (mut out, mut lines) = (BufReader::new(out).lines(), Vec::new());
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => peak.look(),
            line = out.next_line() => match line.with_context(|| format!("reading what {what} prints"))? {
                Some(text) => {
                    lines.push(Line { at: begun.elapsed(), text });
                    lines.last().into_iter().for_each(&mut told);
                }
                None => break,
            }
        }
    }
    let status = job.wait().await?;
    let seconds = begun.elapsed().as_secs_f64();
    went_well(what, status, said, &lines)?;
    Ok(Ran { seconds, lines, peak: peak.mib() })
}

fn went_well(what: &str, status: ExitStatus, mut said: std::fs::File, lines: &[Line]) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    said.rewind()?;
    said.read_to_string(&mut text).with_context(|| format!("reading what {what} said"))?;
    let last: Vec<&str> = lines.iter().rev().take(20).rev().map(|line| line.text.as_str()).collect();
    bail!("{what} ended with {status}; its last lines:\n{}\n{text}", last.join("\n"))
}
