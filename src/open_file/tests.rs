//! What the door lets pass, on the kinds of files that a Linux has.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    time::{Duration, Instant},
};

use rustix::fs::{CWD, FileType, inotify, mknodat};

use super::*;

fn told<T: std::fmt::Debug>(result: Result<T, OpenError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_is_no_ordinary_file_is_refused_at_once_and_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    mknodat(CWD, path("pipe"), FileType::Fifo, 0o600.into(), 0).unwrap();
    let _listener = UnixListener::bind(path("socket")).unwrap();
    symlink("pipe", path("to-pipe")).unwrap();
    let kinds = [
        (path("pipe"), "named pipe"),
        (path("to-pipe"), "named pipe"),
        (path("socket"), "socket"),
        ("/dev/zero".into(), "device"),
        ("/dev/tty".into(), "device"),
        (folder.path().to_owned(), "folder"),
        ("/proc/kmsg".into(), "kernel"),
        ("/proc/self/environ".into(), "kernel"),
        ("/sys/kernel/uevent_seqnum".into(), "kernel"),
    ];
    let start = Instant::now();
    let opened = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&opened, path("pipe"), inotify::WatchFlags::OPEN).unwrap();
    for (file, kind) in kinds {
        if !file.exists() {
            continue;
        }
        for refused in
            [told(read(&file, Confinement::Anywhere, 10)), told(judge(&file, Confinement::Anywhere))]
        {
            assert!(refused.contains(kind), "{}: {refused}", file.display());
        }
    }
    let mut events = [std::mem::MaybeUninit::uninit(); 512];
    assert!(inotify::Reader::new(opened, &mut events).next().is_err(), "the pipe was opened");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn no_more_is_read_than_was_asked_for_however_large_a_file_says_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "12345").unwrap();
    assert_eq!(read(&path, Confinement::NoLink, 5).unwrap().bytes, b"12345");
    assert_eq!(told(read(&path, Confinement::NoLink, 4)), "it has 5 B, more than 4 B");
    File::create(&path).unwrap().set_len(1 << 42).unwrap();
    let start = Instant::now();
    assert_eq!(told(read(&path, Confinement::NoLink, 1 << 20)), "it has 4.0 TiB, more than 1.0 MiB");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_file_that_grows_or_shrinks_while_it_is_summed_has_no_sum() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "oven").unwrap();
    assert_eq!(
        hex::encode(open(&path, Confinement::NoLink).unwrap().sum().unwrap()),
        crate::sum::of_text("oven")
    );
    for other in ["ovens", "ove", ""] {
        fs::write(&path, "oven").unwrap();
        let opened = open(&path, Confinement::NoLink).unwrap();
        fs::write(&path, other).unwrap();
        assert_eq!(told(opened.sum()), "it changed while it was read", "{other}");
    }
}

#[test]
fn a_link_is_followed_only_as_far_as_the_folders_go() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (real, there) = (folder.path().canonicalize().unwrap(), elsewhere.path().canonicalize().unwrap());
    fs::write(real.join("own"), "own").unwrap();
    fs::write(there.join("foreign"), "foreign").unwrap();
    symlink("own", real.join("inside")).unwrap();
    symlink(there.join("foreign"), real.join("outside")).unwrap();
    symlink(&there, real.join("folder")).unwrap();
    let (within, both) = ([real.clone()], [real.clone(), there.clone()]);
    let of = |name: &str, reach| read(&real.join(name), reach, 100).map(|read| read.bytes);
    assert_eq!(of("inside", Confinement::Within(&within)).unwrap(), b"own");
    for name in ["outside", "folder/foreign"] {
        assert!(matches!(of(name, Confinement::Within(&within)), Err(OpenError::Elsewhere { .. })), "{name}");
        assert_eq!(of(name, Confinement::Within(&both)).unwrap(), b"foreign");
        assert_eq!(of(name, Confinement::Anywhere).unwrap(), b"foreign");
    }
    assert!(matches!(of("inside", Confinement::NoLink), Err(OpenError::Link)));
}
