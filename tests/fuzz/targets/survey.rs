//! Any bytes as a builder's inventory.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::survey(text));
