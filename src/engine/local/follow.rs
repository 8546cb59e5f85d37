//! Follows a program that runs on this computer: its lines as events, its end, its time limit.

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::mpsc::{UnboundedSender, unbounded_channel},
    time::{Duration, Instant},
};

use crate::{
    engine::{Tail, steps},
    error::{Error, Kind},
    event::{Events, Stream},
    remote::Exit,
    template::model::Step,
};

/// How long the output of a program that has ended is waited for. It stays open when the program
/// left a process running in the background.
const LINGER: Duration = Duration::from_secs(1);

/// How it ended, with its last lines. Lines that are `noise` are left out.
///
/// # Errors
/// When it runs out of time; its whole process group is ended then.
pub async fn follow(
    step: &Step,
    mut child: Child,
    noise: impl Fn(&str) -> bool,
    events: &Events,
) -> Result<(Exit, Vec<String>), Error> {
    let mut tail = Tail::default();
    let timeout = step.timeout.map_or(steps::TIMEOUT, |timeout| timeout.0);
    let group = child.id();
    let ended = tokio::time::timeout(
        timeout,
        until_end(&mut child, |stream, line| {
            if !noise(line) {
                tail.push(line);
                events.output(&step.name, stream, line);
            }
        }),
    )
    .await;
    match ended {
        Ok(Ok(status)) => Ok((exit(status), tail.lines())),
        Ok(Err(error)) => Err(Error::new(Kind::Bake, format!("step `{}`", step.name)).because(&error)),
        Err(_) => {
            end_group(group);
            Err(steps::timed_out(step, timeout, tail.lines()))
        }
    }
}

async fn until_end(
    child: &mut Child,
    mut each: impl FnMut(Stream, &str),
) -> std::io::Result<std::process::ExitStatus> {
    let (sender, mut lines) = unbounded_channel();
    if let Some(pipe) = child.stdout.take() {
        tokio::spawn(read(pipe, Stream::Stdout, sender.clone()));
    }
    if let Some(pipe) = child.stderr.take() {
        tokio::spawn(read(pipe, Stream::Stderr, sender.clone()));
    }
    drop(sender);
    let (mut status, mut last) = (None, Instant::now());
    loop {
        tokio::select! {
            biased;
            line = lines.recv() => match line {
                Some((stream, line)) => each(stream, &line),
                None => break,
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended?);
                last = Instant::now() + LINGER;
            }
            () = tokio::time::sleep_until(last), if status.is_some() => break,
        }
    }
    match status {
        Some(status) => Ok(status),
        None => child.wait().await,
    }
}

type Lines = UnboundedSender<(Stream, String)>;

async fn read(pipe: impl AsyncRead + Unpin, stream: Stream, lines: Lines) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    // A pipe that cannot be read has ended for us; the exit code tells how the script fared.
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send((stream, text.trim_end_matches(['\n', '\r']).to_owned())).is_err() {
            return;
        }
        line.clear();
    }
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
