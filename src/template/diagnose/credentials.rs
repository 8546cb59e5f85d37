//! Credentials that have a form of their own, and values that their name calls a credential: shown to nobody,
//! wherever a mistake's message or its line of source would hold one.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

use super::mask_private_keys;

/// What stays readable comes first in each line, and the group after it is masked. The forms are those that their
/// issuers publish, so that scanners of repositories can find them.
const FORMS: [&str; 11] = [
    // AWS: access keys, and what belongs to them by its name.
    r"\b((?:AKIA|ASIA))([A-Z0-9]{16})\b",
    r#"(?i)((?:secret_?access_?key|session_?token|security_?token)["']?\s*[:=]\s*\\?["']?)([A-Za-z0-9/+=]{16,})"#,
    // GitHub, GitLab, npm, PyPI, Slack, Stripe, Google.
    r"\b(gh[opsur]_|github_pat_)(\w{20,})",
    r"\b(glpat-)([\w-]{20,})",
    r"\b(npm_)(\w{30,})",
    r"\b(pypi-)([\w-]{50,})",
    r"\b(xox[abeoprs]-|xapp-)([\w-]{10,})",
    r"(hooks\.slack\.com/services/)([\w/]{10,})",
    r"\b([rs]k_live_)(\w{10,})",
    r"\b(AIza)([\w-]{35})",
    // The password in an address.
    r#"(://[^/\s:@"']*:)([^/\s@"'{}]+)@"#,
];

/// Private keys without their frame: the first bytes of PKCS#8 and PKCS#1 are the same in each, and those of age.
const BARE_KEYS: &str = "(MC4CAQAwBQYDK2VwBCIEI|MI[GH][A-Za-z0-9+/]{1,2}AgEAM(?:BMGByqGSM49|BAGByqGSM49)\
                         |MII[A-Za-z0-9+/]{3}IBADANBgkqhkiG9w0BAQEFAASC|MII[A-Za-z0-9+/]{3}IBAAKC|AGE-SECRET-KEY-1)\
                         ([A-Za-z0-9+/=\\\\\\s]+)";

static CREDENTIALS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    FORMS.iter().chain([&BARE_KEYS]).map(|form| Regex::new(form).expect("the pattern is constant")).collect()
});

/// The text with stars in place of private keys and credentials: as many bytes, on as many lines.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let mut masked = mask_private_keys(text);
    for form in CREDENTIALS.iter() {
        if let Cow::Owned(more) = form.replace_all(&masked, mask_second) {
            masked = Cow::Owned(more);
        }
    }
    masked
}

fn mask_second(found: &Captures<'_>) -> String {
    let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
    let star = |c: char| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) };
    let (all, head) = (part(0), part(1));
    let tail = &all[head.len() + part(2).len()..];
    head.to_owned() + &part(2).chars().map(star).collect::<String>() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_what_is_none_stays() {
        for (text, secret) in [
            ("a = 'AKIAIOSFODNN7EXAMPLE' # kept", "IOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY = \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\" # kept", "K7MDENG"),
            ("run = \"export AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEXAMPLE== # kept\"", "b3JpZ2lu"),
            ("{ token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345' } # kept", "abcdefghij"),
            ("url = 'https://me:hunter2@example.org/x' # kept", "hunter2"),
            ("slack = 'https://hooks.slack.com/services/T000/B000/XXXXsecretXXXX' # kept", "secret"),
            (
                "k = 'MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF' # kept",
                "DYvh6SEqVTm50",
            ),
            ("k = 'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQ' # kept", "AgEAAoIBAQ"),
        ] {
            let masked = mask_secrets(text);
            assert!(!masked.contains(secret) && masked.ends_with(&text[text.len() - 4..]), "{masked}");
            assert!(masked.contains("kept"), "{masked}");
            assert_eq!(masked.len(), text.len());
        }
        for plain in [
            "source = 'https://user@example.org:8080/x' # {{ a }}:{{ b }}@c",
            "token = { env = 'API_TOKEN' }\npassword = 5\nssh_keys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBwr1Dyu']",
            "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQ\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(mask_secrets(plain), plain);
        }
    }
}
