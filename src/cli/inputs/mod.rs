//! Templates from the command line: variables from all their sources, and the templates loaded
//! with every mistake of every one of them told at once.

mod contents;
mod given;
mod undeclared;

use std::path::PathBuf;

pub use contents::{contents, who};
pub use undeclared::judge_undeclared;

use super::{Context, show};
use crate::{
    amount,
    error::{Error, Kind},
    load::{self, Loaded},
    template::{check::stage_name, diagnose::Mistakes, model::PlatformKind},
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
    judge_undeclared(&loaded, context)?;
    Ok(loaded)
}

/// Loads templates for whichever platform each has a base for, the one that is usual first: nobody has said
/// where they are to be baked.
///
/// # Errors
/// When any of them has a mistake. All mistakes have been printed by then.
pub fn load_for_any_platform(paths: &[PathBuf], context: &Context) -> Result<Vec<Loaded>, Error> {
    let usual = load::Inputs { platform_is_wanted: false, ..given::inputs(context)? };
    let files = expand(paths, context)?;
    let platform = |path: &PathBuf| match load::load(path, &usual) {
        Ok(one) if one.template.base.ec2.is_none() && one.template.base.qemu.is_some() => PlatformKind::Qemu,
        Ok(_) | Err(_) => usual.platform,
    };
    let inputs: Vec<load::Inputs> =
        files.iter().map(|path| load::Inputs { platform: platform(path), ..usual.clone() }).collect();
    let loaded = read(files.iter().zip(&inputs), context)?;
    judge_undeclared(&loaded, context)?;
    Ok(loaded)
}

/// Loads some of the templates of a command: a variable may be declared by the others.
///
/// # Errors
/// When any of them has a mistake. All mistakes have been printed by then.
pub fn load_some(paths: &[PathBuf], context: &Context) -> Result<Vec<Loaded>, Error> {
    let inputs = given::inputs(context)?;
    read(expand(paths, context)?.iter().map(|path| (path, &inputs)), context)
}

fn read<'a>(
    files: impl Iterator<Item = (&'a PathBuf, &'a load::Inputs)>,
    context: &Context,
) -> Result<Vec<Loaded>, Error> {
    let (mut loaded, mut mistakes, mut wrong) = (Vec::new(), Mistakes::default(), 0);
    for (path, inputs) in files {
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
    let found = amount::count(mistakes.len(), "mistake");
    let all = amount::count(loaded.len() + wrong, "template");
    Err(Error::new(Kind::Template, format!("{found} in {wrong} of {all}")))
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
