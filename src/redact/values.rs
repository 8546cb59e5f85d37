//! What of a secret is secret: the whole of it, and the values in it where it is JSON, an `.env` file, lines of
//! settings, a connection string or an address with a password.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::Value;

/// Shorter fields are ordinary words and numbers more often than not.
pub const SHORTEST_FIELD_CHARS: usize = 6;

/// Values in values: a field may hold JSON or an `.env` file as a text.
const MAX_DEPTH: usize = 4;

/// `NAME=value`, `export NAME="value"`, `name: value`.
static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:export\s+|set\s+|-\s+)?["']?[A-Za-z_][\w. -]{0,80}["']?\s*(?:=>|:=|=|:(?:\s|$))\s*(.*?)\s*$"#)
        .expect("it is a regular expression")
});

/// `postgres://user:password@host/path`
static PASSWORD_IN_ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[a-z][a-z0-9+.-]*://[^\s:@/]*:([^\s@/]+)@").expect("it is a regular expression")
});

/// The secret, and each text in it that is a secret by itself.
pub fn of(secret: &str) -> BTreeSet<String> {
    let mut values = BTreeSet::from([secret.to_owned()]);
    values.extend(fields(secret));
    values
}

/// The texts in it that are secrets by themselves; none where it is not made of fields.
pub fn fields(secret: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(secret, MAX_DEPTH, &mut found);
    found.retain(|field| field.chars().count() >= SHORTEST_FIELD_CHARS && field != secret.trim());
    found
}

fn collect(text: &str, depth: usize, found: &mut BTreeSet<String>) {
    if depth == 0 {
        return;
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => of_json(&value, depth, found),
        Ok(_) | Err(_) => of_settings(text, depth, found),
    }
}

fn of_json(value: &Value, depth: usize, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => add(text, depth, found),
        Value::Array(items) => items.iter().for_each(|item| of_json(item, depth, found)),
        Value::Object(fields) => fields.values().for_each(|field| of_json(field, depth, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Lines of settings. In one line they may stand behind each other, as in connection strings.
fn of_settings(text: &str, depth: usize, found: &mut BTreeSet<String>) {
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', '-'])) {
        for part in std::iter::once(line).chain(line.split(';')) {
            let value = SETTING.captures(part).and_then(|captures| captures.get(1));
            value.into_iter().for_each(|value| add_setting(value.as_str(), depth, found));
        }
    }
    let passwords = PASSWORD_IN_ADDRESS.captures_iter(text).filter_map(|captures| captures.get(1));
    passwords.for_each(|password| add(password.as_str(), depth, found));
}

/// As it stands, without quotes, and without a comment behind it: programs differ in what they take for the value.
fn add_setting(value: &str, depth: usize, found: &mut BTreeSet<String>) {
    add(value, depth, found);
    let bare = value.split_once(" #").map_or(value, |(value, _)| value).trim().trim_end_matches(';');
    add(bare, depth, found);
    for quote in ['"', '\''] {
        let inside = bare.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        let Some(inside) = inside else { continue };
        add(inside, depth, found);
        let unescaped = inside.replace("\\n", "\n").replace("\\\"", "\"").replace("\\$", "$");
        add(&unescaped.replace("\\\\", "\\"), depth, found);
    }
}

fn add(value: &str, depth: usize, found: &mut BTreeSet<String>) {
    if !found.contains(value) {
        found.insert(value.to_owned());
        collect(value, depth - 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secret: &str) -> Vec<String> {
        fields(secret).into_iter().collect()
    }

    #[test]
    fn fields_of_json_of_any_depth_are_secrets_by_themselves() {
        let json = r#"{"user": "moodle", "port": 5432, "no": "short", "deep": [{"password": "pa\"ss=word"}],
                       "more": "{\"token\": \"in a text\"}"}"#;
        let expected = ["in a text", "moodle", "pa\"ss=word", "{\"token\": \"in a text\"}"];
        assert_eq!(found(json), expected);
    }

    #[test]
    fn values_of_an_env_file_are_secrets_with_and_without_their_quotes() {
        let file = "# comment=not this\nexport DB_PASSWORD=\"p4ss word\" # why\nTOKEN='t0ken-t0ken'\n\nA=b\nURL=\
                    postgres://app:hunter22@db/app\n";
        let all = found(file);
        for value in ["p4ss word", "t0ken-t0ken", "postgres://app:hunter22@db/app", "hunter22"] {
            assert!(all.iter().any(|one| one == value), "{value}: {all:?}");
        }
        assert!(!all.iter().any(|one| one.contains("comment") || one == "b"), "{all:?}");
    }

    #[test]
    fn a_connection_string_and_lines_of_yaml_have_values_too() {
        assert!(found("Server=db;User=app;Password=hunter22;").contains(&"hunter22".to_owned()));
        assert!(found("database:\n  password: hunter22\n").contains(&"hunter22".to_owned()));
    }

    #[test]
    fn a_plain_password_has_no_fields() {
        assert_eq!(found("correct horse battery"), Vec::<String>::new());
        assert_eq!(found("-----BEGIN KEY-----\nAAAAB3Nza/C1yc2E\n-----END KEY-----\n"), Vec::<String>::new());
    }
}
