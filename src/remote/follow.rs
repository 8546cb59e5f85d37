//! Following a job over one line: it is started if it was not, its output read from where the last line
//! broke off, and the builder told what has arrived, so that it need not keep that any longer.

use std::time::{Duration, Instant};

use ssh2::Channel;

use super::{
    Command, Exit, Printed, RemoteError,
    alive::keep_alive,
    drive::Wire,
    exec::{CONTROL, conclude, drain, execute, lost},
    feed::Feed,
    frame::Framed,
    group::Discard,
    job::{Followed, Reader},
    lines::Lines,
    output::{Batch, Output},
    purpose::Purpose,
    start::start,
    stop::Stop,
};
use crate::{event::Stream, time::Moment};

/// After this a silent line counts as lost: another one costs little.
const SILENCE: Duration = Duration::from_secs(15);

/// How much may arrive before the builder is told so; it keeps several times as much.
const SHARE: u64 = 1024 * 1024;

/// What is to be ended is first asked to.
const TO_END: Duration = Duration::from_secs(15);

/// A supervisor that could not be started says so and ends with this.
const NOT_STARTED: Exit = Exit::Code(254);

/// Follows `job` to its end; its lines go to `printed`.
pub(super) fn follow(
    wire: &Wire,
    line: &str,
    job: &Followed,
    printed: &mut Batch<Printed>,
    stop: &Stop,
) -> Result<Exit, RemoteError> {
    job.in_time()?;
    let mut output = Framed::new(JobOutput::of(job, printed));
    let mut started = start(wire, &output.begin(Purpose::Job, line))?;
    let mut feed = Feed::talk(job.opening());
    let mut told = job.so_far().arrived;
    wire.heard();
    loop {
        let received = drain(wire, &mut started.channel, &mut output)?;
        output.is_whole()?;
        let received = started.hear(wire)? | received;
        acknowledge(job.so_far().arrived, &mut told, &mut feed);
        if output.inner.is_over() {
            let exit = job.so_far().exit()?;
            hang_up(wire, started.channel, feed);
            return Ok(exit);
        }
        let sent = feed.push(wire, &mut started.channel)?;
        if started.channel.eof() {
            let exit = started.finish(wire)?;
            return match conclude(exit, started.prepared, &output)? {
                Some(exit) => cut_short(exit, job.so_far().has_begun()),
                None => Err(lost("a step was started", &"the shell that was to do it had been ended")),
            };
        }
        job.in_time()?;
        if stop.stopped() {
            return Err(lost("a step ran", &"hornero was told to stop"));
        }
        if !(sent || received) {
            wire.wait();
            keep_alive(wire, SILENCE)?;
        }
    }
}

/// Ends a job whose time is over, and all that it has started. Over a line that cannot tell it that, it
/// counts as lost: the next one tries again.
pub(super) fn end(wire: &Wire, line: &str, job: &Followed, time: Duration) -> RemoteError {
    let command = Command::new(Purpose::EndJob, line).stdin(job.place.end()).timeout(Some(TO_END));
    let why = match execute(wire, command, &mut Framed::new(Discard), &Stop::default()) {
        Ok(exit) if exit.success() => return RemoteError::TimedOut(time),
        Ok(exit) => format!("ending it failed with {exit}"),
        Err(error) => error.to_string(),
    };
    match job.so_far().try_again() {
        true => lost("a step whose time was over was ended", &why),
        false => RemoteError::Setup(format!("the time of a step is over, and it runs on there: {why}")),
    }
}

/// What follows a job there ended without it: for good if it never began, else together with the line.
fn cut_short(exit: Exit, began: bool) -> Result<Exit, RemoteError> {
    match began && exit != NOT_STARTED {
        true => Err(lost("a step ran", &format!("what follows it on the builder ended with {exit}"))),
        false if exit.success() => {
            Err(RemoteError::Garbled("it says nothing of the script to be run".into()))
        }
        false => Ok(exit),
    }
}

fn acknowledge(arrived: u64, told: &mut u64, feed: &mut Feed) {
    if arrived - *told >= SHARE {
        *told = arrived;
        feed.say(&format!("arrived {arrived}\n"));
    }
}

/// Lets the builder forget the job. If the line is lost just now, the next command tells.
fn hang_up(wire: &Wire, mut channel: Channel, mut feed: Feed) {
    let deadline = Instant::now().later(CONTROL);
    feed.say("done\n");
    feed.hang_up();
    while !feed.is_done() && Instant::now() < deadline {
        match feed.push(wire, &mut channel) {
            Ok(true) => {}
            Ok(false) => wire.wait(),
            Err(_) => return,
        }
    }
    wire.leave(channel);
}

/// What a job prints, over one line.
struct JobOutput<'a> {
    job: &'a Followed,
    reader: Reader,
    /// What is said where nobody has the job's output yet: by `sudo`, or by a login.
    complaint: Lines,
    printed: &'a mut Batch<Printed>,
}

impl<'a> JobOutput<'a> {
    fn of(job: &'a Followed, printed: &'a mut Batch<Printed>) -> Self {
        Self { job, reader: Reader::new(&job.place), complaint: Lines::default(), printed }
    }

    fn is_over(&self) -> bool {
        self.reader.is_over()
    }
}

impl Output for JobOutput<'_> {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let (mut so_far, each) = (self.job.so_far(), &mut |one| self.printed.push(one));
        match stream {
            Stream::Stdout => self.reader.bytes(bytes, &mut so_far, each),
            // A later login repeats itself.
            Stream::Stderr | Stream::Merged if so_far.has_begun() => {}
            Stream::Stderr | Stream::Merged => {
                self.complaint.push(bytes, |line| each(Printed::Line(line.to_owned())));
            }
        }
        // While whoever takes it is waited for, it is there to be asked.
        drop(so_far);
        self.printed.send();
        Ok(())
    }
}
