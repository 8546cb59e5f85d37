//! What changes a fingerprint and what does not, on templates as they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use hornero::{
    load::{Inputs, load},
    plan::{Content, Fingerprint, Given, MadeOf, compile, differences, fingerprint},
    template::model::{PlatformKind, Variable},
};
use proptest::prelude::*;

const PROVISIONER: &str = r#"
[variables]
level = "0"
[[steps]]
name = "configure"
run = "echo {{ level }}"
[[steps]]
name = "again"
script = "again.sh"
"#;

const TEMPLATE: &str = r#"
[image]
name = "web"
version = "{{ release }}"
description = "a web server"
tags = { team = "ops" }
timeout = "1h"
builder_ttl = "2h"
[variables]
release = "1"
spare = "x"
[base]
os = "debian-12"
[qemu]
memory = "1GiB"
firmware = "bios"
[ec2]
region = "eu-west-1"
instance_types = ["t3.large"]
kms_key = "alias/campus"
[root_disk]
size = "16GiB"
[[disks]]
name = "data"
size = "20GiB"
mount = "/var/data"
ec2 = { type = "gp3", iops = 3000 }
[ssh]
timeout = "5m"
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
user = "root"
[[use]]
provisioner = "own"
with = { level = "1" }
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
    fs::create_dir_all(folder.join("provisioners/own")).unwrap();
    for (name, text) in [
        ("site/index.html", "<h1>"),
        ("site/sub/page", "page"),
        ("site/NOTES.md", "no"),
        ("own.yaml", "#cloud-config\n{}\n"),
        ("install.sh", "true"),
        ("provisioners/own/provisioner.toml", PROVISIONER),
        ("provisioners/own/again.sh", "echo again"),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("web.toml"), template).unwrap();
}

/// What a template would make.
struct Made {
    fingerprint: Fingerprint,
    variables: BTreeMap<String, String>,
}

impl Made {
    fn made_of(&self) -> MadeOf<'_> {
        MadeOf { parts: &self.fingerprint.parts, base: "base-1", variables: &self.variables }
    }
}

fn of(folder: &Path, base: &str, platform: PlatformKind) -> Made {
    let loaded = load(&folder.join("web.toml"), &Inputs::for_platform(platform))
        .unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let content = |file: &hornero::load::InputFile| Content {
        path: file.path.clone(),
        mode: file.mode,
        sum: file.sum().unwrap(),
    };
    let contents: Vec<Content> = loaded.inputs.iter().map(content).collect();
    let given = Given { base, files: &contents, secrets: &Default::default() };
    let variables = Variable::used(&loaded.template.variables);
    Made { fingerprint: fingerprint(&compile(loaded.template, platform).unwrap(), given), variables }
}

/// One change to a template or to what it names, and the parts of the fingerprint that it changes: none
/// for what does not decide the image.
struct Change {
    what: What,
    parts: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum What {
    /// Of the template's text.
    Text(&'static str, &'static str),
    File(&'static str, &'static str),
    Mode(&'static str, u32),
    /// Its first table goes to the end.
    Order,
}

const fn text(from: &'static str, to: &'static str, parts: &'static [&'static str]) -> Change {
    Change { what: What::Text(from, to), parts }
}

const fn file(name: &'static str, content: &'static str, parts: &'static [&'static str]) -> Change {
    Change { what: What::File(name, content), parts }
}

/// `docs/fingerprint.md` has the same two lists. No two of them touch the same place.
const CHANGES: &[Change] = &[
    text("name = \"web\"", "name = \"wob\"", &["name"]),
    text("release = \"1\"", "release = \"2\"", &["step 3: greet", "variable release", "version"]),
    text("gid = 2000", "gid = 2001", &["group campus"]),
    text("name = \"deploy\"", "name = \"deploy\"\nuid = 7", &["user deploy"]),
    text("\"jq\"", "\"jq=1.6\"", &["package jq"]),
    text("install = [\"nginx\", ", "upgrade = true\ninstall = [", &["package nginx", "upgrade"]),
    text(
        "destination = \"/srv/www\"\n",
        "destination = \"/srv/www\"\nowner = \"root\"\n",
        &["file 1: /srv/www"],
    ),
    text("running = true", "enabled = true", &["check service nginx"]),
    text("firmware = \"bios\"", "firmware = \"uefi\"", &["qemu: firmware"]),
    text("alias/campus", "alias/other", &["ec2: encryption key"]),
    text("iops = 3000", "iops = 4000", &["ec2: volume data"]),
    text("\"16GiB\"", "\"17GiB\"", &["root disk"]),
    text("\"20GiB\"", "\"21GiB\"", &["disk data"]),
    text("[seal]", "[cloud_init]\nuser_data = [\"own.yaml\"]\n[seal]", &["user-data own.yaml"]),
    text("\"logs\", ", "", &["seal"]),
    text("user = \"root\"", "user = \"daemon\"", &["step 4: script"]),
    text("level = \"1\"", "level = \"2\"", &["step 1: own: configure"]),
    file("site/index.html", "<h2>", &["content of file 1: /srv/www: index.html"]),
    file("site/new", "", &["content of file 1: /srv/www: new"]),
    Change { what: What::Mode("site/sub/page", 0o755), parts: &["content of file 1: /srv/www: sub/page"] },
    file("provisioners/own/again.sh", "echo other", &["step 2: own: again"]),
    text("[packages]\n", "[packages]\nsnapshot = \"2026-11-01\"\n", &["package snapshot"]),
    text("[image]", "# a comment\n[image]", &[]),
    text("team = \"ops\"", "team = \"dev\"", &[]),
    text("a web server", "the web server", &[]),
    text("spare = \"x\"", "spare = \"y\"", &[]),
    text("timeout = \"5m\"\nretries", "timeout = \"9m\"\nretries", &[]),
    text("retries = 1", "retries = 2", &[]),
    text("memory = \"1GiB\"", "memory = \"3GiB\"", &[]),
    text("/web/dev", "/web/other", &[]),
    text("region = \"eu-west-1\"", "region = \"eu-south-2\"\nsubnets = [\"subnet-0123456789abcdef0\"]", &[]),
    text("[\"t3.large\"]", "[\"m6i.large\"]\ncopy_to = [\"eu-north-1\"]\ndeprecate_after = \"30d\"", &[]),
    text("timeout = \"1h\"", "timeout = \"2h\"", &[]),
    text("builder_ttl = \"2h\"", "builder_ttl = \"3h\"", &[]),
    text("[ssh]\ntimeout = \"5m\"", "[ssh]\ntimeout = \"6m\"", &[]),
    text("[publish]", "[notify]\nslack = { webhook_env = \"HOOK\" }\n[publish]", &[]),
    file("site/NOTES.md", "new", &[]),
    Change { what: What::Order, parts: &[] },
];

impl Change {
    fn apply(&self, folder: &Path) {
        let template = folder.join("web.toml");
        let now = fs::read_to_string(&template).unwrap();
        match self.what {
            What::Text(from, to) => {
                assert!(now.contains(from), "{from}");
                fs::write(template, now.replacen(from, to, 1)).unwrap();
            }
            What::File(name, content) => fs::write(folder.join(name), content).unwrap(),
            What::Mode(name, mode) => {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
                fs::set_permissions(folder.join(name), mode).unwrap();
            }
            What::Order => {
                let (first, rest) = now.split_once("[variables]").unwrap();
                fs::write(template, format!("[variables]{rest}{first}")).unwrap();
            }
        }
    }
}

/// What is told of the differences when these changes are made to a fresh copy of everything.
fn told(changes: &[&Change], platform: PlatformKind) -> BTreeSet<String> {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    written(one.path(), TEMPLATE);
    written(two.path(), TEMPLATE);
    changes.iter().for_each(|change| change.apply(two.path()));
    let (before, after) = (of(one.path(), "base-1", platform), of(two.path(), "base-1", platform));
    let found = differences(&before.made_of(), &after.made_of());
    let found: BTreeSet<String> = found.into_iter().map(|difference| difference.what).collect();
    assert_eq!(before.fingerprint.sum == after.fingerprint.sum, found.is_empty(), "{found:?}");
    found
}

/// Those of this platform.
fn parts(changes: &[&Change], platform: PlatformKind) -> BTreeSet<String> {
    let own = |part: &&str| match part.split_once(": ") {
        Some((name @ ("ec2" | "qemu"), part)) => (name == platform.name()).then(|| part.to_owned()),
        Some(_) | None => Some((*part).to_owned()),
    };
    changes.iter().flat_map(|change| change.parts).filter_map(own).collect()
}

const PLATFORMS: [PlatformKind; 2] = [PlatformKind::Ec2, PlatformKind::Qemu];

#[test]
fn each_change_alone_is_named_as_what_it_is_or_is_none() {
    for (change, platform) in CHANGES.iter().flat_map(|change| PLATFORMS.map(|platform| (change, platform))) {
        assert_eq!(told(&[change], platform), parts(&[change], platform));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is changed at once, in whatever order: exactly that is named.
    #[test]
    fn any_changes_together_are_named_and_nothing_else_is(
        changes in proptest::sample::subsequence((0..CHANGES.len()).collect::<Vec<_>>(), 0..CHANGES.len())
            .prop_shuffle()
    ) {
        let changes: Vec<&Change> = changes.into_iter().map(|number| &CHANGES[number]).collect();
        for platform in PLATFORMS {
            prop_assert_eq!(told(&changes, platform), parts(&changes, platform));
        }
    }
}

#[test]
fn another_base_makes_another_image() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), TEMPLATE);
    let made = |base| of(folder.path(), base, PlatformKind::Qemu).fingerprint;
    let (one, two) = (made("base-1"), made("base-2"));
    assert_ne!(one.sum, two.sum);
    assert_eq!(one.sum.len(), 64);
    assert_eq!(one.short(), &one.sum[..16]);
}
