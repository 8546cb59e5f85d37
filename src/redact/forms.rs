//! The forms that programs give to a text: base64, hexadecimal digits, addresses, JSON, words of a
//! shell. A secret in any of them is still the secret.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE},
};

/// What bash's `printf %q` puts a backslash before.
const BASH: &str = " \t'\"\\|&;()<>!{}*[]?^$`,";

/// What different programs leave as it is in an address, besides letters and digits.
const PLAIN_IN_ADDRESSES: [&str; 4] = ["-._~", "-._~/", "-_.!~*'()", "*-._"];

/// Every form of a secret, line by line, and of each of its lines alone.
pub fn of(secret: &str) -> BTreeSet<String> {
    let whole = secret.trim_end_matches('\n');
    let mut forms = BTreeSet::new();
    for value in [whole].into_iter().chain(secret.lines().map(str::trim)) {
        forms.insert(value.to_owned());
        forms.extend(in_base64(value.as_bytes()));
        forms.extend(in_hex(value.as_bytes()));
        forms.extend(in_addresses(value));
        forms.extend(in_json(value));
        forms.extend(in_shells(value));
    }
    // Text is seen one line at a time.
    let lines = forms.iter().flat_map(|form| form.lines().map(str::trim));
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Alone, with the line end that `echo` adds, and somewhere inside of a longer text.
fn in_base64(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for engine in [STANDARD, URL_SAFE] {
        for alone in [engine.encode(bytes), engine.encode([bytes, b"\n"].concat())] {
            forms.push(alone.trim_end_matches('=').to_owned());
            forms.push(alone);
        }
        forms.extend((0..3).map(|before| inside_base64(&engine, bytes, before)));
    }
    forms
}

/// The characters that these bytes alone decide, `before` bytes after a group of three began.
fn inside_base64(engine: &GeneralPurpose, bytes: &[u8], before: usize) -> String {
    let shifted = [&[0; 2][..before], bytes].concat();
    let (first, last) = ((before * 8).div_ceil(6), shifted.len() * 8 / 6);
    engine.encode(&shifted).get(first..last).unwrap_or_default().to_owned()
}

fn in_hex(bytes: &[u8]) -> [String; 2] {
    [hex::encode(bytes), hex::encode_upper(bytes)]
}

fn in_addresses(value: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for plain in PLAIN_IN_ADDRESSES {
        let lower = percent(value, plain);
        let upper = uppercase_digits(&lower);
        for form in [lower, upper] {
            // As forms of web pages are sent.
            forms.push(form.replace("%20", "+"));
            forms.push(form);
        }
    }
    forms
}

fn percent(value: &str, plain: &str) -> String {
    let one = |byte: &u8| match char::from(*byte) {
        c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
        _ => format!("%{byte:02x}"),
    };
    value.as_bytes().iter().map(one).collect()
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

/// As serde and JavaScript write it; others also escape slashes, what is not ASCII, and what HTML
/// minds.
fn in_json(value: &str) -> Vec<String> {
    let text = serde_json::Value::from(value).to_string();
    let inside = &text[1..text.len() - 1];
    let mut forms = Vec::new();
    for form in [inside.to_owned(), inside.replace('/', "\\/")] {
        forms.push(escaped(&form, |c| !c.is_ascii()));
        forms.push(escaped(&form, |c| "<>&".contains(c)));
        forms.push(escaped(&form, |c| "<>&'".contains(c) || !c.is_ascii()));
        forms.push(form);
    }
    forms
}

fn escaped(text: &str, wanted: impl Fn(char) -> bool) -> String {
    let one = |c: char| match wanted(c) {
        true => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        false => c.to_string(),
    };
    text.chars().map(one).collect()
}

/// Inside of single quotes, of double ones, with backslashes, and as `$'...'`.
fn in_shells(value: &str) -> Vec<String> {
    let backslashes = |before: &str| -> String {
        let one = |c: char| if before.contains(c) { format!("\\{c}") } else { c.to_string() };
        value.chars().map(one).collect()
    };
    let leading = if value.starts_with(['#', '~']) { "\\" } else { "" };
    vec![
        value.replace('\'', "'\\''"),
        value.replace('\'', "'\"'\"'"),
        backslashes("$`\"\\"),
        format!("{leading}{}", backslashes(BASH)),
        ansi(value, false),
        ansi(value, true),
    ]
}

/// What stands in `$'...'`; in the C locale every byte that is not ASCII becomes octal digits.
fn ansi(value: &str, c_locale: bool) -> String {
    let octal = |c: char| -> String {
        c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:03o}")).collect()
    };
    let one = |c: char| match c {
        '\\' | '\'' => format!("\\{c}"),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\u{1b}' => "\\E".into(),
        c if c.is_ascii_control() || (c_locale && !c.is_ascii()) => octal(c),
        c => c.to_string(),
    };
    value.chars().map(one).collect()
}
