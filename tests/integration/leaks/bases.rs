//! A bake that is killed while it makes its base from packages, of which no journal tells.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use walkdir::WalkDir;

use crate::rig::hornero::Hornero;

/// mmdebstrap removes its tree when it is told to end, which takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

/// What it forgets then, a few kilobytes.
const KEYS: &str = "mmdebstrap.gpghome.";

#[test]
fn a_base_that_was_being_made_when_its_bake_was_killed_is_removed() {
    for state in ["state", "elsewhere"] {
        let hornero = Hornero::alone();
        let (folder, scratch) = (hornero.folder.path(), hornero.folder.path().join("scratch"));
        std::fs::create_dir(&scratch).unwrap();
        let text = "[image]\nname = \"base\"\n[base]\nos = \"debian-12\"\n";
        let mut bake = hornero.command(&["bake", &hornero.template("base.toml", text)]);
        bake.env("TMPDIR", &scratch).stdout(Stdio::null()).stderr(Stdio::null());
        killed_when(&mut bake, || files(&scratch).len() > 20);
        assert!(!half_made(&hornero).is_empty(), "it was not at its base");
        let clean = hornero.finish(hornero.command(&["clean"]).env("HORNERO_STATE_DIR", folder.join(state)));
        assert_eq!(clean.code, 0, "{}", clean.stderr);
        assert_eq!(half_made(&hornero), Vec::<PathBuf>::new(), "{}", clean.stderr);
        until(|| files(&scratch).iter().all(|path| path.display().to_string().contains(KEYS)));
    }
}

fn killed_when(bake: &mut Command, reached: impl Fn() -> bool) {
    let mut bake = bake.spawn().unwrap();
    until(reached);
    bake.kill().unwrap();
    bake.wait().unwrap();
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here, and there is a deadline")]
fn until(done: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "it did not come to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn half_made(hornero: &Hornero) -> Vec<PathBuf> {
    let bases = files(&hornero.data().join("bases"));
    bases.into_iter().filter(|path| path.extension().is_none_or(|end| end != "lock")).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).min_depth(1).into_iter().filter_map(Result::ok);
    entries.map(walkdir::DirEntry::into_path).collect()
}
