//! `hornero publish` on this computer's own store. The image stands for one whose bake ended when
//! the store could not be written.

use hornero::store::{ImageRecord, Images, local::LocalStore};
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
async fn left(hornero: &Hornero, passed: bool) {
    let (data, run) =
        (hornero.folder.path().join("data"), hornero.folder.path().join("state/runs").join(RUN));
    let folder = data.join("images/img-1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&run).unwrap();
    let write = |path: std::path::PathBuf, value: Value| std::fs::write(path, value.to_string()).unwrap();
    write(folder.join("manifest.json"), manifest());
    write(run.join("image.json"), json!({ "image": "img-1", "folder": folder, "passed": passed }));
    let publish = json!({ "parameter": "/images/web/dev", "stage": "dev", "data_type": "image" });
    write(
        run.join("plan.json"),
        json!({ "platform": "qemu", "template": { "publish": publish, "ec2": {} } }),
    );
    let record = ImageRecord {
        id: "img-1".into(),
        name: "web".into(),
        version: Some("7".into()),
        platform: "qemu".into(),
        run: RUN.into(),
        location: folder.display().to_string(),
        fingerprint: None,
        bytes: 1,
        created: "2026-01-01T00:00:00Z".parse().unwrap(),
        manifest: folder.join("manifest.json"),
    };
    LocalStore::open(&data).await.unwrap().record(&record).await.unwrap();
}

fn run(hornero: &Hornero, arguments: &[&str]) -> Ran {
    let mut command = hornero.command(arguments);
    Ran::from(command.env("HORNERO_DATA_DIR", hornero.folder.path().join("data")).output().unwrap())
}

#[tokio::test]
async fn an_image_of_an_earlier_run_is_published_without_a_bake() {
    let hornero = Hornero::new();
    left(&hornero, true).await;
    assert_ne!(run(&hornero, &["get", "web"]).code, 0);
    // The default platform is another one: the run says which it was.
    let published = run(&hornero, &["publish", RUN, "--platform", "ec2"]);
    assert_eq!(published.code, 0, "{}", published.stderr);
    assert_eq!(run(&hornero, &["get", "web"]).stdout, "img-1\n");
    assert!(run(&hornero, &["history", "web"]).stdout.contains(RUN));
}

#[tokio::test]
async fn an_image_that_did_not_pass_its_checks_is_not_published() {
    let hornero = Hornero::new();
    left(&hornero, false).await;
    let refused = run(&hornero, &["publish", RUN]);
    assert_eq!(refused.code, 7, "{}", refused.stderr);
    assert!(refused.stderr.contains("has not passed its checks"), "{}", refused.stderr);
    assert_ne!(run(&hornero, &["get", "web"]).code, 0);
}
