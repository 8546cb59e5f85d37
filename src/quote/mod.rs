//! One quoting function for each language that values of a template are written into: the shell, `/etc/fstab`,
//! YAML, sudo's rules, lists of package sources, QEMU's and OpenSSH's options. Nothing writes a value into such a
//! text without its function.

mod options;
mod packages;
#[cfg(test)]
mod tests;
mod yaml;

pub use options::{qemu_option, ssh_option};
pub use packages::{apt_word, dnf_value};
pub use yaml::yaml_value;

/// A value that a language cannot hold, however it is quoted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    #[error("`{}` contains a NUL byte, which no shell can take", .0.escape_debug())]
    Nul(String),
    #[error("`{}` contains a character that cannot stand in a list of package sources", .0.escape_debug())]
    PackageSource(String),
    #[error("`{}` is not one whole rule of sudo", .0.escape_debug())]
    SudoRule(String),
}

/// `text` as one word of a POSIX shell.
///
/// # Errors
/// When it contains a NUL byte.
pub fn shell_word(text: &str) -> Result<String, QuoteError> {
    let quoted = shlex::try_quote(text).map_err(|_| QuoteError::Nul(text.to_owned()))?;
    Ok(quoted.into_owned())
}

/// `text` as one field of `/etc/fstab`: octal numbers for exactly those characters that both libmount and glibc
/// read back (getmntent(3)).
pub fn fstab_field(text: &str) -> String {
    let mut field = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            ' ' => field.push_str("\\040"),
            '\t' => field.push_str("\\011"),
            '\n' => field.push_str("\\012"),
            '\\' => field.push_str("\\134"),
            _ => field.push(char),
        }
    }
    field
}

/// `text` as the right-hand side of a rule in a file of its own under `/etc/sudoers.d`. The rule is written in
/// sudo's language, so nothing in it is quoted; it may only not go on after its line.
///
/// # Errors
/// When it holds a line break or another control character, ends in the middle of a quoted word, or ends with the
/// backslash that takes in the next line.
pub fn sudo_rule(text: &str) -> Result<&str, QuoteError> {
    let breaks_line = |char: char| char.is_control() || matches!(char, '\u{2028}' | '\u{2029}');
    let plain = text.replace("\\\\", "").replace("\\\"", "");
    match text.contains(breaks_line) || plain.ends_with('\\') || plain.matches('"').count() % 2 == 1 {
        true => Err(QuoteError::SudoRule(text.to_owned())),
        false => Ok(text),
    }
}
