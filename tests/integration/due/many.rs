//! Many processes that bake the same on this computer at once. The guest is a real one, resumed from a
//! saved one.

use std::process::{Child, Stdio};

use rusqlite::Connection;
use serde_json::Value;

use crate::rig::{
    guests,
    hornero::{Hornero, Ran},
    quick,
};

const PROCESSES: usize = 20;

/// How many locks the local store holds.
pub fn locks(hornero: &Hornero) -> i64 {
    let store = Connection::open(hornero.data().join("store.sqlite3")).unwrap();
    store.query_row("SELECT count(*) FROM locks", [], |row| row.get(0)).unwrap()
}

pub fn begin(hornero: &Hornero, template: &str, path: &str) -> Child {
    let mut command = hornero.command(&["bake", template]);
    command.env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub fn end(child: Child) -> Ran {
    child.wait_with_output().unwrap().into()
}

#[test]
fn of_20_processes_that_bake_the_same_at_once_one_bakes_and_all_have_its_image() {
    let _turn = guests::turn();
    let hornero = Hornero::alone();
    let template = quick::template(&hornero, "same", "[[checks]]\ncommand = \"true\"\n");
    let path = quick::resumed();
    let children: Vec<Child> = (0..PROCESSES).map(|_| begin(&hornero, &template, &path)).collect();
    let ends: Vec<Ran> = children.into_iter().map(end).collect();
    for ran in &ends {
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(ran.stdout, ends[0].stdout, "{}", ran.stderr);
    }
    let images = hornero.run(&["images", "same", "--output", "json"]);
    let images: Vec<Value> = images.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(images.len(), 1, "{images:?}");
    assert_eq!(std::fs::read_dir(hornero.data().join("images")).unwrap().count(), 1);
    assert_eq!((locks(&hornero), hornero.leftovers()), (0, Vec::new()));
    let history = hornero.run(&["history", "same", "--output", "json"]);
    assert_eq!(history.stdout.lines().count(), 1, "the stage was moved once: {}", history.stdout);
    let waited = ends.iter().filter(|ran| ran.stderr.contains("waiting for another bake of `same`")).count();
    assert!(waited > 0, "nobody had to wait, so nothing was tried");
}
