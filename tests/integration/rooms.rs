//! The rules of the house, checked on the source itself: which room may import which, who may
//! print, what the pure rooms must not touch. Test modules may do as they like.

mod moments;
mod rules;
mod survey;

use std::{fs, path::Path};

use moments::sums_of_moments;
use rules::Place;
use survey::Survey;
use walkdir::WalkDir;

/// What breaks a rule in one file, as `file:line: what`.
fn findings(file: &str, source: &str) -> Vec<String> {
    let place = Place::new(file);
    let survey = Survey::of(source, &place.module);
    let mut found = Vec::new();
    let mut tell = |line: usize, what: String| found.push(format!("{file}:{line}: {what}"));
    if !place.is_known() {
        tell(1, "belongs to no known room; see ARCHITECTURE.md".into());
    }
    // The doc of a command is its help text, and stands on its arguments.
    if !survey.documented && !survey.is_command {
        tell(1, "does not begin with `//!` saying what it owns".into());
    }
    for (line, path) in &survey.paths {
        if let Some(reason) = place.forbids(path).or_else(|| place.reads_past_the_door(path)) {
            tell(*line, format!("`{path}`: {reason}"));
        }
    }
    for line in survey.asyncs.iter().filter(|_| place.is_pure()) {
        tell(*line, "async in a pure room".into());
    }
    for (line, name) in &survey.macros {
        if !place.may_print() && ["print", "println", "eprint", "eprintln"].contains(&name.as_str()) {
            tell(*line, format!("`{name}!`: only `ui` and `cli` print; send an event"));
        }
    }
    found.extend(everywhere(file, &survey));
    for line in sums_of_moments(source).iter().filter(|_| !place.is_test()) {
        let rule = "`+` and `-` on moments panic at the end of the clock; take `later` and `earlier` of `time::Moment`";
        found.push(format!("{file}:{line}: {rule}"));
    }
    found
}

/// What holds in tests too.
fn everywhere(file: &str, survey: &Survey) -> Vec<String> {
    let mut found = Vec::new();
    for (line, name, length) in &survey.functions {
        if *length > 60 {
            found.push(format!("{file}:{line}: `{name}` has {length} lines; 60 are the limit"));
        }
    }
    for line in &survey.ignored {
        found.push(format!("{file}:{line}: `#[ignore]`: a test runs or does not exist"));
    }
    found
}

/// The Rust files under a folder of the project, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = WalkDir::new(root.join(folder)).sort_by_file_name().into_iter().map(Result::unwrap);
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "rs"));
    let read = |entry: walkdir::DirEntry| {
        let name = entry.path().strip_prefix(root).unwrap().display().to_string();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    rust.map(read).collect()
}

#[test]
fn every_room_keeps_to_its_imports() {
    let found: Vec<_> = sources("src").iter().flat_map(|(file, source)| findings(file, source)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn tests_are_short_and_none_is_ignored() {
    let check = |(file, source): &(String, String)| everywhere(file, &Survey::of(source, &[]));
    let files = [sources("tests"), sources("benches")].concat();
    let found: Vec<_> = files.iter().flat_map(check).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_map_names_every_room() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = map.contains(&format!("`{name}`")) || map.contains(&format!("`{name}/`"));
        assert!(known || name == "lib.rs", "ARCHITECTURE.md does not name `src/{name}`");
    }
}

#[test]
fn bad_code_is_found() {
    let bad = |file: &str, code: &str| findings(file, &format!("//! A room.\n{code}"));
    let caught = [
        ("src/template/x.rs", "use std::{fs::File, io};"),
        ("src/template/x.rs", "fn f() { std::env::var(\"A\"); }"),
        ("src/plan/x.rs", "fn f() -> std::time::SystemTime { todo() }"),
        ("src/plan/x.rs", "fn f() { jiff::Timestamp::now(); }"),
        ("src/plan/x.rs", "use super::super::engine::Rooms;"),
        ("src/provision/x.rs", "async fn f() {}"),
        ("src/provision/x.rs", "fn f() { tokio::spawn(g()); }"),
        ("src/template/x.rs", "use crate::{template::units, plan::Plan};"),
        ("src/engine/x.rs", "use crate::platform::qemu::QemuPlatform;"),
        ("src/engine/x.rs", "use crate::ui::Listener;"),
        ("src/engine/x.rs", "fn f() { println!(\"x\"); }"),
        ("src/engine/x.rs", "fn f() { let x = std::env::var(\"A\"); }"),
        ("src/cli/x.rs", "use crate::store::local::LocalStore;"),
        ("src/store/x.rs", "use crate::platform::Platform;"),
        ("src/engine/x.rs", "use rusqlite::Connection;"),
        ("src/load/x.rs", "fn f() { std::fs::read_to_string(x); }"),
        ("src/load/x.rs", "use std::fs::read;"),
        ("src/cli/inputs/x.rs", "fn f() { File::open(x); }"),
        ("src/remote/upload/x.rs", "fn f() { rustix::fs::open(x, y, z); }"),
        ("src/engine/x.rs", "fn f() { tokio::fs::read(x); }"),
        ("src/platform/qemu/foreign_disk.rs", "fn f() { OpenOptions::new(); }"),
        ("src/helpers/x.rs", ""),
        ("src/remote/x.rs", "fn f(limit: Duration) { g(Instant::now() + limit); }"),
        ("src/remote/x.rs", "fn f(deadline: Instant, limit: Duration) { g(deadline.min(x) - limit); }"),
        ("src/journal/x.rs", "struct A { at: Timestamp } fn f(a: &mut A, by: Duration) { a.at += by; }"),
        ("src/journal/x.rs", "fn f(by: Duration) { let begun = Timestamp::now(); g(begun + by); }"),
        ("src/ui/x.rs", "#[cfg(test)] mod tests { #[test] #[ignore] fn f() {} }"),
    ];
    for (file, code) in caught {
        assert_eq!(bad(file, code).len(), 1, "{file}: {code}: {:?}", bad(file, code));
    }
    let long = format!("fn f() {{{}}}", "\n".repeat(61));
    assert_eq!(bad("src/ui/x.rs", &long).len(), 1);
    assert_eq!(findings("src/ui/x.rs", "fn f() {}").len(), 1, "no `//!`");
}

#[test]
fn good_code_is_left_alone() {
    let code = "//! A room.\nuse std::{fmt, time::Duration};\nuse super::units;\n\
                #[cfg(test)]\nmod tests { use std::fs; use super::*; fn f() { println!(\"x\"); } }";
    assert_eq!(findings("src/template/x.rs", code), Vec::<String>::new());
    let wiring = "//! Wires.\nuse crate::store::local::LocalStore;";
    assert_eq!(findings("src/cli/wiring.rs", wiring), Vec::<String>::new());
}
