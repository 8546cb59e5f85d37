//! A bake on this computer that is killed at any entry of its journal: before each effect, and after
//! it.

use std::{
    collections::BTreeSet,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hornero::journal::{self, KINDS};

use crate::rig::hornero::{Hornero, Ran};

/// Nothing more than one boot.
const TEMPLATE: &str = "[image]\nname = \"killed\"\n[base]\nos = \"debian-12\"\n";

/// Guests side by side.
const LANES: usize = 2;

fn killer() -> PathBuf {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("killer.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/leaks/killer.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(made.unwrap().success(), "the C compiler that Rust links with makes this");
    library
}

/// A bake that ends at this entry of its journal, or not at all.
fn bake(hornero: &Hornero, library: &Path, at: Option<usize>) -> std::process::Output {
    let template = hornero.template("killed.toml", TEMPLATE);
    let mut command = hornero.command(&["bake", &template]);
    command.env("LD_PRELOAD", library);
    if let Some(at) = at {
        command.env("KILL_AT", at.to_string());
    }
    command.output().unwrap()
}

fn run_of(hornero: &Hornero) -> (String, PathBuf) {
    let runs = std::fs::read_dir(hornero.folder.path().join("state/runs")).unwrap();
    let folder = runs.map(|run| run.unwrap().path()).next().unwrap();
    (folder.file_name().unwrap().to_str().unwrap().to_owned(), folder)
}

/// What must not be there any more: processes, disks, half-made images, and the run's own link.
fn left(hornero: &Hornero, run: &str) -> Vec<String> {
    let mut left = hornero.leftovers();
    let data = hornero.data();
    for path in [data.join("images").join(format!(".incomplete-{run}")), data.join("runs").join(run)] {
        if path.symlink_metadata().is_ok() {
            left.push(path.display().to_string());
        }
    }
    left
}

#[test]
fn a_bake_here_that_is_killed_at_any_entry_of_its_journal_leaves_nothing() {
    let library = killer();
    let entries = entries_of_a_bake(&library);
    let (next, found, wrong) = (AtomicUsize::new(1), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at > entries {
                        break;
                    }
                    wrong.lock().unwrap().extend(survives(&library, at, &found));
                }
            });
        }
    });
    let (found, wrong) = (found.into_inner(), wrong.into_inner().unwrap());
    println!("{entries} points killed, {found} things found then, {} left after clean", wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(found > 0, "killed bakes left nothing, so nothing was tried");
}

/// How many entries a whole bake writes. All kinds of effects are among them.
fn entries_of_a_bake(library: &Path) -> usize {
    let hornero = Hornero::new();
    let ran = Ran::from(bake(&hornero, library, None));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (run, folder) = run_of(&hornero);
    assert_eq!(left(&hornero, &run), Vec::<String>::new());
    let history = journal::read(&folder).unwrap().unwrap();
    let kinds: BTreeSet<&str> = history.effects.iter().map(|effect| effect.kind()).collect();
    let local: BTreeSet<&str> = KINDS.into_iter().filter(|kind| *kind != "call").collect();
    assert_eq!(kinds, local, "an effect is not in this bake, so it is not killed at");
    std::fs::read_to_string(folder.join(journal::FILE)).unwrap().lines().count()
}

fn survives(library: &Path, at: usize, found: &AtomicUsize) -> Vec<String> {
    let hornero = Hornero::new();
    let ended = bake(&hornero, library, Some(at));
    if ended.status.signal() != Some(9) {
        return vec![format!("entry {at}: it was not killed: {}", String::from_utf8_lossy(&ended.stderr))];
    }
    let (run, _) = run_of(&hornero);
    found.fetch_add(left(&hornero, &run).len(), Ordering::Relaxed);
    let mut clean = hornero.command(&["clean", &run]);
    if at.is_multiple_of(2) {
        clean.env("HORNERO_STATE_DIR", hornero.folder.path().join("other"));
    }
    let ran = Ran::from(clean.output().unwrap());
    match ran.code {
        0 => left(&hornero, &run).into_iter().map(|one| format!("entry {at}: {one}")).collect(),
        code => vec![format!("entry {at}: clean ended with {code}: {}", ran.stderr)],
    }
}
