//! Where provisioners may be taken from: they are code that runs on this computer.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
};

use hornero::load::load;
use serde_json::Value;

use super::{BASE, IMAGE, inputs, told};
use crate::rig::hornero::Hornero;

/// Another user of this computer.
const STRANGER: u32 = 12_345;

const STEP: &str = "[[steps]]\nkind = \"local\"\nrun = \"true\"\n";

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn give_to_the_stranger(path: &Path) {
    for entry in walkdir::WalkDir::new(path).into_iter().map(Result::unwrap) {
        chown(entry.path(), Some(STRANGER), Some(STRANGER)).unwrap();
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// A template in a folder below `top`, which uses this provisioner.
fn template(top: &Path, provisioner: &str) -> std::path::PathBuf {
    let path = top.join("work/images/web.toml");
    write(&path, &format!("{IMAGE}{BASE}[[use]]\nprovisioner = \"{provisioner}\"\n"));
    path
}

/// Where the one provisioner was taken from, as JSON.
fn taken(template: &Path) -> Result<Value, String> {
    match load(template, &inputs()) {
        Ok(loaded) => Ok(serde_json::to_value(&loaded.provisioners).unwrap()[0].clone()),
        Err(mistakes) => Err(told(Err(mistakes)).unwrap()),
    }
}

#[test]
fn one_that_somebody_else_has_put_above_the_template_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    mode(&top, 0o1777);
    write(&top.join("provisioners/nginx/provisioner.toml"), STEP);
    write(&top.join("provisioners/own/provisioner.toml"), STEP);
    let found = |name: &str| taken(&template(&top, name));
    assert_eq!(found("nginx").unwrap()["real"], top.join("provisioners/nginx").to_str().unwrap());
    give_to_the_stranger(&top.join("provisioners"));
    assert_eq!(found("nginx").unwrap()["from"], "hornero");
    let told = found("own").unwrap_err();
    assert!(told.contains("is not used") && told.contains("12345"), "{told}");
    assert!(told.contains("--allow-path"), "{told}");
    // Only the folder in the middle, only the file, or only what can be written to.
    for part in ["provisioners", "provisioners/own", "provisioners/own/provisioner.toml"] {
        let part = top.join(part);
        for entry in walkdir::WalkDir::new(top.join("provisioners")) {
            chown(entry.unwrap().path(), Some(0), Some(0)).unwrap();
        }
        assert!(found("own").is_ok());
        chown(&part, Some(STRANGER), None).unwrap();
        assert!(found("own").is_err(), "{}", part.display());
        chown(&part, Some(0), None).unwrap();
        let before = part.metadata().unwrap().permissions().mode();
        mode(&part, before | 0o002);
        assert!(found("own").unwrap_err().contains("written to by others"), "{}", part.display());
        mode(&part, before);
    }
}

#[test]
fn the_templates_repository_ends_the_search_and_is_as_good_as_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    write(&top.join("work/provisioners/own/provisioner.toml"), STEP);
    fs::create_dir(top.join("work/.git")).unwrap();
    let path = template(&top, "own");
    // A checkout of another user, baked by root.
    give_to_the_stranger(&top.join("work"));
    assert_eq!(taken(&path).unwrap()["real"], top.join("work/provisioners/own").to_str().unwrap());
    // A repository that a stranger has made around the template is none.
    let other = tempfile::tempdir().unwrap();
    let top = other.path().canonicalize().unwrap();
    mode(&top, 0o1777);
    write(&top.join("provisioners/own/provisioner.toml"), STEP);
    fs::create_dir(top.join(".git")).unwrap();
    give_to_the_stranger(&top.join("provisioners"));
    give_to_the_stranger(&top.join(".git"));
    assert!(taken(&template(&top, "own")).unwrap_err().contains("12345"));
}

#[test]
fn one_beside_a_template_in_a_folder_for_everybody_must_be_the_users_own() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    write(&top.join("provisioners/own/provisioner.toml"), STEP);
    write(&top.join("web.toml"), &format!("{IMAGE}{BASE}[[use]]\nprovisioner = \"own\"\n"));
    give_to_the_stranger(&top.join("provisioners"));
    // Whoever may write to the template's folder may write to the template.
    assert!(taken(&top.join("web.toml")).is_ok());
    mode(&top, 0o1777);
    assert!(taken(&top.join("web.toml")).unwrap_err().contains("12345"));
}

#[test]
fn validate_and_plan_say_where_each_was_taken_from() {
    let hornero = Hornero::alone();
    let top = hornero.folder.path().canonicalize().unwrap();
    write(&top.join("provisioners/own/provisioner.toml"), "[[use]]\nprovisioner = \"hardening\"\n");
    fs::write(top.join("base.raw"), vec![1; 4096]).unwrap();
    let base = "[base]\nqemu = { image = \"base.raw\" }\n";
    fs::write(top.join("web.toml"), format!("{IMAGE}{base}[[use]]\nprovisioner = \"own\"\n")).unwrap();
    let text = hornero.run(&["validate", "web.toml"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(text.stderr.contains("`own`: from provisioners/own\n"), "{}", text.stderr);
    assert!(text.stderr.contains("`hardening`: comes with hornero\n"), "{}", text.stderr);
    let plan = hornero.run(&["plan", "web.toml"]);
    let told = |line: &str| line.contains(" own ") && line.ends_with(" from provisioners/own");
    assert!(plan.stdout.lines().any(told), "{}{}", plan.stdout, plan.stderr);
    for command in ["validate", "plan"] {
        let ran = hornero.run(&[command, "web.toml", "--output", "json"]);
        let shown: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
        let own = serde_json::json!({
            "name": "own", "from": "folder", "folder": "provisioners/own",
            "real": top.join("provisioners/own").to_str().unwrap(),
        });
        assert_eq!(shown["provisioners"][0], own, "{command}");
        assert_eq!(shown["provisioners"][1], serde_json::json!({"name": "hardening", "from": "hornero"}));
        assert_eq!(shown["file"], "web.toml");
    }
}
