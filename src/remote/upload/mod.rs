//! Everything that a bake puts on its builder, as pieces of one stream, unpacked by root with owner and
//! mode already right. `plan` cuts it into pieces, `seal` makes them, `maker` hands them to one or several
//! SSH sessions, `receive.sh` and `bring.sh` put them together on the builder.

mod accounts;
mod archive;
pub mod cksum;
mod ends;
mod further;
mod lines;
mod maker;
mod plan;
mod progress;
pub mod properties;
mod refusal;
mod seal;
mod squeeze;
mod stripes;

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::Notify, task::spawn_blocking};

use self::{
    accounts::Ids,
    plan::Piece,
    progress::Progress,
    stripes::{More, SMALLEST, Stripes},
};
use super::{
    Command, Remote, RemoteError,
    entries::{ChangedFile, Entry},
    purpose::Purpose,
};
use crate::{event::Stream, provision::script};

/// What the builder says when it reads.
const READY: &str = "ready";

/// More than this waits for that word: half of what a session has under way at most.
const MUCH: u64 = 1 << 20;

/// How long an attempt may take in all.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// What those two have in common, in front of them.
const TAKE: &str = include_str!("take.sh");

/// Puts the pieces together, with what the first line brings.
const RECEIVE: &str = include_str!("receive.sh");

/// What is sent, as it was cut when the first line was there.
struct Work {
    entries: Vec<Entry>,
    pieces: Vec<Piece>,
    ids: Ids,
    /// Names it on the builder.
    name: String,
    /// A file that is not what it was when the bake began: it was not sent.
    changed: OnceLock<ChangedFile>,
}

/// An upload that can go on over another line where the last one was cut.
pub struct Upload {
    entries: Vec<Entry>,
    work: Option<Arc<Work>>,
    progress: Arc<Progress>,
    /// So many pieces are at their places.
    done: usize,
    attempts: u32,
}

impl Upload {
    /// `progress` is told the bytes sent so far, of how many.
    pub fn of(entries: Vec<Entry>, progress: impl FnMut(u64, u64) + Send + 'static) -> Self {
        let total = entries.iter().map(|entry| entry.content.size()).sum();
        let progress = Arc::new(Progress::new(total, Box::new(progress)));
        Self { entries, work: None, progress, done: 0, attempts: 0 }
    }

    /// How many pieces are at their places: more than before means that the line was of use.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Puts everything on the builder that is not there yet.
    ///
    /// # Errors
    /// An owner that the builder does not have, a file that cannot be read, a full disk, a lost line. After
    /// a lost one it can be called again: what arrived whole stays, what did not is gone.
    pub async fn send(&mut self, remote: &dyn Remote) -> Result<(), RemoteError> {
        let (work, more) = match &self.work {
            Some(work) => {
                let left = bytes(&work.pieces[self.done..], &work.entries);
                (work.clone(), Stripes::of(left, remote.round_trip()).more(remote))
            }
            None => self.prepare(remote).await?,
        };
        self.progress.restart(bytes(&work.pieces[..self.done], &work.entries));
        let result = self.attempt(&work, remote, more).await;
        match work.changed.get() {
            Some(changed) => Err(RemoteError::Changed(changed.clone())),
            None => result,
        }
    }

    /// Cuts what is sent into pieces; with the further sessions, whose opening has begun meanwhile.
    async fn prepare<'a>(&mut self, remote: &'a dyn Remote) -> Result<(Arc<Work>, More<'a>), RemoteError> {
        if let Some((file, link)) = plan::astray(&self.entries) {
            let why = format!("it would go through the link `{}`, which is uploaded with it", link.display());
            return Err(RemoteError::Refused { path: file.display().to_string(), why, hint: None });
        }
        let (mut estimates, saved) = self.weigh().await?;
        let mut stripes = Stripes::of(self.progress.total - saved, remote.round_trip());
        let asked = accounts::ask(remote, &self.entries);
        let (ids, mut more) = further::meanwhile(asked, stripes.more(remote)).await;
        let ids = ids?;
        if saved > 0 && !ids.zstd {
            estimates.clear();
            stripes = Stripes::of(self.progress.total, remote.round_trip());
            more = stripes.more(remote);
        }
        // Not earlier: after a lost line all of this is done again.
        let entries = std::mem::take(&mut self.entries);
        let pieces = plan::pieces(&entries, stripes.sizes(), &estimates);
        let name = ulid::Ulid::generate().to_string().to_lowercase();
        Ok((
            self.work.insert(Arc::new(Work { entries, pieces, ids, name, changed: OnceLock::new() })).clone(),
            more,
        ))
    }

    /// What each file is likely to come to that is worth compressing, and what that saves in all.
    async fn weigh(&mut self) -> io::Result<(BTreeMap<usize, u64>, u64)> {
        let entries = std::mem::take(&mut self.entries);
        let weigh = move || (squeeze::weigh(&entries, SMALLEST), entries);
        let (estimates, entries) = spawn_blocking(weigh).await.map_err(io::Error::other)?;
        let saved = estimates.iter().map(|(place, bytes)| entries[*place].content.size() - bytes).sum();
        self.entries = entries;
        Ok((estimates, saved))
    }

    async fn attempt(
        &mut self,
        work: &Arc<Work>,
        remote: &dyn Remote,
        more: More<'_>,
    ) -> Result<(), RemoteError> {
        // An attempt whose line was cut may still be leaving.
        self.attempts += 1;
        let name = format!("{}-{}", work.name, self.attempts);
        let here = format!("here=/var/tmp/.hornero-upload-{name}");
        let much = bytes(&work.pieces[self.done..], &work.entries) > MUCH;
        let (stream, joining) = maker::start(work, (self.done, name), &self.progress)?;
        let (mut said, begun) = (Vec::new(), Notify::new());
        let (done, count) = (&mut self.done, work.pieces.len());
        let sink = &mut |stream, line: &str| match (stream, line.strip_prefix("done ")) {
            (Stream::Stdout, Some(number)) => {
                *done =
                    number.parse().ok().filter(|last| *last < count).map_or(*done, |last: usize| last + 1);
            }
            (Stream::Stdout, None) if line == READY => begun.notify_one(),
            _ => said.push(line.to_owned()),
        };
        let receive = format!("{here}\n{TAKE}{RECEIVE}");
        let first = async {
            let end = remote.run(command(remote, Purpose::Upload, &receive, (stream, much)), sink).await;
            // The further ones need not wait for one that has ended before it began.
            begun.notify_one();
            end
        };
        let rest = further::bring(more, (&here, &begun), joining);
        let (first, rest) = ends::of(pin!(first), pin!(rest)).await;
        ends::judge(first, rest, &said)?;
        match self.done == work.pieces.len() {
            true => Ok(()),
            false => Err(RemoteError::Garbled(format!(
                "{} of {} pieces of the uploaded files are at their places",
                self.done,
                work.pieces.len()
            ))),
        }
    }
}

fn bytes(pieces: &[Piece], entries: &[Entry]) -> u64 {
    pieces.iter().map(|piece| piece.bytes(entries)).sum()
}

/// A script that is told on standard input, and what follows it there: much of it not before the script
/// says so, and little of it at once, for the answer takes a round trip.
fn command(
    remote: &dyn Remote,
    purpose: Purpose,
    text: &str,
    (stream, much): (lines::Line, bool),
) -> Command {
    let head = format!("{}\n{text}", text.len()).into_bytes();
    let command = Command::new(purpose, script::command_line(remote.sudo())).timeout(Some(TIMEOUT));
    match much {
        true => command.asked(head, stream),
        false => command.stream(Cursor::new(head).chain(stream)),
    }
}
