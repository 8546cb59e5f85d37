//! YAML, as JSON that every reader of YAML takes for the same.

use std::fmt::Write as _;

use serde::Serialize;

/// `value` on one line of YAML. JSON is YAML but for some characters: those that YAML's readers refuse, and those
/// that they take for the end of a line. All of them stand in strings and are written as numbers.
///
/// # Errors
/// When the value cannot be JSON, as a map with keys that are no strings.
pub fn yaml_value(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(value)?;
    let mut yaml = String::with_capacity(json.len());
    for char in json.chars() {
        match is_plain(char) {
            true => yaml.push(char),
            false => write!(yaml, "\\u{:04x}", u32::from(char)).unwrap_or_default(),
        }
    }
    Ok(yaml)
}

/// YAML 1.1 calls these printable, and none of them ends a line. What is not lies below U+10000.
fn is_plain(char: char) -> bool {
    matches!(
        char,
        ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}'
            | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..
    )
}
