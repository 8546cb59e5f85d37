//! What a template's files come to: one entry for every file, folder and link that is sent. Names are bytes.

mod attributes;

use std::{
    collections::HashMap,
    fs::Metadata,
    io,
    ops::Range,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

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

#[derive(Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    File {
        path: PathBuf,
        size: u64,
        /// The parts that are data, where there are holes between them.
        data: Option<Vec<Range<u64>>>,
    },
    Folder {
        /// One that is there keeps its mode, for the template says none. So it is with its owner.
        keeps_mode: bool,
    },
    Link(PathBuf),
    /// Another name for what an earlier entry has brought to this destination.
    HardLink(PathBuf),
}

impl Content {
    /// A local file without holes.
    pub fn file(path: impl Into<PathBuf>, size: u64) -> Self {
        Self::File { path: path.into(), size, data: None }
    }

    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
            Self::Folder { .. } | Self::Link(_) | Self::HardLink(_) => 0,
        }
    }

    /// Whether the file has holes.
    pub(super) fn holes(&self) -> bool {
        matches!(self, Self::File { data: Some(_), .. })
    }

    /// The parts of the file that are sent.
    pub(super) fn data(&self) -> Vec<Range<u64>> {
        match self {
            Self::File { data: Some(data), .. } => data.clone(),
            Self::File { data: None, .. }
            | Self::Bytes(_)
            | Self::Folder { .. }
            | Self::Link(_)
            | Self::HardLink(_) => std::iter::once(0..self.size()).collect(),
        }
    }

    /// The local path where there is one, for messages.
    pub(super) fn shown(&self, destination: &Path) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Bytes(_) | Self::Folder { .. } | Self::Link(_) | Self::HardLink(_) => {
                destination.display().to_string()
            }
        }
    }
}

/// What one of `[[files]]` comes to.
#[derive(Debug, Default)]
pub struct Expanded {
    pub entries: Vec<Entry>,
    /// Local files and folders with a bit or capability that is not sent.
    pub loses: Vec<PathBuf>,
    /// Where the files have gone that have several names here, by device and number.
    linked: HashMap<(u64, u64), PathBuf>,
}

/// The entries of one of `[[files]]`. `fetched` is where the file of a URL lies on this computer.
///
/// # Errors
/// When a local file cannot be read; the message names it.
pub fn expand(spec: &FileSpec, fetched: Option<&Path>) -> io::Result<Expanded> {
    let mut expanded = Expanded::default();
    match (&spec.source, fetched) {
        (FileSource::Content(text), _) => {
            let destination = Path::new(&spec.destination);
            expanded.entries.push(entry(spec, destination, 0o644, now(), bytes(text)));
        }
        (FileSource::Path(path), _) if path.is_dir() => expanded.folder(spec, path)?,
        (FileSource::Path(path), _) => expanded.single(spec, path)?,
        (FileSource::Url { .. }, Some(path)) => expanded.single(spec, path)?,
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
    fn single(&mut self, spec: &FileSpec, path: &Path) -> io::Result<()> {
        // A link is followed here, once, after its target was judged; later the file itself is opened.
        let path = &path.canonicalize().map_err(|error| named(path, error))?;
        let metadata = path.metadata().map_err(|error| named(path, error))?;
        self.file(spec, path, Path::new(&spec.destination), &metadata)
    }

    fn file(&mut self, spec: &FileSpec, path: &Path, to: &Path, metadata: &Metadata) -> io::Result<()> {
        plain(path, metadata)?;
        if attributes::loses(path, metadata, spec.mode.is_some()) {
            self.loses.push(path.to_owned());
        }
        let content = match self.first_name(to, metadata) {
            Some(first) => Content::HardLink(first),
            None => Content::File {
                path: path.to_owned(),
                size: metadata.len(),
                data: attributes::data(path, metadata),
            },
        };
        self.entries.push(entry(spec, to, plain_mode(metadata), modified(metadata), content));
        Ok(())
    }

    /// Where a file with several names has gone already.
    fn first_name(&mut self, to: &Path, metadata: &Metadata) -> Option<PathBuf> {
        if metadata.nlink() == 1 {
            return None;
        }
        let file = (metadata.dev(), metadata.ino());
        if let Some(first) = self.linked.get(&file) {
            return Some(first.clone());
        }
        self.linked.insert(file, to.to_owned());
        None
    }

    /// A folder's content, sorted, so that the same folder always makes the same stream.
    fn folder(&mut self, spec: &FileSpec, root: &Path) -> io::Result<()> {
        let excluded = Excluded::of(&spec.exclude).map_err(io::Error::other)?;
        let walk = WalkDir::new(root).sort_by_file_name().into_iter();
        let wanted =
            walk.filter_entry(|item| !excluded.names(item.path().strip_prefix(root).unwrap_or(item.path())));
        for item in wanted {
            let item = item.map_err(|error| named(root, error))?;
            let inside = item.path().strip_prefix(root).unwrap_or(item.path());
            // The root folder is nobody's to change.
            if inside.as_os_str().is_empty() && Path::new(&spec.destination).parent().is_none() {
                continue;
            }
            let destination: PathBuf = Path::new(&spec.destination).join(inside).components().collect();
            self.item(spec, item.path(), &destination)?;
        }
        Ok(())
    }

    /// A link below the folder is sent as a link, wherever it leads.
    fn item(&mut self, spec: &FileSpec, path: &Path, destination: &Path) -> io::Result<()> {
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
            let content = Content::Link(target);
            self.entries.push(entry(spec, destination, 0o777, modified(&metadata), content));
            return Ok(());
        }
        self.file(spec, path, destination, &metadata)
    }
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
