//! Strings are minijinja templates, strict: a name that nothing declares is a mistake, also in a
//! branch that is not taken. `Scope` is what a string may refer to.

mod environment;
mod literals;
mod names;
mod scope;
mod secrets;
mod tags;

use std::{borrow::Cow, ops::Range};

pub use environment::is_global;
pub use scope::Scope;
pub use secrets::{fill_secrets, secret_names, secret_placeholder};

use super::diagnose::{Edit, closest, listed};
use environment::environment;
use literals::{blanked, literal_hint, misread, raw_edits, shown, tag_around};
use scope::Lookup;

/// What is wrong inside one string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flaw {
    /// Bytes of the decoded string.
    pub range: Range<usize>,
    pub message: String,
    pub label: Option<String>,
    pub hint: Option<String>,
    /// What the hint says, as changes of the decoded string.
    pub edits: Vec<Edit>,
}

impl Flaw {
    fn at(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into(), ..Self::default() }
    }
}

/// Whether a string may hold secrets: only what reaches a step's environment or standard input may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    Allowed,
    Refused,
}

/// One string cannot have more syntax errors than this told.
const MOST_SYNTAX_ERRORS: usize = 20;

/// Renders a string. `Ok(None)` when it uses something that is already known to be wrong: it has no
/// value, and nothing more is to be said about it.
pub fn render(text: &str, scope: &Scope, secrets: Secrets) -> Result<Option<String>, Vec<Flaw>> {
    if !["{{", "{%", "{#"].iter().any(|open| text.contains(open)) {
        return Ok(Some(text.to_owned()));
    }
    let (readable, mut flaws) = without_literals(text);
    let env = environment();
    let Ok(template) = env.template_from_str(&readable) else { return Err(flaws) };
    let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    used.sort();
    flaws.extend(secrets::misused(&readable, &used, secrets));
    let mut known = true;
    for name in used {
        match scope.look_up(&name) {
            Lookup::Known => {}
            Lookup::Wrong => known = false,
            Lookup::Unknown(what) => flaws.extend(undefined(&readable, &what, scope)),
        }
    }
    if !flaws.is_empty() || !known {
        flaws.sort_by_key(|flaw| flaw.range.start);
        return if flaws.is_empty() { Ok(None) } else { Err(flaws) };
    }
    template.render(scope.context()).map(Some).map_err(|error| vec![flaw_of(text, &error)])
}

/// The text with blanks in place of what is no template expression, and what is to be said about that.
fn without_literals(text: &str) -> (Cow<'_, str>, Vec<Flaw>) {
    let mut flaws = misread(text);
    let mut readable = Cow::Borrowed(text);
    let wrong = |flaw: &Flaw| tag_around(text, flaw.range.start).map(|tag| tag.whole);
    for range in flaws.iter().filter_map(wrong).collect::<Vec<_>>() {
        readable = Cow::Owned(blanked(&readable, &range));
    }
    let env = environment();
    for _ in 0..MOST_SYNTAX_ERRORS {
        let Err(error) = env.template_from_str(&readable) else { break };
        let flaw = flaw_of(&readable, &error);
        let gap = tag_around(&readable, flaw.range.start).map(|tag| tag.whole);
        flaws.push(flaw);
        match gap {
            Some(gap) => readable = Cow::Owned(blanked(&readable, &gap)),
            None => break,
        }
    }
    (readable, flaws)
}

/// Whether a text without braces would compare something between them.
pub fn is_expression(text: &str) -> bool {
    let compares =
        ["==", "!=", "<", ">", " and ", " or ", "not ", " in "].iter().any(|sign| text.contains(sign));
    compares && !text.contains("{{") && environment().compile_expression(text).is_ok()
}

/// The top-level names that a string refers to.
pub fn names_used(text: &str) -> Vec<String> {
    let env = environment();
    let used = env.template_from_str(text).map(|template| template.undeclared_variables(false));
    used.map(|names| names.into_iter().collect()).unwrap_or_default()
}

fn undefined(text: &str, name: &str, scope: &Scope) -> Vec<Flaw> {
    let message = || format!("undefined variable `{name}`");
    let places = names::places(text, name);
    if places.is_empty() {
        return vec![Flaw { hint: undefined_hint(name, scope), ..Flaw::at(0..text.len(), message()) }];
    }
    let flaw = |range: Range<usize>| {
        let flaw = Flaw { label: Some("not defined".into()), ..Flaw::at(range, message()) };
        remedy(text, name, scope, flaw)
    };
    places.into_iter().map(flaw).collect()
}

/// A slip of the hand has another name as its remedy; braces that stand in the middle of a text are
/// perhaps not hornero's.
fn remedy(text: &str, name: &str, scope: &Scope, flaw: Flaw) -> Flaw {
    let names = scope.names();
    if let Some(near) = closest(name, names.iter().map(String::as_str)).filter(|_| !is_secret(name)) {
        let edits = vec![Edit::new(flaw.range.clone(), near)];
        return Flaw { hint: Some(format!("did you mean `{near}`?")), edits, ..flaw };
    }
    let hint = undefined_hint(name, scope);
    let tag =
        tag_around(text, flaw.range.start).filter(|tag| tag.whole != (0..text.len()) && !is_secret(name));
    match tag {
        Some(tag) => {
            let literal = literal_hint(text, &tag);
            let hint = hint.map_or_else(|| literal.clone(), |hint| format!("{hint}; {literal}"));
            Flaw { hint: Some(hint), edits: raw_edits(text, &tag), ..flaw }
        }
        None => Flaw { hint, ..flaw },
    }
}

fn is_secret(name: &str) -> bool {
    name == "secrets" || name.starts_with("secrets.")
}

fn undefined_hint(name: &str, scope: &Scope) -> Option<String> {
    if let Some(secret) = name.strip_prefix("secrets.") {
        return Some(format!("declare it: `[secrets]` with `{secret} = {{ env = \"...\" }}`"));
    }
    if name == "secrets" {
        return Some("declare it under `[secrets]` of the template; provisioners cannot use secrets".into());
    }
    let names = scope.names();
    (!names.is_empty()).then(|| format!("there is {}", listed(names.iter().map(String::as_str))))
}

fn flaw_of(text: &str, error: &minijinja::Error) -> Flaw {
    let range = error.range().filter(|range| range.end <= text.len());
    if error.kind() == minijinja::ErrorKind::OutOfFuel {
        let why = "this cannot be rendered: it takes too many steps; a loop in it may have no end";
        return Flaw::at(range.unwrap_or(0..text.len()), why);
    }
    let syntax = error.kind() == minijinja::ErrorKind::SyntaxError;
    let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let what = if syntax { "this is not a template expression" } else { "this cannot be rendered" };
    let message = format!("{what}: {why}");
    // An error at the end of the text is about a tag that begins before it.
    let start = error.range().map_or(0, |range| range.start.min(text.len()));
    let Some(tag) = tag_around(text, start) else { return Flaw::at(range.unwrap_or(0..text.len()), message) };
    let range = range.filter(|_| !syntax).unwrap_or_else(|| shown(text, &tag));
    Flaw { hint: Some(literal_hint(text, &tag)), edits: raw_edits(text, &tag), ..Flaw::at(range, message) }
}

#[cfg(test)]
mod tests;
