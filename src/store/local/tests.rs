//! The local store against a real file: rules, many writers at once, and files that are not well.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{FILE, LocalStore};
use crate::store::{ImageRecord, Images, Parameters, StoreError, ValueKind};

fn image(id: &str, name: &str, second: i64) -> ImageRecord {
    ImageRecord {
        id: id.into(),
        name: name.into(),
        version: Some("1".into()),
        platform: "qemu".into(),
        run: "r1".into(),
        location: format!("/images/{id}"),
        fingerprint: Some("sha256:0".into()),
        bytes: 1 << 40,
        created: Timestamp::from_second(second).unwrap(),
        manifest: format!("/images/{id}/manifest.json").into(),
        proved: false,
        finish: None,
        made_from: None,
        delivery: None,
    }
}

async fn store() -> (TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(&folder.path().join("data")).await.unwrap();
    (folder, store)
}

#[tokio::test]
async fn images_are_found_by_id_and_by_a_unique_beginning() {
    let (_folder, store) = store().await;
    for (id, name, second) in [("web-1", "web", 1), ("web-12", "web", 2), ("db-1", "db", 3)] {
        store.record(&image(id, name, second)).await.unwrap();
    }
    assert_eq!(store.find("web-1").await.unwrap(), Some(image("web-1", "web", 1)));
    assert_eq!(store.find("d").await.unwrap().unwrap().id, "db-1");
    assert_eq!(store.find("x").await.unwrap(), None);
    assert_eq!(store.find("").await.unwrap(), None);
    assert_eq!(store.find("%").await.unwrap(), None);
    let ambiguous = store.find("web-").await.unwrap_err();
    assert_eq!(ambiguous.to_string(), "`web-` is the beginning of several image IDs: web-1, web-12");
    let ids = |images: Vec<ImageRecord>| images.into_iter().map(|image| image.id).collect::<Vec<_>>();
    assert_eq!(ids(store.list(Some("web")).await.unwrap()), ["web-12", "web-1"]);
    assert_eq!(ids(store.list(None).await.unwrap()), ["db-1", "web-12", "web-1"]);
}

#[tokio::test]
async fn recording_again_is_harmless_but_never_replaces() {
    let (_folder, store) = store().await;
    store.record(&image("a", "web", 1)).await.unwrap();
    store.record(&image("a", "web", 1)).await.unwrap();
    let other = store.record(&image("a", "web", 2)).await.unwrap_err();
    assert!(matches!(other, StoreError::OtherImage { .. }));
}

#[tokio::test]
async fn a_parameter_keeps_its_history() {
    let (_folder, store) = store().await;
    assert_eq!(store.put("/a/b", "one", "first").await.unwrap(), 1);
    assert_eq!(store.put("/a/b", "two", "").await.unwrap(), 2);
    assert_eq!(store.put("/a_b", "x", "").await.unwrap(), 1);
    let newest = store.get("/a/b").await.unwrap().unwrap();
    assert_eq!((newest.version, newest.value.as_str(), newest.kind), (2, "two", ValueKind::Text));
    assert_eq!(store.version("/a/b", 1).await.unwrap().unwrap().value, "one");
    assert_eq!(store.version("/a/b", 3).await.unwrap(), None);
    assert_eq!(store.get("/none").await.unwrap(), None);
    let history = store.history("/a/b").await.unwrap();
    assert_eq!(history.iter().map(|parameter| parameter.version).collect::<Vec<_>>(), [1, 2]);
    for bad in ["", "a/b", "/a//b", "/a/", "/a b"] {
        assert!(matches!(store.put(bad, "v", "").await, Err(StoreError::BadName { .. })), "{bad}");
    }
}

#[tokio::test]
async fn a_pointer_only_ever_points_at_an_image_that_exists() {
    let (_folder, store) = store().await;
    let nowhere = store.point("/images/web/dev", "web-1", "").await.unwrap_err();
    assert!(matches!(nowhere, StoreError::PointsNowhere { .. }));
    store.record(&image("web-1", "web", 1)).await.unwrap();
    store.record(&image("web-2", "web", 2)).await.unwrap();
    assert_eq!(store.point("/images/web/dev", "web-1", "").await.unwrap(), 1);
    let text = store.put("/images/web/dev", "web-9", "").await.unwrap_err();
    assert!(matches!(text, StoreError::Pointer { .. }));
    let in_use = store.forget("web-1").await.unwrap_err();
    assert_eq!(in_use.to_string(), "image `web-1` is in use: /images/web/dev points at it");
    store.point("/images/web/dev", "web-2", "").await.unwrap();
    store.forget("web-1").await.unwrap();
    assert!(matches!(store.forget("web-1").await, Err(StoreError::NoImage { .. })));
    assert_eq!(store.history("/images/web/dev").await.unwrap().len(), 2);
}

const WRITERS: u64 = 8;
const PUTS: u64 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_in_one_process_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let writers = (0..WRITERS).map(|writer| {
        let data = data.clone();
        tokio::spawn(async move {
            let store = LocalStore::open(&data).await.unwrap();
            let mut versions = Vec::new();
            for put in 0..PUTS {
                versions.push(store.put("/p", &format!("{writer}-{put}"), "").await.unwrap());
            }
            versions
        })
    });
    let told = futures::future::join_all(writers).await.into_iter().flat_map(Result::unwrap);
    assert_eq!(told.collect::<BTreeSet<_>>(), (1..=WRITERS * PUTS).collect());
    nothing_is_lost(&data).await;
}

/// Every version from 1 on is there, and everything that was written.
async fn nothing_is_lost(data: &Path) {
    let history = LocalStore::open(data).await.unwrap().history("/p").await.unwrap();
    let versions: Vec<u64> = history.iter().map(|parameter| parameter.version).collect();
    assert_eq!(versions, (1..=WRITERS * PUTS).collect::<Vec<_>>());
    let values: BTreeSet<_> = history.iter().map(|parameter| &parameter.value).collect();
    assert_eq!(values.len() as u64, WRITERS * PUTS);
}

/// Set for a child process of the test below: where to write.
const DATA: &str = "HORNERO_TEST_WRITER_DATA";

#[tokio::test]
async fn many_processes_that_write_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::local::tests::one_process_writes"])
            .env(DATA, &data)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let writers: Vec<_> = (0..WRITERS).map(|_| start()).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    nothing_is_lost(&data).await;
}

/// Does nothing unless it is started by the test above.
#[tokio::test]
async fn one_process_writes() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let store = LocalStore::open(Path::new(&data)).await.unwrap();
    for put in 0..PUTS {
        store.put("/p", &format!("{}-{put}", std::process::id()), "").await.unwrap();
    }
}

#[tokio::test]
async fn the_store_is_for_its_owner() {
    let (_folder, store) = store().await;
    store.put("/p", "v", "").await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(store.file()), 0o600);
    assert_eq!(mode(store.file().parent().unwrap()), 0o700);
    assert_eq!(mode(&store.file().with_extension("sqlite3-wal")), 0o600);
}

/// Opens a store whose file was made by `write`; the error, after checking that the file is as it
/// was.
async fn refused(write: impl FnOnce(&Path)) -> StoreError {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    write(&file);
    let before = fs::read(&file).unwrap();
    let error = LocalStore::open(folder.path()).await.unwrap_err();
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}");
    assert!(error.hint().is_some());
    error
}

#[tokio::test]
async fn a_file_that_is_not_well_is_named_and_left_alone() {
    let garbage = refused(|file| fs::write(file, "not a database ".repeat(100)).unwrap()).await;
    assert!(matches!(garbage, StoreError::Damaged { .. }), "{garbage:?}");

    let foreign = refused(|file| {
        Connection::open(file).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    });
    assert!(matches!(foreign.await, StoreError::Foreign { .. }));

    let newer = refused(|file| {
        let set = "PRAGMA application_id = 0x686f726e; PRAGMA user_version = 99; CREATE TABLE t (a)";
        Connection::open(file).unwrap().execute_batch(set).unwrap();
    });
    assert!(newer.await.to_string().contains("its schema is 99, this one knows up to 2"));
}

#[tokio::test]
async fn a_store_with_a_broken_page_is_told_to_be_damaged() {
    let (_folder, store) = store().await;
    for n in 0..200 {
        store.put("/p", &"x".repeat(500), &n.to_string()).await.unwrap();
    }
    let file = store.file().to_owned();
    store.connection.lock().unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(store);
    let mut bytes = fs::read(&file).unwrap();
    bytes[8192..16384].fill(0xff);
    fs::write(&file, &bytes).unwrap();
    let error = LocalStore::open(file.parent().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert_eq!(fs::read(&file).unwrap(), bytes);
}
