//! Disks that are full, and state that cannot be written.

use std::{path::Path, process::Command};

use super::Inventory;
use crate::{
    ec2::Cloud,
    rig::{
        guests,
        hornero::{Hornero, Ran},
        quick,
    },
};

/// The same command with a disk of so many kibibytes at `folder`, which nobody else sees; `script` runs
/// it.
fn on_a_small_disk(command: &Command, (folder, kib): (&Path, u32), script: &str) -> Command {
    let mount = "mkdir -p \"$1\"; mount -t tmpfs -o size=\"$2\"k,mode=700 tmpfs \"$1\"; shift 2; ";
    let mut small = Command::new("unshare");
    small.args(["--map-root-user", "--mount", "sh", "-ec", &(mount.to_owned() + script), "sh"]);
    small.arg(folder).arg(kib.to_string());
    small.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => small.env(name, value),
            None => small.env_remove(name),
        };
    }
    small.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    small
}

#[test]
fn a_state_directory_that_cannot_be_made_is_named_before_anything_is_done() {
    let mut cloud = Cloud::start();
    let mut command = cloud.command(&["bake", &cloud.template("", "")]);
    let ran = Ran::from(command.env("HORNERO_STATE_DIR", "/proc/hornero").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("/proc/hornero") && ran.stderr.contains("--state-dir"), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0);
}

#[test]
fn a_journal_that_can_no_longer_be_written_ends_the_bake_and_leaves_nothing() {
    let cloud = Cloud::start();
    let step = "[[steps]]\nname = \"talk\"\nrun = \"seq 100000\"\n";
    let command = cloud.command(&["bake", "--output", "lines", &cloud.template("", step)]);
    let state = cloud.hornero.folder.path().join("state");
    let ran = Ran::from(on_a_small_disk(&command, (&state, 256), "exec \"$@\"").output().unwrap());
    // Of the platform, or of hornero's own files: whichever entry is the first that does not fit.
    assert!([1, 4].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
    assert!(
        ran.stderr.contains("writing the journal") && ran.stderr.contains("No space left"),
        "{}",
        ran.stderr
    );
    assert_eq!(Inventory::of(&cloud).left(), Vec::<String>::new(), "{}", ran.stderr);
}

/// Runs the command with what it is told about the small disk, and notes what is there afterwards.
const NOTED: &str = r#"
code=0
"$@" || code=$?
ls -A small >listing
exit "$code""#;

#[test]
fn a_fetched_file_that_cannot_be_written_is_told_with_its_path_and_why() {
    let cloud = Cloud::start();
    let folder = cloud.hornero.folder.path();
    let source = folder.join("large");
    std::fs::write(&source, vec![7; 1 << 20]).unwrap();
    std::fs::create_dir(folder.join("taken")).unwrap();
    let fetched = |destination: &str, script: &str| {
        let step = format!(
            "[[steps]]\nname = \"fetch\"\nkind = \"download\"\nsource = \"{}\"\ndestination = \"{destination}\"\n",
            source.display()
        );
        let command = cloud.command(&["bake", &cloud.template("", &step)]);
        let mut small = on_a_small_disk(&command, (&folder.join("small"), 64), script);
        let ran = Ran::from(small.output().unwrap());
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        let told = format!("it cannot be written to `{}`", folder.join(destination).display());
        assert!(ran.stderr.contains(&told), "{told}: {}", ran.stderr);
        assert_eq!(std::fs::read_to_string(folder.join("listing")).unwrap(), "", "a part of it stays");
        ran.stderr
    };
    let full = fetched("small/file", NOTED);
    assert!(full.contains("No space left on device") && full.contains("free space for it in"), "{full}");
    let read_only = fetched("small/file", &format!("mount -o remount,ro \"$PWD/small\"\n{NOTED}"));
    assert!(read_only.contains("Read-only file system"), "{read_only}");
    let folder = fetched("taken", NOTED);
    assert!(folder.contains("is a directory") && folder.contains("`destination` names the file"), "{folder}");
    assert_eq!(Inventory::of(&cloud).left(), Vec::<String>::new());
}

/// Fills the data directory of the bake that runs it.
const FILL: &str = r#"dd if=/dev/zero of="$HORNERO_DATA_DIR/others" bs=4k status=none || true"#;

#[test]
fn an_image_whose_folder_does_not_fit_onto_the_disk_is_published_from_any_computer() {
    let mut cloud = Cloud::start();
    let folder = cloud.hornero.folder.path().to_owned();
    let step = format!("[[steps]]\nname = \"fill\"\nkind = \"local\"\nrun = '{FILL}'\n");
    let template = cloud.template("copy_to = [\"eu-south-2\"]", &format!("{step}{}", super::CHECK));
    let command = cloud.command(&["bake", &template]);
    let ran =
        Ran::from(on_a_small_disk(&command, (&folder.join("data"), 256), "exec \"$@\"").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let run = cloud.run_id();
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("`hornero publish {run}` does what is missing")), "{}", ran.stderr);
    let images = cloud.images("eu-west-1");
    let id = images[0]["ImageId"].as_str().unwrap().to_owned();
    assert_eq!((images.len(), Inventory::of(&cloud).left()), (1, Vec::new()), "{}", ran.stderr);
    assert_ne!(cloud.run(&["get", "web"]).code, 0);

    let elsewhere = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        for name in ["STATE", "DATA"] {
            command.env(format!("HORNERO_{name}_DIR"), folder.join("elsewhere").join(name));
        }
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran
    };
    for cleaned in [cloud.run(&["clean"]), elsewhere(&["clean"])] {
        let told = format!("the image {id} in eu-west-1 is complete and not published");
        assert!(cleaned.stderr.contains(&told), "{}", cleaned.stderr);
    }
    elsewhere(&["publish", &run]);
    assert_eq!(cloud.parameter("/images/web/dev", "eu-west-1").0, id);
    let copy = cloud.images("eu-south-2")[0]["ImageId"].as_str().unwrap().to_owned();
    assert_eq!(cloud.parameter("/images/web/dev", "eu-south-2").0, copy);
    assert!(!elsewhere(&["clean"]).stderr.contains(&id), "it is published");
    // The computer of the bake knows all of it.
    let own = cloud.run(&["publish", &run]);
    assert_eq!(own.code, 0, "{}", own.stderr);
    let manifest = crate::rig::image::manifest(&folder.join("data/images").join(&id));
    assert_eq!(
        (manifest["image"].as_str(), manifest["disks"].as_array().unwrap().len()),
        (Some(id.as_str()), 1)
    );
    assert!(!manifest["packages"].as_array().unwrap().is_empty());
    let tags = cloud.images("eu-west-1")[0]["Tags"].to_string();
    assert!(tags.contains("hornero:proved") && !tags.contains("hornero:delivery"), "{tags}");
    assert_eq!(cloud.proxy.count("ec2:CreateImage"), 1);
}

/// Bakes once, then again when there is less room than an image takes. What is on the disk then is
/// copied to where it can be looked at.
const TWICE: &str = r#"
data=$HORNERO_DATA_DIR
"$@" >first
dd if=/dev/zero of="$data/others" bs=1M status=none || truncate --size=-20M "$data/others"
code=0
"$@" || code=$?
rm "$data/others"
cp -a "$data" after
exit "$code""#;

#[test]
fn an_image_that_does_not_fit_onto_the_disk_is_told_and_takes_nothing_with_it() {
    let _turn = guests::turn();
    let hornero = Hornero::alone();
    let template = quick::template(&hornero, "full", "");
    let mut command = hornero.command(&["bake", "--force", &template]);
    command.env("PATH", quick::resumed());
    let mut twice = on_a_small_disk(&command, (hornero.data(), 512 * 1024), TWICE);
    let ran = Ran::from(twice.output().unwrap());
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("error: capturing the disk `root`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No space left on device"), "{}", ran.stderr);
    assert_eq!(hornero.leftovers(), Vec::<String>::new(), "{}", ran.stderr);
    only_the_first_is_there(&hornero);
}

fn only_the_first_is_there(hornero: &Hornero) {
    let folder = hornero.folder.path();
    let (first, after) = (std::fs::read_to_string(folder.join("first")).unwrap(), folder.join("after"));
    let images = std::fs::read_dir(after.join("images")).unwrap();
    let images: Vec<String> = images.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(images, [first.trim()], "half an image is there, or the first one is gone");
    let mut sums = Command::new("sha256sum");
    sums.args(["--check", "--quiet", "SHA256SUMS"]).current_dir(after.join("images").join(first.trim()));
    assert!(sums.status().unwrap().success(), "the first image is damaged");
    assert!(std::fs::read_dir(after.join("runs")).unwrap().next().is_none(), "a run is taken for dead");
    let ask = |what| hornero.finish(hornero.command(&[what, "full"]).env("HORNERO_DATA_DIR", &after)).stdout;
    assert_eq!(ask("get"), first, "something points at what is no image");
    assert_eq!(ask("images").lines().filter(|line| line.contains("img-")).count(), 1);
}
