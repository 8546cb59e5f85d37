//! Any bytes as a provisioner that a template uses.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::provisioner(text));
