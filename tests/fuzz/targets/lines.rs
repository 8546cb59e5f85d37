//! Any bytes as the lines of a step.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::lines(text));
