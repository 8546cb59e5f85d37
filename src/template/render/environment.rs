//! The template engine as hornero sets it up: one syntax for every string and every file.

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter, syntax::SyntaxConfig,
    value::ValueKind,
};

use super::tags::{COMMENT_END, COMMENT_START};

/// Steps that rendering one string may take: far more than files need, and no loop without end.
const FUEL: u64 = 500_000;

pub fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_auto_escape_callback(|_| AutoEscape::None);
    // Without it errors have no place.
    env.set_debug(true);
    let mut syntax = SyntaxConfig::builder();
    syntax.comment_delimiters(COMMENT_START, COMMENT_END);
    // Files end as they were written, and a line that holds only a block leaves no empty line.
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    env.set_formatter(|out, state, value| match (value.kind(), bool::try_from(value.clone())) {
        // `True` is Python's word; files on the machine know the other.
        (ValueKind::Bool, Ok(flag)) => write!(out, "{flag}").map_err(Into::into),
        // Another program's word, such as `namespace`, that is one of minijinja's functions too.
        (ValueKind::Plain, _) => {
            Err(Error::new(ErrorKind::InvalidOperation, "this is a function and has no text"))
        }
        (_, _) => escape_formatter(out, state, value),
    });
    // Prints everything there is, and its name is one that variables like to have.
    env.remove_global("debug");
    env.set_syntax(syntax.build().expect("these delimiters differ from each other"));
    env
}

/// Names that belong to the language and cannot be variables.
pub fn is_global(name: &str) -> bool {
    environment().globals().any(|(global, _)| global == name)
}
