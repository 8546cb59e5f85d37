//! Secrets in strings. Rendering puts a placeholder where a secret belongs, so that templates, plans
//! and fingerprints never hold a value; the engine fills it in at the last moment.

use super::{Flaw, Secrets, names, tags};

/// Characters that no keyboard makes and no text has a use for.
const OPEN: &str = "\u{f8e0}secret:";
const CLOSE: char = '\u{f8e1}';

/// What stands in a rendered string in place of a secret's value.
pub fn secret_placeholder(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// The secrets that a rendered string holds, in order, each once.
pub fn secret_names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, _) in text.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE)) {
        if !found.iter().any(|known| known == name) {
            found.push(name.into());
        }
    }
    found
}

/// Puts values in the place of placeholders; `Err` names the secret that has no value.
pub fn fill_secrets(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut parts = text.split(OPEN);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(CLOSE).unwrap_or((part, ""));
        filled += &value(name).ok_or_else(|| name.to_owned())?;
        filled += rest;
    }
    Ok(filled)
}

/// Uses of secrets that are not `{{ secrets.NAME }}` in a string that may hold them. A filter or a
/// comparison would see the placeholder, not the value.
pub fn misused(text: &str, used: &[String], secrets: Secrets) -> Vec<Flaw> {
    if !used.iter().any(|name| name == "secrets" || name.starts_with("secrets.")) {
        return Vec::new();
    }
    let mut flaws = Vec::new();
    for tag in tags::tags(text) {
        let exact = tag.content(text);
        let tag = tag.inside;
        let inside = &text[tag.clone()];
        for place in names::places(&format!("{{{{{inside}}}}}"), "secrets") {
            let start = tag.start + place.start - 2;
            let length = text[start..tag.end].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            let range = start..length.map_or(tag.end, |length| start + length);
            let name = &text[range.clone()];
            if secrets == Secrets::Refused {
                flaws.push(flaw(range, "a secret may not be used here", REFUSED));
            } else if exact != name || name.matches('.').count() != 1 {
                flaws.push(flaw(range, "a secret can only be put in as it is", AS_IT_IS));
            }
        }
    }
    flaws
}

const REFUSED: &str = "secrets reach the builder only through `env` and `run` of a step; anywhere else they \
                       would end up in the image, in a log or in the fingerprint";
const AS_IT_IS: &str = "write `{{ secrets.NAME }}` with nothing else between the braces";

fn flaw(range: std::ops::Range<usize>, message: &str, hint: &str) -> Flaw {
    Flaw { hint: Some(hint.into()), ..Flaw::at(range, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_and_filled() {
        let text = format!("a={} b={0} c={}", secret_placeholder("x"), secret_placeholder("y"));
        assert_eq!(secret_names(&text), ["x", "y"]);
        let filled = fill_secrets(&text, |name| Some(name.to_uppercase()));
        assert_eq!(filled, Ok("a=X b=X c=Y".into()));
        assert_eq!(fill_secrets(&text, |_| None), Err("x".into()));
    }
}
