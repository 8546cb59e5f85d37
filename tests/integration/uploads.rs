//! What `[[files]]` leave on a builder whose folders, accounts and disks are its own.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use crate::{
    ec2::Cloud,
    rig::{hornero::Ran, rootfs::Rootfs},
};

/// An account with a home, a folder for everybody, and a login that becomes root by `sudo`.
const BUILDER: &str = "useradd --create-home admin
    echo 'admin ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/admin
    useradd --uid 1002 --create-home x && chmod 0700 /home/x
    install -d -o x -g x -m 2775 /srv/shared && touch /srv/shared/old";

/// A tree as overlays have it, baked onto a builder.
struct Bake {
    cloud: Cloud,
    builder: Rootfs,
}

impl Bake {
    fn start(setup: &str) -> Self {
        Self { cloud: Cloud::start(), builder: Rootfs::with(&format!("{BUILDER}\n{setup}"), "") }
    }

    /// A path beside the template.
    fn local(&self, path: &str) -> PathBuf {
        let path = self.cloud.hornero.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn run(&self, more: &str) -> Ran {
        self.cloud.run(&["bake", "--force", &self.cloud.template_on(&self.builder, "admin", more)])
    }

    #[track_caller]
    fn succeeds(&self, more: &str) -> Ran {
        let ran = self.run(more);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran
    }

    /// What it says in its one error.
    #[track_caller]
    fn fails(&self, more: &str) -> String {
        let ran = self.run(more);
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        ran.stderr.split_once("error: ").unwrap().1.to_owned()
    }

    /// Mode, owner and group of a path.
    fn stat(&self, path: &str) -> String {
        self.builder.sh(&format!("stat -c '%a %u:%g' '{path}'"))
    }
}

#[test]
fn folders_that_are_there_keep_owner_and_mode_unless_the_template_says_them() {
    let bake = Bake::start("");
    for path in
        ["rootfs/home/x/.profile.d/a", "rootfs/tmp/seen", "rootfs/opt/new/deep/b", "rootfs/srv/shared/c"]
    {
        fs::write(bake.local(path), "text").unwrap();
    }
    let folder = bake.local("rootfs/home");
    fs::set_permissions(folder, PermissionsExt::from_mode(0o700)).unwrap();
    bake.succeeds(
        "[seal]\nkeep = [\"temporary-files\"]\n[[files]]\nsource = \"rootfs\"\ndestination = \"/\"\n",
    );
    let kept = [("/", "755 0:0"), ("/home", "755 0:0"), ("/home/x", "700 1002:1002"), ("/tmp", "1777 0:0")];
    let set =
        [("/srv/shared", "2775 1002:1002"), ("/opt/new/deep", "755 0:0"), ("/home/x/.profile.d", "755 0:0")];
    for (path, expected) in kept.into_iter().chain(set) {
        assert_eq!(bake.stat(path), expected, "{path}");
    }
    assert_eq!(bake.builder.sh("cat /opt/new/deep/b /tmp/seen"), "texttext");
    bake.succeeds("[[files]]\nsource = \"rootfs/srv\"\ndestination = \"/srv\"\nowner = \"x\"\n");
    assert_eq!([bake.stat("/srv"), bake.stat("/srv/shared")], ["755 1002:1002", "2775 1002:1002"]);
    let more = "[[files]]\nsource = \"rootfs/srv\"\ndestination = \"/srv\"\ngroup = \"473\"\nfolder_mode = \"0711\"\n";
    bake.succeeds(more);
    assert_eq!([bake.stat("/srv"), bake.stat("/srv/shared")], ["711 1002:473", "711 1002:473"]);
    assert_eq!(bake.stat("/srv/shared/c"), "644 0:473");
}

#[test]
fn names_are_bytes_and_links_hard_links_and_holes_stay_what_they_are() {
    let bake = Bake::start("");
    let odd: [&[u8]; 5] = [b"-n", b"caf\xe8.txt", b"caf\xe9.txt", b"two\nlines \"it's\" $(id)", b" blank "];
    bake.local("tree/sub/x");
    for name in odd {
        fs::write(bake.local("tree").join(OsStr::from_bytes(name)), name).unwrap();
    }
    for (name, target) in [
        ("absolute", "/usr/share/zoneinfo/UTC"),
        ("dangling", "nowhere"),
        ("loop", "loop"),
        ("sub/up", "../caf"),
    ] {
        symlink(target, bake.local("tree").join(name)).unwrap();
    }
    fs::write(bake.local("tree/first"), "one file").unwrap();
    fs::hard_link(bake.local("tree/first"), bake.local("tree/second")).unwrap();
    let holey = fs::File::create(bake.local("tree/holey")).unwrap();
    holey.write_all_at(b"middle", 100 << 20).unwrap();
    holey.set_len(300 << 20).unwrap();
    let setuid = bake.local("tree/sub/tool");
    fs::write(&setuid, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&setuid, PermissionsExt::from_mode(0o4755)).unwrap();
    let ran = bake.succeeds(
        "[[files]]\nsource = \"tree\"\ndestination = \"/opt/tree\"\nowner = \"472\"\ngroup = \"473\"\n",
    );
    let root = bake.builder.seen("/opt/tree");
    for name in odd {
        assert_eq!(fs::read(root.join(OsStr::from_bytes(name))).unwrap(), name);
    }
    let target = |name: &str| fs::read_link(root.join(name)).unwrap();
    assert_eq!(target("absolute"), Path::new("/usr/share/zoneinfo/UTC"));
    assert_eq!(
        [target("dangling"), target("loop"), target("sub/up")],
        ["nowhere", "loop", "../caf"].map(PathBuf::from)
    );
    let inodes = bake.builder.sh("cd /opt/tree && stat -c %i first second | uniq | wc -l");
    assert_eq!(inodes, "1");
    let stat = bake.builder.sh("stat -c '%s %u:%g' /opt/tree/holey; du -k /opt/tree/holey | cut -f1");
    let (size, blocks) = stat.split_once('\n').unwrap();
    assert_eq!(size, format!("{} 472:473", 300 << 20));
    assert!(blocks.parse::<u32>().unwrap() < 1024, "{blocks} KiB are no holes");
    assert_eq!(bake.builder.sh("tail -c +104857601 /opt/tree/holey | head -c 6"), "middle");
    assert_eq!(bake.stat("/opt/tree/sub/tool"), "755 472:473");
    assert!(ran.stderr.contains("are not sent: `") && ran.stderr.contains("sub/tool`"), "{}", ran.stderr);
}

#[test]
fn what_is_in_the_place_of_a_file_or_folder_is_told_and_nothing_is_changed() {
    let bake = Bake::start("mkdir /opt/app /opt/real; ln -s real /opt/link; touch /opt/plain");
    fs::write(bake.local("big"), vec![b'x'; 9 << 20]).unwrap();
    fs::write(bake.local("folder/inner"), "x").unwrap();
    let before = "[[files]]\ncontent = \"early\"\ndestination = \"/opt/early\"\n";
    let file = |source: &str, to: &str| format!("{before}[[files]]\n{source}\ndestination = \"{to}\"\n");
    let (content, folder) = ("content = \"x\"", "source = \"folder\"");
    for (more, told) in [
        (file(content, "/opt/app"), "`/opt/app` cannot be written: a folder is there"),
        (file("source = \"big\"", "/opt/app"), "`/opt/app` cannot be written: a folder is there"),
        (file(content, "/opt/link"), "`/opt/link` cannot be written: a folder is there"),
        (file(folder, "/opt/plain"), "`/opt/plain` cannot be written: something is there that is no folder"),
        (
            file(content, "/opt/plain/x"),
            "`/opt/plain` cannot be written: something is there that is no folder",
        ),
        (file(content, "/dev/null"), "`/dev/null` cannot be written: a device is there"),
    ] {
        let said = bake.fails(&more);
        assert!(said.contains(told), "{said}");
        assert_eq!(bake.builder.sh("ls -A /opt"), "app\nlink\nplain\nreal", "{said}");
    }
    assert_eq!([bake.stat("/opt"), bake.stat("/opt/app")], ["755 0:0", "755 0:0"]);
    // A link to a file gives way to the file, and what it led to stays.
    bake.builder.sh("ln -s plain /opt/file && echo old >/opt/plain");
    bake.succeeds(&file(content, "/opt/file"));
    assert_eq!(bake.builder.sh("cat /opt/plain; cat /opt/file; test ! -L /opt/file"), "old\nx");
}

#[test]
fn an_upload_that_the_builder_cannot_take_is_told_with_path_and_cause() {
    let bake = Bake::start(
        "mkdir /ro /full /busy
        mount -t tmpfs tmpfs /ro && echo 1 >/ro/there && mount -o remount,ro /ro
        mount -t tmpfs -o size=64k tmpfs /full
        touch /busy/file && mount --bind /etc/hostname /busy/file",
    );
    fs::write(bake.local("big"), vec![b'x'; 9 << 20]).unwrap();
    let random: Vec<u8> = rand::random_iter().take(300_000).collect();
    fs::write(bake.local("small"), random).unwrap();
    fs::write(bake.local("folder/inner/x"), "x").unwrap();
    let long = "n".repeat(256);
    for (source, to, told) in [
        ("content = \"x\"", "/ro/new", "`/ro/new` cannot be written: its file system is mounted read-only"),
        (
            "content = \"x\"",
            "/ro/there",
            "`/ro/there` cannot be written: its file system is mounted read-only",
        ),
        ("source = \"big\"", "/ro/big", "`/ro/big` cannot be written: its file system is mounted read-only"),
        (
            "source = \"folder\"",
            "/ro/sub",
            "`/ro/sub` cannot be written: its file system is mounted read-only",
        ),
        (
            "source = \"small\"",
            "/full/small",
            "`/full/small` cannot be written: there is no room left on its disk",
        ),
        ("source = \"big\"", "/full/big", "`/full/big` cannot be written: there is no room left on its disk"),
        ("content = \"x\"", "/busy/file", "`/busy/file` cannot be written: what is there cannot be replaced"),
        ("content = \"x\"", &format!("/opt/{long}"), "its name is longer than the file system takes"),
        (
            "content = \"x\"\nowner = \"nobody-here\"",
            "/opt/x",
            "accounts that the builder lacks: user nobody-here",
        ),
    ] {
        let said = bake.fails(&format!("[[files]]\n{source}\ndestination = \"{to}\"\n"));
        assert!(said.contains(told), "{said}");
        assert!(!said.contains("tar:") && !said.contains("lost"), "{said}");
        bake.builder.sh("rm -f /full/*");
    }
}

#[test]
fn a_file_goes_up_after_the_step_that_it_names() {
    let bake = Bake::start("");
    let files = "[[files]]\ncontent = \"late\"\ndestination = \"/opt/late\"\nafter = \"first\"\n\
                 [[files]]\ncontent = \"early\"\ndestination = \"/opt/early\"\n\
                 [[files]]\ncontent = \"last\"\ndestination = \"/opt/last\"\nafter = \"third\"\n";
    let step = |name: &str, then: &str| {
        format!("[[steps]]\nname = \"{name}\"\nrun = \"ls /opt >/opt/.{name}; {then}\"\n")
    };
    let good = format!("{files}{}{}{}", step("first", ":"), step("second", ":"), step("third", ":"));
    let bad = format!("{files}{}{}{}", step("first", ":"), step("second", "exit 1"), step("third", ":"));
    let template = bake.cloud.template_on(&bake.builder, "admin", &bad);
    let ran = bake.cloud.run(&["bake", "--on-error", "keep", &template]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    bake.builder.sh("test ! -e /opt/last && echo changed >/opt/late");
    bake.cloud.template_on(&bake.builder, "admin", &good);
    let resumed = bake.cloud.run(&["resume", &bake.cloud.run_id(), &template]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let listed = |name: &str| bake.builder.sh(&format!("cat /opt/.{name}"));
    assert_eq!((listed("first"), listed("second")), ("early".into(), "early\nlate".into()));
    assert_eq!(listed("third"), "early\nlate");
    // It is not sent again to a builder that has it.
    assert_eq!(bake.builder.sh("cat /opt/late /opt/last"), "changed\nlast");
}
