//! The environment of a script, as text for the shell that becomes the script's interpreter.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{ProvisionError, quote};

/// Names that mean something to a shell, or that it does not let go: of dash and of bash, which is `sh` on
/// some distributions.
const SHELL_NAMES: [&str; 32] = [
    "_",
    "CDPATH",
    "COLUMNS",
    "COPROC",
    "DIRSTACK",
    "ENV",
    "EUID",
    "FUNCNAME",
    "FUNCNEST",
    "GLOBIGNORE",
    "GROUPS",
    "IFS",
    "IGNOREEOF",
    "LINENO",
    "LINES",
    "MAPFILE",
    "OLDPWD",
    "PATH",
    "PIPESTATUS",
    "POSIXLY_CORRECT",
    "PPID",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "SRANDOM",
    "TMOUT",
    "TIMEFORMAT",
    "UID",
    "histchars",
];

/// Beginnings of such names. `LD_` is the dynamic linker's, which every program listens to; `hornero` ours.
const SHELL_PREFIXES: [&str; 11] =
    ["BASH", "COMP_", "EPOCH", "HIST", "LD_", "MAIL", "OPT", "PROMPT_", "PS", "READLINE_", "hornero"];

/// Shell text that sees to it that whatever `"$@"` holds is run with `env`. No value is ever in an argv: the
/// shell exports the values, and `env` takes those from its own environment that the shell cannot export under
/// their names.
///
/// # Errors
/// When a value contains a NUL byte.
pub(super) fn exports(env: &BTreeMap<String, String>) -> Result<String, ProvisionError> {
    let mut text = String::new();
    let mut past_the_shell = Vec::new();
    for (name, value) in env {
        match can_be_exported(name) {
            true => writeln!(text, "export {name}={}", quote(value)?).unwrap_or_default(),
            false => past_the_shell.push((name.as_str(), quote(value)?)),
        }
    }
    if !past_the_shell.is_empty() {
        text += &through_env(&past_the_shell)?;
    }
    Ok(text)
}

fn is_identifier(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) && name.bytes().all(fits)
}

fn can_be_exported(name: &str) -> bool {
    is_identifier(name)
        && !SHELL_NAMES.contains(&name)
        && !SHELL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `env -S` expands variables in its own memory. Where it cannot (before coreutils 8.30), the shell exports
/// what it can.
fn through_env(variables: &[(&str, String)]) -> Result<String, ProvisionError> {
    let (mut carriers, mut unset, mut split, mut fallback) =
        (String::new(), String::new(), String::new(), String::new());
    for (number, (name, value)) in (1..).zip(variables) {
        carriers += &format!("export hornero_env_{number}={value}\n");
        unset += &format!(" -u hornero_env_{number}");
        split += &format!("\"{}=${{hornero_env_{number}}}\" ", escaped(name));
        fallback += &match is_identifier(name) {
            true => format!("unset hornero_env_{number}\nexport {name}={value}\n"),
            false => {
                let complaint = format!("hornero: `env` of this builder is too old to set {name}");
                format!("echo {} >&2\nexit 254\n", quote(&complaint)?)
            }
        };
    }
    let split = quote(&split)?;
    Ok(format!(
        "{carriers}if env -S true 2>/dev/null; then\nset -- env{unset} -S {split} \"$@\"\nelse\n{fallback}fi\n"
    ))
}

/// Inside double quotes of `env -S`.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for char in name.chars() {
        if matches!(char, '"' | '\\' | '$') {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_cost_no_program() {
        let env = [("LANG", "C"), ("lower_1", "it's")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(exports(&env.into()).unwrap(), "export LANG=C\nexport lower_1=\"it's\"\n");
    }

    #[test]
    fn names_of_shells_and_names_that_are_none_for_a_shell_go_past_it() {
        for name in ["IFS", "UID", "BASH_ENV", "PS1", "PATH", "LD_PRELOAD", "a.b", "1A", "hornero_env_1"] {
            assert!(!can_be_exported(name), "{name}");
        }
    }
}
