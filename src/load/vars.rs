//! Files of variables: TOML with `name = value` and nothing else.

use std::{
    collections::BTreeSet,
    iter,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    boundary,
    given::{GivenSource, GivenVariable},
    text::{LARGEST_TEMPLATE, line_ends_warning, read, trouble},
};
use crate::{
    open_file::Confinement,
    template::{
        check::Trouble,
        diagnose::{Fault, Mistake, Mistakes, closest},
        raw::{Text, variables},
        sources::Sources,
    },
};

/// What a file that `--var-file` names says.
#[derive(Debug)]
pub struct VarFile {
    sources: Sources,
    path: PathBuf,
    text: Arc<str>,
    values: Vec<(Text, Text)>,
    line_ends: Option<Mistake>,
}

/// Reads a file of variables that lies where its path says, or in one of the `allowed` real folders.
///
/// # Errors
/// Everything in it that is not a plain value.
pub fn var_file(path: &Path, allowed: &[PathBuf]) -> Result<VarFile, Mistakes> {
    let cannot = |trouble: Trouble| {
        let mistake = Mistake::about(path, format!("cannot read the file of variables: {}", trouble.why));
        Mistakes::one(Mistake { hint: trouble.hint, ..mistake })
    };
    let boundary = boundary::of_file(path).map_err(|error| cannot(trouble(&error)))?;
    let folders: Vec<PathBuf> = iter::once(boundary).chain(allowed.iter().cloned()).collect();
    let read = read(path, Confinement::Within(&folders), LARGEST_TEMPLATE).map_err(cannot)?;
    let line_ends = read.had_carriage_returns.then(|| line_ends_warning(path));
    let mut sources = Sources::default();
    sources.add(path, Path::new(""), &read.text);
    let (values, faults): (_, Vec<Fault>) = variables(&read.text);
    if faults.is_empty() {
        Ok(VarFile { sources, path: path.to_owned(), text: read.text.into(), values, line_ends })
    } else {
        Err(Mistakes::from_faults(faults, &sources))
    }
}

impl VarFile {
    pub fn values(&self) -> impl Iterator<Item = GivenVariable> {
        self.values.iter().map(|(name, value)| {
            let (path, text) = (self.path.clone(), self.text.clone());
            let source = GivenSource::File { path, text, span: value.span() };
            GivenVariable { name: name.get_ref().clone(), value: value.get_ref().clone(), source }
        })
    }

    /// A warning for line ends of Windows, and one for each name that no template declares: one file may serve
    /// many templates, and the others may not be among these.
    pub fn warnings(&self, declared: &BTreeSet<String>) -> Mistakes {
        let strange = self.values.iter().filter(|(name, _)| !declared.contains(name.get_ref()));
        let warning = |(name, _): &(Text, Text)| {
            let fault =
                Fault::at(name.span(), format!("no template declares the variable `{}`", name.get_ref()));
            let near = closest(name.get_ref(), declared.iter().map(String::as_str));
            fault.label("has no effect").maybe_hint(near.map(|near| format!("did you mean `{near}`?")))
        };
        let mut warnings = Mistakes::from_faults(strange.map(warning).collect(), &self.sources);
        self.line_ends.iter().for_each(|warning| warnings.merge(Mistakes::one(warning.clone())));
        warnings
    }
}
