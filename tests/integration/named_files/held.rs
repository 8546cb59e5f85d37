//! What is sent is what decided the fingerprint: a file that changes under a bake ends it.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use hornero::{
    remote::{
        RemoteError,
        entries::{ChangedFile, Content, Entry, FileChange, FileSum, KnownFile, KnownFiles, expand},
        upload::Upload,
    },
    sum,
    template::model::{FileSource, FileSpec, Owner},
};

use super::{BASE, IMAGE, NamedFiles, loaded_in_time};
use crate::{
    ec2::Cloud,
    rig::{rootfs::Rootfs, sshd::Sshd},
};

fn spec(source: &Path) -> FileSpec {
    FileSpec {
        source: FileSource::Path(source.to_owned()),
        destination: "/srv".into(),
        owner: Owner::default(),
        mode: None,
        folder_mode: None,
        exclude: vec!["*.md".into()],
        after: 0,
    }
}

/// What a template that sends the folder `site` was loaded with.
fn known(place: &NamedFiles) -> KnownFiles {
    let files = "[[files]]\nsource = \"site\"\ndestination = \"/srv\"\nexclude = [\"*.md\"]\n";
    let template = place.write("t.toml", &format!("{IMAGE}{BASE}{files}"));
    let loaded = loaded_in_time(template).unwrap();
    let known = |file: &hornero::load::InputFile| {
        let mut sum = FileSum::default();
        hex::decode_to_slice(file.sum().unwrap(), &mut sum).unwrap();
        KnownFile { path: file.path.clone(), mode: file.mode, sum }
    };
    loaded.inputs.iter().map(known).collect()
}

/// A folder with one thing of each kind.
fn site(place: &NamedFiles) {
    for (name, text) in [("index.html", "one"), ("sub/a", "a"), ("sub/b", "b"), ("README.md", "no")] {
        place.write(&format!("site/{name}"), text);
    }
    symlink("index.html", place.own().join("site/start")).unwrap();
    fs::create_dir_all(place.own().join("site/empty/deep")).unwrap();
}

/// Something that is done to the folder.
type FolderEdit = fn(&Path);

#[test]
fn every_difference_of_a_folder_is_found_and_names_the_file() {
    let edits: [(&str, FileChange, FolderEdit); 11] = [
        ("site/sub/new", FileChange::Added, |site| fs::write(site.join("sub/new"), "").unwrap()),
        ("site/sub/b", FileChange::Removed, |site| fs::remove_file(site.join("sub/b")).unwrap()),
        ("site/sub/a", FileChange::Removed, |site| fs::remove_dir_all(site.join("sub")).unwrap()),
        ("site/sub/a", FileChange::Mode, |site| {
            fs::set_permissions(site.join("sub/a"), PermissionsExt::from_mode(0o755)).unwrap();
        }),
        ("site/start", FileChange::Content, |site| {
            fs::remove_file(site.join("start")).unwrap();
            symlink("sub/a", site.join("start")).unwrap();
        }),
        ("site/start", FileChange::Mode, |site| {
            fs::remove_file(site.join("start")).unwrap();
            fs::write(site.join("start"), "index.html").unwrap();
        }),
        ("site/empty/deep", FileChange::Removed, |site| fs::remove_dir_all(site.join("empty")).unwrap()),
        ("site/other", FileChange::Added, |site| fs::create_dir(site.join("other")).unwrap()),
        ("site/empty/deep/now", FileChange::Added, |site| {
            fs::write(site.join("empty/deep/now"), "").unwrap()
        }),
        ("site/sub/b", FileChange::Content, |site| {
            fs::remove_file(site.join("sub/b")).unwrap();
            fs::hard_link(site.join("sub/a"), site.join("sub/b")).unwrap();
        }),
        ("site/link", FileChange::Added, |site| symlink("/etc/passwd", site.join("link")).unwrap()),
    ];
    for (number, (name, how, edit)) in (1..).zip(edits) {
        let place = NamedFiles::new();
        site(&place);
        let known = known(&place);
        let spec = spec(&place.own().join("site"));
        assert!(expand(&spec, None, Some(&known)).is_ok());
        // What stays at home may change.
        place.write("site/sub/NOTES.md", "new");
        place.write("site/README.md", "other");
        assert!(expand(&spec, None, Some(&known)).is_ok());
        edit(&place.own().join("site"));
        let error = expand(&spec, None, Some(&known)).expect_err(name);
        let found = ChangedFile::behind(&error).expect("a change").clone();
        assert_eq!((found.path, found.how), (place.own().join(name), how), "edit {number}");
    }
}

#[tokio::test]
async fn what_has_other_bytes_than_its_sum_does_not_arrive() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let large = [vec![b'a'; 9 << 20], b"end".to_vec()].concat();
    let owner = Owner { user: Some(sshd.account().user), group: None };
    for (name, bytes) in [("small", b"small".as_slice()), ("large", &large), ("noise", &noise())] {
        fs::write(path(name), bytes).unwrap();
        let mut right = FileSum::default();
        hex::decode_to_slice(sum::of_file(&path(name)).unwrap(), &mut right).unwrap();
        for (sum, arrives) in [(right, true), ([1; 32], false)] {
            let there = path(&format!("{name}-{arrives}"));
            let content =
                Content::File { path: path(name), size: bytes.len() as u64, data: None, sum: Some(sum) };
            let entry =
                Entry { destination: there.clone(), owner: owner.clone(), mode: 0o644, modified: 0, content };
            let result = Upload::of(vec![entry], |_, _| {}).send(&sshd.connect().await).await;
            match arrives {
                true => assert_eq!(fs::read(&there).unwrap(), bytes, "{name}"),
                false => {
                    let Err(RemoteError::Changed(changed)) = &result else { panic!("{name}: {result:?}") };
                    assert_eq!((&changed.path, changed.how), (&path(name), FileChange::Content));
                    assert!(!there.exists(), "{name}");
                }
            }
        }
    }
}

/// What does not shrink: it comes in slices that are not compressed.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    (0..9 << 20).map(next).collect()
}

#[tokio::test]
async fn a_file_with_holes_is_held_against_the_sum_of_all_of_it() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let (holes, there) = (folder.path().join("holes"), folder.path().join("there"));
    let file = fs::File::create(&holes).unwrap();
    file.set_len(20 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"middle", 7 << 20).unwrap();
    let place = NamedFiles::new();
    fs::create_dir(place.own().join("site")).unwrap();
    fs::rename(&holes, place.own().join("site/holes")).unwrap();
    let known = known(&place);
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let spec =
        FileSpec { destination: there.display().to_string(), owner, ..spec(&place.own().join("site")) };
    let entries = expand(&spec, None, Some(&known)).unwrap().entries;
    Upload::of(entries, |_, _| {}).send(&sshd.connect().await).await.unwrap();
    let (sent, came) = (place.own().join("site/holes"), there.join("holes"));
    assert_eq!(sum::of_file(&came).unwrap(), sum::of_file(&sent).unwrap());
}

/// A bake on a builder of its own that ends at a change; nothing of it may be left there, nor an image.
fn ends(edit: &str, more: &str, named: &str) {
    let cloud = Cloud::start();
    let builder = Rootfs::start();
    let own = cloud.hornero.folder.path();
    for (name, text) in [
        ("site/index.html", "one"),
        ("conf/a.json", "1"),
        ("plays/site.yml", "- hosts: all\n  roles: [web]\n"),
        ("plays/roles/web/tasks/main.yml", "- debug: {msg: x}\n"),
    ] {
        fs::create_dir_all(own.join(name).parent().unwrap()).unwrap();
        fs::write(own.join(name), text).unwrap();
    }
    let edit = format!("[[steps]]\nname = \"edit\"\nkind = \"local\"\nrun = \"{edit}\"\ninputs = []\n");
    let template = cloud.template_on(&builder, "root", &format!("{edit}{more}"));
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains(named) && ran.stderr.contains("since this bake began"), "{}", ran.stderr);
    assert!(ran.stderr.contains("bake again: the image would hold other files"), "{}", ran.stderr);
    assert_eq!(builder.sh("ls -d /srv/www/* /did 2>/dev/null || true"), "");
    assert!(cloud.images("eu-west-1").is_empty());
}

#[test]
fn a_file_that_changes_under_a_bake_ends_it_before_it_is_sent() {
    let files = "[[files]]\nsource = \"site\"\ndestination = \"/srv/www\"\nafter = \"edit\"\n";
    ends("echo two >site/index.html", files, "site/index.html` was changed");
}

#[test]
fn a_role_and_an_input_that_change_under_a_bake_end_it() {
    let playbook = "[[steps]]\nkind = \"ansible\"\nplaybook = \"plays/site.yml\"\n";
    ends("echo x >plays/roles/web/tasks/more.yml", playbook, "plays/roles/web/tasks/more.yml` was added");
    let step = "[[steps]]\nrun = \"touch /did\"\ninputs = [\"conf/*.json\"]\n";
    ends("chmod 755 conf/a.json", step, "conf/a.json` was given another mode");
}
