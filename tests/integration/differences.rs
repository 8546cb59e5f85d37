//! `hornero diff`, on manifests that are written down here.

use std::{fs, path::Path};

use hornero::store::{Images, local::LocalStore};
use serde_json::{Value, json};

use crate::rig::hornero::{Hornero, Ran};

/// Images of one name, as a bake leaves them.
fn image(hornero: &Hornero, id: &str, change: impl Fn(&mut Value)) -> String {
    let mut manifest = json!({
        "format": 1, "tool": "0.1.0", "image": id, "name": "web", "version": "1.0", "description": null,
        "run": "web-01", "platform": "qemu", "created": "2026-07-01T06:31:00Z",
        "base": {"id": format!("sha256:{}", "a".repeat(64)), "description": "debian bookworm"},
        "system": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.1.0-1-cloud-amd64", "disks": [],
        "sealed": ["logs"], "fingerprint": "f".repeat(64), "decided_by": {"step 1: greet": "1".repeat(64)},
        "inputs": [{"path": "/srv/web.toml", "sha256": "2".repeat(64), "mode": "0644"}],
        "packages": [
            {"name": "jq", "version": "1.6", "arch": "amd64"},
            {"name": "telnet", "version": "0.17", "arch": "amd64"},
        ],
        "users": [], "checks": [], "cloud_init": true, "timings": {"phases": [], "steps": []},
        "machine": {"memory": 1, "cpus": 1, "accelerator": "auto", "firmware": "bios"},
    });
    change(&mut manifest);
    let folder = hornero.data().join("images").join(id);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    folder.display().to_string()
}

fn two_images(hornero: &Hornero) -> [String; 2] {
    let newer = |manifest: &mut Value| {
        manifest["fingerprint"] = json!("e".repeat(64));
        manifest["decided_by"] = json!({"step 1: greet": "3".repeat(64)});
        manifest["inputs"][0] = json!({"path": "/opt/web.toml", "sha256": "4".repeat(64), "mode": "0644"});
        manifest["packages"] = json!([
            {"name": "jq", "version": "1.7", "arch": "amd64"},
            {"name": "nginx", "version": "1.22.1-9", "arch": "amd64"},
        ]);
    };
    [image(hornero, "img-old", |_| ()), image(hornero, "img-new", newer)]
}

#[test]
fn what_differs_is_told_under_headings_with_signs() {
    let hornero = Hornero::alone();
    let [_, newer] = two_images(&hornero);
    let ran = hornero.run(&["diff", "img-old", &newer]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let expected = "\
fingerprints ffffffffffff… and eeeeeeeeeeee…: other inputs
- img-old: web 1.0, 2026-07-01 06:31Z
+ img-new: web 1.0, 2026-07-01 06:31Z

packages
  ~ jq      1.6 -> 1.7
  + nginx   1.22.1-9
  - telnet  0.17

files of the template
  ~ web.toml  0644 222222222222… -> 0644 444444444444…

parts of the fingerprint
  ~ step 1: greet
";
    assert_eq!(ran.stdout, expected);
}

#[test]
fn a_script_learns_from_the_exit_code_whether_anything_differs() {
    let hornero = Hornero::alone();
    let [older, newer] = two_images(&hornero);
    let manifest = Path::new(&older).join("manifest.json").display().to_string();
    let code = |arguments: &[&str]| hornero.run(&[&["diff"], arguments].concat()).code;
    assert_eq!(code(&[&older, &newer, "--detailed-exitcode"]), 2);
    assert_eq!(code(&["img-old", "img-nothing", "--detailed-exitcode"]), 1);
    assert_eq!(code(&["img-old", "img-nothing"]), 2);
    let ran = hornero.run(&["diff", "img-old", &manifest, "--detailed-exitcode"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("both have fingerprint ffffffffffff…: the same inputs\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\nno difference"), "{}", ran.stdout);
}

#[test]
fn programs_get_one_object() {
    let hornero = Hornero::alone();
    two_images(&hornero);
    let ran = hornero.run(&["diff", "img-old", "img-new", "--output", "json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["a"]["image"], "img-old");
    assert_eq!(told["same_fingerprint"], false);
    assert_eq!(told["changes"]["packages"]["jq"], json!({"change": "changed", "from": "1.6", "to": "1.7"}));
    assert_eq!(told["changes"]["packages"]["telnet"], json!({"change": "removed", "value": "0.17"}));
    assert_eq!(told["changes"]["decided_by"]["step 1: greet"]["to"], "3".repeat(64));
    assert!(told["changes"].get("users").is_none(), "{told}");
}

#[test]
fn an_image_without_a_manifest_here_and_a_file_that_is_none_say_what_to_do() {
    let hornero = Hornero::alone();
    let [older, newer] = two_images(&hornero);
    let failed = |ran: Ran, code: i32, hint: &str| {
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stdout.is_empty() && ran.stderr.contains(hint), "{}{}", ran.stdout, ran.stderr);
    };
    failed(hornero.run(&["diff", "img-old", "img-x"]), 2, "hornero images --platform qemu");
    fs::write(Path::new(&newer).join("manifest.json"), "{}").unwrap();
    failed(hornero.run(&["diff", &older, &newer]), 1, "name the `manifest.json` of an image");
    failed(hornero.run(&["diff", &older, "./nothing"]), 1, "name the `manifest.json` of an image");
    // The store knows the image, and another computer has baked it.
    record(&hornero, "img-far");
    failed(hornero.run(&["diff", "img-far", &older]), 1, "stays on the computer that baked");
}

/// Makes an image known to the store that has no manifest here.
#[tokio::main(flavor = "current_thread")]
async fn record(hornero: &Hornero, id: &str) {
    let store = LocalStore::open(hornero.data()).await.unwrap();
    let record = json!({
        "id": id, "name": "web", "version": null, "platform": "qemu", "run": "web-02", "location": "/far",
        "fingerprint": null, "bytes": 0, "created": "2026-07-01T06:31:00Z", "manifest": "/far/manifest.json",
    });
    store.record(&serde_json::from_value(record).unwrap()).await.unwrap();
}
