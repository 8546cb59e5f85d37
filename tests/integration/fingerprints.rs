//! What changes a fingerprint and what does not, on templates as they are written.

use std::{fs, path::Path};

use hornero::{
    load::{Inputs, load},
    plan::{Content, Fingerprint, compile, fingerprint},
    template::model::PlatformKind,
};

const TEMPLATE: &str = r#"
[image]
name = "web"
version = "{{ release }}"
description = "a web server"
tags = { team = "ops" }
[variables]
release = "1"
spare = "x"
[base]
os = "debian-12"
[qemu]
memory = "1GiB"
[[groups]]
name = "campus"
gid = 2000
[[users]]
name = "deploy"
groups = ["campus"]
[packages]
install = ["nginx", "jq"]
[[files]]
source = "site"
destination = "/srv/www"
exclude = ["*.md"]
[[steps]]
name = "greet"
run = "echo {{ release }}"
timeout = "5m"
retries = 1
[[steps]]
name = "script"
script = "install.sh"
[[checks]]
service = "nginx"
running = true
[seal]
keep = ["logs", "package-cache"]
[publish]
parameter = "/web/dev"
"#;

/// A folder with a template and what it names.
fn written(folder: &Path, template: &str) {
    fs::create_dir_all(folder.join("site/sub")).unwrap();
    for (name, text) in [
        ("site/index.html", "<h1>"),
        ("site/sub/page", "page"),
        ("site/NOTES.md", "no"),
        ("install.sh", "true"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("web.toml"), template).unwrap();
}

fn of(folder: &Path, base: &str) -> Fingerprint {
    let inputs = Inputs {
        vars: Vec::new(),
        platform: PlatformKind::Qemu,
        stage: None,
        provisioner_folders: Vec::new(),
        allowed: Vec::new(),
        home: None,
    };
    let loaded = load(&folder.join("web.toml"), &inputs).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let content = |file: &hornero::load::InputFile| Content {
        path: file.path.clone(),
        mode: file.mode,
        sum: file.sum().unwrap(),
    };
    let contents: Vec<Content> = loaded.inputs.iter().map(content).collect();
    fingerprint(&compile(loaded.template, PlatformKind::Qemu).unwrap(), base, &contents)
}

/// The parts that differ when `change` is made to a fresh copy of everything.
fn changed(change: impl FnOnce(&Path)) -> Vec<String> {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(one.path(), TEMPLATE);
    written(two.path(), TEMPLATE);
    change(two.path());
    let (before, after) = (of(one.path(), "base-1"), of(two.path(), "base-1"));
    let names = before.parts.keys().chain(after.parts.keys());
    let mut differ: Vec<String> =
        names.filter(|name| before.parts.get(*name) != after.parts.get(*name)).cloned().collect();
    differ.sort();
    differ.dedup();
    assert_eq!(before.sum == after.sum, differ.is_empty(), "{differ:?}");
    differ
}

fn edited(from: &'static str, to: &'static str) -> Vec<String> {
    assert!(TEMPLATE.contains(from), "{from}");
    changed(|folder| fs::write(folder.join("web.toml"), TEMPLATE.replacen(from, to, 1)).unwrap())
}

#[test]
fn what_decides_the_image_changes_it_and_is_named() {
    for (from, to, parts) in [
        ("name = \"web\"", "name = \"wob\"", &["name"][..]),
        ("release = \"1\"", "release = \"2\"", &["step 1: greet", "version"]),
        ("gid = 2000", "gid = 2001", &["group campus"]),
        ("\"nginx\", ", "", &["package nginx"]),
        ("\"jq\"", "\"jq=1.6\"", &["package jq"]),
        ("[packages]\n", "[packages]\nsnapshot = \"2026-11-01\"\n", &["package snapshot"]),
        (
            "destination = \"/srv/www\"\n",
            "destination = \"/srv/www\"\nowner = \"root\"\n",
            &["file 1: /srv/www"],
        ),
        ("running = true", "enabled = true", &["check service nginx"]),
        ("memory = \"1GiB\"", "firmware = \"uefi\"", &["firmware"]),
        ("\"logs\", ", "", &["seal"]),
    ] {
        assert_eq!(edited(from, to), parts, "{from} -> {to}");
    }
}

#[test]
fn a_byte_a_mode_and_a_name_of_what_is_sent_change_it() {
    let page = "content of file 1: /srv/www: sub/page";
    assert_eq!(changed(|folder| fs::write(folder.join("site/sub/page"), "pages").unwrap()), [page]);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    assert_eq!(
        changed(|folder| fs::set_permissions(folder.join("site/sub/page"), executable).unwrap()),
        [page]
    );
    assert_eq!(
        changed(|folder| fs::write(folder.join("site/new"), "").unwrap()),
        ["content of file 1: /srv/www: new"]
    );
    assert_eq!(changed(|folder| fs::write(folder.join("install.sh"), "false").unwrap()), ["step 2: script"]);
}

#[test]
fn what_does_not_decide_the_image_does_not_change_it() {
    for (from, to) in [
        ("[image]", "# a comment\n[image]"),
        ("team = \"ops\"", "team = \"dev\""),
        ("a web server", "the web server"),
        ("spare = \"x\"", "spare = \"y\""),
        ("timeout = \"5m\"", "timeout = \"9m\""),
        ("retries = 1", "retries = 2"),
        ("memory = \"1GiB\"", "memory = \"3GiB\""),
        ("\"logs\", \"package-cache\"", "\"package-cache\", \"logs\""),
        ("\"nginx\", \"jq\"", "\"jq\", \"nginx\""),
        ("/web/dev", "/web/other"),
    ] {
        assert_eq!(edited(from, to), Vec::<String>::new(), "{from} -> {to}");
    }
    assert_eq!(
        changed(|folder| fs::write(folder.join("site/NOTES.md"), "new").unwrap()),
        Vec::<String>::new()
    );
}

#[test]
fn another_base_makes_another_image() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), TEMPLATE);
    let (one, two) = (of(folder.path(), "base-1"), of(folder.path(), "base-2"));
    assert_ne!(one.sum, two.sum);
    assert_eq!(one.sum.len(), 64);
    assert_eq!(one.short(), &one.sum[..16]);
}
