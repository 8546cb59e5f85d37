//! What holds whatever a builder says during an upload (`crate::properties`).

use super::{accounts::Ids, refusal};
use crate::template::model::Owner;

/// An account that the builder did not name belongs to root, never to another.
pub fn accounts(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let mut ids = Ids::default();
    text.lines().for_each(|line| {
        ids.learn(line);
    });
    let owner = Owner { user: Some("nobody said".into()), group: Some("nobody said".into()) };
    let said = text.lines().any(|line| line.contains("nobody said"));
    assert!(said || ids.of(&owner) == (0, 0));
}

/// A refusal names a path of one line.
pub fn upload(text: &[u8]) {
    let lines: Vec<String> = String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
    if let Some(refused) = refusal::told(&lines) {
        assert!(!refused.to_string().contains('\n'));
    }
}
