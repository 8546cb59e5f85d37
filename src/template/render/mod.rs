//! Strings are minijinja templates, strict: a name that nothing declares is a mistake, also in a
//! branch that is not taken. `Scope` is what a string may refer to.

mod names;
mod scope;
mod secrets;

use std::ops::Range;

use minijinja::{
    AutoEscape, Environment, UndefinedBehavior, escape_formatter, syntax::SyntaxConfig, value::ValueKind,
};

pub use scope::Scope;
pub use secrets::{fill_secrets, secret_names, secret_placeholder};

use super::diagnose::did_you_mean;
use scope::Lookup;

/// What is wrong inside one string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Bytes of the decoded string.
    pub range: Range<usize>,
    pub message: String,
    pub label: Option<String>,
    pub hint: Option<String>,
}

/// Whether a string may hold secrets: only what reaches a step's environment or standard input may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Allowed,
    Refused,
}

/// Renders a string. `Ok(None)` when it uses something that is already known to be wrong: it has no
/// value, and nothing more is to be said about it.
pub fn render(text: &str, scope: &Scope, secrets: Secrets) -> Result<Option<String>, Vec<Flaw>> {
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        return Ok(Some(text.to_owned()));
    }
    let env = environment();
    let template = env.template_from_str(text).map_err(|error| vec![flaw_of(text, &error)])?;
    let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    used.sort();
    let mut flaws = secrets::misused(text, &used, secrets);
    let mut known = true;
    for name in used {
        match scope.look_up(&name) {
            Lookup::Known => {}
            Lookup::Wrong => known = false,
            Lookup::Unknown(what) => flaws.extend(undefined(text, &what, scope)),
        }
    }
    if !flaws.is_empty() || !known {
        flaws.sort_by_key(|flaw| flaw.range.start);
        return if flaws.is_empty() { Ok(None) } else { Err(flaws) };
    }
    template.render(scope.context()).map(Some).map_err(|error| vec![flaw_of(text, &error)])
}

/// The top-level names that a string refers to.
pub fn names_used(text: &str) -> Vec<String> {
    let env = environment();
    let used = env.template_from_str(text).map(|template| template.undeclared_variables(false));
    used.map(|names| names.into_iter().collect()).unwrap_or_default()
}

/// Steps that rendering one string may take: far more than files need, and no loop without end.
const FUEL: u64 = 500_000;

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_auto_escape_callback(|_| AutoEscape::None);
    // Without it errors have no place.
    env.set_debug(true);
    let mut syntax = SyntaxConfig::builder();
    // Files end as they were written, and a line that holds only a block leaves no empty line.
    syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
    // `True` is Python's word; files on the machine know the other.
    env.set_formatter(|out, state, value| match bool::try_from(value.clone()) {
        Ok(flag) if value.kind() == ValueKind::Bool => write!(out, "{flag}").map_err(Into::into),
        Ok(_) | Err(_) => escape_formatter(out, state, value),
    });
    // Prints everything there is, and its name is one that variables like to have.
    env.remove_global("debug");
    env.set_syntax(syntax.build().expect("the standard delimiters are good"));
    env
}

/// Names that belong to the language and cannot be variables.
pub fn is_global(name: &str) -> bool {
    environment().globals().any(|(global, _)| global == name)
}

fn undefined(text: &str, name: &str, scope: &Scope) -> Vec<Flaw> {
    let flaw = |range| Flaw {
        range,
        message: format!("undefined variable `{name}`"),
        label: Some("not defined".into()),
        hint: undefined_hint(name, scope),
    };
    let places = names::places(text, name);
    if places.is_empty() {
        return vec![flaw(0..text.len())];
    }
    places.into_iter().map(flaw).collect()
}

fn undefined_hint(name: &str, scope: &Scope) -> Option<String> {
    if let Some(secret) = name.strip_prefix("secrets.") {
        return Some(format!("declare it: `[secrets]` with `{secret} = {{ env = \"...\" }}`"));
    }
    if name == "secrets" {
        return Some("declare it under `[secrets]` of the template; provisioners cannot use secrets".into());
    }
    did_you_mean(name, scope.names().iter().map(String::as_str))
}

fn flaw_of(text: &str, error: &minijinja::Error) -> Flaw {
    let literal = "`{{`, `{%` and `{#` begin a template expression; for the characters themselves write \
                   `{% raw %}...{% endraw %}` around them";
    let syntax = error.kind() == minijinja::ErrorKind::SyntaxError;
    let why = match error.kind() {
        minijinja::ErrorKind::OutOfFuel => "it takes too many steps; a loop in it may have no end".into(),
        _ => error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
    };
    let what = if syntax { "this is not a template" } else { "this cannot be rendered" };
    Flaw {
        range: error.range().filter(|range| range.end <= text.len()).unwrap_or(0..text.len()),
        message: format!("{what}: {why}"),
        label: None,
        hint: syntax.then(|| literal.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("php", "8.2");
        scope.set("admin", "root");
        scope.set_in("image", "name", "web");
        scope.declare_secret("token");
        scope.poison("wrong");
        scope
    }

    fn flaws(text: &str) -> Vec<(String, String)> {
        let found = render(text, &scope(), Secrets::Refused).expect_err("it is flawed");
        found.into_iter().map(|flaw| (text[flaw.range].to_owned(), flaw.message)).collect()
    }

    #[test]
    fn text_without_expressions_is_left_alone() {
        let text = "a { b } # c\n";
        assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some(text.into())));
    }

    #[test]
    fn newlines_at_the_end_stay_and_blocks_leave_none() {
        let text = "{% if php == '8.2' %}\nx {{ image.name }}\n{% endif %}\ny\n";
        assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some("x web\ny\n".into())));
    }

    #[test]
    fn booleans_are_written_in_lower_case() {
        let mut scope = scope();
        scope.set("tls", false);
        assert_eq!(
            render("{{ tls }} {{ php == '8.2' }} {{ 1 }}", &scope, Secrets::Refused),
            Ok(Some("false true 1".into()))
        );
    }

    #[test]
    fn every_undefined_name_is_found_at_its_place() {
        let found = flaws("{{ phh }} {{ image.nam }} {% if admn is defined %}{{ x.phh }}{% endif %} 'phh'");
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["phh", "image.nam", "admn", "x"]);
        assert_eq!(found[0].1, "undefined variable `phh`");
    }

    #[test]
    fn names_made_by_the_template_itself_are_no_mistake() {
        let text = "{% set x = 1 %}{% for y in range(2) %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}";
        assert_eq!(render(text, &scope(), Secrets::Refused), Ok(Some("101112".into())));
    }

    #[test]
    fn what_uses_a_wrong_value_has_none_and_says_nothing() {
        assert_eq!(render("{{ wrong }}", &scope(), Secrets::Refused), Ok(None));
    }

    #[test]
    fn errors_of_minijinja_have_a_place_and_a_hint() {
        let found = render("echo ${#list[@]}", &scope(), Secrets::Refused).expect_err("it opens a comment");
        assert!(found[0].hint.as_ref().is_some_and(|hint| hint.contains("raw")));
        assert_eq!(flaws("{{ php|nofilter }}")[0].0, "nofilter");
    }

    #[test]
    fn secrets_are_placeholders_and_only_where_they_may_be() {
        let rendered = render("x={{ secrets.token }}", &scope(), Secrets::Allowed);
        assert_eq!(rendered, Ok(Some(format!("x={}", secret_placeholder("token")))));
        assert_eq!(flaws("{{ secrets.token }}")[0].0, "secrets.token");
        assert!(render("{{ secrets.token | upper }}", &scope(), Secrets::Allowed).is_err());
        assert!(render("{{ secrets.tokn }}", &scope(), Secrets::Allowed).is_err());
        assert!(render("{{ secrets }}", &scope(), Secrets::Allowed).is_err());
    }
}
