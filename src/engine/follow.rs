//! Steps and other scripts that outlive the SSH line: followed to their ends, over as many lines as that takes.

use std::time::Duration;

use tokio::time::sleep;

use super::{Tail, machine::Machine};
use crate::{
    error::{Error, Kind},
    event::{Events, Stream},
    provision::{
        script::{Job, command_line},
        supervisor::{Place, end_all},
    },
    remote::{Command, Exit, Remote, RemoteError, job::Followed, purpose::Purpose},
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
    TimedOut,
}

impl End {
    /// For what has to end with 0 within `timeout`.
    ///
    /// # Errors
    /// How it ended otherwise, with its last lines.
    pub fn succeeded(self, what: &str, timeout: Duration, tail: Vec<String>) -> Result<(), Error> {
        let why = match self {
            Self::Exit(exit) if exit.success() => return Ok(()),
            Self::Exit(exit) => format!("failed with {exit}"),
            Self::TimedOut => format!("was not done after {}", Span(timeout)),
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
    timeout: Duration,
    source: &str,
    events: &Events,
) -> Result<(End, Vec<String>), Error> {
    let mut tail = Tail::default();
    let sink = &mut |stream, line: &str| {
        tail.push(line);
        events.output(source, stream, line);
    };
    let result = follow(machine, job, timeout, sink, events).await;
    let tail = tail.lines();
    match result {
        Ok(end) => Ok((end, tail)),
        Err(error) if error.tail.is_empty() => Err(error.tail(tail)),
        Err(error) => Err(error),
    }
}

/// Runs a script and hands back the lines of its standard output; what it says on standard error
/// comes with a failure.
///
/// # Errors
/// When it fails, runs out of time, or the builder is gone.
pub async fn ask(
    machine: &mut Machine<'_>,
    job: &Job<'_>,
    timeout: Duration,
    what: &str,
    events: &Events,
) -> Result<Vec<String>, Error> {
    let (mut lines, mut said) = (Vec::new(), Tail::default());
    let sink = &mut |stream, line: &str| match stream {
        Stream::Stdout => lines.push(line.to_owned()),
        Stream::Stderr => said.push(line),
    };
    let end = follow(machine, job, timeout, sink, events).await?;
    end.succeeded(what, timeout, said.lines()).map(|()| lines)
}

/// Runs a script to its end, over as many lines as that takes.
///
/// # Errors
/// When the builder is gone, or the line cannot be had again.
pub async fn follow(
    machine: &mut Machine<'_>,
    job: &Job<'_>,
    timeout: Duration,
    sink: &mut (dyn FnMut(Stream, &str) + Send),
    events: &Events,
) -> Result<End, Error> {
    let place =
        Place { root: machine.jobs().to_owned(), id: ulid::Ulid::generate().to_string().to_lowercase() };
    let followed = Followed::new(place.clone(), place.start(job)?, timeout);
    let (mut ended, mut pause) = (false, PAUSE);
    loop {
        let arrived = followed.arrived();
        match machine.remote.follow(&followed, sink).await {
            Ok(exit) => return Ok(End::Exit(exit)),
            Err(RemoteError::TimedOut(_)) => return Ok(End::TimedOut),
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
            Err(error) => return Err(machine.explain(error).await),
        }
    }
}

/// Ends whatever of a run's steps still runs on its builder.
///
/// # Errors
/// When the builder cannot be told, or does not manage to.
pub async fn end(remote: &dyn Remote, run: &str) -> Result<(), Error> {
    let command =
        Command::new(Purpose::EndJobs, command_line(remote.sudo())).stdin(end_all(run)).timeout(Some(TO_END));
    match remote.run(command, &mut |_, _| {}).await? {
        exit if exit.success() => Ok(()),
        exit => {
            Err(Error::new(Kind::Bake, format!("ending what still runs of its steps failed with {exit}")))
        }
    }
}
