//! Reading a text that a person wrote, refusing with one clear sentence what cannot be one.

use std::{io, path::Path};

use crate::{
    open_file::{self, Confinement, FileBytes, OpenError},
    template::{
        check::{Trouble, outside},
        diagnose::Mistake,
    },
};

/// Of a template, include or provisioner.
pub const LARGEST_TEMPLATE: u64 = 1 << 20;
/// Of a script, key, part of user-data or file to render.
pub const LARGEST_FILE: u64 = 16 << 20;

/// A text as hornero uses it: lines end in `\n`, and no byte order mark stands in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainText {
    pub text: String,
    /// Whether lines of the file end in `\r\n`, which no shell and no configuration file on the machine
    /// takes for a line end.
    pub had_carriage_returns: bool,
}

/// Git's own folder: what lies in it is no text of a template, and may hold passwords.
const GIT_FOLDER: &str = ".git";

/// The bytes of a file of at most `largest` bytes that lies where it may.
pub fn read_bytes(path: &Path, reach: Confinement<'_>, largest: u64) -> Result<FileBytes, Trouble> {
    let real = std::fs::canonicalize(path).map_err(|error| trouble(&error))?;
    if real.components().any(|part| part.as_os_str() == GIT_FOLDER) {
        return Err(Trouble { why: "it is one of git's own files".into(), hint: None });
    }
    open_file::read(path, reach, largest).map_err(refused)
}

/// The text of a file of at most `largest` bytes that lies where it may.
pub fn read(path: &Path, reach: Confinement<'_>, largest: u64) -> Result<PlainText, Trouble> {
    text_of(read_bytes(path, reach, largest)?.bytes)
}

/// The text that these bytes are.
pub fn text_of(bytes: Vec<u8>) -> Result<PlainText, Trouble> {
    decode(bytes).map(plain)
}

fn decode(bytes: Vec<u8>) -> Result<String, Trouble> {
    let not_text = |at: usize| Trouble {
        why: format!("it is not text: byte {at} does not belong in UTF-8 text"),
        hint: Some("is this the right file?".into()),
    };
    if is_utf16(&bytes) {
        let hint = "save it as UTF-8: in an editor, or with `iconv -f UTF-16 -t UTF-8`";
        return Err(Trouble { why: "it is text in UTF-16".into(), hint: Some(hint.into()) });
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(at));
    }
    String::from_utf8(bytes).map_err(|error| not_text(error.utf8_error().valid_up_to()))
}

/// By its byte order mark, or because every second byte of its beginning is empty, as it is in ASCII text.
fn is_utf16(bytes: &[u8]) -> bool {
    const LOOKED_AT_BYTES: usize = 64;
    let start = &bytes[..bytes.len().min(LOOKED_AT_BYTES) & !1];
    let empty = |first: usize| start.len() >= 4 && start.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    let full = |first: usize| start.iter().skip(first).step_by(2).all(|byte| *byte != 0);
    bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || (empty(1) && full(0))
        || (empty(0) && full(1))
}

fn plain(text: String) -> PlainText {
    let had_carriage_returns = text.contains("\r\n");
    let text = if had_carriage_returns { text.replace("\r\n", "\n") } else { text };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    PlainText { text, had_carriage_returns }
}

/// That the lines of a file are not used as they end.
pub fn line_ends_warning(path: &Path) -> Mistake {
    Mistake::about(path, "the lines of this file end as on Windows (CRLF); they are used with LF").hint(
        "save it with LF; where Git makes CRLF of it, `* text eol=lf` in .gitattributes keeps it from that",
    )
}

/// Why a file is not opened. What it holds is never told.
pub fn refused(error: OpenError) -> Trouble {
    match error {
        OpenError::Io(error) => trouble(&error),
        OpenError::Elsewhere { real } => Trouble {
            why: format!(
                "it is in truth `{}`, for a symbolic link leads out of where it may lie",
                real.display()
            ),
            hint: Some(outside("copy what it points to to where the link is", &real)),
        },
        OpenError::Folder
        | OpenError::Special(_)
        | OpenError::Link
        | OpenError::TooLarge { .. }
        | OpenError::Changed => Trouble { why: error.to_string(), hint: None },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_windows_and_marks_become_plain() {
        let of = |bytes: &[u8]| text_of(bytes.to_vec());
        let plain = |text: &str, had| Ok(PlainText { text: text.into(), had_carriage_returns: had });
        assert_eq!(of(b"\xef\xbb\xbf#!/bin/sh\r\nset -e\r\n"), plain("#!/bin/sh\nset -e\n", true));
        assert_eq!(of(b"a\rb\n"), plain("a\rb\n", false));
        assert_eq!(of(b"\xef\xbb\xbf"), plain("", false));
    }

    #[test]
    fn other_encodings_are_told_by_their_name() {
        let wide = |mark: &[u8], swap: bool| -> Vec<u8> {
            let pair = |b: &u8| if swap { [0, *b] } else { [*b, 0] };
            mark.iter().copied().chain(b"[image]\n".iter().flat_map(pair)).collect()
        };
        for bytes in
            [wide(&[0xff, 0xfe], false), wide(&[0xfe, 0xff], true), wide(&[], false), wide(&[], true)]
        {
            let trouble = text_of(bytes).expect_err("it is not UTF-8");
            assert!(trouble.why.contains("UTF-16"), "{}", trouble.why);
        }
        assert!(text_of(vec![0, 0, 0, 0]).expect_err("it is binary").why.contains("byte 0"));
    }
}
