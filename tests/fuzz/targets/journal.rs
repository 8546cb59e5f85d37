//! Whatever stands in a journal, reading it tells what can be read.

#![no_main]

libfuzzer_sys::fuzz_target!(|text: &[u8]| hornero::properties::journal(text));
