//! What differs between two images, as a person reads it.

use std::collections::BTreeMap;

use crate::{
    engine::manifest::{Change, Diff, Group, Side},
    time::minute,
    ui::{clean, pad},
};

/// Of a sum, enough to tell it from another.
const DIGITS: usize = 12;

/// Names are as wide as the longest; beyond this a line goes its own way.
const WIDEST: usize = 40;

/// Each line ended.
pub fn of(diff: &Diff) -> String {
    let mut text = format!("{}\n{}\n{}\n", fingerprints(diff), side('-', &diff.a), side('+', &diff.b));
    if diff.changes.is_empty() {
        text += "\nno difference in what the manifests tell\n";
    }
    for (group, changes) in &diff.changes {
        text += &format!("\n{}\n{}", heading(*group), lines(*group, changes));
    }
    text
}

fn fingerprints(diff: &Diff) -> String {
    let short = |side: &Side| side.fingerprint.as_deref().map(shorten).unwrap_or_default();
    match diff.same_fingerprint {
        Some(true) => format!("both have fingerprint {}: the same inputs", short(&diff.a)),
        Some(false) => format!("fingerprints {} and {}: other inputs", short(&diff.a), short(&diff.b)),
        None => {
            let without = if diff.a.fingerprint.is_none() { &diff.a } else { &diff.b };
            format!(
                "whether the inputs are the same is unknown: {} has no fingerprint",
                clean(&without.image)
            )
        }
    }
}

fn side(sign: char, side: &Side) -> String {
    let created = minute(side.created);
    let version = side.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    clean(&format!("{sign} {}: {}{version}, {created}", side.image, side.name))
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Image => "image",
        Group::Base => "base",
        Group::System => "system",
        Group::Disks => "disks",
        Group::Packages => "packages",
        Group::Users => "users",
        Group::Variables => "variables",
        Group::Inputs => "files of the template",
        Group::DecidedBy => "parts of the fingerprint",
        Group::Checks => "checks",
        Group::Sealed => "sealed",
        Group::SecretsInImage => "secrets in the image",
    }
}

fn lines(group: Group, changes: &BTreeMap<String, Change>) -> String {
    let longest = changes.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let width = longest.min(WIDEST);
    let line = |(name, change): (&String, &Change)| {
        let (sign, value) = change_text(change);
        let value = if is_told(group, change) { value } else { String::new() };
        let line = clean(&format!("  {sign} {}  {value}", pad(name, width)));
        line + "\n"
    };
    changes.iter().map(line).collect()
}

/// Whether the value says something to a person, beside the name.
fn is_told(group: Group, change: &Change) -> bool {
    match (group, change) {
        (Group::DecidedBy | Group::Sealed, _) => false,
        (Group::Checks, Change::Added { .. } | Change::Removed { .. }) => false,
        (Group::Checks, Change::Changed { .. }) => true,
        (Group::Image | Group::Base | Group::System | Group::Disks | Group::Packages, _) => true,
        (Group::Users | Group::Variables | Group::Inputs | Group::SecretsInImage, _) => true,
    }
}

fn change_text(change: &Change) -> (char, String) {
    match change {
        Change::Added { value } => ('+', shorten(value)),
        Change::Removed { value } => ('-', shorten(value)),
        Change::Changed { from, to } => ('~', format!("{} -> {}", shorten(from), shorten(to))),
    }
}

/// Sums are cut: nobody reads 64 digits.
fn shorten(text: &str) -> String {
    text.split(' ').map(shorten_word).collect::<Vec<_>>().join(" ")
}

fn shorten_word(word: &str) -> String {
    let (kind, digits) = word.split_at(if word.starts_with("sha256:") { "sha256:".len() } else { 0 });
    match digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => format!("{kind}{}…", &digits[..DIGITS]),
        false => word.to_owned(),
    }
}
