//! What is linked in, and what is said of it: THIRD-PARTY.md names every crate of the binary with its licence, and
//! README says what the binary needs of a system.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use serde_json::Value;

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

fn text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Name, version and licence of what is linked into the binary on a target.
fn linked(target: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", target]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let by_id = |list: &'static str| -> BTreeMap<String, &Value> {
        let list = metadata.pointer(list).unwrap().as_array().unwrap();
        list.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one)).collect()
    };
    let (packages, nodes) = (by_id("/packages"), by_id("/resolve/nodes"));
    let mut found = BTreeSet::new();
    let mut waiting = vec![metadata["resolve"]["root"].as_str().unwrap()];
    while let Some(here) = waiting.pop() {
        for dependency in nodes[here]["deps"].as_array().unwrap() {
            let id = dependency["pkg"].as_str().unwrap();
            if is_linked(dependency, packages[id]) && found.insert(id) {
                waiting.push(id);
            }
        }
    }
    let row = |id: &&str| {
        let field = |name: &str| packages[*id][name].as_str().unwrap_or("see below").to_owned();
        format!("| {} {} | {} |", field("name"), field("version"), field("license"))
    };
    found.iter().map(row).collect()
}

/// What only builds is in no binary.
fn is_linked(dependency: &Value, package: &Value) -> bool {
    let is_normal = |kind: &Value| kind["kind"].is_null();
    let is_macro = |target: &Value| target["kind"].as_array().unwrap().contains(&"proc-macro".into());
    dependency["dep_kinds"].as_array().unwrap().iter().any(is_normal)
        && !package["targets"].as_array().unwrap().iter().any(is_macro)
}

#[test]
fn the_list_of_third_parties_is_that_of_the_binary() {
    let page = text("THIRD-PARTY.md");
    let (_, table) = page.split_once("\n## Crates\n").unwrap();
    let (table, texts) = table.split_once("\n## Licences and notices\n").unwrap();
    let told: BTreeSet<String> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| crate"))
        .map(|line| line.splitn(4, '|').take(3).collect::<Vec<_>>().join("|") + "|")
        .collect();
    let linked: BTreeSet<String> = TARGETS.iter().flat_map(|target| linked(target)).collect();
    let lacking: Vec<_> = linked.symmetric_difference(&told).collect();
    assert!(
        linked.len() > 200 && lacking.is_empty(),
        "run scripts/third-party.py; what differs: {lacking:?}"
    );
    for foreign in ["libssh2", "SQLite", "Zstandard", "OpenSSL", "AWS-LC"] {
        assert!(page.contains(foreign), "{foreign}");
    }
    // Each crate has its text, or is named as one without.
    let names = linked.iter().filter_map(|row| row.trim_start_matches("| ").split(" |").next());
    let without: Vec<&str> = names.filter(|name| !texts.contains(name)).collect();
    assert!(without.is_empty(), "run scripts/third-party.py; without a text: {without:?}");
}

/// The libraries that the loader looks for are those that README names, and those of the C library.
#[test]
fn the_page_names_every_library_that_the_program_needs() {
    let Ok(output) = Command::new("readelf").args(["-d", env!("CARGO_BIN_EXE_hornero")]).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let needed = said.lines().filter(|line| line.contains("(NEEDED)"));
    let names: Vec<&str> = needed.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
    assert!(!names.is_empty(), "{said}");
    let of_glibc = ["libc.so", "libm.so", "libgcc_s.so", "libpthread.so", "libdl.so", "librt.so", "ld-linux"];
    let page = text("README.md");
    let unnamed: Vec<_> = names
        .iter()
        .filter(|name| !of_glibc.iter().any(|known| name.starts_with(known)) && !page.contains(**name))
        .collect();
    assert!(unnamed.is_empty(), "README does not name {unnamed:?}");
}

/// What fuzzing does without: the SDK takes longer to build than a target runs, and the rest is the program's alone.
const NOT_FUZZED: [&str; 15] = [
    "aws-config",
    "aws-runtime",
    "aws-sdk-",
    "aws-smithy-",
    "aws-types",
    "clap",
    "comfy-table",
    "directories",
    "fatfs",
    "gpt",
    "hmac",
    "indicatif",
    "reqwest",
    "roxmltree",
    "rusqlite",
];

#[test]
fn fuzzing_links_the_crates_of_the_program_in_their_versions() {
    let dependencies = |manifest: &str| -> BTreeMap<String, toml::Value> {
        let manifest: toml::Table = toml::from_str(&text(manifest)).unwrap();
        manifest["dependencies"].as_table().unwrap().clone().into_iter().collect()
    };
    let mut own = dependencies("Cargo.toml");
    own.retain(|name, _| !NOT_FUZZED.iter().any(|left_out| name.starts_with(left_out)));
    let mut fuzzed = dependencies("tests/fuzz/Cargo.toml");
    fuzzed.retain(|name, _| !["libfuzzer-sys", "mail-parser"].contains(&name.as_str()));
    assert_eq!(fuzzed, own, "tests/fuzz/Cargo.toml must follow Cargo.toml");
}
