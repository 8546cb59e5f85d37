//! A value of another type than its key takes, with the value as it should be written. Hints quote what
//! stands in the file: `0o755` is 493 once it is read, and `1.10` is 1.1.

use toml::de::DeValue;

use super::{
    prune::Cut,
    rewrite::{Takes, as_table, as_text, takes},
};
use crate::template::{
    diagnose::{Fault, visible},
    sources::Place,
};

/// More of a value than this tells nobody anything.
const LONGEST_SHOWN_CHARS: usize = 60;

pub fn wrong_type_fault(place: &Place, message: &str, cut: &Cut<'_>, written: &str) -> Fault {
    let what = match cut.is_element {
        true => format!("wrong type in the list `{}`", cut.key),
        false => format!("wrong type for `{}`", cut.key),
    };
    let expected = match cut.value.get_ref() {
        // Whoever takes a table too is handed a date as one.
        DeValue::Datetime(_) => "a string",
        _ => message.split_once(", expected ").map_or("", |(_, expected)| expected),
    };
    let label = match expected {
        "" => plain_words(message),
        _ => format!(
            "expected {}, found {}",
            expected_words(expected),
            found_words(cut.value.get_ref(), written)
        ),
    };
    let fault = Fault::at(place.clone(), what).label(label);
    mend(fault, expected, cut, written)
}

/// serde's words in those of TOML.
pub fn plain_words(message: &str) -> String {
    let message = message.strip_prefix("invalid type: ").unwrap_or(message);
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let found = expected_words(found).trim_start_matches("a ").to_owned();
    if expected.is_empty() { found } else { format!("expected {}, found {found}", expected_words(expected)) }
}

fn expected_words(expected: &str) -> &str {
    match expected {
        "a sequence" | "sequence" => "a list",
        "a map" | "map" => "a table",
        other => other,
    }
}

fn found_words(value: &DeValue<'_>, written: &str) -> String {
    let shown = |what: &str| {
        let cut: String = written.chars().take(LONGEST_SHOWN_CHARS).collect();
        format!("{what} `{}`", visible(&cut))
    };
    match value {
        DeValue::String(_) => "a string".into(),
        DeValue::Integer(_) => shown("the number"),
        DeValue::Float(_) => shown("the number"),
        DeValue::Boolean(_) => shown("the boolean"),
        DeValue::Datetime(_) => shown("the date"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// Adds what to write instead.
fn mend(fault: Fault, expected: &str, cut: &Cut<'_>, written: &str) -> Fault {
    let wanted = takes(&cut.path, &cut.key);
    let header =
        written.starts_with('[') && written.ends_with(']') && !written.contains(['"', '\'', '{', '\n']);
    match cut.value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
            if expected.starts_with("a string") || expected.starts_with("a moment") =>
        {
            match as_text(wanted, &cut.key, cut.value.get_ref(), written) {
                Some((advice, text)) => fault.replace(advice, &format!("\"{text}\"")),
                None => fault.maybe_hint(wanted_words(wanted)),
            }
        }
        DeValue::Float(_) if expected == "a whole number" && written.ends_with(".0") => {
            fault.replace("write it without the point", written.trim_end_matches(".0"))
        }
        DeValue::Table(_) if expected == "a sequence" && wanted != Takes::Tables => {
            fault.hint("a list is written in square brackets: [\"...\", \"...\"]")
        }
        DeValue::Table(_) if expected == "a sequence" && !cut.is_element => match header {
            true => fault.replace(
                "a table that may be given several times is written in double brackets",
                &format!("[{written}]"),
            ),
            false => fault.replace("put it in brackets", &format!("[{written}]")),
        },
        DeValue::String(_) if expected == "a sequence" && wanted != Takes::Tables => {
            fault.replace("put it in brackets", &format!("[{written}]"))
        }
        DeValue::String(_) | DeValue::Boolean(_) | DeValue::Array(_)
            if expected.starts_with("a table") || expected == "a map" =>
        {
            list_for_table(fault, cut, written)
        }
        DeValue::Array(items) if expected.starts_with("a string") => list_for_text(fault, wanted, items, cut),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => fault,
    }
}

fn wanted_words(wanted: Takes) -> Option<String> {
    match wanted {
        Takes::Sudo => Some("leave `sudo` out for an account without it".into()),
        Takes::Word => Some("write one of its words in quotes".into()),
        Takes::Text
        | Takes::Mode
        | Takes::Size
        | Takes::Memory
        | Takes::Duration
        | Takes::Tables
        | Takes::Other => None,
    }
}

/// `packages = ["nginx"]`, `base = "debian-12"`, `[[image]]`.
fn list_for_table(fault: Fault, cut: &Cut<'_>, written: &str) -> Fault {
    let key = &cut.key;
    if let Some(table) = as_table(&cut.path, key, cut.value.get_ref(), written) {
        return fault.replace("write it as a table", &table);
    }
    if let Some(header) = written.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) {
        let fault = fault.hint(format!("this table is given once, in single brackets: [{header}]"));
        let once = matches!(cut.value.get_ref(), DeValue::Array(items) if items.len() == 1);
        return if once { fault.edit(&format!("[{header}]")) } else { fault };
    }
    let form = cut.path.iter().chain([key]).map(String::as_str).collect::<Vec<_>>().join(".");
    fault.hint(format!(
        "a table is written [{form}] with lines of `key = value`, or {key} = {{ key = value }}"
    ))
}

const ONE_TEXT: &str = "write it as one text, with a line for each";

/// Packer's `inline` is a list of lines.
fn list_for_text(fault: Fault, wanted: Takes, items: &toml::de::DeArray<'_>, cut: &Cut<'_>) -> Fault {
    let lines: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
    let Some(lines) = lines.filter(|lines| !lines.is_empty()) else {
        return if wanted == Takes::Text { fault.hint(ONE_TEXT) } else { fault };
    };
    if cut.path.first().is_some_and(|table| table == "variables") {
        return fault.hint("a variable is a single value: write the list where it is used");
    }
    if wanted != Takes::Text && lines.len() > 1 {
        return fault;
    }
    let text = lines.join("\n");
    if text.contains("\'\'\'") || text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        return fault.hint(ONE_TEXT);
    }
    match lines.as_slice() {
        [one] if !one.contains(['\'', '\n']) => fault.replace("write it as one text", &format!("'{one}'")),
        _ => fault
            .hint("write it as one text of several lines, in three quotes")
            .edit(&format!("\'\'\'\n{text}\n\'\'\'")),
    }
}
