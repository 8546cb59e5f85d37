//! Forms with backslashes: JSON, source code of many languages, names of files and units.

use super::with_escapes;

/// How a program writes what is not ASCII.
#[derive(Clone, Copy)]
enum Beyond {
    Plain,
    /// `\xc3\xa9`
    HexBytes,
    /// `\303\251`
    OctalBytes,
    /// `\u00e9`, above the first plane as two of them.
    Utf16,
    /// `\u{e9}`
    Braces,
    /// `\xe9`, `\u20ac` or `\U0001f600`, as short as it goes.
    Shortest,
    /// The same in upper case.
    ShortestUpper,
}

const BEYOND: [Beyond; 7] = [
    Beyond::Plain,
    Beyond::HexBytes,
    Beyond::OctalBytes,
    Beyond::Utf16,
    Beyond::Braces,
    Beyond::Shortest,
    Beyond::ShortestUpper,
];

/// As serde and JavaScript write it; others also escape slashes, what is not ASCII, and what HTML minds.
pub fn json(text: &str) -> Vec<String> {
    let text = serde_json::Value::from(text).to_string();
    let inside = &text[1..text.len() - 1];
    let mut forms = Vec::new();
    for form in [inside.to_owned(), inside.replace('/', "\\/")] {
        for wanted in [
            |c: char| !c.is_ascii(),
            |c: char| "<>&".contains(c),
            |c: char| "<>&'".contains(c),
            |c: char| "<>&'".contains(c) || !c.is_ascii(),
        ] {
            let lower = with_escapes(&form, |c| wanted(c).then(|| utf16(c)));
            let upper = with_escapes(&form, |c| wanted(c).then(|| utf16_upper(c)));
            forms.extend([lower, upper]);
        }
        forms.push(form);
    }
    forms
}

/// As a log in JSON holds lines that are JSON.
pub fn json_in_json(text: &str) -> Vec<String> {
    json(text).iter().flat_map(|form| json(form)).collect()
}

/// Texts and strings of bytes as C, Go, Java, JavaScript, Perl, PHP, Python, Ruby, Rust, YAML and bash's `$'...'`
/// write them.
pub fn c_like(text: &str) -> Vec<String> {
    let escapes = ["\\x1b", "\\033", "\\e", "\\E", "\\u001b"];
    let escapes = if text.contains('\u{1b}') { &escapes[..] } else { &escapes[..1] };
    let mut forms = Vec::new();
    for beyond in BEYOND {
        for quotes in ["", "'", "\"", "'\"", "\"$", "\"$`", "\"#"] {
            for escape in escapes {
                forms.push(with_escapes(text, |c| escaped(c, beyond, quotes, escape)));
            }
        }
    }
    forms
}

fn escaped(c: char, beyond: Beyond, quotes: &str, escape: &str) -> Option<String> {
    Some(match c {
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\u{1b}' => escape.into(),
        c if c.is_ascii_control() => control(c, beyond),
        c if quotes.contains(c) => format!("\\{c}"),
        c if c.is_ascii() => return None,
        c => return beyond_ascii(c, beyond),
    })
}

fn control(c: char, beyond: Beyond) -> String {
    let code = u32::from(c);
    match beyond {
        Beyond::Plain | Beyond::HexBytes | Beyond::Shortest => format!("\\x{code:02x}"),
        Beyond::ShortestUpper => format!("\\x{code:02X}"),
        Beyond::OctalBytes => format!("\\{code:03o}"),
        Beyond::Utf16 => format!("\\u{code:04x}"),
        Beyond::Braces => format!("\\u{{{code:x}}}"),
    }
}

fn beyond_ascii(c: char, beyond: Beyond) -> Option<String> {
    Some(match beyond {
        Beyond::Plain => return None,
        Beyond::HexBytes => of_bytes(c, |byte| format!("\\x{byte:02x}")),
        Beyond::OctalBytes => of_bytes(c, |byte| format!("\\{byte:03o}")),
        Beyond::Utf16 => utf16(c),
        Beyond::Braces => format!("\\u{{{:x}}}", u32::from(c)),
        Beyond::Shortest => shortest(c),
        Beyond::ShortestUpper => {
            with_escapes(&shortest(c), |c| c.is_ascii_hexdigit().then(|| c.to_ascii_uppercase().to_string()))
        }
    })
}

fn shortest(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

fn utf16(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn utf16_upper(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
}

fn of_bytes(c: char, one: impl Fn(u8) -> String) -> String {
    c.encode_utf8(&mut [0; 4]).bytes().map(one).collect()
}

/// `systemd-escape`, units' own settings, `ls -b` and `/proc/mounts`.
pub fn of_file_names(text: &str) -> Vec<String> {
    let hexadecimal = |c: char| of_bytes(c, |byte| format!("\\x{byte:02x}"));
    let octal = |c: char| of_bytes(c, |byte| format!("\\{byte:03o}"));
    let unit = |slash: &'static str| {
        with_escapes(text, |c| match c {
            '/' => Some(slash.into()),
            c if c.is_ascii_alphanumeric() || ":_.".contains(c) => None,
            c => Some(hexadecimal(c)),
        })
    };
    let blanks = |blank: &'static str| {
        with_escapes(text, |c| match c {
            ' ' => Some(blank.into()),
            '\\' => Some("\\\\".into()),
            c if c.is_ascii_control() || !c.is_ascii() => Some(octal(c)),
            _ => None,
        })
    };
    let mounts = with_escapes(text, |c| " \t\n\\#".contains(c).then(|| octal(c)));
    vec![unit("-"), unit("/"), unit("\\x2f"), blanks("\\ "), blanks(" "), mounts]
}
