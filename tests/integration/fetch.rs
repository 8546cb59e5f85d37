//! Files from the web, from a real server on the loopback.

use std::path::PathBuf;

use hornero::{
    event::Events,
    fetch::{FetchError, fetch},
    sum,
};
use tempfile::TempDir;

use crate::rig::web::Web;

/// Large enough for many reads, and nowhere the same.
fn content() -> String {
    (0..400_000).map(|number| format!("{number}\n")).collect()
}

fn served() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let (file, text) = (folder.path().join("file"), content());
    std::fs::write(&file, &text).unwrap();
    (folder, file, sum::of_text(&text))
}

#[tokio::test]
async fn a_transfer_that_breaks_off_goes_on_where_it_stopped() {
    let (folder, file, sha256) = served();
    let web = Web::serve(&file, 2);
    let (events, mut heard) = Events::channel();
    let got = fetch(&web.url, &sha256, &folder.path().join("downloads"), &events).await.unwrap();
    assert_eq!(std::fs::read_to_string(got).unwrap(), content());
    let requests = web.requests();
    assert_eq!(requests.len(), 3, "{requests:?}");
    assert_eq!(requests[0], "whole");
    assert!(requests[1..].iter().all(|range| range.starts_with("bytes=")), "{requests:?}");
    drop(events);
    let mut told = String::new();
    while let Some(event) = heard.recv().await {
        told += &format!("{event:?}\n");
    }
    assert!(told.contains("broke off and is taken up again"), "{told}");
}

#[tokio::test]
async fn a_kept_file_that_was_changed_is_fetched_again() {
    let (folder, file, sha256) = served();
    let (web, downloads) = (Web::serve(&file, 0), folder.path().join("downloads"));
    let (events, _heard) = Events::channel();
    let got = fetch(&web.url, &sha256, &downloads, &events).await.unwrap();
    std::fs::write(&got, "something else").unwrap();
    let again = fetch(&web.url, &sha256, &downloads, &events).await.unwrap();
    assert_eq!(std::fs::read_to_string(again).unwrap(), content());
    assert_eq!(web.requests(), ["whole", "whole"]);
}

#[tokio::test]
async fn another_content_is_refused_and_not_kept() {
    let (folder, file, _) = served();
    let (web, downloads) = (Web::serve(&file, 0), folder.path().join("downloads"));
    let wanted = sum::of_text("something else");
    let error = fetch(&web.url, &wanted, &downloads, &Events::channel().0).await.unwrap_err();
    assert!(matches!(error, FetchError::Sum { .. }), "{error}");
    assert!(error.to_string().contains(&wanted), "{error}");
    assert!(!downloads.join(&wanted).exists());
    assert!(!downloads.join(format!("{wanted}.part")).exists());
}

#[tokio::test]
async fn two_at_once_fetch_a_file_once() {
    let (folder, file, sha256) = served();
    let (web, downloads) = (Web::serve(&file, 0), folder.path().join("downloads"));
    let (events, _heard) = Events::channel();
    let one = fetch(&web.url, &sha256, &downloads, &events);
    let two = fetch(&web.url, &sha256, &downloads, &events);
    let (one, two) = tokio::join!(one, two);
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(web.requests(), ["whole"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/file");
    let error = fetch(&url, &sum::of_text(""), folder.path(), &Events::channel().0).await.unwrap_err();
    assert!(error.to_string().contains(&url), "{error}");
}
