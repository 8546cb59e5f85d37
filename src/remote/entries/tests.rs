//! What folders with all kinds of things in them come to.

use super::*;

fn spec(path: &Path, owner: Option<&str>) -> FileSpec {
    FileSpec {
        source: FileSource::Path(path.to_owned()),
        destination: "/srv/www/".into(),
        owner: Owner { user: owner.map(Into::into), group: None },
        mode: None,
        folder_mode: None,
        exclude: vec!["*.md".into(), ".git".into(), "sub/skip.txt".into()],
        after: 0,
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
    entries.iter().map(|entry| entry.destination.to_str().unwrap()).collect()
}

fn expanded(spec: &FileSpec) -> Vec<Entry> {
    expand(spec, None, None).unwrap().entries
}

#[test]
fn a_folder_is_sent_without_what_is_excluded_and_links_stay_links() {
    let root = site();
    for (name, target) in
        [("absolute", "/etc/passwd"), ("dangling", "nowhere"), ("loop", "loop"), ("up", "..")]
    {
        std::os::unix::fs::symlink(target, root.path().join("sub").join(name)).unwrap();
    }
    let entries = expanded(&spec(root.path(), None));
    let links = ["/srv/www/sub/loop", "/srv/www/sub/up"];
    let first = ["/srv/www", "/srv/www/index.html", "/srv/www/start", "/srv/www/sub"];
    let middle = ["/srv/www/sub/absolute", "/srv/www/sub/dangling", "/srv/www/sub/keep.txt"];
    assert_eq!(names(&entries), [&first[..], &middle, &links].concat());
    let target = |place: usize| match &entries[place].content {
        Content::Link(target) => target.to_str().unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!([2, 4, 5, 7, 8].map(target), ["index.html", "/etc/passwd", "nowhere", "loop", ".."]);
}

#[test]
fn a_source_that_is_a_link_to_a_folder_is_that_folder() {
    let (root, other) = (site(), tempfile::tempdir().unwrap());
    let link = other.path().join("link");
    std::os::unix::fs::symlink(root.path(), &link).unwrap();
    let names_by =
        |path: &Path| names(&expanded(&spec(path, None))).iter().map(ToString::to_string).collect();
    let (direct, through): (Vec<String>, Vec<String>) = (names_by(root.path()), names_by(&link));
    assert_eq!(direct, through);
}

#[test]
fn a_pipe_in_a_folder_is_refused_and_not_waited_for() {
    let root = site();
    let pipe = root.path().join("sub/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = expand(&spec(root.path(), None), None, None).unwrap_err();
    assert!(error.to_string().contains("sub/pipe: it is neither a file"), "{error}");
}

#[test]
fn folders_keep_what_the_template_does_not_say() {
    let root = site();
    let folder = |spec: &FileSpec| {
        let first = expanded(spec).remove(0);
        let Content::Folder { keeps_mode } = first.content else { panic!("{first:?}") };
        (first.destination.display().to_string(), first.owner.user, keeps_mode)
    };
    assert_eq!(folder(&spec(root.path(), None)), ("/srv/www".into(), None, true));
    let declared = FileSpec { folder_mode: Some(Mode(0o750)), ..spec(root.path(), Some("www-data")) };
    assert_eq!(folder(&declared), ("/srv/www".into(), Some("www-data".into()), false));
    let everything = FileSpec { destination: "/".into(), ..declared };
    assert_eq!(names(&expanded(&everything))[..2], ["/index.html", "/start"]);
}

#[test]
fn names_are_bytes() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let root = tempfile::tempdir().unwrap();
    let odd: [&[u8]; 4] = [b"-n", b"caf\xe8", b"caf\xe9", b"two\nlines 'quoted'"];
    odd.iter().for_each(|name| std::fs::write(root.path().join(OsStr::from_bytes(name)), name).unwrap());
    let entries = expanded(&spec(root.path(), None));
    let sent: Vec<&[u8]> =
        entries.iter().skip(1).map(|entry| entry.destination.file_name().unwrap().as_bytes()).collect();
    assert_eq!(sent, odd);
}

#[test]
fn an_executable_file_stays_one_and_a_setuid_bit_is_told() {
    let root = tempfile::tempdir().unwrap();
    let tool = root.path().join("tool");
    std::fs::write(&tool, "#!/bin/sh\n").unwrap();
    let chmod = |mode| std::fs::set_permissions(&tool, PermissionsExt::from_mode(mode)).unwrap();
    chmod(0o700);
    let plain = expand(&spec(&tool, None), None, None).unwrap();
    assert_eq!((plain.entries[0].mode, plain.loses.len()), (0o755, 0));
    chmod(0o4755);
    let setuid = expand(&spec(root.path(), None), None, None).unwrap();
    assert_eq!((setuid.entries[1].mode, setuid.loses), (0o755, vec![tool.clone()]));
    let declared = FileSpec { mode: Some(Mode(0o4750)), ..spec(root.path(), None) };
    let declared = expand(&declared, None, None).unwrap();
    assert_eq!((declared.entries[1].mode, declared.loses.len()), (0o4750, 0));
}

#[test]
fn hard_links_and_holes_are_seen() {
    let root = tempfile::tempdir().unwrap();
    let [one, two, holey] = ["one", "two", "zholey"].map(|name| root.path().join(name));
    std::fs::write(&one, "content").unwrap();
    std::fs::hard_link(&one, &two).unwrap();
    let file = std::fs::File::create(&holey).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"data", 1 << 20).unwrap();
    file.set_len(1 << 30).unwrap();
    let entries = expanded(&spec(root.path(), None));
    let Content::HardLink(first) = &entries[2].content else { panic!("{entries:?}") };
    assert_eq!(first, Path::new("/srv/www/one"));
    let Content::File { data: Some(data), size, .. } = &entries[3].content else { panic!("{entries:?}") };
    assert_eq!((*size, data.len(), data[0].contains(&(1 << 20))), (1 << 30, 1, true));
    assert!(data[0].end - data[0].start <= 1 << 16, "{data:?}");
}

#[test]
fn capabilities_of_local_files_are_told_once_by_name_on_every_file_system() {
    // cap_net_raw, permitted and effective: a `vfs_cap_data` of version 2 (linux/capability.h).
    let mut capability = [0_u8; 20];
    (capability[0], capability[3], capability[5]) = (1, 2, 0x20);
    for place in ["/tmp", "/dev/shm", env!("CARGO_MANIFEST_DIR")] {
        let root = tempfile::tempdir_in(place).unwrap();
        for name in ["plain", "capable"] {
            std::fs::write(root.path().join(name), name).unwrap();
        }
        let capable = root.path().join("capable");
        let flags = rustix::fs::XattrFlags::empty();
        match rustix::fs::setxattr(&capable, "security.capability", &capability, flags) {
            // Only root may give them.
            Err(rustix::io::Errno::PERM) => return,
            given => given.unwrap(),
        }
        let expanded =
            expand(&FileSpec { mode: Some(Mode(0o755)), ..spec(root.path(), None) }, None, None).unwrap();
        assert_eq!(expanded.loses, [capable], "{place}");
    }
}
