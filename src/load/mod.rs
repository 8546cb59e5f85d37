//! Load is the only reader of what the user wrote: templates, their includes and provisioners, and
//! the files they name. It hands texts to `template`, which judges them.

mod again;
mod ansible;
mod boundary;
mod bundle;
mod chain;
mod disk;
mod folders;
mod foreign;
mod given;
mod globs;
mod input;
mod login_key;
mod provisioners;
mod sent;
mod shipped;
mod text;
mod tree;
mod vars;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub use again::inputs_again;
use bundle::Gathered;
pub use folders::templates_in;
pub use given::{GivenSource, GivenVariable, VARIABLE_PREFIX};
pub use input::InputFile;
pub use provisioners::UsedProvisioner;
pub use vars::{VarFile, var_file};

use crate::template::{
    check::{Wanted, check},
    diagnose::Mistakes,
    model::{PlatformKind, Template},
};

/// What decides how a template is read, besides its text.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Values of variables; of two with one name the later counts. One that the template does not declare
    /// is another template's, or nobody's: whoever knows all templates looks for those.
    pub vars: Vec<GivenVariable>,
    pub platform: PlatformKind,
    /// Whether the base has to have an image for the platform.
    pub platform_is_wanted: bool,
    pub stage: Option<String>,
    /// Where provisioners are looked for besides the template's own surroundings.
    pub provisioner_folders: Vec<PathBuf>,
    /// Real folders that files may be read from besides a template's own.
    pub allowed: Vec<PathBuf>,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
    /// Variables of the environment whose names begin with `ANSIBLE_`: they say where playbooks find roles.
    pub ansible: BTreeMap<String, String>,
}

impl Inputs {
    /// Nothing is given from outside, and the base need not have an image for the platform.
    pub fn for_platform(platform: PlatformKind) -> Self {
        Self {
            vars: Vec::new(),
            platform,
            platform_is_wanted: false,
            stage: None,
            provisioner_folders: Vec::new(),
            allowed: Vec::new(),
            home: None,
            ansible: BTreeMap::new(),
        }
    }
}

/// A template without a mistake.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub template: Template,
    /// Every file that was read or will be, the template itself first.
    pub inputs: Vec<InputFile>,
    /// Each once, in the order in which they were met.
    pub provisioners: Vec<UsedProvisioner>,
    pub warnings: Mistakes,
}

/// Reads a template and everything it refers to. All mistakes are told at once.
pub fn load(path: &Path, inputs: &Inputs) -> Result<Loaded, Mistakes> {
    if let Some(mistake) = foreign::packer(path) {
        return Err(Mistakes::one(mistake));
    }
    let disk = disk::Disk::new(inputs);
    let Gathered { mut bundle, provisioners } = bundle::gather(path, inputs, &disk)?;
    bundle.faults.extend(chain::circle(&bundle, &disk));
    let vars: Vec<_> = inputs.vars.iter().map(|given| given.handed(&mut bundle.sources)).collect();
    let wanted = Wanted {
        vars: &vars,
        platform: inputs.platform,
        platform_is_wanted: inputs.platform_is_wanted,
        stage: inputs.stage.as_deref(),
    };
    let checked = check(bundle, &wanted, &disk);
    match checked.template {
        Some(template) => {
            let mut warnings = Mistakes::from_faults(checked.warnings, &checked.sources);
            disk.converted_files().into_iter().for_each(|warning| warnings.merge(Mistakes::one(warning)));
            Ok(Loaded { template, inputs: disk.into_inputs(), provisioners, warnings })
        }
        None => Err(Mistakes::from_faults(checked.faults, &checked.sources)),
    }
}
