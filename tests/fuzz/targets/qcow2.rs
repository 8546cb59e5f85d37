//! Any bytes as the beginning of a disk.

#![no_main]

libfuzzer_sys::fuzz_target!(|start: &[u8]| hornero::properties::qcow2(start));
