//! Everything that a bake puts on its builder, as one tar stream over one channel, unpacked by
//! root with owner and mode already right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, PipeReader, Read, Write},
    path::Path,
    thread::JoinHandle,
    time::Duration,
};

use rustix::fs::{Mode, OFlags};

use super::{
    Command, Remote, RemoteError,
    entries::{Content, Entry},
};
use crate::{event::Stream, provision::script, template::model::Owner};

/// How long unpacking may take in all.
const TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Unpacks what comes on standard input. Folders that are there keep their own owner and mode
/// unless the archive names them; a link to a folder (`/lib`) is followed, not replaced.
const UNPACK: &str = "umask 022; exec tar --extract --file - --directory / --same-permissions \
                      --numeric-owner --same-owner --keep-directory-symlink --warning=no-timestamp\n";

/// Numbers of the accounts that own files, as the builder knows them.
#[derive(Debug, Default)]
struct Ids {
    /// Name or number -> uid, primary gid.
    users: BTreeMap<String, (u64, u64)>,
    groups: BTreeMap<String, u64>,
}

/// Puts `entries` on the builder. `progress` is told the bytes sent so far, of how many.
///
/// # Errors
/// An owner that the builder does not have, a file that cannot be read, a full disk, a lost line.
pub async fn upload(
    remote: &dyn Remote,
    entries: Vec<Entry>,
    progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<(), RemoteError> {
    let ids = owners(remote, &entries).await?;
    let total = entries.iter().map(|entry| entry.content.size()).sum();
    let head = format!("{}\n{UNPACK}", UNPACK.len());
    let stream = Counted { inner: TarStream::start(entries, ids)?, sent: 0, total, progress };
    let command = Command::new(script::command_line(remote.sudo()))
        .stream(io::Cursor::new(head.into_bytes()).chain(stream))
        .timeout(Some(TIMEOUT));
    let mut said = Vec::new();
    let exit = remote.run(command, &mut |_, line| said.push(line.to_owned())).await?;
    if exit.success() {
        return Ok(());
    }
    Err(RemoteError::Setup(format!("unpacking the uploaded files failed with {exit}: {}", said.join("; "))))
}

/// Asks the builder once for all accounts that own something.
async fn owners(remote: &dyn Remote, entries: &[Entry]) -> Result<Ids, RemoteError> {
    let users: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.owner.user.as_deref()).collect();
    let groups: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.owner.group.as_deref()).collect();
    if users.is_empty() && groups.is_empty() {
        return Ok(Ids::default());
    }
    // Names are checked when a template is read: they hold no character that a shell minds.
    let words = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(" ");
    let line = format!(
        "for name in {}; do echo \"user:$name:$(getent passwd \"$name\")\"; done; \
         for name in {}; do echo \"group:$name:$(getent group \"$name\")\"; done",
        words(&users),
        words(&groups)
    );
    let mut ids = Ids::default();
    let mut missing = Vec::new();
    remote
        .run(Command::new(line), &mut |stream, line| {
            if stream == Stream::Stdout && !ids.learn(line) {
                missing.push(line.split(':').take(2).collect::<Vec<_>>().join(" "));
            }
        })
        .await?;
    if missing.is_empty() {
        return Ok(ids);
    }
    Err(RemoteError::Setup(format!(
        "uploaded files belong to accounts that the builder lacks: {}",
        missing.join(", ")
    )))
}

impl Ids {
    /// Takes in `user:NAME:passwd entry` or `group:NAME:group entry`; false when the entry is empty.
    fn learn(&mut self, line: &str) -> bool {
        let fields: Vec<&str> = line.split(':').collect();
        let number = |place: usize| fields.get(place).and_then(|field| field.parse().ok());
        let name = fields.get(1).copied().unwrap_or_default().to_owned();
        match (fields[0], number(4), number(5)) {
            ("user", Some(uid), Some(gid)) => self.users.insert(name, (uid, gid)).is_none(),
            ("group", Some(gid), _) => self.groups.insert(name, gid).is_none(),
            _ => false,
        }
    }

    /// uid and gid; root's where nothing is said.
    fn of(&self, owner: &Owner) -> (u64, u64) {
        let user = owner.user.as_ref().and_then(|name| self.users.get(name)).copied();
        let (uid, own_group) = user.unwrap_or_default();
        let group = owner.group.as_ref().and_then(|name| self.groups.get(name)).copied();
        (uid, group.unwrap_or(own_group))
    }
}

/// The archive, written by a thread of its own into a pipe.
struct TarStream {
    pipe: PipeReader,
    writer: Option<JoinHandle<io::Result<()>>>,
}

impl TarStream {
    fn start(entries: Vec<Entry>, ids: Ids) -> io::Result<Self> {
        let (pipe, end) = io::pipe()?;
        let writer =
            std::thread::Builder::new().name("tar".into()).spawn(move || write(end, &entries, &ids))?;
        Ok(Self { pipe, writer: Some(writer) })
    }
}

impl Read for TarStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.pipe.read(buffer)?;
        // The end of the pipe is the end of the archive only if its writer says so.
        if count == 0
            && let Some(writer) = self.writer.take()
        {
            writer.join().unwrap_or_else(|_| Err(io::Error::other("the archive's writer failed")))?;
        }
        Ok(count)
    }
}

fn write(out: impl Write, entries: &[Entry], ids: &Ids) -> io::Result<()> {
    let mut archive = tar::Builder::new(io::BufWriter::with_capacity(256 * 1024, out));
    for entry in entries {
        let path = entry.destination.trim_start_matches('/');
        append(&mut archive, entry, path, ids).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", entry.content.shown(path)))
        })?;
    }
    archive.into_inner()?.flush()
}

fn append(archive: &mut tar::Builder<impl Write>, entry: &Entry, path: &str, ids: &Ids) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    let (uid, gid) = ids.of(&entry.owner);
    header.set_uid(uid);
    header.set_gid(gid);
    header.set_mode(entry.mode);
    header.set_mtime(entry.modified);
    header.set_size(0);
    match &entry.content {
        Content::Bytes(bytes) => {
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, path, bytes.as_slice())
        }
        Content::File { path: local, size } => {
            header.set_size(*size);
            // A file that shrinks or grows meanwhile must not shift what follows it in the archive.
            let file = open(local)?.take(*size);
            archive.append_data(&mut header, path, Exactly { inner: file, left: *size })
        }
        Content::Folder => {
            header.set_entry_type(tar::EntryType::Directory);
            archive.append_data(&mut header, path, io::empty())
        }
        Content::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, target)
        }
    }
}

/// What became a link after it was looked at may lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Fails when its source ends before `left` bytes.
struct Exactly<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left -= count as u64;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it changed while it was read"));
        }
        Ok(count)
    }
}

/// Tells how much went through.
struct Counted<R, F> {
    inner: R,
    sent: u64,
    total: u64,
    progress: F,
}

impl<R: Read, F: FnMut(u64, u64)> Read for Counted<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sent += count as u64;
        // The archive's own headers come on top of the files' bytes.
        (self.progress)(self.sent.min(self.total), self.total);
        Ok(count)
    }
}
