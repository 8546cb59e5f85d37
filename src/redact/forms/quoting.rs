//! Forms of text between quotes: shells, YAML, SQL, CSV, PowerShell, cmd.

use super::with_escapes;

/// What bash's `printf %q` puts a backslash before.
const BASH: &str = " \t'\"\\|&;()<>!{}*[]?^$`,";

/// What Python's and Ruby's `shellwords` leave as it is, besides letters and digits.
const PLAIN_WORDS: &str = "_-.,:+/@%=";

/// Inside of single quotes, of double ones, and with backslashes. `$'...'` is one of [`super::escapes`].
pub fn shell(text: &str) -> Vec<String> {
    let backslashes = |before: &str| with_escapes(text, |c| before.contains(c).then(|| format!("\\{c}")));
    let leading = if text.starts_with(['#', '~']) { "\\" } else { "" };
    let words = with_escapes(text, |c| {
        (c.is_ascii() && !c.is_ascii_alphanumeric() && !PLAIN_WORDS.contains(c)).then(|| format!("\\{c}"))
    });
    vec![
        text.replace('\'', "'\\''"),
        text.replace('\'', "'\"'\"'"),
        backslashes("$`\"\\"),
        backslashes("$`\"\\!"),
        backslashes("'\\"),
        format!("{leading}{}", backslashes(BASH)),
        words,
    ]
}

/// A quote in a quoted text is written twice; so are `$` and `%` where they would begin a variable.
pub fn doubled(text: &str) -> Vec<String> {
    let twice = |which: &str| with_escapes(text, |c| which.contains(c).then(|| format!("{c}{c}")));
    ["'", "\"", "'\\", "\"\\", "`", "$", "%", "]", "{}"].map(twice).into()
}

/// A backtick before what means something in PowerShell, a caret before what does in cmd.
pub fn windows(text: &str) -> Vec<String> {
    let backticks = |before: &str| {
        with_escapes(text, |c| match c {
            '\n' => Some("`n".into()),
            '\r' => Some("`r".into()),
            '\t' => Some("`t".into()),
            c => before.contains(c).then(|| format!("`{c}")),
        })
    };
    let carets = with_escapes(text, |c| match c {
        '%' => Some("%%".into()),
        c => "&|<>^\"()".contains(c).then(|| format!("^{c}")),
    });
    vec![backticks("\"$`"), backticks("'\"$`"), backticks("\"$`#;,&|(){}<> "), carets]
}
