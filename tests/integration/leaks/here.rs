//! A bake on this computer that is killed at any entry of its journal: before each effect, and after
//! it. Then one clean-up by the state directory that the run was in, and one by another.

use std::{
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hornero::journal;
use serde_json::Value;

use super::{
    effects,
    points::{self, Point},
    remains::{copy, left},
};
use crate::rig::{
    guests,
    hornero::{Hornero, Ran},
    quick,
};

/// A machine is started from the image too, which is the only other one of a bake.
const CHECK: &str = "[[checks]]\ncommand = \"true\"\n";

/// Guests side by side.
const LANES: usize = 2;

/// A bake that nothing happens to.
struct Whole {
    hornero: Hornero,
    template: String,
    killer: PathBuf,
    /// Machines are resumed with it.
    path: String,
    entries: Vec<Value>,
}

#[test]
fn a_bake_here_that_is_killed_at_any_entry_of_its_journal_leaves_nothing() {
    let _turn = guests::long_turn();
    let whole = Whole::new();
    let points = points::of(&whole.entries);
    let (next, found, left) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let told = |one: &String| format!("{point:?} {}: {one}", whole.entries[point.at - 1]);
                    let survived = whole.survives(*point, &found);
                    println!("{point:?}: {} left", survived.len());
                    left.lock().unwrap().extend(survived.iter().map(told));
                }
            });
        }
    });
    let (found, left) = (found.into_inner(), left.into_inner().unwrap());
    println!("{} points killed, {found} things found then, {} left after clean", points.len(), left.len());
    assert!(left.is_empty(), "{left:#?}");
    assert!(found > points.len(), "killed bakes left hardly anything, so nothing was tried");
}

impl Whole {
    fn new() -> Self {
        let hornero = Hornero::alone();
        let template = quick::template(&hornero, "killed", CHECK);
        let killer = points::killer(hornero.folder.path());
        let path = quick::resumed();
        let mut whole = Self { hornero, template, killer, path, entries: Vec::new() };
        let ran = Ran::from(whole.bake(&whole.hornero, None).output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        whole.entries = entries(&run_of(&whole.hornero));
        effects::are_all_in(&whole.entries);
        whole
    }

    fn bake(&self, hornero: &Hornero, point: Option<Point>) -> Command {
        let mut command = hornero.command(&["bake", &self.template]);
        command.env("PATH", &self.path);
        if let Some(Point { at, when, keep, .. }) = point {
            command.env("LD_PRELOAD", &self.killer).env("KILL_AT", at.to_string()).env("KILL_WHEN", when);
            command.args(["--on-error", if keep { "keep" } else { "cleanup" }]);
        }
        command
    }

    /// Kills a bake and cleans up, twice; gives what is there then.
    fn survives(&self, point: Point, found: &AtomicUsize) -> Vec<String> {
        let hornero = Hornero::alone();
        let folder = hornero.folder.path();
        // Whether KVM works is not found out anew.
        std::fs::create_dir(hornero.data()).unwrap();
        let known = "accelerator.json";
        std::fs::copy(self.hornero.data().join(known), hornero.data().join(known)).unwrap();
        let ended = self.bake(&hornero, Some(point)).output().unwrap();
        let run = run_of(&hornero);
        let written = entries(&run).len();
        let wanted = point.at - usize::from(point.when == "before");
        if (ended.status.signal(), written) != (Some(9), wanted) {
            let said = String::from_utf8_lossy(&ended.stderr);
            return vec![format!("{:?} after {written} entries: {said}", ended.status)];
        }
        found.fetch_add(left(folder, &run).len(), Ordering::Relaxed);
        let (saved, parts) = (folder.join("as-it-was"), ["state", "data"]);
        parts.iter().for_each(|part| copy(&folder.join(part), &saved));
        let mut states = ["state", "elsewhere"];
        states.rotate_left(point.first);
        let mut wrong = clean(&hornero, &run, states[0]);
        for part in parts {
            std::fs::remove_dir_all(folder.join(part)).unwrap();
            std::fs::rename(saved.join(part), folder.join(part)).unwrap();
        }
        wrong.extend(clean(&hornero, &run, states[1]));
        wrong
    }
}

/// What is there after a clean-up by this state directory.
fn clean(hornero: &Hornero, run: &Path, state: &str) -> Vec<String> {
    let folder = hornero.folder.path();
    let ran = hornero.finish(hornero.command(&["clean"]).env("HORNERO_STATE_DIR", folder.join(state)));
    let mut wrong = left(folder, run);
    if ran.code != 0 {
        wrong.push(format!("it ended with {}", ran.code));
    }
    wrong.into_iter().map(|one| format!("clean from `{state}`: {one}\n{}", ran.stderr)).collect()
}

fn run_of(hornero: &Hornero) -> PathBuf {
    quick::only(&hornero.folder.path().join("state/runs"))
}

fn entries(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join(journal::FILE)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
