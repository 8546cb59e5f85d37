//! A journal that is cut, damaged, alive or dead.

use proptest::prelude::*;

use super::*;

fn header() -> Header {
    Header {
        run: "web-1".into(),
        image: "web".into(),
        platform: "ec2".into(),
        tool: "0".into(),
        pid: 1,
        at: Timestamp::UNIX_EPOCH,
    }
}

fn place() -> Place {
    Place { region: "eu-west-1".into(), role: None }
}

fn instance() -> Thing {
    Thing::Instance { id: "i-1".into(), place: place() }
}

fn call() -> Effect {
    Effect::Call { action: "ec2:RunInstances".into(), resource: "t3.large".into(), place: place() }
}

/// A run that has made an instance.
fn begun(folder: &Path) -> Journal {
    let journal = Journal::begin(folder, header()).unwrap();
    journal.intend(call()).unwrap().result(true).unwrap();
    journal.made(instance()).unwrap();
    journal
}

#[test]
fn what_is_intended_is_on_the_disk_before_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::begin(folder.path(), header()).unwrap();
    let intent = journal.intend(call()).unwrap();
    let history = read(folder.path()).unwrap().unwrap();
    assert_eq!((history.effects.as_slice(), history.is_half_done()), ([call()].as_slice(), true));
    intent.result(false).unwrap();
    assert!(!read(folder.path()).unwrap().unwrap().is_half_done());
}

#[test]
fn a_run_that_lives_is_not_taken_over_and_a_dead_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let journal = begun(folder.path());
    assert!(Journal::take_over(folder.path()).unwrap().is_none());
    drop(journal);
    let (journal, history) = Journal::take_over(folder.path()).unwrap().unwrap();
    assert_eq!((history.things, journal.open_things()), (vec![instance()], vec![instance()]));
    journal.gone(|_| true).unwrap();
    journal.ended(None).unwrap();
    assert!(!read(folder.path()).unwrap().unwrap().is_open());
}

#[test]
fn a_run_that_left_something_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    begun(folder.path()).ended(None).unwrap();
    let history = read(folder.path()).unwrap().unwrap();
    assert_eq!((history.ended, history.is_open()), (Some(false), true));
}

/// Takes a journal over that nobody has open. A program that another test starts at this moment holds all files
/// of this process, and with them its locks, until it has become that program.
fn take_over_unlocked(folder: &std::path::Path) -> (Journal, History) {
    loop {
        if let Some(taken) = Journal::take_over(folder).unwrap() {
            return taken;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_journal_that_is_cut_at_any_byte_tells_all_that_is_whole_and_can_be_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    drop(begun(folder.path()));
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    for end in 0..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        // A line whose newline alone is missing can be read too.
        let lines = whole[..=end.min(whole.len() - 1)].iter().filter(|byte| **byte == b'\n').count();
        let (journal, history) = take_over_unlocked(folder.path());
        let found = (history.header.is_some(), history.effects.len(), history.things.len());
        assert_eq!(found, (lines >= 1, usize::from(lines >= 2), usize::from(lines >= 4)), "cut at {end}");
        journal.made(instance()).unwrap();
        let after = read(folder.path()).unwrap().unwrap();
        assert_eq!(after.things.last(), Some(&instance()), "cut at {end}");
        assert_eq!(after.header, history.header, "cut at {end}");
    }
}

#[test]
fn a_journal_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = Journal::begin(&folder.path().join("gone"), header()).unwrap_err();
    assert!(error.to_string().starts_with("beginning the journal `"), "{error}");
    drop(begun(folder.path()));
    let twice = Journal::begin(folder.path(), header()).unwrap_err();
    assert!(twice.to_string().contains(&folder.path().display().to_string()), "{twice}");
}

proptest! {
    #[test]
    fn nothing_that_stands_in_a_journal_makes_reading_fail(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let history = History::of(&text);
        prop_assert!(history.unreadable <= text.len());
    }

    #[test]
    fn lines_that_are_damaged_hide_no_others(noise in "[^\n]{0,80}", place in 0usize..4) {
        let folder = tempfile::tempdir().unwrap();
        drop(begun(folder.path()));
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(place, &noise);
        let history = History::of(lines.join("\n").as_bytes());
        prop_assert_eq!(history.things, vec![instance()]);
        prop_assert_eq!(history.header, Some(header()));
    }
}
