//! What holds whatever comes from outside. cargo-fuzz calls these with inputs that it makes up for hours
//! (`tests/fuzz`), and the suite with a bounded number of them.

use std::{fs, path::Path};

use crate::{
    engine::{manifest::Manifest, survey::Survey},
    journal::History,
    load::{Inputs, load},
    platform::qemu::qcow2_header,
    provision::{answers::Marks, judge, user_data},
    template::{
        diagnose::render,
        model::{PlatformKind, Probe, Template},
    },
};

pub use crate::remote::properties::{accounts, frame, lines, upload};

const GOOD: &str = "[image]\nname = 'x'\n[base]\nos = 'debian-12'\n";

/// A template is taken or refused with mistakes that can be shown; what is taken can be told to a builder.
pub fn template(text: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("t.toml"), text).expect("it can be written to");
    taken_or_refused(folder.path());
}

/// The same of a provisioner that a template uses.
pub fn provisioner(text: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let own = folder.path().join("provisioners/p");
    fs::create_dir_all(&own).expect("it can be written to");
    fs::write(own.join("provisioner.toml"), text).expect("it can be written to");
    fs::write(folder.path().join("t.toml"), format!("{GOOD}[[use]]\nprovisioner = 'p'\n"))
        .expect("it can be written to");
    taken_or_refused(folder.path());
}

fn taken_or_refused(folder: &Path) {
    match load(&folder.join("t.toml"), &Inputs::for_platform(PlatformKind::Qemu)) {
        Ok(loaded) => drop(written(&loaded.template)),
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            let shown = render(&mistakes, false, 100);
            assert!(!shown.contains(|char: char| char.is_control() && char != '\n'), "{shown:?}");
            assert_eq!(mistakes.records().len(), mistakes.len());
        }
    }
}

/// What a builder is told first of a template.
fn written(template: &Template) -> Vec<u8> {
    let keys = user_data::Keys { account_public: "ssh-ed25519 A", host_private: "B", host_public: "C" };
    user_data::for_builder(template, keys, true).expect("what was taken can be told to a builder")
}

/// The user-data of a template with these parts of its own: the names are those of files.
///
/// # Panics
/// When the parts cannot be written.
pub fn user_data_with(parts: Vec<(String, String)>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.toml");
    fs::write(&path, GOOD).expect("it can be written to");
    let loaded = load(&path, &Inputs::for_platform(PlatformKind::Qemu))
        .unwrap_or_else(|mistakes| unreachable!("{mistakes:?}"));
    let mut template = loaded.template;
    template.cloud_init.user_data = parts;
    written(&template)
}

/// A journal tells what can be read of it, whatever stands in it.
pub fn journal(text: &[u8]) {
    let history = History::of(text);
    assert!(history.unreadable <= text.split(|byte| *byte == b'\n').count());
    assert!(history.things.len() <= history.effects.len() + text.len());
}

/// A manifest that is taken is the same as itself, and is read again as it was.
pub fn manifest(text: &[u8]) {
    let Ok(manifest) = Manifest::parse(text, "reading") else { return };
    let written = serde_json::to_string(&manifest).expect("a manifest is JSON");
    let again = Manifest::parse(written.as_bytes(), "reading it again")
        .unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(written, serde_json::to_string(&again).expect("a manifest is JSON"));
}

/// An inventory counts only when it is whole, and names what was counted.
pub fn survey(text: &[u8]) {
    let lines: Vec<String> = String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
    if let Some(survey) = Survey::of(&lines) {
        assert!(survey.packages.len() + survey.users.len() <= lines.len() && !survey.kernel.is_empty());
    }
}

/// What a machine answers to checks never proves the absence of what it did not look for.
pub fn checks(text: &[u8]) {
    let marks = Marks::of("ab");
    let lines: Vec<String> = String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
    let answers = marks.answers(&lines);
    assert!(answers.len() <= lines.len());
    for probe in probes() {
        for answer in answers.values() {
            let verdict = judge::judge(&probe, Some(answer));
            assert!(!verdict.ok || answer.exit == 0, "{answer:?}");
        }
        assert!(!judge::judge(&probe, None).ok, "no answer proves nothing: {probe:?}");
    }
}

/// A disk that is taken has its content in its own file: QEMU is led to no other.
pub fn qcow2(start: &[u8]) {
    let Ok(header) = qcow2_header::parse(start) else { return };
    assert!(header.virtual_size > 0);
    assert_eq!(&start[8..16], &[0; 8], "no backing file");
    assert_eq!(&start[32..36], &[0; 4], "no encryption");
    let version = start[7];
    assert!(version == 2 || start[79] & 0b100 == 0, "no file with its data");
}

/// One of each kind; half of them ask for an absence.
fn probes() -> Vec<Probe> {
    let file = |exists| Probe::File {
        path: "/x".into(),
        exists,
        mode: None,
        owner: None,
        group: None,
        contains: None,
        sha256: None,
    };
    vec![
        Probe::Package { package: "x".into(), installed: false, version: None },
        Probe::Package { package: "x".into(), installed: true, version: Some("1*".into()) },
        Probe::Service { service: "x".into(), running: Some(false), enabled: Some(true) },
        file(false),
        file(true),
        Probe::User { user: "x".into(), exists: false, uid: None, groups: Vec::new(), shell: None },
        Probe::Group { group: "x".into(), exists: true, gid: Some(7) },
        Probe::Port { port: 80, listening: false },
        Probe::Mount { path: "/x".into(), filesystem: Some("ext4".into()), label: None },
    ]
}

#[cfg(test)]
mod tests;
