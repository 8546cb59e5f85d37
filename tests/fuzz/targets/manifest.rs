//! Any bytes as a manifest: refused, or read again as it was.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::manifest(text));
