//! What an upload comes to on a real sshd: whole files, whatever happens to the line meanwhile.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use hornero::{
    remote::{
        Command, Exit, LineSink, PrintedSink, Remote, RemoteError,
        entries::{Content, Entry},
        job::Followed,
        ssh::SshRemote,
        upload::Upload,
    },
    template::model::Owner,
};
use tokio::time::timeout;

use crate::rig::sshd::Sshd;

#[tokio::test]
async fn uploaded_files_have_content_and_mode_in_one_go() {
    let sshd = Sshd::start();
    let target = tempfile::tempdir().unwrap();
    let local = target.path().join("local");
    std::fs::write(&local, "from a file").unwrap();
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let entry = |name: &str, mode, content| Entry {
        destination: target.path().join("site").join(name).components().collect(),
        owner: owner.clone(),
        mode,
        modified: 1_000_000_000,
        content,
    };
    let entries = vec![
        entry("", 0o750, Content::Folder { keeps_mode: false }),
        entry("bytes", 0o640, Content::Bytes(b"from bytes".to_vec())),
        entry("deep/er/file", 0o755, Content::file(&local, 11)),
        entry("link", 0o777, Content::Link("bytes".into())),
    ];
    Upload::of(entries, |_, _| {}).send(&sshd.connect().await).await.unwrap();
    let mode = |name: &str| {
        let metadata = target.path().join("site").join(name).metadata().unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
    };
    assert_eq!((mode(""), mode("bytes"), mode("deep/er/file")), (0o750, 0o640, 0o755));
    let read = |name: &str| std::fs::read_to_string(target.path().join("site").join(name)).unwrap();
    assert_eq!((read("link").as_str(), read("deep/er/file").as_str()), ("from bytes", "from a file"));
}

#[tokio::test]
async fn unpacking_does_not_follow_a_link_that_it_has_just_made() {
    let sshd = Sshd::start();
    let (target, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let entry = |name: &str, content| Entry {
        destination: target.path().join(name),
        owner: owner.clone(),
        mode: 0o644,
        modified: 1_000_000_000,
        content,
    };
    let entries = vec![
        entry("out", Content::Link(elsewhere.path().to_owned())),
        entry("out/file", Content::Bytes(b"stray".to_vec())),
    ];
    let result = Upload::of(entries, |_, _| {}).send(&sshd.connect().await).await;
    assert!(!elsewhere.path().join("file").exists(), "a file left the tree");
    assert!(result.is_err(), "nobody was told");
}

#[tokio::test]
async fn a_file_that_became_a_link_is_not_sent() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let (local, there) = (folder.path().join("local"), folder.path().join("there"));
    std::os::unix::fs::symlink("/etc/passwd", &local).unwrap();
    let content = Content::file(&local, 5);
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let entry = Entry { destination: there.clone(), owner, mode: 0o644, modified: 0, content };
    let error = Upload::of(vec![entry], |_, _| {}).send(&sshd.connect().await).await.unwrap_err();
    assert!(error.to_string().contains(&local.display().to_string()), "{error}");
    assert!(!there.exists());
}

#[tokio::test]
async fn an_owner_that_the_builder_lacks_is_named() {
    let sshd = Sshd::start();
    let owner = Owner { user: Some("nobody-here".into()), group: None };
    let content = Content::Bytes(Vec::new());
    let entry = Entry { destination: "/tmp/never".into(), owner, mode: 0o644, modified: 0, content };
    let error = Upload::of(vec![entry], |_, _| {}).send(&sshd.connect().await).await.unwrap_err();
    assert!(error.to_string().contains("nobody-here"), "{error}");
    assert!(!Path::new("/tmp/never").exists());
}

/// A line that says how long it is, may be lost with the first command over it, and may not become root.
struct Line {
    remote: SshRemote,
    round_trip: Duration,
    brittle: AtomicBool,
    refused: bool,
}

impl Line {
    async fn to(sshd: &Sshd) -> Self {
        let remote = sshd.connect().await;
        let brittle = AtomicBool::new(false);
        Self { round_trip: remote.round_trip(), remote, brittle, refused: false }
    }

    /// So long that it is worth several sessions, where it is far.
    async fn over(sshd: &Sshd, far: bool) -> Self {
        let near = Self::to(sshd).await;
        if far { Self { round_trip: Duration::from_millis(50), ..near } } else { near }
    }
}

#[async_trait]
impl Remote for Line {
    fn sudo(&self) -> &'static str {
        if self.refused { "false " } else { self.remote.sudo() }
    }

    async fn run(&self, command: Command, sink: LineSink<'_>) -> Result<Exit, RemoteError> {
        match self.brittle.swap(false, Ordering::Relaxed) {
            true => Err(RemoteError::Lost { during: "asking".into(), why: "it was cut".into() }),
            false => self.remote.run(command, sink).await,
        }
    }

    async fn follow(&self, job: &Followed, sink: PrintedSink<'_>) -> Result<Exit, RemoteError> {
        self.remote.follow(job, sink).await
    }

    fn host_key(&self) -> Option<&[u8]> {
        self.remote.host_key()
    }

    fn round_trip(&self) -> Duration {
        self.round_trip
    }

    async fn another(&self) -> Result<Option<Box<dyn Remote>>, RemoteError> {
        self.remote.another().await
    }

    async fn fetch(&self, command: Command, out: Box<dyn Write + Send>) -> Result<Exit, RemoteError> {
        self.remote.fetch(command, out).await
    }
}

#[tokio::test]
async fn a_line_that_is_lost_before_anything_was_sent_takes_no_file_with_it() {
    let (sshd, folder) = (Sshd::start(), tempfile::tempdir().unwrap());
    let remote = Line { brittle: AtomicBool::new(true), ..Line::to(&sshd).await };
    let mut upload = Upload::of(much(&sshd, folder.path()), |_, _| {});
    let error = upload.send(&remote).await.unwrap_err();
    assert!(matches!(error, RemoteError::Lost { .. }), "{error}");
    upload.send(&remote).await.unwrap();
    arrived(folder.path());
}

#[tokio::test]
async fn a_builder_that_refuses_what_puts_the_pieces_together_is_told_as_such() {
    for far in [false, true] {
        let (sshd, folder) = (Sshd::start(), tempfile::tempdir().unwrap());
        let remote = Line { refused: true, ..Line::over(&sshd, far).await };
        let mut upload = Upload::of(much(&sshd, folder.path()), |_, _| {});
        let error =
            timeout(Duration::from_secs(60), upload.send(&remote)).await.expect("it hangs").unwrap_err();
        assert!(matches!(error, RemoteError::Upload(_)), "{error}");
    }
}

/// Files of all sizes, random and not, in `folder/here`, on their way to `folder/there`.
fn much(sshd: &Sshd, folder: &Path) -> Vec<Entry> {
    fs::create_dir(folder.join("here")).unwrap();
    let random = |size: usize| {
        let mut bytes = vec![0; size];
        rand::fill(&mut bytes);
        bytes
    };
    let text =
        |size: usize| (0..).flat_map(|line| format!("line {line}\n").into_bytes()).take(size).collect();
    let large = [("random data", random(45_000_000)), ("text", text(20_000_000)), ("empty", Vec::new())];
    let small = (0..300).map(|number| (format!("small {number}"), random(number * 100)));
    let files = large.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).chain(small);
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let there = |name: &str| folder.join("there").join(name).components().collect();
    let entry = |name: &str, mode, content| Entry {
        destination: there(name),
        owner: owner.clone(),
        mode,
        modified: 1_000_000_000,
        content,
    };
    let mut entries = vec![entry("", 0o750, Content::Folder { keeps_mode: false })];
    for (name, bytes) in files {
        let path = folder.join("here").join(&name);
        fs::write(&path, &bytes).unwrap();
        entries.push(entry(&name, 0o640, Content::file(path, bytes.len() as u64)));
    }
    entries
}

/// The destination has what is here and nothing else, with its modes and times.
fn arrived(folder: &Path) {
    let names = |folder: PathBuf| {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (here, there) = (folder.join("here"), folder.join("there"));
    assert_eq!(names(there.clone()), names(here.clone()));
    for name in names(here.clone()) {
        assert!(
            fs::read(here.join(&name)).unwrap() == fs::read(there.join(&name)).unwrap(),
            "{name:?} differs"
        );
        assert_eq!(mode_and_time(&there.join(&name)), (0o640, 1_000_000_000), "{name:?}");
    }
    assert_eq!(mode_and_time(&there).0, 0o750);
}

fn mode_and_time(path: &Path) -> (u32, i64) {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().unwrap();
    (metadata.mode() & 0o7777, metadata.mtime())
}

/// What uploads have under way on this computer, for a builder that is this computer.
fn under_way(folder: &Path) -> Vec<PathBuf> {
    let all = [Path::new("/var/tmp").to_owned(), folder.join("there")]
        .into_iter()
        .filter_map(|at| fs::read_dir(at).ok());
    let paths = all.flatten().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(".hornero-")).collect()
}

#[tokio::test]
async fn much_arrives_whole_over_one_line_and_over_several() {
    for far in [false, true] {
        let (sshd, folder) = (Sshd::start(), tempfile::tempdir().unwrap());
        let remote = Line::over(&sshd, far).await;
        Upload::of(much(&sshd, folder.path()), |_, _| {}).send(&remote).await.unwrap();
        arrived(folder.path());
        let lines = sshd.log().matches("Accepted publickey").count();
        assert_eq!(lines > 1, far, "{lines} lines");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_line_leaves_no_half_written_file_and_another_one_brings_the_rest() {
    for far in [false, true] {
        let (sshd, folder) = (std::sync::Arc::new(Sshd::start()), tempfile::tempdir().unwrap());
        let mut cut = Some(sshd.clone());
        let mut upload = Upload::of(much(&sshd, folder.path()), move |sent, total| {
            if sent > total * 2 / 3
                && let Some(sshd) = cut.take()
            {
                sshd.cut();
            }
        });
        let error = upload.send(&Line::over(&sshd, far).await).await.unwrap_err();
        assert!(matches!(error, RemoteError::Lost { .. }), "{error}");
        for entry in fs::read_dir(folder.path().join("there")).unwrap().map(Result::unwrap) {
            let here = folder.path().join("here").join(entry.file_name());
            if here.exists() {
                assert!(
                    fs::read(&here).unwrap() == fs::read(entry.path()).unwrap(),
                    "{here:?} is half there"
                );
            }
        }
        let done = upload.done();
        upload.send(&Line::over(&sshd, far).await).await.unwrap();
        assert!(done > 0, "all began again");
        while !under_way(folder.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        arrived(folder.path());
    }
}
