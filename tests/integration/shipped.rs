//! Provisioners that hornero brings along: in the program itself, wherever it lies.

use std::{fs, path::Path, process::Command};

use hornero::{
    load::{Inputs, load},
    plan::{Content, Given, compile, fingerprint},
    template::model::PlatformKind,
};
use serde_json::Value;

use crate::rig::hornero::Ran;

const TEMPLATE: &str =
    "[image]\nname = \"web\"\n[base]\nos = \"debian-12\"\n[[use]]\nprovisioner = \"nginx\"\n";

/// What the program says when it is copied to a folder in which there is nothing else.
fn alone(folder: &Path, template: &str, arguments: &[&str]) -> Ran {
    let program = folder.join("hornero");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_hornero"), &program).unwrap();
    }
    fs::write(folder.join("web.toml"), template).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).arg("web.toml").args(["--platform", "qemu"]).current_dir(folder);
    command.env_clear().env("HOME", folder).env("PATH", "/usr/bin:/bin");
    Ran::from(command.output().unwrap())
}

#[test]
fn they_are_there_without_any_file_and_a_folder_of_the_users_own_wins() {
    let folder = tempfile::tempdir().unwrap();
    let packages = || {
        let ran = alone(folder.path(), TEMPLATE, &["plan", "--output", "json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        let files = plan["template"]["files"].as_array().unwrap().len();
        (plan["template"]["packages"]["install"][0]["name"].as_str().unwrap().to_owned(), files)
    };
    assert_eq!(packages(), ("nginx-light".into(), 1));
    let own = folder.path().join("provisioners/nginx");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("provisioner.toml"), "[packages]\ninstall = [\"own\"]\n").unwrap();
    assert_eq!(packages(), ("own".into(), 0));
}

#[test]
fn a_name_that_is_misspelt_is_told_with_those_that_there_are_and_a_mistake_points_into_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let ran = alone(folder.path(), &TEMPLATE.replace("nginx", "ngnix"), &["validate"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `nginx`? there is `hardening` and `nginx`"), "{}", ran.stderr);
    let wrong = format!("{TEMPLATE}with = {{ package = \"apache\" }}\n");
    let ran = alone(folder.path(), &wrong, &["validate"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("<hornero>/provisioners/nginx/provisioner.toml:"), "{}", ran.stderr);
    for name in ["hardening", "nginx"] {
        let ran = alone(folder.path(), &TEMPLATE.replace("nginx", name), &["validate"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    }
}

#[test]
fn the_fingerprint_is_the_one_of_the_same_files_on_a_disk() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("provisioners/nginx");
    let (bare, copied) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = copied.path().join("provisioners/nginx");
    fs::create_dir_all(&own).unwrap();
    for file in fs::read_dir(shipped).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), own.join(file.file_name())).unwrap();
    }
    let sums = [bare, copied].map(|folder| {
        let template = folder.path().join("web.toml");
        fs::write(&template, TEMPLATE).unwrap();
        let loaded = load(&template, &Inputs::for_platform(PlatformKind::Qemu)).unwrap();
        let content = |file: &hornero::load::InputFile| Content {
            path: file.path.clone(),
            mode: file.mode,
            sum: file.sum().unwrap(),
        };
        let files: Vec<Content> = loaded.inputs.iter().map(content).collect();
        assert_eq!(files.len(), 3, "the template, the provisioner and what it renders");
        let plan = compile(loaded.template, PlatformKind::Qemu).unwrap();
        let given = Given { base: "base", files: &files, secrets: &Default::default() };
        fingerprint(&plan, given).sum
    });
    assert_eq!(sums[0], sums[1]);
}
