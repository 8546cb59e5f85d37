//! Any bytes as a builder's answer about accounts.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::accounts(text));
