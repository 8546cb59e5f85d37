//! Private keys in what a user wrote are shown to nobody: a mistake's message and its line of source go to
//! terminals, logs and CI.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// A key in PEM or of PuTTY up to its end mark, or else to the end of the string that it stands in; and the
/// body of an OpenSSH key by itself, which begins with the same letters in each.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?s)(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|---- BEGIN SSH2 [A-Z ]*PRIVATE KEY ----)((?:[^"'`]*?)-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[^"'`]*)|(PuTTY-User-Key-File-)([^"'`]*)|(b3BlbnNzaC1rZXkt)([A-Za-z0-9+/=\\\s]*)"#,
    )
    .expect("the pattern is constant")
});

/// Whether a text holds a private key.
pub fn holds_private_key(text: &str) -> bool {
    PRIVATE_KEY.is_match(text)
}

/// The text with stars in place of private keys: as many bytes, on as many lines, so that places stay right.
pub fn mask_private_keys(text: &str) -> Cow<'_, str> {
    PRIVATE_KEY.replace_all(text, |found: &Captures<'_>| {
        let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
        let head = [part(1), part(3), part(5)].concat();
        let body = [part(2), part(4), part(6)].concat();
        let star = |c: char| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) };
        head + &body.chars().map(star).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAAc2VjcmV0\nAAAAc2Vj\n-----END OPENSSH PRIVATE KEY-----";

    #[test]
    fn keys_are_masked_and_places_stay() {
        for text in [
            format!("a = '''\n{KEY}\n'''\nb = 'kept'"),
            format!("a = \"{}\"\nb = 'kept'", KEY.replace('\n', "\\n")),
            format!("`{}` is kept", &KEY[..60]),
            "a = 'b3BlbnNzaC1rZXktdjEAAAAAc2VjcmV0AAAAc2Vj' # kept".into(),
            KEY.replace("OPENSSH ", "") + "kept",
        ] {
            let masked = mask_private_keys(&text);
            assert!(!masked.contains("c2Vj"), "{masked}");
            assert!(masked.contains("kept"), "{masked}");
            assert_eq!((masked.len(), masked.lines().count()), (text.len(), text.lines().count()));
            assert!(holds_private_key(&text));
        }
        let public = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\nssh-ed25519 AAAAC3";
        assert_eq!(mask_private_keys(public), public);
    }
}
