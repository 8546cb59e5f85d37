//! Any bytes as the header of a disk that somebody else has made: refused, or a disk of a size that there can be.

#![no_main]

use hornero::platform::qcow2_header::{MAGIC, parse};

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let with_magic = [&MAGIC[..], text].concat();
    for start in [text, &with_magic] {
        if let Ok(header) = parse(start) {
            assert!(header.virtual_size > 0 && header.virtual_size <= 1 << 60);
        }
    }
});
