//! Any bytes as what a builder says during an upload.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::upload(text));
