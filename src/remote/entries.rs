//! What a template's files come to: one entry for every file, folder and link that is sent.

use std::{
    fs::Metadata,
    io,
    os::unix::fs::PermissionsExt,
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
    pub destination: String,
    pub owner: Owner,
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: u64,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    File { path: PathBuf, size: u64 },
    Folder,
    Link(PathBuf),
}

impl Content {
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
            Self::Folder | Self::Link(_) => 0,
        }
    }

    /// The local path where there is one, for messages.
    pub(super) fn shown(&self, destination: &str) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Bytes(_) | Self::Folder | Self::Link(_) => destination.to_owned(),
        }
    }
}

/// The entries of one of `[[files]]`. `fetched` is where the file of a URL lies on this computer.
///
/// # Errors
/// When a local file cannot be read; the message names it.
pub fn expand(spec: &FileSpec, fetched: Option<&Path>) -> io::Result<Vec<Entry>> {
    match (&spec.source, fetched) {
        (FileSource::Content(text), _) => Ok(vec![entry(spec, &spec.destination, 0o644, now(), bytes(text))]),
        (FileSource::Path(path), _) if path.is_dir() => folder(spec, path),
        (FileSource::Path(path), _) => Ok(vec![file(spec, path)?]),
        (FileSource::Url { .. }, Some(path)) => Ok(vec![file(spec, path)?]),
        (FileSource::Url { url, .. }, None) => Err(io::Error::other(format!("{url} has not been fetched"))),
    }
}

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().unwrap_or_default().as_secs()
}

fn entry(spec: &FileSpec, destination: &str, mode: u32, modified: u64, content: Content) -> Entry {
    let declared = match content {
        Content::Folder => spec.folder_mode,
        Content::Bytes(_) | Content::File { .. } | Content::Link(_) => spec.mode,
    };
    let mode = declared.unwrap_or(Mode(mode)).0;
    Entry { destination: destination.to_owned(), owner: spec.owner.clone(), mode, modified, content }
}

fn named(path: &Path, error: impl Into<io::Error>) -> io::Error {
    let error = error.into();
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn file(spec: &FileSpec, path: &Path) -> io::Result<Entry> {
    // A link is followed here, once, after its target was judged; later the file itself is opened.
    let path = &path.canonicalize().map_err(|error| named(path, error))?;
    let metadata = plain(path, path.metadata().map_err(|error| named(path, error))?)?;
    Ok(entry(spec, &spec.destination, plain_mode(&metadata), modified(&metadata), content(path, &metadata)))
}

fn content(path: &Path, metadata: &Metadata) -> Content {
    Content::File { path: path.to_owned(), size: metadata.len() }
}

/// Readable by all, and executable where the local file is: what git keeps of a mode.
fn plain_mode(metadata: &Metadata) -> u32 {
    if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 }
}

fn modified(metadata: &Metadata) -> u64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.unwrap_or_default().as_secs()
}

/// A folder's content, sorted, so that the same folder always makes the same stream.
fn folder(spec: &FileSpec, root: &Path) -> io::Result<Vec<Entry>> {
    let excluded = Excluded::of(&spec.exclude).map_err(io::Error::other)?;
    let mut entries = Vec::new();
    let walk = WalkDir::new(root).sort_by_file_name().into_iter();
    let wanted =
        walk.filter_entry(|item| !excluded.names(item.path().strip_prefix(root).unwrap_or(item.path())));
    for item in wanted {
        let item = item.map_err(|error| named(root, error))?;
        let inside = item.path().strip_prefix(root).unwrap_or(item.path());
        let metadata = item.metadata().map_err(|error| named(item.path(), error))?;
        if inside.as_os_str().is_empty() {
            entries.extend(own_folder(spec, &metadata));
            continue;
        }
        let destination = format!("{}/{}", spec.destination.trim_end_matches('/'), inside.display());
        entries.push(item_entry(spec, item.path(), &destination, &metadata)?);
    }
    Ok(entries)
}

/// The destination itself: touched only when the template says whose it is, for it may be `/etc`.
fn own_folder(spec: &FileSpec, metadata: &Metadata) -> Option<Entry> {
    let declared = spec.folder_mode.is_some() || spec.owner != Owner::default();
    declared.then(|| {
        entry(spec, spec.destination.trim_end_matches('/'), 0o755, modified(metadata), Content::Folder)
    })
}

fn item_entry(spec: &FileSpec, path: &Path, destination: &str, metadata: &Metadata) -> io::Result<Entry> {
    let modified = modified(metadata);
    if metadata.is_dir() {
        return Ok(entry(spec, destination, 0o755, modified, Content::Folder));
    }
    if metadata.is_symlink() {
        let target = std::fs::read_link(path).map_err(|error| named(path, error))?;
        return Ok(entry(spec, destination, 0o777, modified, Content::Link(target)));
    }
    let metadata = &plain(path, metadata.clone())?;
    Ok(entry(spec, destination, plain_mode(metadata), modified, content(path, metadata)))
}

/// Reading a pipe or a device might never end.
fn plain(path: &Path, metadata: Metadata) -> io::Result<Metadata> {
    match metadata.is_file() {
        true => Ok(metadata),
        false => Err(named(path, io::Error::other("it is neither a file nor a folder nor a link"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(path: &Path, owner: Option<&str>) -> FileSpec {
        FileSpec {
            source: FileSource::Path(path.to_owned()),
            destination: "/srv/www/".into(),
            owner: Owner { user: owner.map(Into::into), group: None },
            mode: None,
            folder_mode: None,
            exclude: vec!["*.md".into(), ".git".into(), "sub/skip.txt".into()],
        }
    }

    fn site() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(".git/objects")).unwrap();
        std::fs::create_dir(root.path().join("sub")).unwrap();
        for name in ["index.html", "README.md", "sub/skip.txt", "sub/keep.txt", ".git/config"] {
            std::fs::write(root.path().join(name), name).unwrap();
        }
        std::os::unix::fs::symlink("index.html", root.path().join("start")).unwrap();
        root
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.destination.as_str()).collect()
    }

    #[test]
    fn a_folder_is_sent_without_what_is_excluded_and_links_stay_links() {
        let root = site();
        let entries = expand(&spec(root.path(), None), None).unwrap();
        assert_eq!(
            names(&entries),
            ["/srv/www/index.html", "/srv/www/start", "/srv/www/sub", "/srv/www/sub/keep.txt"]
        );
        assert!(matches!(&entries[1].content, Content::Link(target) if target == Path::new("index.html")));
    }

    #[test]
    fn a_pipe_in_a_folder_is_refused_and_not_waited_for() {
        let root = site();
        let pipe = root.path().join("sub/pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = expand(&spec(root.path(), None), None).unwrap_err();
        assert!(error.to_string().contains("sub/pipe: it is neither a file"), "{error}");
    }

    #[test]
    fn the_destination_itself_changes_only_when_its_owner_is_declared() {
        let root = site();
        let entries = expand(&spec(root.path(), Some("www-data")), None).unwrap();
        assert_eq!(names(&entries)[0], "/srv/www");
    }

    #[test]
    fn an_executable_file_stays_one() {
        let root = tempfile::tempdir().unwrap();
        let tool = root.path().join("tool");
        std::fs::write(&tool, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&tool, PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(expand(&spec(&tool, None), None).unwrap()[0].mode, 0o755);
    }
}
