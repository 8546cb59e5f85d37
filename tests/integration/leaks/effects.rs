//! Which effects a run can have outside of itself, by the source.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;
use walkdir::WalkDir;

/// Whether a journal has all that can be in that of a bake on this computer. Each is begun in one place,
/// so a bake that has it was there.
pub fn are_all_in(entries: &[Value]) {
    let seen = entries.iter().filter_map(|entry| entry["effect"]["effect"].as_str());
    let seen: BTreeSet<String> = seen.map(Into::into).collect();
    let mut known = kinds();
    assert_eq!(places(), known.len(), "an effect is begun where this bake may not come by");
    assert!(known.remove("call"), "calls to AWS have a test of their own");
    assert_eq!(seen, known, "an effect is not in this bake, so it is not killed at");
}

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// As they stand in a journal.
fn kinds() -> BTreeSet<String> {
    let file = syn::parse_file(&fs::read_to_string(source().join("journal/entry.rs")).unwrap()).unwrap();
    let effect = file.items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == "Effect" => Some(item),
        _ => None,
    });
    effect.unwrap().variants.iter().map(|variant| variant.ident.to_string().to_lowercase()).collect()
}

/// How many there are that begin one.
fn places() -> usize {
    let files = WalkDir::new(source()).into_iter().filter_map(Result::ok);
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|end| end == "rs"));
    let program = rust.filter(|entry| entry.file_name() != "tests.rs");
    program.map(|entry| fs::read_to_string(entry.path()).unwrap().matches("journal.intend(").count()).sum()
}
