//! Any bytes as a template: a list of mistakes or a template, and mistakes that can be shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::template(text));
