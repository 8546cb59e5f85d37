//! Runs the steps of a plan in order, each with its timeout and retries.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    follow::{self, End},
    held::{HeldInputs, StepSide},
    local,
    machine::Machine,
    phases::Timings,
    reboot, restart,
};
use crate::{
    error::{Error, Kind},
    event::{Event, Events},
    provision::script::Job,
    remote::Exit,
    template::model::{Action, Step},
};

/// Words of scripts that may restart the builder: after such a step it is asked whether it goes down.
const RESTARTING_WORDS: [&str; 4] = ["reboot", "shutdown", "kexec", "init 6"];

/// From here on a shell's exit code tells the signal that ended a command.
const FIRST_SIGNAL_CODE: i32 = 128;

/// Runs the steps from the one that is not done yet until so many are done; the first that fails ends the bake.
///
/// # Errors
/// What failed, with the last lines that the step printed.
pub async fn run(
    machine: &mut Machine<'_>,
    steps: &[Step],
    (done, until): (&mut usize, usize),
    held: &HeldInputs<'_>,
    timings: &mut Timings,
    events: &Events,
) -> Result<(), Error> {
    for (index, step) in steps.iter().enumerate().take(until).skip(*done) {
        let (number, name, total) = (index + 1, step.name.clone(), steps.len());
        let kind = step.action.kind().name().to_owned();
        events.send(Event::StepStarted { number, total, name: name.clone(), kind });
        let start = Instant::now();
        let mut record = StepRecord::default();
        let result = with_retries(machine, number, step, held, &mut record, events).await;
        let StepRecord { exit_code, attempts } = record;
        let seconds = start.elapsed().as_secs_f64();
        timings.step(&name, seconds);
        let ok = result.is_ok();
        events.send(Event::StepFinished { number, name, seconds, ok, exit_code, attempts });
        result?;
        *done = number;
    }
    Ok(())
}

/// What is told of a step besides whether it succeeded.
#[derive(Default)]
struct StepRecord {
    /// Of the last attempt, where a process of its own ended by itself.
    exit_code: Option<i32>,
    attempts: u32,
}

async fn with_retries(
    machine: &mut Machine<'_>,
    number: usize,
    step: &Step,
    held: &HeldInputs<'_>,
    record: &mut StepRecord,
    events: &Events,
) -> Result<(), Error> {
    loop {
        *record = StepRecord { exit_code: None, attempts: record.attempts + 1 };
        match held_once(machine, step, held, record, events).await {
            // Only a failing step is tried again: a lost builder does not come back.
            Err(error) if error.kind == Kind::Bake && record.attempts <= step.retries => {
                let (name, reason) = (step.name.clone(), error.to_string());
                events.send(Event::StepRetried { number, name, attempt: record.attempts + 1, reason });
            }
            result => return result,
        }
    }
}

/// What a step reads here must be what decided the fingerprint, when it begins and when it is done.
async fn held_once(
    machine: &mut Machine<'_>,
    step: &Step,
    held: &HeldInputs<'_>,
    record: &mut StepRecord,
    events: &Events,
) -> Result<(), Error> {
    held.judge(step, StepSide::Before).await?;
    once(machine, step, record, events).await?;
    held.judge(step, StepSide::After).await
}

async fn once(
    machine: &mut Machine<'_>,
    step: &Step,
    record: &mut StepRecord,
    events: &Events,
) -> Result<(), Error> {
    match &step.action {
        Action::Shell { script, env, user, allowed_exit_codes } => {
            let job = Job { text: &script.text, user, env };
            shell(machine, step, job, allowed_exit_codes, record, events).await
        }
        Action::Reboot => reboot::run(machine, step, events).await,
        Action::Local { script, env, allowed_exit_codes, folder } => {
            let job = local::LocalJob { script, env, folder };
            on_this_computer(machine, step, job, allowed_exit_codes, record, events).await
        }
        Action::Download { source, destination } => local::download(step, machine, source, destination).await,
        Action::Ansible { playbook, extra_vars, settings } => {
            let job = local::PlaybookJob { playbook, extra_vars, settings };
            let (exit, tail) = local::run_playbook(step, &job, machine, events).await?;
            record.exit_code = exit.code();
            conclude(step, Some(playbook), exit, &[0], tail)?;
            // Nobody spoke over the line meanwhile.
            machine.probe(events).await
        }
    }
}

async fn on_this_computer(
    machine: &mut Machine<'_>,
    step: &Step,
    job: local::LocalJob<'_>,
    allowed: &[i32],
    record: &mut StepRecord,
    events: &Events,
) -> Result<(), Error> {
    let script = job.script;
    let (exit, tail) = local::run(step, job, machine, events).await?;
    record.exit_code = exit.code();
    conclude(step, script.file.as_deref(), exit, allowed, tail)?;
    // Nobody spoke over the line meanwhile.
    machine.probe(events).await
}

async fn shell(
    machine: &mut Machine<'_>,
    step: &Step,
    job: Job<'_>,
    allowed: &[i32],
    record: &mut StepRecord,
    events: &Events,
) -> Result<(), Error> {
    let timeout = step.timeout.map(|timeout| timeout.0);
    let (end, tail) = follow::script(machine, &job, timeout, &step.name, events).await?;
    record.exit_code = match &end {
        End::Exit(exit) | End::Restarted(Some(exit)) => exit.code(),
        End::TimedOut(_) | End::Restarted(None) => None,
    };
    match end {
        End::Exit(exit) => {
            conclude(step, None, exit, allowed, tail.clone())?;
            finish_restart(machine, step, job.text, tail, events).await
        }
        End::TimedOut(after) => Err(timed_out(step, after, tail)),
        End::Restarted(_) if !step.may_reboot => Err(restarted(step, tail)),
        End::Restarted(Some(Exit::Code(code))) if code < FIRST_SIGNAL_CODE => {
            conclude(step, None, Exit::Code(code), allowed, tail)
        }
        // What goes down takes its steps with it.
        End::Restarted(_) => Ok(()),
    }
}

/// A step that asks for a restart has mostly ended before the builder goes down. What comes next must not
/// begin before that, or be blamed for it.
async fn finish_restart(
    machine: &mut Machine<'_>,
    step: &Step,
    text: &str,
    tail: Vec<String>,
    events: &Events,
) -> Result<(), Error> {
    if !step.may_reboot && !RESTARTING_WORDS.iter().any(|word| text.contains(word)) {
        return Ok(());
    }
    let before = machine.boot_id.clone();
    match restart::wait_if_restarting(machine, &before, step.may_reboot, events).await? {
        true if !step.may_reboot => Err(restarted(step, tail)),
        true | false => Ok(()),
    }
}

fn restarted(step: &Step, tail: Vec<String>) -> Error {
    restart::unexpected(&format!("step `{}` ran", step.name)).tail(tail)
}

/// A step that ran out of time, told the same wherever it ran.
pub fn timed_out(step: &Step, timeout: Duration, tail: Vec<String>) -> Error {
    let after = crate::template::units::Span(timeout);
    Error::new(
        Kind::Bake,
        format!("step `{}` was not done after {after}; its processes were ended", step.name),
    )
    .tail(tail)
    .hint("raise the step's `timeout`, or find out what it waits for")
}

fn conclude(
    step: &Step,
    file: Option<&Path>,
    exit: Exit,
    allowed: &[i32],
    tail: Vec<String>,
) -> Result<(), Error> {
    let fine = match &exit {
        Exit::Code(code) => allowed.contains(code),
        Exit::Signal(_) => false,
    };
    if fine {
        return Ok(());
    }
    let place = file.map(|file| format!(" ({})", file.display())).unwrap_or_default();
    Err(Error::new(Kind::Bake, format!("step `{}`{place} failed with {exit}", step.name)).tail(tail))
}
