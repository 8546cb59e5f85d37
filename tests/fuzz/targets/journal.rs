//! Whatever stands in a journal, reading it tells what can be read.

#![no_main]

use hornero::journal::History;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let history = History::of(text);
    assert!(history.unreadable <= text.split(|byte| *byte == b'\n').count());
});
