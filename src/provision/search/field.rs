//! Which fields of a secret, such as the password in a JSON object, are sought in an image by themselves. A host name
//! or a user beside the password has every right to be there, so only what looks like a random text counts.

use std::collections::BTreeSet;

use crate::redact::{is_ordinary, values};

/// Finds the fields of JSON, of an `.env` file and of other settings that nobody writes down by chance.
pub fn random_fields(secret: &str) -> BTreeSet<String> {
    values::fields(secret).into_iter().filter(|field| is_random(field)).collect()
}

fn is_random(field: &str) -> bool {
    let field = field.trim();
    !is_ordinary(field)
        && !is_address(field)
        && field.parse::<jiff::Timestamp>().is_err()
        && has_random_part(field)
}

/// A URL (the password in one is a field of its own), a path, a mail address, an ARN, or the name of a host.
fn is_address(field: &str) -> bool {
    let is_host = |text: &str| {
        let name = text.split_once(':').map_or(text, |(name, _port)| name);
        name.contains('.')
            && name
                .chars()
                .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || ".-".contains(char))
    };
    let is_mail = field.rsplit_once('@').is_some_and(|(_, host)| is_host(host));
    field.contains("://")
        || field.starts_with(['/', '~'])
        || field.starts_with("arn:")
        || is_mail
        || is_host(field)
}

/// Words and numbers with marks between them are names; letters among digits, or large ones among small ones, are not.
fn has_random_part(field: &str) -> bool {
    field.split(|char: char| !char.is_alphanumeric()).any(|part| {
        let has = |is: fn(&char) -> bool| part.chars().any(|char| is(&char));
        let is_mixed = has(|char| char.is_alphabetic()) && has(|char| char.is_numeric());
        let is_word = part.chars().skip(1).all(char::is_lowercase) || part.chars().all(char::is_uppercase);
        is_mixed || (has(|char| char.is_alphabetic()) && !is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_sought_and_names_are_not() {
        let settings = |value: &str| serde_json::json!({ "x": value, "port": 5432 }).to_string();
        for random in [
            "hunter22",
            "kX9-vb2!",
            "xKdjQweRTyui",
            "wJalrXUtnFEMI/K7MDENG",
            "0b5e-77aa-91cc",
            "pass3 phrase here",
        ] {
            assert_eq!(random_fields(&settings(random)), BTreeSet::from([random.to_owned()]), "{random}");
        }
        let names = [
            "postgres-prod-01",
            "db.c9akciq32.us-east-1.rds.amazonaws.com",
            "db1.internal:5432",
            "/var/lib/app2/data",
            "https://api2.example.com/v1",
            "ops2@example.com",
            "arn:aws:iam::123456789012:role/x1",
            "production",
            "2026-11-27T10:00:00Z",
            "eu-west-1",
            "Some Words",
            "123456789012",
            "LOG_LEVEL",
        ];
        for name in names {
            assert_eq!(random_fields(&settings(name)), BTreeSet::new(), "{name}");
        }
        let address = random_fields(&settings("postgres://app:s3cr3t-pw@db.internal/app"));
        assert_eq!(address, BTreeSet::from(["s3cr3t-pw".to_owned()]));
    }
}
