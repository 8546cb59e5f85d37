//! At which points of its journal a bake on this computer is killed, and by what.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Where a bake is killed, and who cleans up first.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Number of the entry, from 1.
    pub at: usize,
    /// `before` it is written, or `after`.
    pub when: &'static str,
    /// The virtual machine outlives the bake.
    pub keep: bool,
    /// 0: the state directory of the run.
    pub first: usize,
}

/// Before each entry, so just after the effect that it tells of, and after those of which no later one
/// tells: just before an effect, and at the end. What takes longest comes first.
pub fn of(entries: &[Value]) -> Vec<Point> {
    let is = |entry: &Value, name: &str| entry["entry"] == name;
    let launched = entries.iter().position(|entry| is(entry, "result")).unwrap() + 1;
    let mut points = Vec::new();
    for (at, entry) in (1..).zip(entries) {
        let both = is(entry, "intent") || at == entries.len();
        for when in ["before", "after"].into_iter().take(1 + usize::from(both)) {
            let point = Point { at, when, keep: false, first: points.len() % 2 };
            points.push(point);
            if at <= launched {
                // Nobody has to wait for a guest here.
                points.push(Point { first: 1 - point.first, ..point });
                points.extend([0, 1].map(|first| Point { keep: true, first, ..point }));
            }
        }
    }
    points.reverse();
    points
}

/// A library that does it, from `killer.c`.
pub fn killer(folder: &Path) -> PathBuf {
    let (source, library) = ("tests/integration/leaks/killer.c", folder.join("killer.so"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(made.unwrap().success(), "the C compiler that Rust links with makes this");
    library
}
