//! Follows a program that runs on this computer: its lines as events, its end, its time limit.

use std::io::PipeReader;

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::unix::pipe::Receiver,
    process::Child,
    sync::mpsc::{Sender, channel},
    time::{Duration, Instant},
};

use crate::{
    engine::{Tail, steps},
    error::{Error, Kind},
    event::{Events, Stream},
    remote::{Exit, Printed, hand_over, lines::Lines},
    template::model::Step,
    time::Moment,
};

/// How long the output of a program that has ended is followed while something that it has started may
/// still write. That may be a daemon.
const MAX_LINGER: Duration = Duration::from_secs(2);

/// So many reads may wait for whoever takes their lines; meanwhile the program waits that prints them.
const QUEUED_READS: usize = 4;

/// Follows the program, whose both streams are one pipe. How it ended, with its last lines. Lines that are
/// `noise` are left out.
///
/// # Errors
/// When it runs out of time; its whole process group is ended then.
pub async fn follow(
    step: &Step,
    mut child: Child,
    output: PipeReader,
    noise: impl Fn(&str) -> bool + Sync,
    events: &Events,
) -> Result<(Exit, Vec<String>), Error> {
    let failed =
        |error: &std::io::Error| Error::new(Kind::Bake, format!("step `{}`", step.name)).because(error);
    let output = Receiver::from_owned_fd(output.into()).map_err(|error| failed(&error))?;
    let mut tail = Tail::default();
    let group = child.id();
    let work = until_end(&mut child, output, |printed| match printed {
        Printed::Line(line) if noise(&line) => {}
        Printed::Line(line) => {
            tail.push(&line);
            events.output(&step.name, Stream::Merged, line);
        }
        Printed::Unfinished(line) => events.unfinished_line(&step.name, line),
    });
    let ended = match step.timeout {
        Some(timeout) => tokio::time::timeout(timeout.0, work).await.map_err(|_| timeout.0),
        None => Ok(work.await),
    };
    match ended {
        Ok(Ok(status)) => Ok((exit(status), tail.lines())),
        Ok(Err(error)) => Err(failed(&error)),
        Err(timeout) => {
            end_group(group);
            Err(steps::timed_out(step, timeout, tail.lines()))
        }
    }
}

async fn until_end(
    child: &mut Child,
    output: impl AsyncRead + Unpin + Send + 'static,
    mut each: impl FnMut(Printed) + Send,
) -> std::io::Result<std::process::ExitStatus> {
    let (sender, mut printed) = channel(QUEUED_READS);
    tokio::spawn(read(output, sender));
    let (mut status, mut last) = (None, Instant::now());
    loop {
        tokio::select! {
            biased;
            one = printed.recv() => match one {
                Some(batch) => hand_over(batch, &mut each).await,
                None => break,
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                last = Instant::now().later(MAX_LINGER);
            }
            () = tokio::time::sleep_until(last), if status.is_some() => break,
        }
    }
    match status {
        Some(status) => Ok(status),
        None => child.wait().await,
    }
}

/// Reads to the end, also when nobody follows any longer: what goes on to write must not die of it.
async fn read(mut output: impl AsyncRead + Unpin, sender: Sender<Vec<Printed>>) {
    let (mut lines, mut buffer) = (Lines::default(), vec![0; 64 * 1024]);
    // A pipe that cannot be read has ended for us; the exit code tells how the script fared.
    while let Ok(count) = output.read(&mut buffer).await
        && count > 0
    {
        let mut batch = Vec::new();
        lines.push(&buffer[..count], |line| batch.push(Printed::Line(line.to_owned())));
        batch.extend(lines.unfinished().map(Printed::Unfinished));
        sender.send(batch).await.ok();
    }
    let mut last = Vec::new();
    lines.finish(|line| last.push(Printed::Line(line.to_owned())));
    sender.send(last).await.ok();
}

/// The script and everything that it started.
fn end_group(group: Option<u32>) {
    let pid = group.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may just have ended by itself.
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
}

fn exit(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => Exit::Code(code),
        None => Exit::Signal(status.signal().map_or_else(|| "unknown".into(), |number| number.to_string())),
    }
}
