//! Any bytes as a machine's answers to checks.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::checks(text));
