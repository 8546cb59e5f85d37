//! Any bytes as a template: a list of mistakes or a template, and mistakes that can be shown.

#![no_main]

use hornero::{
    load::{Inputs, load},
    template::{diagnose::render, model::PlatformKind},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("t.toml");
    if std::fs::write(&path, text).is_err() {
        return;
    }
    let inputs = Inputs {
        vars: Vec::new(),
        platform: PlatformKind::Qemu,
        platform_is_wanted: false,
        stage: None,
        provisioner_folders: Vec::new(),
        allowed: Vec::new(),
        home: None,
        ansible: Default::default(),
    };
    if let Err(mistakes) = load(&path, &inputs) {
        assert!(!mistakes.is_empty());
        assert!(!render(&mistakes, false, 100).contains('\u{1b}'));
    }
});
