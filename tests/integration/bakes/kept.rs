//! A virtual machine that outlives the bake that failed in it.

use crate::rig::{guests, hornero::Hornero, image::Filesystem};

const STEPS: &str = r#"
[[steps]]
name = "first"
run = "echo once >>/etc/first"
[[steps]]
name = "second"
run = "SECOND"
"#;

#[test]
fn a_kept_machine_outlives_the_bake_and_becomes_an_image_when_its_step_is_corrected() {
    let _turn = guests::turn();
    // One that was resumed is like one that has booted.
    let hornero = Hornero::new().warm();
    let head = super::head("kept");
    let failing = STEPS.replace("SECOND", "exit 3");
    let template = hornero.template("kept.toml", &(head.clone() + &failing));
    let ran = hornero.run(&["bake", &template, "--on-error", "keep"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
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
    hornero.template("kept.toml", &(head + &corrected));
    let ran = hornero.run(&["resume", &run]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let image = hornero.data().join("images").join(ran.stdout.trim());
    let root = Filesystem::open(&image.join("root.qcow2"));
    assert_eq!(root.read("/etc/first"), "once\nsecond\n");
    super::sealed(&root);
    assert_eq!(hornero.run(&["get", "kept"]).stdout, ran.stdout);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}
