//! The forms that programs give to a text when they print it. A secret in any of them is still the secret:
//! redaction takes all of them out, and the search of a builder looks for all of them. This is the one list;
//! `docs/secrets.md` shows it to users.

mod bytes;
mod escapes;
mod markup;
mod quoting;

use std::collections::BTreeSet;

pub use bytes::base64_inside;

/// One kind of form.
pub struct Form {
    /// As `docs/secrets.md` calls it.
    pub name: &'static str,
    /// Every variant of it that a text has.
    pub encode: fn(&str) -> Vec<String>,
}

/// Every form that a secret is known in.
pub const LIST: &[Form] = &[
    Form { name: "as it is", encode: |text| vec![text.to_owned()] },
    Form { name: "base64", encode: bytes::base64 },
    Form { name: "base64 of UTF-16", encode: bytes::base64_of_utf16 },
    Form { name: "hexadecimal digits", encode: bytes::hexadecimal },
    Form { name: "decimal and octal numbers", encode: bytes::numbers },
    Form { name: "URL encoding", encode: bytes::url },
    Form { name: "quoted-printable", encode: bytes::quoted_printable },
    Form { name: "JSON", encode: escapes::json },
    Form { name: "JSON in JSON", encode: escapes::json_in_json },
    Form { name: "escapes of C, Python and others", encode: escapes::c_like },
    Form { name: "escapes of systemd and `ls`", encode: escapes::of_file_names },
    Form { name: "entities of HTML and XML", encode: markup::entities },
    Form { name: "words of a shell", encode: quoting::shell },
    Form { name: "doubled quotes of YAML, SQL and CSV", encode: quoting::doubled },
    Form { name: "PowerShell and cmd", encode: quoting::windows },
    Form { name: "replacement characters", encode: bytes::replaced },
];

/// Every form of a secret, line by line, and of each of its lines alone.
pub fn of(secret: &str) -> BTreeSet<String> {
    let whole = secret.trim_end_matches('\n');
    let values: BTreeSet<&str> = [whole].into_iter().chain(secret.lines().map(str::trim)).collect();
    let forms = values.into_iter().flat_map(|value| LIST.iter().flat_map(|form| (form.encode)(value)));
    // Text is seen one line at a time.
    let lines = forms.flat_map(|form| form.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>());
    lines.filter(|line| !line.is_empty()).collect()
}

/// A text with some of its characters written otherwise.
fn with_escapes(text: &str, escape: impl Fn(char) -> Option<String>) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match escape(c) {
            Some(other) => escaped += &other,
            None => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_users_lists_every_form() {
        let page = include_str!("../../../docs/secrets.md");
        for form in LIST {
            assert!(page.contains(&format!("\n| {} |", form.name)), "docs/secrets.md lacks {}", form.name);
        }
    }
}
