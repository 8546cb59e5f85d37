//! `hornero publish` on this computer's own store. The image stands for one whose bake ended when
//! the store could not be written: it is not even recorded.

use serde_json::{Value, json};

use crate::rig::hornero::{Hornero, Ran};

const RUN: &str = "web-01jd0000000000000000000000";

fn manifest() -> Value {
    json!({
        "format": 1, "tool": "0.1.0", "image": "img-1", "name": "web", "version": "7", "description": null,
        "run": RUN, "platform": "qemu", "created": "2026-01-01T00:00:00Z",
        "base": { "id": "sha256:0", "description": "a base" }, "system": "Debian", "kernel": "6.1",
        "disks": [], "sealed": [], "inputs": [], "packages": [], "users": [], "checks": [],
        "machine": { "memory": 1 << 30, "cpus": 1, "accelerator": "auto", "firmware": "bios" },
        "cloud_init": true, "timings": { "phases": [], "steps": [] },
    })
}

/// What a bake leaves behind whose last step failed.
fn left(hornero: &Hornero, proof: Value) {
    let (data, run) =
        (hornero.folder.path().join("data"), hornero.folder.path().join("state/runs").join(RUN));
    let folder = data.join("images/img-1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&run).unwrap();
    let write = |path: std::path::PathBuf, value: Value| std::fs::write(path, value.to_string()).unwrap();
    write(folder.join("manifest.json"), manifest());
    let mut outcome = json!({ "image": "img-1", "folder": folder });
    outcome.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    write(run.join("image.json"), outcome);
    // As the first versions wrote it.
    let publish = json!({ "parameter": "/images/web/dev", "stage": "dev" });
    write(
        run.join("plan.json"),
        json!({ "platform": "qemu", "template": { "publish": publish, "ec2": {} } }),
    );
}

fn run(hornero: &Hornero, arguments: &[&str]) -> Ran {
    let mut command = hornero.command(arguments);
    Ran::from(command.env("HORNERO_DATA_DIR", hornero.folder.path().join("data")).output().unwrap())
}

#[test]
fn an_image_of_an_earlier_run_is_published_without_a_bake() {
    let hornero = Hornero::new();
    left(&hornero, json!({ "passed": true }));
    assert_ne!(run(&hornero, &["get", "web"]).code, 0);
    // The default platform is another one: the run says which it was.
    let published = run(&hornero, &["publish", RUN, "--platform", "ec2"]);
    assert_eq!(published.code, 0, "{}", published.stderr);
    assert_eq!(run(&hornero, &["get", "web"]).stdout, "img-1\n");
    assert!(run(&hornero, &["history", "web"]).stdout.contains(RUN));
    assert!(run(&hornero, &["images", "web"]).stdout.contains("img-1"));
    let again = run(&hornero, &["publish", RUN]);
    assert_eq!(again.code, 0, "{}", again.stderr);
}

#[test]
fn an_image_that_failed_its_checks_is_not_published() {
    let hornero = Hornero::new();
    left(&hornero, json!({ "proof": "failed" }));
    let refused = run(&hornero, &["publish", RUN]);
    assert_eq!(refused.code, 7, "{}", refused.stderr);
    assert!(refused.stderr.contains("it failed its checks"), "{}", refused.stderr);
    assert_ne!(run(&hornero, &["get", "web"]).code, 0);
}
