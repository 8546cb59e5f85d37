//! Forms that show the bytes of a text: base64, digits, URL encoding, quoted-printable.

use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE},
};

use super::with_escapes;

/// What different programs leave as it is in an address, besides letters and digits.
const PLAIN_IN_ADDRESSES: [&str; 4] = ["-._~", "-._~/", "-_.!~*'()", "*-._"];

/// Fewer letters and digits beside replacement characters are no secret any more.
const LEAST_KNOWN_CHARS: usize = 6;

/// What stands between the digits of two bytes, and before those of each.
const HEX_JOINTS: [(&str, &str); 12] = [
    ("", ""),
    ("", " "),
    ("", "  "),
    ("", ":"),
    ("", "-"),
    ("", ","),
    ("", ", "),
    ("0x", " "),
    ("0x", ","),
    ("0x", ", "),
    ("\\x", ""),
    ("$", " "),
];

pub fn base64(text: &str) -> Vec<String> {
    of_bytes(text.as_bytes(), b"\n")
}

/// As PowerShell and others take a command.
pub fn base64_of_utf16(text: &str) -> Vec<String> {
    of_bytes(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), b"\n\0")
}

/// Alone, with the line end that `echo` adds, and somewhere inside of a longer text.
fn of_bytes(bytes: &[u8], line_end: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for engine in [STANDARD, URL_SAFE] {
        for alone in [engine.encode(bytes), engine.encode([bytes, line_end].concat())] {
            forms.push(alone.trim_end_matches('=').to_owned());
            forms.push(alone);
        }
        forms.extend((0..3).map(|before| inside_base64(&engine, bytes, before)));
    }
    forms
}

/// The three texts of which one stands in every base64 of something that holds `bytes`.
pub fn base64_inside(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|before| inside_base64(&STANDARD, bytes, before))
}

/// The characters that these bytes alone decide, `before` bytes after a group of three began.
fn inside_base64(engine: &GeneralPurpose, bytes: &[u8], before: usize) -> String {
    let shifted = [&[0; 2][..before], bytes].concat();
    let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
    engine.encode(&shifted).get(first..last).unwrap_or_default().to_owned()
}

/// In upper and lower case, with what dumps, certificates and source code put between bytes.
pub fn hexadecimal(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for digits in [hex::encode(text), hex::encode_upper(text)] {
        let of_each = |length| -> Vec<&str> {
            (0..digits.len()).step_by(length).map(|at| &digits[at..digits.len().min(at + length)]).collect()
        };
        let joined = |(before, between): (&str, &str)| {
            let bytes: Vec<String> = of_each(2).iter().map(|byte| format!("{before}{byte}")).collect();
            bytes.join(between)
        };
        forms.extend(HEX_JOINTS.map(joined));
        // As `xxd` prints them.
        forms.push(of_each(4).join(" "));
    }
    forms
}

/// Lists of the numbers of bytes, as many languages print a string of bytes, and `od -b`.
pub fn numbers(text: &str) -> Vec<String> {
    let decimal: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    let octal: Vec<String> = text.bytes().map(|byte| format!("{byte:03o}")).collect();
    vec![decimal.join(", "), decimal.join(","), decimal.join(" "), octal.join(" ")]
}

pub fn url(text: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for plain in PLAIN_IN_ADDRESSES {
        let lower = percent(text, plain);
        let upper = uppercase_digits(&lower);
        for form in [lower, upper] {
            // As forms of web pages are sent.
            forms.push(form.replace("%20", "+"));
            // An address in an address.
            forms.push(form.replace('%', "%25"));
            forms.push(form);
        }
    }
    forms
}

fn percent(text: &str, plain: &str) -> String {
    let one = |byte: u8| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(one).collect()
}

fn uppercase_digits(text: &str) -> String {
    let mut parts = text.split('%');
    let mut upper = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(2.min(part.len()));
        upper += &format!("%{}{rest}", digits.to_ascii_uppercase());
    }
    upper
}

/// As in mails.
pub fn quoted_printable(text: &str) -> Vec<String> {
    let one = |byte: u8| match byte {
        b'\n' | b' '..=b'<' | b'>'..=b'~' => char::from(byte).to_string(),
        _ => format!("={byte:02X}"),
    };
    vec![text.bytes().map(one).collect()]
}

/// What is left of characters that a program cannot print: one mark for each, or one for each of its bytes.
pub fn replaced(text: &str) -> Vec<String> {
    let known = text.chars().filter(char::is_ascii_alphanumeric).count();
    if text.is_ascii() || known < LEAST_KNOWN_CHARS {
        return Vec::new();
    }
    let with = |mark: &str, each_byte: bool| {
        with_escapes(text, |c| (!c.is_ascii()).then(|| mark.repeat(if each_byte { c.len_utf8() } else { 1 })))
    };
    vec![with("?", false), with("?", true), with("\u{fffd}", false), with("\u{fffd}", true)]
}
