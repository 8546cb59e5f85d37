//! Reading a text that a person wrote, refusing with one clear sentence what cannot be one.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::template::check::Trouble;

/// Of a template, include or provisioner.
pub const LARGEST_TEMPLATE: u64 = 1 << 20;
/// Of a script, key, part of user-data or file to render.
pub const LARGEST_FILE: u64 = 16 << 20;

/// The text of a file of at most `largest` bytes.
pub fn read(path: &Path, largest: u64) -> Result<String, Trouble> {
    let metadata = std::fs::metadata(path).map_err(|error| trouble(&error))?;
    if metadata.is_dir() {
        return Err(Trouble { why: "it is a folder, not a file".into(), hint: None });
    }
    // Reading a pipe or a device might never end.
    if !metadata.is_file() {
        return Err(Trouble { why: "it is not an ordinary file".into(), hint: None });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| trouble(&error))?;
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| trouble(&error))?;
    if bytes.len() as u64 > largest {
        let size = bytesize::ByteSize(metadata.len()).display().iec().to_string();
        let most = bytesize::ByteSize(largest).display().iec().to_string();
        return Err(Trouble { why: format!("it has {size}, more than {most}"), hint: None });
    }
    text_of(bytes)
}

/// The text that these bytes are.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Trouble> {
    let not_text = |at: usize| Trouble {
        why: format!("it is not text: byte {at} does not belong in UTF-8 text"),
        hint: Some("is this the right file?".into()),
    };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(at));
    }
    String::from_utf8(bytes).map_err(|error| not_text(error.utf8_error().valid_up_to()))
}

/// The operating system's reason in plain words.
pub fn trouble(error: &io::Error) -> Trouble {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        _ => error.to_string().to_lowercase(),
    };
    Trouble { why, hint: None }
}
