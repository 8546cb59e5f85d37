//! Templates from the command line: variables from all their sources, and the templates loaded
//! with every mistake of every one of them told at once.

mod contents;
mod given;

use std::path::PathBuf;

pub use contents::contents;

use super::{Context, set, show};
use crate::{
    error::{Error, Kind},
    load::{self, Loaded},
    template::{check::stage_name, diagnose::Mistakes},
};

/// `NAME=VALUE` of `--var`.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if name.is_empty() {
        return Err("the name before `=` is missing".into());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// The value of `--stage`, by the rule that templates keep to.
pub fn stage(text: &str) -> Result<String, String> {
    stage_name(text).map(|()| text.to_owned())
}

/// Loads all templates; folders stand for the templates in them. A variable is to be declared by one of
/// them.
///
/// # Errors
/// When any of them has a mistake. All mistakes have been printed by then.
pub fn load(paths: &[PathBuf], context: &Context) -> Result<Vec<Loaded>, Error> {
    let loaded = load_some(paths, context)?;
    all_known(&loaded, context)?;
    Ok(loaded)
}

/// Loads some of the templates of a command: a variable may be declared by the others.
///
/// # Errors
/// When any of them has a mistake. All mistakes have been printed by then.
pub fn load_some(paths: &[PathBuf], context: &Context) -> Result<Vec<Loaded>, Error> {
    let inputs = load::Inputs { among_others: true, ..given::inputs(context)? };
    read(&expand(paths, context)?, &inputs, context)
}

/// # Errors
/// When a variable was given that none of all templates declares; it has been told by then.
pub fn all_known(loaded: &[Loaded], context: &Context) -> Result<(), Error> {
    let inputs = given::inputs(context)?;
    let declared = |name: &str| {
        loaded.iter().any(|one| one.template.variables.iter().any(|variable| variable.name == name))
    };
    if inputs.vars.iter().all(|(name, _)| declared(name)) {
        return Ok(());
    }
    // The first one tells it, in the words that it has for a template alone.
    let vars = inputs.vars.iter().filter(|(name, _)| !declared(name)).cloned();
    let own = loaded.first().map(|one| one.template.variables.as_slice()).unwrap_or_default();
    let given = own.iter().map(|variable| (variable.name.clone(), variable.value.clone()));
    let inputs = load::Inputs { vars: vars.chain(given).collect(), ..inputs };
    let first: Vec<PathBuf> = loaded.iter().take(1).map(|one| set::path(one).to_owned()).collect();
    read(&first, &inputs, context).map(drop)
}

fn read(files: &[PathBuf], inputs: &load::Inputs, context: &Context) -> Result<Vec<Loaded>, Error> {
    let (mut loaded, mut mistakes, mut wrong) = (Vec::new(), Mistakes::default(), 0);
    for path in files {
        match load::load(path, inputs) {
            Ok(one) => {
                show::warnings(&one.warnings, context);
                loaded.push(one);
            }
            Err(found) => {
                wrong += 1;
                mistakes.merge(found);
            }
        }
    }
    if mistakes.is_empty() {
        return Ok(loaded);
    }
    show::mistakes(&mistakes, context);
    let count = match mistakes.len() {
        1 => "1 mistake".to_owned(),
        many => format!("{many} mistakes"),
    };
    let all = loaded.len() + wrong;
    Err(Error::new(Kind::Template, format!("{count} in {wrong} of {all} templates")))
}

/// A folder stands for every template directly in it.
fn expand(paths: &[PathBuf], context: &Context) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found = load::templates_in(path).map_err(|mistakes| {
            show::mistakes(&mistakes, context);
            Error::new(Kind::Template, format!("looking for templates in `{}`", path.display()))
        })?;
        if found.is_empty() {
            return Err(Error::new(Kind::Template, format!("there is no template in `{}`", path.display())));
        }
        files.extend(found);
    }
    Ok(files)
}
