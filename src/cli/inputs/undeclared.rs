//! Variables that were given and that no template of a command declares. An option was typed for this very
//! command, so it is wrong; a file and the environment serve other templates and commands too.

use std::collections::BTreeSet;

use super::given::GivenVariables;
use crate::{
    cli::{Context, show},
    error::{Error, Kind},
    load::{Loaded, VARIABLE_PREFIX},
    template::diagnose::{closest, did_you_mean},
};

/// Warns of names that have no effect.
///
/// # Errors
/// When `--var` sets a variable that none of the templates declares.
pub fn judge_undeclared(loaded: &[Loaded], context: &Context) -> Result<(), Error> {
    let given = GivenVariables::collect(context)?;
    let variables = loaded.iter().flat_map(|one| &one.template.variables);
    let declared: BTreeSet<String> = variables.map(|variable| variable.name.clone()).collect();
    for file in &given.files {
        show::warnings(&file.warnings(&declared), context);
    }
    for (name, _) in given.environment.iter().filter(|(name, _)| !declared.contains(name)) {
        if let Some(near) = closest(name, declared.iter().map(String::as_str)) {
            let effect = format!("{VARIABLE_PREFIX}{name} has no effect: no template declares `{name}`");
            show::warning(format!("{effect}; did you mean {VARIABLE_PREFIX}{near}?"), context);
        }
    }
    match given.options.iter().find(|(name, _)| !declared.contains(name)) {
        Some((name, _)) => Err(undeclared_option(name, &declared, loaded.len())),
        None => Ok(()),
    }
}

fn undeclared_option(name: &str, declared: &BTreeSet<String>, templates: usize) -> Error {
    let whose = if templates == 1 { "the template declares" } else { "any of the templates declares" };
    let message = format!("--var {name}=... sets an unknown variable `{name}`: not a variable that {whose}");
    let hint = did_you_mean(name, declared.iter().map(String::as_str));
    Error::new(Kind::Usage, message)
        .hint(hint.unwrap_or_else(|| "nothing is declared under [variables]: remove the option".into()))
}
