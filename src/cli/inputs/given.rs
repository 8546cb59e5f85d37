//! What is given from outside with every template: variables, folders, the platform, the stage.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    cli::{Context, show},
    error::{Error, Kind},
    load::{self, GivenVariable, VARIABLE_PREFIX, VarFile},
};

/// The variables that are given from outside, by where they come from.
pub struct GivenVariables {
    pub files: Vec<VarFile>,
    /// Without the prefix.
    pub environment: Vec<(String, String)>,
    pub options: Vec<(String, String)>,
}

impl GivenVariables {
    /// # Errors
    /// When a file of variables cannot be read. All its mistakes have been printed by then.
    pub fn collect(context: &Context) -> Result<Self, Error> {
        let allowed = allowed(&context.global.allow_paths)?;
        let read = |file: &PathBuf| {
            load::var_file(file, &allowed).map_err(|mistakes| {
                show::mistakes(&mistakes, context);
                Error::new(Kind::Template, format!("reading the variables in `{}`", file.display()))
            })
        };
        let files = context.global.var_files.iter().map(read).collect::<Result<_, Error>>()?;
        // What is no text cannot be a variable's value; the template then asks for it by name.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let environment = environment
            .filter_map(|(name, value)| Some((name.strip_prefix(VARIABLE_PREFIX)?.to_owned(), value)));
        Ok(Self { files, environment: environment.collect(), options: context.global.vars.clone() })
    }

    /// Later ones win: files in their order, the environment, `--var`.
    fn values(&self) -> Vec<GivenVariable> {
        let files = self.files.iter().flat_map(VarFile::values);
        let environment =
            self.environment.iter().map(|(name, value)| GivenVariable::environment(name, value));
        let options = self.options.iter().map(|(name, value)| GivenVariable::option(name, value));
        files.chain(environment).chain(options).collect()
    }
}

/// What templates are read with.
///
/// # Errors
/// When a file of variables, or a folder of `--allow-path`, cannot be read.
pub fn inputs(context: &Context) -> Result<load::Inputs, Error> {
    let global = &context.global;
    Ok(load::Inputs {
        vars: GivenVariables::collect(context)?.values(),
        platform_is_wanted: true,
        stage: global.stage.clone(),
        provisioner_folders: installed(),
        allowed: allowed(&global.allow_paths)?,
        ansible: ansible(),
        home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
        ..load::Inputs::for_platform(global.platform)
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
