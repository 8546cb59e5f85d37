//! Records stay true: a manifest or a plan is read again, so names of fields, IDs, paths and numbers in it are what
//! they are, and a secret that is an ordinary word is not taken out of what was observed.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::Redact;

impl Redact {
    /// A text of a record that tells what was found or done, as `root` for an account.
    pub fn apply_to_record<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, self.records.places(text, false))
    }

    /// A value as JSON for a file, without secrets in its texts. The fields `kept` stay as they are with all that is
    /// in them.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn pretty(&self, value: &impl Serialize, kept: &[&str]) -> serde_json::Result<String> {
        if self.is_empty() {
            return serde_json::to_string_pretty(value);
        }
        let mut tree = serde_json::to_value(value)?;
        self.json(&mut tree, kept);
        serde_json::to_string_pretty(&tree)
    }

    fn json(&self, value: &mut Value, kept: &[&str]) {
        match value {
            Value::String(text) => self.in_place(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item, kept)),
            Value::Object(fields) => {
                let others = fields.iter_mut().filter(|(name, _)| !kept.contains(&name.as_str()));
                others.for_each(|(_, field)| self.json(field, kept));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_lose_secrets_and_names_of_fields_numbers_and_what_is_kept_do_not() {
        let redact = Redact::new(["hunter22".into(), "12345678".into()]);
        let value = serde_json::json!({
            "list": ["x hunter22"], "hunter22": { "deep": "hunter22", "n": 12_345_678 }, "publish": { "to": "hunter22" }
        });
        let text = redact.pretty(&value, &["publish"]).unwrap();
        let clean = serde_json::json!({
            "list": ["x [secret]"], "hunter22": { "deep": "[secret]", "n": 12_345_678 }, "publish": { "to": "hunter22" }
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), clean);
    }

    #[test]
    fn a_record_keeps_an_ordinary_word_and_loses_another_secret() {
        let redact = Redact::new(["root".into(), "long-enough-to-be-one".into()]);
        assert_eq!(redact.apply_to_record("root:long-enough-to-be-one"), "root:[secret]");
        assert_eq!(redact.apply("root:long-enough-to-be-one"), "[secret]:[secret]");
    }
}
