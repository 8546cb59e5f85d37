//! Any bytes as the output of a command, cut anywhere.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::frame(text));
