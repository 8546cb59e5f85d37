//! A virtual machine that outlives the bake that failed in it.

use std::path::Path;

use hornero::sum::of_file;

use crate::rig::{guests, hornero::Hornero, image::Filesystem};

const STEPS: &str = r#"
[[steps]]
name = "first"
run = "echo once >>/etc/first"
[[steps]]
name = "second"
run = "SECOND"
"#;

/// Two of them fail. `/etc/greeting` is in the image of another bake from the same base.
const CHECKS: &str = r#"
[[checks]]
file = "/etc/greeting"
exists = false
[[checks]]
file = "/etc/passwd"
mode = "0600"
[[checks]]
service = "no-such"
running = true
timeout = "1s"
[[checks]]
package = "coreutils"
"#;

/// The bases that are in the cache, with their sums.
fn base_sums(data: &Path) -> Vec<(String, String)> {
    let files = walkdir::WalkDir::new(data.join("bases")).sort_by_file_name().into_iter();
    let disks = files.filter_map(Result::ok).filter(|entry| entry.file_name() == "disk");
    disks.map(|entry| (entry.path().display().to_string(), of_file(entry.path()).unwrap())).collect()
}

#[test]
fn a_kept_machine_outlives_the_bake_and_becomes_an_image_when_its_step_and_its_checks_are_corrected() {
    let _turn = guests::turn();
    // One that was resumed is like one that has booted.
    let hornero = Hornero::new().warm();
    let head = super::head("kept");
    let failing = STEPS.replace("SECOND", "exit 3");
    let template = hornero.template("kept.toml", &(head.clone() + &failing));
    let ran = hornero.run(&["bake", &template, "--on-error", "keep"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let bases = base_sums(hornero.data());
    assert!(!bases.is_empty(), "the base is in the cache");
    let run = std::fs::read_dir(hornero.folder.path().join("state/runs")).unwrap();
    let run = run.map(|run| run.unwrap().file_name().into_string().unwrap()).next().unwrap();
    assert!(ran.stderr.contains("the builder is kept until "), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("`hornero resume {run}`")), "{}", ran.stderr);

    // One visit after another: neither takes the control line, which the next one may need.
    for _ in 0..2 {
        let shell = hornero.run(&["ssh", &run, "--", "sudo cat /etc/first; exit 5"]);
        assert_eq!((shell.code, shell.stdout.as_str()), (5, "once\n"), "{}", shell.stderr);
    }
    // Its own state directory is enough; runs of other tests are no business of this one.
    let mut clean = hornero.command(&["clean"]);
    let ran = hornero.finish(clean.env("HORNERO_DATA_DIR", hornero.folder.path().join("data")));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!hornero.leftovers().is_empty(), "a kept machine was removed");

    let corrected = STEPS.replace("SECOND", "echo second >>/etc/first");
    hornero.template("kept.toml", &(head.clone() + &corrected + CHECKS));
    let ran = hornero.run(&["resume", &run, "--on-error", "keep"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (7, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 of 4 checks failed on the builder"), "{}", ran.stderr);
    assert!(ran.stderr.contains("expected there, mode 0600; found mode 0644"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no-such"), "{}", ran.stderr);

    // Without checks, so that one machine is enough.
    hornero.template("kept.toml", &(head + &corrected));
    let ran = hornero.run(&["resume", &run]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let image = hornero.data().join("images").join(ran.stdout.trim());
    let root = Filesystem::open(&image.join("root.qcow2"));
    assert_eq!(root.read("/etc/first"), "once\nsecond\n");
    super::sealed(&root);
    assert_eq!(hornero.run(&["get", "kept"]).stdout, ran.stdout);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
    let after = base_sums(hornero.data());
    assert!(bases.iter().all(|base| after.contains(base)), "a base was written to: {bases:?}, {after:?}");
}
