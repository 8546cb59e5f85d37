//! Steps and other scripts that outlive the SSH line: followed to their ends, over as many lines as that takes.

use std::time::Duration;

use tokio::time::sleep;

use super::{Tail, answer::Answer, machine::Machine, restart};
use crate::{
    error::{Error, Kind},
    event::{Events, Stream},
    provision::{
        script::{Job, command_line},
        supervisor::{Place, end_all},
    },
    remote::{Command, Exit, Printed, PrintedSink, Remote, RemoteError, job::Followed, purpose::Purpose},
    template::units::Span,
};

/// Before the line is opened anew; doubled as long as lines bring nothing.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is to be ended is first asked to.
const TO_END: Duration = Duration::from_secs(30);

/// How a script on the builder ended.
pub enum End {
    Exit(Exit),
    /// It ran out of time and was ended, with all that it had started.
    TimedOut(Duration),
    /// The builder has restarted; with the exit code, if the script could still tell one.
    Restarted(Option<Exit>),
}

impl End {
    /// For what has to end with 0.
    ///
    /// # Errors
    /// How it ended otherwise, with its last lines.
    pub fn succeeded(self, what: &str, tail: Vec<String>) -> Result<(), Error> {
        let why = match self {
            Self::Exit(exit) if exit.success() => return Ok(()),
            Self::Exit(exit) => format!("failed with {exit}"),
            Self::TimedOut(after) => format!("was not done after {}", Span(after)),
            Self::Restarted(_) => return Err(restart::unexpected(what).tail(tail)),
        };
        Err(Error::new(Kind::Bake, format!("{what} {why}")).tail(tail))
    }
}

/// Runs a script; its lines go into the events under `source`.
///
/// # Errors
/// When the builder is gone, or the line cannot be had again. The last lines come with it.
pub async fn script(
    machine: &mut Machine<'_>,
    job: &Job<'_>,
    timeout: Option<Duration>,
    source: &str,
    events: &Events,
) -> Result<(End, Vec<String>), Error> {
    let mut tail = Tail::default();
    let sink = &mut |printed| match printed {
        Printed::Line(line) => {
            tail.push(&line);
            events.output(source, Stream::Merged, line);
        }
        Printed::Unfinished(line) => events.unfinished_line(source, line),
    };
    let result = follow(machine, job, timeout, sink, events).await;
    let tail = tail.lines();
    match result {
        Ok(end) => Ok((end, tail)),
        Err(error) if error.tail.is_empty() => Err(error.tail(tail)),
        Err(error) => Err(error),
    }
}

/// Runs a script and hands back the lines that it prints; the last of them come with a failure.
///
/// # Errors
/// When it fails, runs out of time, or the builder is gone.
pub async fn ask(
    machine: &mut Machine<'_>,
    job: &Job<'_>,
    timeout: Option<Duration>,
    what: &str,
    events: &Events,
) -> Result<Vec<String>, Error> {
    let (mut lines, mut tail) = (Answer::default(), Tail::default());
    let sink = &mut |printed| match printed {
        Printed::Line(line) => {
            tail.push(&line);
            lines.push(line);
        }
        Printed::Unfinished(_) => {}
    };
    let end = follow(machine, job, timeout, sink, events).await?;
    end.succeeded(what, tail.lines())?;
    lines.lines(what)
}

/// Runs a script to its end, over as many lines as that takes.
///
/// # Errors
/// When the builder is gone, or the line cannot be had again.
pub async fn follow(
    machine: &mut Machine<'_>,
    job: &Job<'_>,
    timeout: Option<Duration>,
    sink: PrintedSink<'_>,
    events: &Events,
) -> Result<End, Error> {
    let place =
        Place { root: machine.jobs().to_owned(), id: ulid::Ulid::generate().to_string().to_lowercase() };
    let followed = Followed::new(place.clone(), place.start(job, machine.first)?, timeout);
    let (mut ended, mut pause) = (false, PAUSE);
    loop {
        let arrived = followed.arrived();
        let result = machine.remote.follow(&followed, sink).await;
        machine.boot_id = followed.boot_id();
        match result {
            Ok(exit) if exit.success() => return Ok(End::Exit(exit)),
            Ok(exit) => return Ok(failed(machine, exit, events).await),
            Err(RemoteError::TimedOut(after)) => return Ok(End::TimedOut(after)),
            Err(RemoteError::Restarted) => return Ok(End::Restarted(None)),
            Err(error @ RemoteError::Lost { .. }) => {
                // A builder that lets in and then does nothing is not to be flooded.
                pause = if followed.arrived() > arrived { PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
                sleep(pause).await;
                machine.restore(&error, events).await?;
            }
            // A machine that goes down ends it too: then no second line tells the same.
            Err(error @ RemoteError::Ended) if !ended => {
                ended = true;
                machine.restore(&error, events).await?;
            }
            Err(RemoteError::Ended) if restarted(machine, events).await => return Ok(End::Restarted(None)),
            Err(error) => return Err(machine.explain(error).await),
        }
    }
}

/// A restart ends what runs before it ends the machine.
async fn failed(machine: &mut Machine<'_>, exit: Exit, events: &Events) -> End {
    match restarted(machine, events).await {
        true => End::Restarted(Some(exit)),
        false => End::Exit(exit),
    }
}

/// A builder that does not answer any more is told of by whoever asks it next: how the script ended is known.
async fn restarted(machine: &mut Machine<'_>, events: &Events) -> bool {
    let before = machine.boot_id.clone();
    !before.is_empty() && restart::wait_if_restarting(machine, &before, false, events).await.unwrap_or(false)
}

/// Ends whatever of a run's steps still runs on its builder.
///
/// # Errors
/// When the builder cannot be told, or does not manage to.
pub async fn end_steps(remote: &dyn Remote, run: &str) -> Result<(), Error> {
    let command =
        Command::new(Purpose::EndJobs, command_line(remote.sudo())).stdin(end_all(run)).timeout(Some(TO_END));
    match remote.run(command, &mut |_, _| {}).await? {
        exit if exit.success() => Ok(()),
        exit => {
            Err(Error::new(Kind::Bake, format!("ending what still runs of its steps failed with {exit}")))
        }
    }
}
