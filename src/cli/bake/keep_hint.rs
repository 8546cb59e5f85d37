//! What to do after a failure on a builder: the same command again, which keeps the builder.

use crate::{engine::on_error::OnError, error::Error};

const OPTION: &str = "--on-error";

/// Adds the way to keep the builder to an error after which that was removed, unless the user has said so.
pub fn add_keep_hint(error: Error, on_error: &OnError, arguments: impl IntoIterator<Item = String>) -> Error {
    if !error.builder_lost || on_error.may_keep() {
        return error;
    }
    let Some(command) = command_that_keeps(arguments) else { return error };
    let hint = format!("`{command}` leaves the builder for `hornero ssh` and `hornero resume`");
    let hint = match &error.hint {
        Some(first) => format!("{first}; {hint}"),
        None => hint,
    };
    error.hint(hint)
}

/// The command line as it was given, with the builder kept; `None` where it cannot be written for a shell.
fn command_that_keeps(arguments: impl IntoIterator<Item = String>) -> Option<String> {
    let mut words = vec!["hornero".to_owned()];
    let mut arguments = arguments.into_iter().skip(1);
    while let Some(word) = arguments.next() {
        match word.strip_prefix(OPTION) {
            Some("") => drop(arguments.next()),
            Some(value) if value.starts_with('=') => {}
            Some(_) | None => words.push(word),
        }
    }
    words.extend([OPTION.to_owned(), "keep".to_owned()]);
    shlex::try_join(words.iter().map(String::as_str)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn failed() -> Error {
        Error { builder_lost: true, ..Error::new(Kind::Bake, "step `x` failed") }
    }

    fn hint(error: Error, on_error: &OnError, line: &str) -> Option<String> {
        add_keep_hint(error, on_error, shlex::split(line).unwrap()).hint
    }

    #[test]
    fn the_command_is_the_one_that_was_given_and_keeps_the_builder() {
        let end = "leaves the builder for `hornero ssh` and `hornero resume`";
        for (line, command) in [
            ("/opt/hornero bake kb.toml", "hornero bake kb.toml --on-error keep"),
            ("hornero bake --on-error cleanup 'a b.toml'", "hornero bake 'a b.toml' --on-error keep"),
            ("hornero bake kb.toml --on-error=cleanup --cold", "hornero bake kb.toml --cold --on-error keep"),
        ] {
            assert_eq!(hint(failed(), &OnError::Cleanup, line), Some(format!("`{command}` {end}")), "{line}");
        }
    }

    #[test]
    fn where_no_builder_was_or_it_was_to_be_kept_nothing_is_added() {
        let none = Error::new(Kind::Bake, "no builder");
        assert_eq!(hint(none, &OnError::Cleanup, "hornero bake kb.toml"), None);
        assert_eq!(hint(failed(), &OnError::Keep, "hornero bake kb.toml --on-error keep"), None);
        let told = hint(failed().hint("look at it"), &OnError::Cleanup, "hornero bake a.toml").unwrap();
        assert!(told.starts_with("look at it; `hornero bake a.toml --on-error keep` leaves"), "{told}");
    }
}
