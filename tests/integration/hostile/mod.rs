//! Every string of the template language, with what shells, fstab, YAML, sudo, apt, dnf and Ansible could mind in
//! it: it is refused at its place, or arrives as exactly itself. The keys come from the structs that read a
//! template, so a new one is tried without being named here.

mod own_names;
mod programs;
mod sudo;
mod surroundings;

use std::{fs, path::Path};

use hornero::{
    load::{Inputs, load},
    provision::{answers::Marks, checks, machine, user_data},
    template::model::{PlatformKind, Template},
};
use serde_json::Value;

use crate::docs;
use programs::Readers;
use surroundings::{Written, written};

/// Run by a shell, each of these leaves a trace.
const RUNS: &str = "pwned";

/// What means something to somebody: each would run a program, end a word or a line, or begin another.
fn hostile() -> Vec<String> {
    let runs = RUNS;
    let with_program = [
        format!("$({runs})"),
        format!("`{runs}`"),
        format!("'; {runs}; '"),
        format!("\"; {runs}; \""),
        format!("\n{runs}\n- {runs}: x"),
        format!("' \"$({runs})\" #%\\"),
        format!("\u{2028}{runs}\u{85}"),
    ];
    let plain = [
        "#x",
        "%h%41",
        "a\\",
        "a,b=c",
        "a\0b",
        "-x",
        " a b ",
        "\u{202e}é日🦀",
        "${HOME}",
        "x: [y",
        "a:b",
        "!x",
    ];
    with_program.into_iter().chain(plain.map(str::to_owned)).collect()
}

/// Beginnings without which most values would be refused for another reason.
const BEGINNINGS: [&str; 5] = ["", "a", "/srv/x", "https://x.test/", "ALL=(ALL) ALL "];

fn inputs() -> Inputs {
    Inputs::for_platform(PlatformKind::Qemu)
}

/// Everything that a builder is told of a template, in the languages that it is told in.
fn told_to_builder(template: &Template) -> Vec<String> {
    let keys = user_data::Keys { account_public: "ssh-ed25519 A", host_private: "B", host_public: "C" };
    let probes: Vec<_> = template.checks.iter().map(|check| &check.probe).collect();
    let own = machine::Names::Own;
    let scripts = [
        machine::early_script(&template.groups, &template.disks, own).unwrap(),
        machine::late_script(&template.packages, &template.disks, &template.users).unwrap(),
        Some(checks::script(&probes, &Marks::of("0123456789abcdef")).unwrap()),
    ];
    let user_data = String::from_utf8(user_data::for_builder(template, keys, true).unwrap()).unwrap();
    std::iter::once(user_data).chain(scripts.into_iter().flatten()).collect()
}

/// Whether a text is anywhere in the model, as a value or a key.
fn is_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(held) => held.contains(text),
        Value::Array(items) => items.iter().any(|item| is_in(item, text)),
        Value::Object(fields) => fields.iter().any(|(key, item)| key.contains(text) || is_in(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

struct Trial<'t> {
    key: &'t docs::Key,
    value: &'t str,
    written: Written,
}

/// What becomes of one value: a refusal at its place, or a template that holds it.
fn try_value(trial: &Trial<'_>, folder: &Path, readers: &mut Readers) {
    let path = folder.join("t.toml");
    fs::write(&path, &trial.written.text).unwrap();
    let about =
        || format!("{} of {}: {:?}\n{}", trial.key.name, trial.key.table, trial.value, trial.written.text);
    let loaded = match load(&path, &inputs()) {
        Ok(loaded) => loaded.template,
        Err(mistakes) => {
            let near = |span: &std::ops::Range<usize>| {
                span.start < trial.written.line.end && span.end > trial.written.line.start
            };
            let placed = mistakes.iter().any(|mistake| mistake.span.as_ref().is_some_and(near));
            assert!(placed, "refused elsewhere: {}\n{:?}", about(), mistakes.list);
            return;
        }
    };
    let model = serde_json::to_value(&loaded).unwrap();
    // A path has no doubled slashes.
    let forms = [trial.value.to_owned(), trial.value.trim().to_owned(), trial.value.replace("//", "/")];
    let held = trial.written.is_consumed || forms.iter().any(|form| is_in(&model, form));
    assert!(held, "taken and changed: {}", about());
    // A command is one for the shell: it is run as what it is.
    let is_code = (trial.key.table.as_str(), trial.key.name.as_str()) == ("Check", "command");
    for text in told_to_builder(&loaded).into_iter().filter(|_| !is_code) {
        readers.add(about(), trial.value, text);
    }
}

/// What a builder is told where the key has an ordinary value; `None` where that is refused.
fn told_with(key: &docs::Key, value: &str, folder: &Path) -> Option<Vec<String>> {
    let path = folder.join("t.toml");
    let told = written(key, value).into_iter().filter_map(|written| {
        fs::write(&path, &written.text).unwrap();
        Some(told_to_builder(&load(&path, &inputs()).ok()?.template))
    });
    told.reduce(|all, more| [all, more].concat())
}

#[test]
fn every_string_of_a_template_is_refused_at_its_place_or_arrives_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    surroundings::write_files(folder.path());
    fs::write(folder.path().join("t.toml"), surroundings::GOOD).unwrap();
    let plain = told_to_builder(&load(&folder.path().join("t.toml"), &inputs()).unwrap().template);
    let mut readers = Readers::default();
    let (mut keys, mut values) = (0, 0);
    for key in docs::keys() {
        for beginning in BEGINNINGS {
            let ordinary = told_with(&key, &format!("{beginning}b"), folder.path());
            // Where the beginning alone is refused, so is all that begins with it.
            if !beginning.is_empty() && ordinary.is_none() {
                continue;
            }
            readers.benign = [plain.clone(), ordinary.unwrap_or_default()].concat();
            for hostile in hostile() {
                let value = format!("{beginning}{hostile}");
                for written in written(&key, &value) {
                    try_value(&Trial { key: &key, value: &value, written }, folder.path(), &mut readers);
                    values += 1;
                }
            }
        }
        keys += 1;
    }
    assert!(keys > 150 && values > 3_000, "{keys} keys, {values} values");
    readers.read_all();
}
