//! From an offset inside a decoded TOML string back to the offset in the source that it was written
//! at, through quotes, escapes, and line continuations.

/// `written` is the literal as it stands in the source, with its quotes; `offset` counts bytes of the
/// decoded string. `None` when the literal does not decode as expected.
pub fn offset_in_source(written: &str, offset: usize) -> Option<usize> {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|q| written.starts_with(q))?;
    let multiline = quotes.len() == 3;
    let mut at = quotes.len();
    if multiline {
        at += newline(&written[at..]);
    }
    if quotes.starts_with('\'') {
        return Some(at + offset).filter(|end| *end <= written.len());
    }
    let mut decoded = 0;
    while decoded < offset {
        let (source, text) = unit(written.get(at..)?, multiline)?;
        at += source;
        decoded += text;
    }
    // A continuation right here belongs to what follows it.
    while multiline && continuation(written.get(at..)?).is_some_and(|length| length > 0) {
        at += continuation(&written[at..])?;
    }
    (decoded == offset).then_some(at)
}

/// Bytes taken in the source and bytes made of them, for the next character of a basic string.
fn unit(rest: &str, multiline: bool) -> Option<(usize, usize)> {
    let first = rest.chars().next()?;
    if first != '\\' {
        return Some((first.len_utf8(), first.len_utf8()));
    }
    if multiline && let Some(length) = continuation(rest) {
        return Some((length, 0));
    }
    match rest.as_bytes().get(1)? {
        b'x' => hex(rest, 2),
        b'u' => hex(rest, 4),
        b'U' => hex(rest, 8),
        _ => Some((2, 1)),
    }
}

fn hex(rest: &str, digits: usize) -> Option<(usize, usize)> {
    let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
    Some((2 + digits, char::from_u32(code)?.len_utf8()))
}

/// Length of a backslash at the end of a line with all the blank space after it.
fn continuation(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('\\')?;
    let blank = after.len() - after.trim_start_matches([' ', '\t', '\r', '\n']).len();
    after[..blank].contains('\n').then_some(1 + blank)
}

fn newline(text: &str) -> usize {
    ["\r\n", "\n"].iter().find(|n| text.starts_with(**n)).map_or(0, |n| n.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of the mark in the decoded text is found again in the source.
    fn holds(written: &str) {
        let toml = format!("a = {written}");
        let table: toml::Table = toml::from_str(&toml).expect("the literal is good");
        let text = table["a"].as_str().expect("it is a string");
        for (offset, _) in text.match_indices('@') {
            let at = offset_in_source(written, offset).expect("it maps");
            assert_eq!(&written[at..=at], "@", "in {written}");
        }
        assert!(text.contains('@'));
    }

    #[test]
    fn every_kind_of_literal_maps_back() {
        holds("'a@b@'");
        holds("\"@é@\"");
        holds(r#""\t@\u00e9@\U0001F600@\x41@\\@""#);
        holds("'''\n@x\n@'''");
        holds("\"\"\"\n\\\n   @x \\\n\n  @\\n@\"\"\"");
        holds("\"\"\"@\r\n@ \\\r\n @\"\"\"");
    }

    #[test]
    fn what_is_not_a_literal_has_no_place() {
        assert_eq!(offset_in_source("5", 0), None);
        assert_eq!(offset_in_source("\"a\"", 9), None);
    }
}
