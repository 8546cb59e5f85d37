//! Files of any name and text as parts of user-data: a reader of MIME finds each as it was.

#![no_main]

use hornero::properties::user_data_with;
use libfuzzer_sys::fuzz_target;
use mail_parser::{MessageParser, MimeHeaders};

fuzz_target!(|parts: Vec<(String, String)>| {
    // A template names files that are there, without control characters in their names.
    let is_name = |name: &String| !name.is_empty() && name.len() < 200 && !name.contains(char::is_control) && !name.contains('/');
    let parts: Vec<(String, String)> = parts.into_iter().filter(|(name, _)| is_name(name)).take(4).collect();
    if parts.is_empty() {
        return;
    }
    let written = user_data_with(parts.clone());
    let message = MessageParser::default().parse(&written).expect("user-data is MIME");
    let plain = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let read: Vec<String> = message.attachments().map(|part| plain(&String::from_utf8_lossy(part.contents()))).collect();
    let names: Vec<&str> = message.attachments().filter_map(|part| part.attachment_name()).collect();
    assert_eq!(read.len(), parts.len() + 1, "{names:?}");
    for ((name, text), read) in parts.iter().zip(&read[1..]) {
        assert_eq!(&plain(text), read, "{name:?}");
    }
});
