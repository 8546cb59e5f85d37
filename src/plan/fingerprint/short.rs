//! The parts of a fingerprint in a form that is short enough for an image's tags: whoever sees only the
//! image can tell by them what has changed since.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::tag_text;

/// Of a sum: enough to tell two contents of one part apart.
const DIGITS: usize = 8;

/// The form of what is packed.
const FORMAT: u32 = 1;

fn first_format() -> u32 {
    1
}

/// Parts with the beginning of their sums.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortParts {
    /// Of this description. The first images do not say theirs, which is the first.
    #[serde(default = "first_format")]
    format: u32,
    /// Whether the files of a folder stand there as one.
    folded: bool,
    parts: BTreeMap<String, String>,
}

impl ShortParts {
    /// As a text of at most `limit` characters, letters, digits, `+` and `/`: file by file where that fits,
    /// else folder by folder; `None` where that is too long as well.
    pub fn packed(parts: &BTreeMap<String, String>, limit: usize) -> Option<String> {
        [false, true].into_iter().find_map(|folded| {
            let text = tag_text::pack(&Self::of(parts, folded).within(limit)?)?;
            (text.len() <= limit).then_some(text)
        })
    }

    /// `None` for what is none of ours, or was written by a newer hornero: its parts may mean something else.
    pub fn unpacked(text: &str) -> Option<Self> {
        tag_text::unpack(text).filter(|read: &Self| read.format == FORMAT)
    }

    pub fn parts(&self) -> &BTreeMap<String, String> {
        &self.parts
    }

    /// The same form of other parts, so that the two can be compared.
    pub fn like(&self, parts: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        Self::of(parts, self.folded).parts
    }

    fn of(parts: &BTreeMap<String, String>, folded: bool) -> Self {
        let mut short: BTreeMap<String, String> = BTreeMap::new();
        let mut folders: BTreeMap<&str, Sha256> = BTreeMap::new();
        for (name, sum) in parts {
            match folder(name).filter(|_| folded) {
                Some(folder) => folders.entry(folder).or_default().update(format!("{name}\0{sum}\0")),
                None => drop(short.insert(name.clone(), sum.chars().take(DIGITS).collect())),
            }
        }
        let sum = |sum: Sha256| hex::encode(sum.finalize()).chars().take(DIGITS).collect();
        short.extend(folders.into_iter().map(|(name, own)| (name.to_owned(), sum(own))));
        Self { format: FORMAT, folded, parts: short }
    }

    /// `None` for what is too long however it is packed: no sum can be packed, and packing thousands of parts
    /// as well as can be takes seconds and hundreds of megabytes.
    fn within(self, limit: usize) -> Option<Self> {
        let bytes = self.parts.len() * DIGITS / 2;
        (bytes <= limit / 4 * 3).then_some(self)
    }
}

/// `content of file 1: /srv/www: sub/page` is of the folder `content of file 1: /srv/www`, and
/// `content of step 2: roles/web/tasks/main.yml` of `content of step 2`.
fn folder(name: &str) -> Option<&str> {
    if name.starts_with("content of step ") {
        return name.split_once(": ").map(|(step, _)| step);
    }
    let destination = name.strip_prefix("content of file ")?.split_once(": ")?.1;
    let inside = destination.find(": ").map(|at| name.len() - destination.len() + at)?;
    Some(&name[..inside])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(files: usize) -> BTreeMap<String, String> {
        let sum = |text: &str| hex::encode(Sha256::digest(text));
        let file = |number: usize| format!("content of file 1: /srv/www: page-{number}.html");
        let names = (0..files).map(file).chain(["base".to_owned(), "step 1: a: b".to_owned()]);
        names.map(|name| (name.clone(), sum(&name))).collect()
    }

    #[test]
    fn few_parts_are_told_one_by_one_and_many_files_folder_by_folder() {
        for (files, folded) in [(50, false), (3000, true)] {
            let parts = parts(files);
            let text = ShortParts::packed(&parts, 2000).unwrap();
            assert!(text.len() <= 2000);
            let short = ShortParts::unpacked(&text).unwrap();
            assert_eq!(short.folded, folded);
            assert_eq!(short.parts(), &short.like(&parts));
            assert_eq!(short.parts()["base"], parts["base"][..8]);
        }
        let folded = ShortParts::unpacked(&ShortParts::packed(&parts(3000), 2000).unwrap()).unwrap();
        let names: Vec<&String> = folded.parts().keys().collect();
        assert_eq!(names, ["base", "content of file 1: /srv/www", "step 1: a: b"]);
        assert_ne!(folded.parts(), &folded.like(&parts(2999)), "a file is missing");
    }

    #[test]
    fn what_a_newer_hornero_has_packed_is_not_taken_for_ours() {
        let packed = |format: &str| {
            let text = format!(r#"{{{format}"folded": false, "parts": {{"base": "00000000"}}}}"#);
            tag_text::pack(&serde_json::from_str::<serde_json::Value>(&text).unwrap()).unwrap()
        };
        assert!(ShortParts::unpacked(&packed("")).is_some(), "the first ones did not say it");
        assert!(ShortParts::unpacked(&packed(r#""format": 1, "#)).is_some());
        assert!(ShortParts::unpacked(&packed(r#""format": 2, "#)).is_none());
    }

    #[test]
    fn what_is_too_long_in_any_form_or_none_of_ours_is_none() {
        assert_eq!(ShortParts::packed(&parts(10), 20), None);
        for text in ["", "AAAA", "no base64!", "KLUv/Q"] {
            assert_eq!(ShortParts::unpacked(text), None, "{text}");
        }
    }
}
