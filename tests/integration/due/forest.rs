//! A plan of many templates that are made from each other, against the local store. How long it takes is
//! printed, and judged by nobody here.

use std::{path::Path, time::Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::rig::{hornero::Hornero, image};

const LEVELS: usize = 5;
const WIDTH: usize = 40;

fn name(level: usize, number: usize) -> String {
    format!("t-{level}-{number}")
}

/// Two of each level are made from one of the level before.
fn write(folder: &Path) {
    image::output(
        std::process::Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2"])
            .arg(folder.join("disk.qcow2"))
            .arg("64M"),
    );
    for level in 0..LEVELS {
        for number in 0..WIDTH {
            let base = match level {
                0 => "qemu = { image = \"disk.qcow2\" }".to_owned(),
                _ => format!("template = \"{}.toml\"", name(level - 1, number / 2)),
            };
            let name = name(level, number);
            let text = format!(
                "[image]\nname = \"{name}\"\nversion = \"1\"\n[variables]\nport = \"80\"\n[base]\n{base}\n\
                 [packages]\ninstall = [\"nginx\", \"jq\"]\n[[files]]\ncontent = \"{name}\"\ndestination = \"/etc/motd\"\n\
                 [[steps]]\nname = \"listen\"\nrun = \"echo {{{{ port }}}}\"\n[[checks]]\nservice = \"nginx\"\nrunning = true\n"
            );
            std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        }
    }
}

fn plan(hornero: &Hornero) -> Vec<Value> {
    let ran = hornero.run(&["plan", "images", "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// As a bake would have done it.
fn record(hornero: &Hornero, planned: &Value) {
    let (name, fingerprint) =
        (planned["template"]["image"]["name"].as_str().unwrap(), planned["fingerprint"].as_str().unwrap());
    let id = format!("img-{name}");
    let folder = hornero.data().join("images").join(&id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("root.qcow2"), name).unwrap();
    let disk = json!({
        "name": "root", "file": "root.qcow2", "file_bytes": name.len(), "virtual_bytes": 1 << 30,
        "sha256": hornero::sum::of_text(name),
    });
    let manifest = json!({
        "format": 1, "tool": "0.1.0", "image": id, "name": name, "version": "1", "description": null,
        "run": "r", "platform": "qemu", "created": "2026-01-01T00:00:00Z",
        "base": { "id": "sha256:0", "description": "a base" }, "system": "Debian", "kernel": "6.1",
        "disks": [disk], "sealed": [], "inputs": [], "packages": [], "users": [], "checks": [],
        "machine": { "memory": 1 << 30, "cpus": 1, "accelerator": "auto", "firmware": "bios" },
        "cloud_init": true, "timings": { "phases": [], "steps": [] },
    });
    std::fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    let store = Connection::open(hornero.data().join("store.sqlite3")).unwrap();
    let insert = "INSERT INTO images (id, name, version, platform, run, location, fingerprint, bytes, created, manifest, proved) \
                  VALUES (?1, ?2, '1', 'qemu', 'r', ?3, ?4, 1, '2026-01-01T00:00:00Z', ?5, 1)";
    let (location, manifest) =
        (folder.display().to_string(), folder.join("manifest.json").display().to_string());
    store.execute(insert, (&id, name, location, fingerprint, manifest)).unwrap();
    let point = "INSERT INTO parameters VALUES (?1, 1, ?2, 'image', '', '2026-01-01T00:00:00Z')";
    store.execute(point, (format!("/images/{name}/dev"), &id)).unwrap();
}

fn due(plans: &[Value]) -> Vec<&Value> {
    plans.iter().filter(|one| one["verdict"] == "due").collect()
}

#[test]
fn a_plan_of_200_templates_knows_what_hangs_on_what() {
    let hornero = Hornero::alone();
    let folder = hornero.folder.path().join("images");
    std::fs::create_dir(&folder).unwrap();
    write(&folder);
    for level in 0..LEVELS {
        let plans = plan(&hornero);
        assert_eq!((plans.len(), due(&plans).len()), (LEVELS * WIDTH, (LEVELS - level) * WIDTH));
        let next = due(&plans).into_iter().filter(|one| one["fingerprint"].is_string());
        next.for_each(|one| record(&hornero, one));
    }
    let start = Instant::now();
    let text = hornero.run(&["plan", "images"]);
    println!("a plan of {} templates that are up to date: {:?}", LEVELS * WIDTH, start.elapsed());
    assert!(text.stdout.ends_with("0 to be baked, 200 up to date\n"), "{}", text.stdout);
    let bake = hornero.run(&["bake", "images"]);
    assert_eq!((bake.code, bake.stdout.lines().count()), (0, LEVELS * WIDTH), "{}", bake.stderr);

    // t-1-3, the two that are made from it, the four made from those, and eight.
    let changed = folder.join("t-1-3.toml");
    let text = std::fs::read_to_string(&changed).unwrap();
    std::fs::write(changed, text.replace("jq", "curl")).unwrap();
    let plans = plan(&hornero);
    let due = due(&plans);
    let by_base = due.iter().filter(|one| one["why"]["because"] == "base").count();
    assert_eq!((due.len(), by_base), (15, 14));
    let start = Instant::now();
    assert!(hornero.run(&["plan", "images"]).stdout.ends_with("15 to be baked, 185 up to date\n"));
    println!("a plan of {} templates of which 15 are due: {:?}", LEVELS * WIDTH, start.elapsed());
}
