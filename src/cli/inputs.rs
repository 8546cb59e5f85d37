//! Templates from the command line: variables from all their sources, and the templates loaded
//! with every mistake of every one of them told at once.

use std::path::{Path, PathBuf};

use super::{Context, set, show};
use crate::{
    engine::BakeInputs,
    error::{Error, Kind},
    load::{self, Loaded},
    plan::Content,
    template::{check::stage_name, diagnose::Mistakes},
};

/// Names variables in the environment.
const PREFIX: &str = "HORNERO_VAR_";

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
    let inputs = load::Inputs { among_others: true, ..inputs(context)? };
    read(&expand(paths, context)?, &inputs, context)
}

/// # Errors
/// When a variable was given that none of all templates declares; it has been told by then.
pub fn all_known(loaded: &[Loaded], context: &Context) -> Result<(), Error> {
    let inputs = inputs(context)?;
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

/// Later ones win: files in their order, the environment, `--var`.
fn inputs(context: &Context) -> Result<load::Inputs, Error> {
    let global = &context.global;
    let mut vars = Vec::new();
    for file in &global.var_files {
        match load::var_file(file) {
            Ok(found) => vars.extend(found),
            Err(mistakes) => {
                show::mistakes(&mistakes, context);
                return Err(Error::new(
                    Kind::Template,
                    format!("reading the variables in `{}`", file.display()),
                ));
            }
        }
    }
    // What is no text cannot be a variable's value; the template then asks for it by name.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    vars.extend(environment.filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value))));
    vars.extend(global.vars.iter().cloned());
    Ok(load::Inputs {
        vars,
        among_others: false,
        platform: global.platform,
        stage: global.stage.clone(),
        provisioner_folders: installed(),
        allowed: allowed(&global.allow_paths)?,
        home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
    })
}

/// The real folders of `--allow-path`.
fn allowed(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let real = |folder: &PathBuf| {
        std::fs::canonicalize(folder).map_err(|error| {
            Error::new(Kind::Usage, format!("allowing the folder `{}`", folder.display()))
                .because(&error)
                .hint("--allow-path names a folder that is there")
        })
    };
    folders.iter().map(real).collect()
}

/// Provisioners that came with hornero, beside its program or in its source folder.
fn installed() -> Vec<PathBuf> {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| Some(exe.parent()?.join("../share/hornero/provisioners")));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("provisioners");
    beside.into_iter().chain([source]).filter(|folder| folder.is_dir()).collect()
}

/// The user, the computer and the process.
fn who() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let at = user.map_or_else(|| host.clone(), |user| format!("{user}@{host}"));
    format!("{at}, process {}", std::process::id())
}

/// Every file that was read, with its sum; the template is the first of them.
///
/// # Errors
/// When one of them cannot be read.
pub fn contents(loaded: &Loaded) -> Result<BakeInputs, Error> {
    let content = |file: &load::InputFile| {
        let sum = file.sum().map_err(|error| {
            Error::new(Kind::Local, format!("reading `{}`", file.path.display())).because(&error)
        })?;
        Ok(Content { path: file.path.clone(), mode: file.mode, sum })
    };
    let files: Vec<Content> = loaded.inputs.iter().map(content).collect::<Result<_, Error>>()?;
    let template = set::path(loaded).to_owned();
    Ok(BakeInputs { template, files, who: who(), ..BakeInputs::default() })
}
