//! What is given from outside with every template: variables, folders, the platform, the stage.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    cli::{Context, show},
    error::{Error, Kind},
    load,
};

/// Names variables in the environment.
const PREFIX: &str = "HORNERO_VAR_";

/// Later ones win: files in their order, the environment, `--var`.
pub fn inputs(context: &Context) -> Result<load::Inputs, Error> {
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
        ansible: ansible(),
        home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
    })
}

/// What the environment tells Ansible. An empty variable is no variable.
fn ansible() -> BTreeMap<String, String> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    variables.filter(|(name, value)| name.starts_with("ANSIBLE_") && !value.is_empty()).collect()
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

/// Provisioners that were put beside the program for all its users. Those that come with hornero are in it.
fn installed() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    let beside = program.and_then(|program| Some(program.parent()?.join("../share/hornero/provisioners")));
    beside.into_iter().filter(|folder| folder.is_dir()).collect()
}
