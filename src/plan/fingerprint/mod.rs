//! The fingerprint: SHA-256 over everything that decides the content of an image, and nothing else.
//! The same inputs have the same fingerprint on every computer. `docs/fingerprint.md` says what is
//! in it and what is not.

mod files;
mod parts;
mod secrets;
mod short;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use short::ShortParts;

use super::Plan;

/// Raised when the same inputs begin to make another image: by what hornero does on the builder, or
/// by the form of the parts.
const FORM: u32 = 2;

/// A local file that decides the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub path: Arc<Path>,
    /// Permission bits.
    pub mode: u32,
    /// SHA-256 in lower-case hex.
    pub sum: String,
}

/// What was summed up, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprint {
    /// Lower-case hex, 64 digits.
    pub sum: String,
    /// The sum of each part by what a person calls it: `step 1: configure`.
    pub parts: BTreeMap<String, String>,
}

/// What decides an image beside its plan.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The ID of the base.
    pub base: &'a str,
    /// Of these only those count that get into the image or decide what does.
    pub files: &'a [Content],
    /// For the value of each secret, by name, a hash that tells nothing of it without its key.
    pub secrets: &'a BTreeMap<String, String>,
}

/// The fingerprint of the image that a plan makes of what it is given.
pub fn fingerprint(plan: &Plan, given: Given<'_>) -> Fingerprint {
    let mut parts = Parts::default();
    parts.add("form", &FORM);
    parts.add("base", &given.base);
    parts::of_plan(plan, &mut parts);
    files::of_template(&plan.template, given.files, &mut parts);
    secrets::of_template(&plan.template, given.secrets, &mut parts);
    parts.finish()
}

/// Collects parts in a canonical form: JSON of values whose order is fixed.
#[derive(Default)]
struct Parts(BTreeMap<String, String>);

impl Parts {
    fn add(&mut self, name: impl Into<String>, value: &impl Serialize) {
        // Every value is a plain tree with texts as keys, which JSON always takes.
        let form = serde_json::to_vec(value).unwrap_or_default();
        let name = name.into();
        // Two checks of one file have one name.
        let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name} ({number})")));
        let free = names.into_iter().find(|name| !self.0.contains_key(name));
        self.0.insert(free.unwrap_or(name), hex::encode(Sha256::digest(form)));
    }

    /// Lengths stand before names, so that no two lists of parts look alike.
    fn finish(self) -> Fingerprint {
        let mut sum = Sha256::new();
        for (name, part) in &self.0 {
            sum.update((name.len() as u64).to_be_bytes());
            sum.update(name);
            sum.update((part.len() as u64).to_be_bytes());
            sum.update(part);
        }
        Fingerprint { sum: hex::encode(sum.finalize()), parts: self.0 }
    }
}

impl Fingerprint {
    /// Enough to tell images apart, for tags and for people.
    pub fn short(&self) -> &str {
        &self.sum[..self.sum.len().min(16)]
    }
}
