//! Secrets out of text: whatever is told to anybody passes through here.

use std::borrow::Cow;

/// What stands where a secret was.
const MARK: &str = "[secret]";

/// Shorter values would take ordinary words out of every line.
const SHORTEST: usize = 4;

/// The values that must not be told. Empty for a template without secrets.
#[derive(Clone, Default)]
pub struct Redact {
    values: Vec<String>,
}

impl Redact {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        // A secret of several lines is seen one line at a time.
        let mut values: Vec<String> = secrets
            .into_iter()
            .flat_map(|secret| secret.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
            .filter(|value| value.len() >= SHORTEST)
            .collect();
        // The longest first: one secret may hold another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for value in &self.values {
            if clean.contains(value.as_str()) {
                clean = Cow::Owned(clean.replace(value.as_str(), MARK));
            }
        }
        clean
    }

    pub(crate) fn in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.apply(text) {
            *text = clean;
        }
    }
}

/// The values themselves stay out of debug output too.
impl std::fmt::Debug for Redact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redact({} values)", self.values.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_also_where_one_holds_another() {
        let redact = Redact::new(["hunter22".into(), "hunter2".into()]);
        assert_eq!(redact.apply("a=hunter22 b=hunter2"), "a=[secret] b=[secret]");
        assert_eq!(redact.apply("nothing here"), "nothing here");
    }

    #[test]
    fn each_line_of_a_long_secret_is_replaced() {
        let redact = Redact::new(["first line\nsecond line\n".into()]);
        assert_eq!(redact.apply("x second line y"), "x [secret] y");
    }
}
