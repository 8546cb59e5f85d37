//! The cache of bases, filled, changed, and left behind by a killed process.

use rustix::fs::{FlockOperation, flock};

use super::*;
use crate::platform::qemu::staging::{abandoned, discard};

#[tokio::test]
async fn a_base_appears_whole_and_read_only() {
    let data = tempfile::tempdir().expect("a folder");
    let (events, _listener) = Events::channel();
    let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    assert_eq!(slot.find(&events).await.expect("read"), None);
    let disk = slot.stage().expect("staging").join("made");
    fs::write(&disk, "oven").expect("written");
    let base = slot.fill(&disk, "an oven".into()).await.expect("taken in");
    let mode = fs::metadata(base.disk.as_ref().expect("a file")).expect("there").permissions().mode();
    assert_eq!((mode & 0o777, slot.find(&events).await.expect("read")), (0o400, Some(base)));
}

#[tokio::test]
async fn a_disk_that_was_changed_in_the_cache_is_not_used() {
    let data = tempfile::tempdir().expect("a folder");
    let (events, mut listener) = Events::channel();
    let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    let made = slot.stage().expect("staging").join("made");
    fs::write(&made, "oven").expect("written");
    let base = slot.fill(&made, "an oven".into()).await.expect("taken in");
    let disk = base.disk.clone().expect("a file");
    let found = async || slot.find(&events).await.expect("read");
    let write = |text: &str| {
        fs::set_permissions(&disk, Permissions::from_mode(0o600)).expect("open");
        fs::write(&disk, text).expect("written");
    };
    assert_eq!(found().await, Some(base.clone()));
    // Written anew with the same content: its sum is right, and is remembered.
    write("oven");
    assert_eq!(found().await, Some(base.clone()));
    for other in ["ovens", "OVEN"] {
        write(other);
        assert_eq!(found().await, None, "{other}");
        assert_eq!(find(data.path(), "key").await.expect("read"), None);
    }
    assert!(format!("{:?}", listener.recv().await).contains("no longer the one"));
}

#[tokio::test]
async fn a_disk_that_only_looks_the_same_is_seen_when_the_whole_sum_is_made_again() {
    let data = tempfile::tempdir().expect("a folder");
    let (events, _listener) = Events::channel();
    let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    let made = slot.stage().expect("staging").join("made");
    fs::write(&made, "oven").expect("written");
    let base = slot.fill(&made, "an oven".into()).await.expect("taken in");
    let disk = base.disk.clone().expect("a file");
    let time = fs::metadata(&disk).and_then(|found| found.modified()).expect("a time");
    fs::set_permissions(&disk, Permissions::from_mode(0o600)).expect("open");
    fs::write(&disk, "OVEN").expect("written");
    File::options().write(true).open(&disk).and_then(|file| file.set_modified(time)).expect("set");
    assert_eq!(slot.find(&events).await.expect("read"), Some(base));
    let path = data.path().join("bases/key").join(DESCRIPTION);
    let mut known: Description = serde_json::from_slice(&fs::read(&path).expect("there")).expect("ours");
    let summed = known.summed.as_mut().expect("summed");
    summed.when -= WHOLE_SUM_EVERY;
    fs::write(&path, serde_json::to_vec(&known).expect("text")).expect("written");
    assert_eq!(slot.find(&events).await.expect("read"), None);
}

#[tokio::test]
async fn the_second_waits_for_the_first_and_says_so() {
    let data = tempfile::tempdir().expect("a folder");
    let (events, mut listener) = Events::channel();
    let first = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    let path = data.path().to_owned();
    let second = tokio::spawn(async move { Slot::lock(&path, "key", &events).await });
    assert!(format!("{:?}", listener.recv().await).contains("waiting for another bake"));
    assert!(!second.is_finished());
    drop(first);
    second.await.expect("no panic").expect("its turn");
}

#[tokio::test]
async fn what_a_killed_process_left_is_no_base() {
    let data = tempfile::tempdir().expect("a folder");
    let staging = data.path().join("bases/key.staging");
    fs::create_dir_all(&staging).expect("made");
    fs::write(staging.join(DISK), "half").expect("written");
    let (events, _listener) = Events::channel();
    let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    assert_eq!((slot.find(&events).await.expect("read"), staging.exists()), (None, false));
}

#[tokio::test]
async fn what_a_killed_process_left_can_be_removed_and_what_another_one_makes_cannot() {
    let data = tempfile::tempdir().expect("a folder");
    assert!(abandoned(&data.path().join("bases")).expect("no bases").is_empty());
    let (events, _listener) = Events::channel();
    let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
    let staging = slot.stage().expect("staging").to_owned();
    assert!(abandoned(&data.path().join("bases")).expect("read").is_empty());
    discard(&staging).expect("left alone");
    assert!(staging.exists());
    // As the kernel does for a process that is killed.
    flock(&slot._lock, FlockOperation::Unlock).expect("let go of");
    assert!(abandoned(&data.path().join("bases")).expect("read").contains(&staging));
    discard(&staging).expect("removed");
    assert!(!staging.exists());
}
