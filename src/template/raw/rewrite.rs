//! Values written anew: which kind of text a key takes, and how a value of another type becomes one.

use toml::de::DeValue;

use crate::template::{
    units::{Mode, Size, Span},
    words,
};

/// What a key takes that wants a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any text.
    Text,
    Mode,
    Size,
    Memory,
    Duration,
    Sudo,
    /// One of a fixed set of words.
    Word,
    /// Not a string but a list of tables.
    Tables,
    /// A text that no number, date or boolean can be.
    Other,
}

/// Keys of free text, wherever they stand.
const TEXTS: [&str; 25] = [
    "version",
    "description",
    "content",
    "run",
    "command",
    "contains",
    "stdout_contains",
    "stdout_matches",
    "owner",
    "group",
    "kms_key",
    "exclude",
    "install",
    "remove",
    "components",
    "suite",
    "label",
    "stage",
    "when",
    "in_image",
    "default",
    "allowed",
    "snapshot",
    "at",
    "provisioner",
];
/// Tables whose keys the user chooses, with texts as values.
const TABLES_OF_TEXTS: [&str; 5] = ["tags", "env", "extra_vars", "with", "variables"];
const WORDS: [&str; 9] =
    ["os", "arch", "bootstrap", "filesystem", "type", "accelerator", "firmware", "via", "data_type"];
const LISTS_OF_TABLES: [&str; 7] = ["disks", "groups", "users", "files", "use", "steps", "checks"];

/// What a key takes; `path` is that of its table.
pub fn takes(path: &[String], key: &str) -> Takes {
    let table = path.last().map_or("", String::as_str);
    match key {
        _ if TABLES_OF_TEXTS.contains(&table) => Takes::Text,
        "mode" | "folder_mode" => Takes::Mode,
        "size" => Takes::Size,
        "memory" => Takes::Memory,
        "timeout" | "builder_ttl" | "deprecate_after" => Takes::Duration,
        "sudo" => Takes::Sudo,
        "repositories" => Takes::Tables,
        key if path.is_empty() && LISTS_OF_TABLES.contains(&key) => Takes::Tables,
        "kind" => Takes::Word,
        key if WORDS.contains(&key) && table != "checks" => Takes::Word,
        "group" if table == "checks" => Takes::Other,
        "owner" if table == "ec2" => Takes::Text,
        "name" if !matches!(table, "users" | "groups") => Takes::Text,
        key if TEXTS.contains(&key) || key == "filesystem" => Takes::Text,
        "accounts" => Takes::Text,
        _ => Takes::Other,
    }
}

/// The advice, and the value as the text of a string.
pub fn as_text(
    takes: Takes,
    key: &str,
    value: &DeValue<'_>,
    written: &str,
) -> Option<(&'static str, String)> {
    let quoted = ("put it in quotes", written.to_owned());
    match (takes, value) {
        (Takes::Mode, DeValue::Integer(_)) => Some(("write it in quotes", mode(written)?)),
        (Takes::Size, DeValue::Integer(_) | DeValue::Float(_)) => size(written, 4096.0),
        (Takes::Memory, DeValue::Integer(_) | DeValue::Float(_)) => size(written, 128.0),
        (Takes::Duration, DeValue::Integer(_)) => duration(key, written),
        (Takes::Word, _) => Some(("write", words::our_value(what_of(key)?, written)?.to_owned())),
        (Takes::Sudo, DeValue::Boolean(true)) => Some(("write a rule", "ALL=(ALL) NOPASSWD:ALL".into())),
        (Takes::Text, DeValue::Integer(_)) if key == "accounts" && written.len() != 12 => None,
        (Takes::Text, DeValue::Float(_)) if matches!(key, "owner" | "group") => None,
        (Takes::Text, _) => Some(quoted),
        (_, _) => None,
    }
}

/// What messages call the words of a key, by which foreign words are found.
fn what_of(key: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 10] = [
        ("os", "operating system"),
        ("arch", "architecture"),
        ("bootstrap", "suite"),
        ("filesystem", "filesystem"),
        ("type", "volume type"),
        ("accelerator", "accelerator"),
        ("firmware", "firmware"),
        ("via", "way"),
        ("data_type", "data type"),
        ("kind", "kind of step"),
    ];
    NAMES.iter().find(|(known, _)| *known == key).map(|(_, what)| *what)
}

/// Modes that files usually have: a decimal number that is one of them was converted from octal somewhere,
/// as JSON needs it.
const USUAL_MODES: [&str; 12] =
    ["0400", "0440", "0444", "0555", "0600", "0640", "0644", "0664", "0700", "0750", "0755", "0775"];

/// TOML's octal, and digits as `chmod` takes them.
fn mode(written: &str) -> Option<String> {
    let plain = written.replace('_', "");
    let octal_of = |digits: &str, radix| Some(format!("{:04o}", u32::from_str_radix(digits, radix).ok()?));
    let octal = match plain.get(..2) {
        Some("0o") => format!("{:0>4}", &plain[2..]),
        Some("0x") => octal_of(&plain[2..], 16)?,
        Some("0b") => octal_of(&plain[2..], 2)?,
        Some(_) | None => {
            let converted = octal_of(&plain, 10).filter(|octal| USUAL_MODES.contains(&octal.as_str()));
            converted.unwrap_or(plain)
        }
    };
    octal.parse::<Mode>().ok()?;
    Some(octal)
}

/// Numbers from `mebibytes_from` on are meant as mebibytes: nobody has that many gibibytes.
fn size(written: &str, mebibytes_from: f64) -> Option<(&'static str, String)> {
    let number: f64 = decimal(written)?.parse().ok()?;
    let unit = if number >= mebibytes_from { "MiB" } else { "GiB" };
    let text = format!("{}{unit}", decimal(written)?);
    text.parse::<Size>().ok()?;
    Some(("write it in quotes and with a unit", text))
}

fn duration(key: &str, written: &str) -> Option<(&'static str, String)> {
    let number: u64 = decimal(written)?.parse().ok()?;
    let unit = match (key, number) {
        ("deprecate_after", _) => "d",
        // Two minutes are the least.
        ("builder_ttl", 0..120) => "h",
        (_, _) => "s",
    };
    let text = format!("{number}{unit}");
    text.parse::<Span>().ok()?;
    Some(("write it in quotes and with a unit", text))
}

fn decimal(written: &str) -> Option<String> {
    let plain = written.replace('_', "");
    plain.bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some(plain)
}

/// Tables that are often written as their one value: the path's last key, the key, and the key inside.
const SINGLE_VALUES: [(&str, &str, &str); 14] = [
    ("", "base", "os"),
    ("", "image", "name"),
    ("", "root_disk", "size"),
    ("", "packages", "install"),
    ("", "cloud_init", "user_data"),
    ("", "publish", "parameter"),
    ("", "seal", "keep"),
    ("base", "ec2", "ami"),
    ("base", "qemu", "image"),
    ("secrets", "*", "env"),
    ("ec2", "share_with", "accounts"),
    ("notify", "slack", "webhook_env"),
    ("ec2", "type", "type"),
    ("disks", "ec2", "type"),
];
const VALUES_THAT_ARE_LISTS: [&str; 4] = ["install", "user_data", "keep", "accounts"];

/// A table with the value in its usual place.
pub fn as_table(path: &[String], key: &str, value: &DeValue<'_>, written: &str) -> Option<String> {
    let table = path.last().map_or("", String::as_str);
    if let (DeValue::Boolean(false), "seal" | "cloud_init") = (value, key) {
        return Some("{ enabled = false }".into());
    }
    let fits = |entry: &&(&str, &str, &str)| entry.0 == table && (entry.1 == key || entry.1 == "*");
    let (_, _, inside) = SINGLE_VALUES.iter().find(fits)?;
    let is_list = VALUES_THAT_ARE_LISTS.contains(inside);
    match value {
        DeValue::Array(items) if items.iter().all(|item| item.get_ref().as_str().is_some()) => {
            match items.len() {
                _ if is_list => Some(format!("{{ {inside} = {written} }}")),
                1 => Some(format!("{{ {inside} = {} }}", written.trim_matches(['[', ']', ' ', ',', '\n']))),
                _ => None,
            }
        }
        DeValue::String(_) if is_list => Some(format!("{{ {inside} = [{written}] }}")),
        DeValue::String(_) => Some(format!("{{ {inside} = {written} }}")),
        DeValue::Array(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_sizes_and_times_are_what_stands_in_the_file() {
        for (written, expected) in [
            ("0o755", Some("0755")),
            ("0o2_775", Some("2775")),
            ("0x1ED", Some("0755")),
            ("644", Some("644")),
            ("0o8", None),
            ("99999", None),
            ("493", Some("0755")),
            ("420", Some("0644")),
            ("755", Some("755")),
        ] {
            assert_eq!(mode(written).as_deref(), expected, "{written}");
        }
        let text = |found: Option<(&str, String)>| found.map(|(_, text)| text);
        assert_eq!(text(size("2_048", 128.0)).as_deref(), Some("2048MiB"));
        assert_eq!(text(size("4", 128.0)).as_deref(), Some("4GiB"));
        assert_eq!(text(size("20", 4096.0)).as_deref(), Some("20GiB"));
        assert_eq!(text(size("0x10", 4096.0)), None);
        assert_eq!(text(duration("timeout", "90")).as_deref(), Some("90s"));
        assert_eq!(text(duration("builder_ttl", "2")).as_deref(), Some("2h"));
        assert_eq!(text(duration("deprecate_after", "90")).as_deref(), Some("90d"));
    }
}
