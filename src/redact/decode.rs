//! Undoes the forms that write characters otherwise, each as a reading of the bytes from one place on.

use super::view::Decoded;

/// `&lt;`, `&#60;` and `&#x3c;`. The longest name has 33 bytes.
pub fn entity(rest: &[u8]) -> Decoded {
    if rest[0] != b'&' {
        return None;
    }
    let end = rest.iter().take(40).position(|&byte| byte == b';')?;
    let written = str::from_utf8(&rest[..=end]).ok()?;
    let read = html_escape::decode_html_entities(written);
    (read != written).then(|| (end + 1, read.into_owned().into_bytes()))
}

/// `%3c` of addresses, and `%%` where a percent sign would mean something.
pub fn percent(rest: &[u8]) -> Decoded {
    match rest {
        [b'%', b'%', ..] => Some((2, vec![b'%'])),
        [b'%', b'u', ..] => Some((6, character(rest.get(2..6)?)?)),
        [b'%', ..] => Some((3, vec![byte(rest.get(1..3)?)?])),
        _ => None,
    }
}

/// The same, and blanks as forms of web pages send them.
pub fn percent_and_plus(rest: &[u8]) -> Decoded {
    if rest[0] == b'+' { Some((1, vec![b' '])) } else { percent(rest) }
}

/// `=3D` of mails, and a line that goes on.
pub fn quoted_printable(rest: &[u8]) -> Decoded {
    match rest {
        [b'=', b'\n', ..] => Some((2, Vec::new())),
        [b'=', ..] => Some((3, vec![byte(rest.get(1..3)?)?])),
        _ => None,
    }
}

/// The escapes of JSON, C, Python, YAML, shells, systemd and `ls`.
pub fn backslash(rest: &[u8]) -> Decoded {
    let &[b'\\', next, ..] = rest else { return None };
    let one = |byte: u8| Some((2, vec![byte]));
    match next {
        b'n' => one(b'\n'),
        b't' => one(b'\t'),
        b'r' => one(b'\r'),
        b'b' => one(8),
        b'f' => one(12),
        b'a' => one(7),
        b'v' => one(11),
        b'e' | b'E' => one(27),
        b'x' => Some((4, vec![byte(rest.get(2..4)?)?])),
        b'u' if rest.get(2) == Some(&b'{') => braces(rest),
        b'u' => utf16(rest),
        b'U' => Some((10, character(rest.get(2..10)?)?)),
        b'0'..=b'7' => octal(rest),
        // Of a character that is not ASCII it takes the first byte, and the others stand for themselves.
        other => one(other),
    }
}

/// The same where `\xe9` is a character and not a byte, as in Python, JavaScript and YAML.
pub fn backslash_of_characters(rest: &[u8]) -> Decoded {
    match rest {
        [b'\\', b'x', ..] => Some((4, character(rest.get(2..4)?)?)),
        _ => backslash(rest),
    }
}

/// The escapes of PowerShell.
pub fn backtick(rest: &[u8]) -> Decoded {
    let &[b'`', next, ..] = rest else { return None };
    let byte = match next {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        other => other,
    };
    Some((2, vec![byte]))
}

/// What is left of words when quotes and blanks are gone: however a shell, YAML or SQL quotes them, it is the same.
pub fn quoting(rest: &[u8]) -> Decoded {
    match rest {
        [b'$', b'\'', ..] => Some((2, Vec::new())),
        [byte, ..] if is_quoting(*byte) => Some((1, Vec::new())),
        [one @ (b'$' | b'%' | b'{' | b'}' | b'[' | b']'), other, ..] if one == other => Some((1, Vec::new())),
        _ => None,
    }
}

pub fn is_quoting(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\'' | b'"' | b'\\' | b'`' | b'^')
}

/// `\u{e9}`
fn braces(rest: &[u8]) -> Decoded {
    let end = rest.iter().take(12).position(|&byte| byte == b'}')?;
    Some((end + 1, character(&rest[3..end])?))
}

/// `\u00e9`, or two of them for one character.
fn utf16(rest: &[u8]) -> Decoded {
    let unit = |at: usize| u16::try_from(number(rest.get(at..at + 4)?, 16)?).ok();
    let first = unit(2)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((6, text(c)));
    }
    let second = (rest.get(6..8)? == b"\\u").then(|| unit(8)).flatten()?;
    let c = char::decode_utf16([first, second]).next()?.ok()?;
    Some((12, text(c)))
}

/// One byte as `\303`, or with fewer digits.
fn octal(rest: &[u8]) -> Decoded {
    let length = rest[1..].iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    Some((length + 1, vec![u8::try_from(number(&rest[1..=length], 8)?).ok()?]))
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::try_from(number(digits, 16)?).ok()
}

fn character(digits: &[u8]) -> Option<Vec<u8>> {
    char::from_u32(number(digits, 16)?).map(text)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

fn text(c: char) -> Vec<u8> {
    c.encode_utf8(&mut [0; 4]).as_bytes().to_vec()
}
