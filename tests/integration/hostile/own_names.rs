//! What hornero's own scripts use on a builder is what a template cannot have.

use std::{fs, path::Path};

use hornero::{
    load::load,
    template::{model::BUILDER_ACCOUNT, reserved},
};
use regex::Regex;
use walkdir::WalkDir;

use super::inputs;

const GOOD: &str = "[image]\nname = 'x'\n[base]\nos = 'debian-12'\n";

/// Of a base that is built from packages: they are in every image that is made from it.
const OF_BASES: [&str; 2] = ["/etc/default/grub.d/hornero.cfg", "/etc/cloud/cloud.cfg.d/90_hornero.cfg"];

/// Paths with hornero's name in the scripts that run on a builder.
fn paths_in_scripts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path =
        Regex::new(r#"(^|[\s"'=:({>])(/(etc|run|var|usr|opt|srv|tmp)/[\w./-]*hornero[\w.-]*)"#).unwrap();
    let folders = ["cloud-init", "src/provision", "src/remote", "src/engine", "src/platform"];
    let files = folders.iter().flat_map(|folder| WalkDir::new(root.join(folder))).map(Result::unwrap);
    let scripts = files.filter(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        [".sh", ".j2", ".py", ".rs"].iter().any(|end| name.ends_with(end)) && name != "tests.rs"
    });
    let texts = scripts.map(|file| fs::read_to_string(file.path()).unwrap());
    let found = |text: String| -> Vec<String> {
        path.captures_iter(&text).map(|found| found[2].to_owned()).collect()
    };
    texts.flat_map(found).collect()
}

#[test]
fn every_path_of_our_scripts_is_reserved() {
    let paths = paths_in_scripts();
    assert!(paths.len() > 20, "{paths:?}");
    let free: Vec<_> =
        paths.iter().filter(|path| !reserved::is_path(path) && !OF_BASES.contains(&path.as_str())).collect();
    assert!(free.is_empty(), "not in template/reserved.rs: {free:?}");
}

/// Each is refused where it is written, and the same with another name is not.
#[test]
fn a_template_cannot_have_what_is_horneros() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    let told = |text: &str| {
        fs::write(&path, format!("{GOOD}{text}\n")).unwrap();
        match load(&path, &inputs()) {
            Ok(_) => Vec::new(),
            Err(mistakes) => mistakes.iter().map(|one| one.message.clone()).collect(),
        }
    };
    let disk =
        |name: &str, mount: &str| format!("[[disks]]\nname = '{name}'\nsize = '1GiB'\nmount = '{mount}'");
    for place in [
        "[[users]]\nname = '@'",
        "[[groups]]\nname = '@'\ngid = 2000",
        "[[users]]\nname = 'u'\ngroups = ['@']",
        "[[files]]\ncontent = 'x'\ndestination = '/srv/x'\nowner = '@'",
        "[[files]]\ncontent = 'x'\ndestination = '/srv/x'\ngroup = '@'",
        "[[steps]]\nrun = 'true'\nuser = '@'",
        "[ssh]\nuser = '@'",
    ] {
        let messages = told(&place.replace('@', BUILDER_ACCOUNT));
        assert!(messages.iter().any(|one| one.contains("`hornero` is the name")), "{place}: {messages:?}");
        let messages = told(&place.replace('@', "adm"));
        assert!(messages.is_empty(), "{place}: {messages:?}");
    }
    for ours in [reserved::BUILDER_HOME, "/run/hornero/x", "/etc/apt/apt.conf.d/zz-hornero-bake"] {
        for place in ["[[files]]\ncontent = 'x'\ndestination = '@'", "[[users]]\nname = 'u'\nhome = '@'"] {
            let messages = told(&place.replace('@', ours));
            assert!(messages.iter().any(|one| one.contains("that hornero uses")), "{place}: {messages:?}");
        }
    }
    for (name, mount) in [
        ("cidata", "/srv"),
        ("config-2", "/srv"),
        ("seed", "/srv"),
        ("root", "/srv"),
        ("d", "/etc"),
        ("d", "/run/x"),
        ("d", "//usr/"),
    ] {
        assert_eq!(told(&disk(name, mount)).len(), 1, "{name} {mount}");
    }
    assert_eq!(told(&disk("data", "/etc/app")), Vec::<String>::new());
}
