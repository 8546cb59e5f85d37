//! A bake on this computer that is killed while it holds its lock: the next one waits for the end of
//! that, and then bakes; and `hornero clean` ends it at once.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;

use super::many::{begin, end, locks};
use crate::rig::{guests, hornero::Hornero, quick};

/// A bake that is killed in its step; gives when its lock ends.
fn killed(hornero: &Hornero, template: &str, path: &str) -> Timestamp {
    let mut command = hornero.command(&["bake", template, "--output", "lines"]);
    let mut child = command.env("PATH", path).stderr(Stdio::piped()).spawn().unwrap();
    until_it_holds(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let store = Connection::open(hornero.data().join("store.sqlite3")).unwrap();
    let until: String = store.query_row("SELECT until FROM locks", [], |row| row.get(0)).unwrap();
    until.parse().unwrap()
}

/// There is a machine by then.
fn until_it_holds(child: &mut Child) {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.into_iter().any(|line| line.contains("connect | started")), "the bake ended by itself");
}

#[test]
fn the_lock_of_a_killed_bake_is_taken_over_after_its_end_and_not_before() {
    let _turn = guests::turn();
    let hornero = Hornero::alone();
    let template = quick::template(&hornero, "killed", "");
    let path = quick::resumed();
    let until = killed(&hornero, &template, &path);
    let left = until.duration_since(Timestamp::now());
    assert!(left.is_positive() && left.unsigned_abs() <= Duration::from_secs(60), "{left}");

    let refused = hornero.run(&["bake", &template, "--no-wait"]);
    assert_eq!(refused.code, 9, "{}", refused.stderr);
    let next = end(begin(&hornero, &template, &path));
    assert_eq!(next.code, 0, "{}", next.stderr);
    let runs = std::fs::read_dir(hornero.folder.path().join("state/runs")).unwrap();
    let launched = runs
        .filter_map(|run| launched(&std::fs::read_to_string(run.unwrap().path().join("journal")).unwrap()));
    let mut launched: Vec<Timestamp> = launched.collect();
    launched.sort();
    assert_eq!(launched.len(), 2);
    assert!(launched[1] >= until, "launched at {}, the lock ended at {until}", launched[1]);

    let until = killed(&hornero, &hornero.template("killed.toml", &changed(&template)), &path);
    let cleaned = hornero.run(&["clean"]);
    assert_eq!((cleaned.code, locks(&hornero)), (0, 0), "{}", cleaned.stderr);
    let next = end(begin(&hornero, &template, &path));
    assert_eq!(next.code, 0, "{}", next.stderr);
    assert!(Timestamp::now() < until || !next.stderr.contains("waiting for another"), "{}", next.stderr);
}

/// When a machine was made, by a run's journal.
fn launched(journal: &str) -> Option<Timestamp> {
    let machine = journal.lines().find(|line| line.contains(r#""effect":"machine""#))?;
    let line: serde_json::Value = serde_json::from_str(machine).unwrap();
    line["at"].as_str().unwrap().parse().ok()
}

fn changed(template: &str) -> String {
    std::fs::read_to_string(template).unwrap() + "[[steps]]\nrun = \"true\"\n"
}
