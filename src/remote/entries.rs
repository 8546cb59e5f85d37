//! What a template's files come to: one entry for every file, folder and link that is sent. Names are bytes.

mod attributes;
mod content;
mod known;

use std::{
    collections::{BTreeSet, HashMap},
    fs::Metadata,
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

pub use content::Content;
pub use known::{ChangedFile, FileChange, FileSum, KnownFile, KnownFiles};
use walkdir::WalkDir;

use crate::{
    provision::exclude::Excluded,
    template::{
        model::{FileSource, FileSpec, Owner},
        units::Mode,
    },
};

/// One file, folder or link on its way to the builder.
#[derive(Debug)]
pub struct Entry {
    /// Absolute.
    pub destination: PathBuf,
    pub owner: Owner,
    pub mode: u32,
    /// Seconds since 1970. A folder's own time is that of its last change there.
    pub modified: u64,
    pub content: Content,
}

/// What one of `[[files]]` comes to.
#[derive(Debug, Default)]
pub struct Expanded {
    pub entries: Vec<Entry>,
    /// Local files and folders with a bit or capability that is not sent.
    pub loses: Vec<PathBuf>,
    /// Where the files have gone that have several names here, by device and number.
    linked: HashMap<(u64, u64), FirstName>,
}

/// The first name of a file that has several.
#[derive(Debug)]
struct FirstName {
    destination: PathBuf,
    sum: Option<FileSum>,
}

/// The entries of one of `[[files]]`. `fetched` is where the file of a URL lies on this computer, `known` what the
/// files were when the bake began.
///
/// # Errors
/// When a local file cannot be read, or is not what it was; the message names it.
pub fn expand(spec: &FileSpec, fetched: Option<&Path>, known: Option<&KnownFiles>) -> io::Result<Expanded> {
    let mut expanded = Expanded::default();
    match (&spec.source, fetched) {
        (FileSource::Content(text), _) => {
            let destination = Path::new(&spec.destination);
            expanded.entries.push(entry(spec, destination, 0o644, now(), bytes(text)));
        }
        (FileSource::Path(path), _) if path.is_dir() => expanded.folder(spec, path, known)?,
        (FileSource::Path(path), _) => expanded
            .single(spec, path, |metadata| known.map(|known| known.file(path, metadata)).transpose())?,
        (FileSource::Url { url: _, sha256 }, Some(path)) => {
            let mut sum = FileSum::default();
            hex::decode_to_slice(sha256, &mut sum).map_err(io::Error::other)?;
            expanded.single(spec, path, |_| Ok(Some(sum)))?;
        }
        (FileSource::Url { url, .. }, None) => {
            return Err(io::Error::other(format!("{url} has not been fetched")));
        }
    }
    Ok(expanded)
}

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

fn entry(spec: &FileSpec, destination: &Path, mode: u32, modified: u64, content: Content) -> Entry {
    let declared = match content {
        Content::Folder { .. } => spec.folder_mode,
        Content::Bytes(_) | Content::File { .. } | Content::Link(_) | Content::HardLink(_) => spec.mode,
    };
    let mode = declared.unwrap_or(Mode(mode)).0;
    Entry { destination: destination.to_owned(), owner: spec.owner.clone(), mode, modified, content }
}

fn folder_entry(spec: &FileSpec, destination: &Path, metadata: &Metadata) -> Entry {
    let content = Content::Folder { keeps_mode: spec.folder_mode.is_none() };
    entry(spec, destination, 0o755, modified(metadata), content)
}

fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Readable by all, and executable where the local file is: what git keeps of a mode.
fn plain_mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 }
}

fn modified(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.unwrap_or_default().as_secs()
}

impl Expanded {
    fn single(
        &mut self,
        spec: &FileSpec,
        path: &Path,
        sum: impl FnOnce(&Metadata) -> io::Result<Option<FileSum>>,
    ) -> io::Result<()> {
        // A link is followed here, once, after its target was judged; later the file itself is opened.
        let path = &path.canonicalize().map_err(|error| named(path, error))?;
        let metadata = path.metadata().map_err(|error| named(path, error))?;
        plain(path, &metadata)?;
        let sum = sum(&metadata)?;
        self.file(spec, LocalFile { path, metadata: &metadata, sum }, Path::new(&spec.destination))
    }

    fn file(&mut self, spec: &FileSpec, local: LocalFile<'_>, to: &Path) -> io::Result<()> {
        let LocalFile { path, metadata, sum } = local;
        if attributes::loses(path, metadata, spec.mode.is_some()) {
            self.loses.push(path.to_owned());
        }
        let content = match self.first_name(to, &local)? {
            Some(first) => Content::HardLink(first),
            None => Content::File {
                path: path.to_owned(),
                size: metadata.len(),
                data: attributes::data(path, metadata),
                sum,
            },
        };
        self.entries.push(entry(spec, to, plain_mode(metadata), modified(metadata), content));
        Ok(())
    }

    /// Where a file with several names has gone already.
    fn first_name(&mut self, to: &Path, local: &LocalFile<'_>) -> io::Result<Option<PathBuf>> {
        let LocalFile { path, metadata, sum } = *local;
        if metadata.nlink() == 1 {
            return Ok(None);
        }
        let file = (metadata.dev(), metadata.ino());
        match self.linked.get(&file) {
            // They were two files then.
            Some(first) if first.sum != sum => Err(ChangedFile::error(path, FileChange::Content)),
            Some(first) => Ok(Some(first.destination.clone())),
            None => {
                self.linked.insert(file, FirstName { destination: to.to_owned(), sum });
                Ok(None)
            }
        }
    }

    /// A folder's content, sorted, so that the same folder always makes the same stream.
    fn folder(&mut self, spec: &FileSpec, root: &Path, known: Option<&KnownFiles>) -> io::Result<()> {
        let excluded = Excluded::of(&spec.exclude).map_err(io::Error::other)?;
        let walk = WalkDir::new(root).sort_by_file_name().into_iter();
        let wanted =
            walk.filter_entry(|item| !excluded.names(item.path().strip_prefix(root).unwrap_or(item.path())));
        let (mut found, mut empty) = (BTreeSet::<PathBuf>::new(), BTreeSet::<PathBuf>::new());
        for item in wanted {
            let item = item.map_err(|error| named(root, error))?;
            if known.is_some() {
                if let Some(above) = item.path().parent() {
                    empty.remove(above);
                }
                let kind = if item.file_type().is_dir() { &mut empty } else { &mut found };
                kind.insert(item.path().to_owned());
            }
            let inside = item.path().strip_prefix(root).unwrap_or(item.path());
            // The root folder is nobody's to change.
            if inside.as_os_str().is_empty() && Path::new(&spec.destination).parent().is_none() {
                continue;
            }
            let destination: PathBuf = Path::new(&spec.destination).join(inside).components().collect();
            self.item(spec, item.path(), &destination, known)?;
        }
        let Some(known) = known else { return Ok(()) };
        empty.remove(root);
        empty.iter().try_for_each(|folder| known.empty_folder(folder))?;
        found.append(&mut empty);
        known.none_is_missing(root, &found, |inside| !excluded.holds(inside))
    }

    /// A link below the folder is sent as a link, wherever it leads.
    fn item(
        &mut self,
        spec: &FileSpec,
        path: &Path,
        destination: &Path,
        known: Option<&KnownFiles>,
    ) -> io::Result<()> {
        let metadata = path.symlink_metadata().map_err(|error| named(path, error))?;
        let is_root = destination == Path::new(&spec.destination).components().collect::<PathBuf>();
        if is_root || metadata.is_dir() {
            if !is_root && attributes::loses(path, &metadata, spec.folder_mode.is_some()) {
                self.loses.push(path.to_owned());
            }
            self.entries.push(folder_entry(spec, destination, &metadata));
            return Ok(());
        }
        if metadata.is_symlink() {
            let target = std::fs::read_link(path).map_err(|error| named(path, error))?;
            known.map_or(Ok(()), |known| known.link(path, &metadata, &target))?;
            let content = Content::Link(target);
            self.entries.push(entry(spec, destination, 0o777, modified(&metadata), content));
            return Ok(());
        }
        plain(path, &metadata)?;
        let sum = known.map(|known| known.file(path, &metadata)).transpose()?;
        self.file(spec, LocalFile { path, metadata: &metadata, sum }, destination)
    }
}

/// A file of this computer that is sent.
#[derive(Clone, Copy)]
struct LocalFile<'a> {
    path: &'a Path,
    metadata: &'a Metadata,
    sum: Option<FileSum>,
}

/// Reading a pipe or a device might never end.
fn plain(path: &Path, metadata: &Metadata) -> io::Result<()> {
    match metadata.is_file() {
        true => Ok(()),
        false => Err(named(path, io::Error::other("it is neither a file nor a folder nor a link"))),
    }
}

#[cfg(test)]
mod tests;
