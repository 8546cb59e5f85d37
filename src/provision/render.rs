//! Renders hornero's own templates of scripts and of user-data. Every value is quoted for the language of its
//! template where it is written, so that no template can forget to.

use minijinja::{
    Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value, syntax::SyntaxConfig,
    value::Serde,
};

use super::ProvisionError;
use crate::quote::{fstab_field, shell_word, yaml_value};

/// Renders the template `text`. Values are words of a shell in a template called `*.sh.j2` and YAML in any other. The
/// filter `fstab` makes a field of `/etc/fstab` from a value.
///
/// # Errors
/// When a value is not there, or cannot be written in this language.
pub(super) fn render(
    name: &'static str,
    text: &str,
    values: serde_json::Value,
) -> Result<String, ProvisionError> {
    let failed = |source| ProvisionError::Render { template: name, source };
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    let mut environment = Environment::new();
    environment.set_syntax(syntax.build().map_err(failed)?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("fstab", |value: String| fstab_field(&value));
    match name.ends_with(".sh.j2") {
        true => environment.set_formatter(write_shell_word),
        false => environment.set_formatter(write_yaml),
    }
    environment.render_str(text, Serde(values)).map_err(failed)
}

fn write_shell_word(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_none() || value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "there is no value to be written into the script"));
    }
    let word = shell_word(&value.to_string()).map_err(unwritable)?;
    out.write_str(&word).map_err(Error::from)
}

fn write_yaml(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_undefined() {
        return Err(Error::new(
            ErrorKind::UndefinedError,
            "there is no value to be written into the user-data",
        ));
    }
    let yaml = yaml_value(value).map_err(unwritable)?;
    out.write_str(&yaml).map_err(Error::from)
}

fn unwritable(error: impl std::error::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_that_quotes_nothing_quotes_everything() {
        let values = json!({ "name": "a'; reboot #", "number": 7, "list": ["x y", null] });
        let script =
            render("x.sh.j2", "f {{ name }} {{ number }} {{ name | fstab }}\n", values.clone()).unwrap();
        assert_eq!(script, "f \"a'; reboot #\" 7 \"a';\\\\040reboot\\\\040#\"\n");
        let yaml = render("x.yaml.j2", "a: {{ name }}\nb: {{ number }}\nc: {{ list }}\n", values).unwrap();
        assert_eq!(yaml, "a: \"a'; reboot #\"\nb: 7\nc: [\"x y\",null]\n");
    }

    #[test]
    fn a_value_that_is_not_there_is_written_nowhere() {
        for (name, text) in
            [("x.sh.j2", "f {{ none }}"), ("x.sh.j2", "f {{ gone }}"), ("x.yaml.j2", "a: {{ gone }}")]
        {
            let error = render(name, text, json!({ "none": null })).unwrap_err();
            assert!(matches!(error, ProvisionError::Render { .. }), "{error}");
        }
    }
}
