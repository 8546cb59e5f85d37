//! Finds the provisioners that templates use, and those that provisioners use.

mod origin;

use std::{
    collections::HashMap,
    fs,
    path::{Component, Path, PathBuf},
};

use toml::Spanned;

pub use origin::UsedProvisioner;
use origin::{FoundProvisioner, Unusable};

use super::{Inputs, disk::Disk, shipped};
use crate::template::{
    check::{Bundle, Files, Part, Trouble},
    diagnose::{Fault, closest, listed, visible},
    path_name::path_name,
    raw,
    sources::Place,
};

const FILE: &str = "provisioner.toml";

pub struct Provisioners<'a> {
    inputs: &'a Inputs,
    disk: &'a Disk,
    /// The real folder whose provisioners are the template's own.
    boundary: PathBuf,
    /// Parts already read, by the real path of the file they came from.
    known: HashMap<PathBuf, usize>,
    pub used: Vec<UsedProvisioner>,
}

/// A provisioner on the way from the template to the one being read.
type Chain = Vec<(String, PathBuf)>;

impl<'a> Provisioners<'a> {
    pub fn new(inputs: &'a Inputs, disk: &'a Disk, boundary: PathBuf) -> Self {
        Self { inputs, disk, boundary, known: HashMap::new(), used: Vec::new() }
    }

    pub fn find_all(&mut self, bundle: &mut Bundle) {
        self.follow(0, bundle, &mut Vec::new());
    }

    fn follow(&mut self, at: usize, bundle: &mut Bundle, chain: &mut Chain) {
        let named: Vec<(Place, Option<raw::Text>)> = bundle.parts[at]
            .read
            .raw
            .uses
            .iter()
            .map(|used| (used.span(), used.get_ref().provisioner.clone()))
            .collect();
        for (place, name) in named {
            let found = match name {
                Some(name) => self.find(&name, bundle, chain),
                None => {
                    Err(Fault::at(place, "`[[use]]` has no `provisioner`").label("`provisioner` is missing"))
                }
            };
            let target = found.map_err(|fault| bundle.faults.push(fault)).ok();
            bundle.parts[at].uses.push(target);
        }
    }

    fn find(&mut self, name: &raw::Text, bundle: &mut Bundle, chain: &mut Chain) -> Result<usize, Fault> {
        let place = name.span();
        check_name(name)?;
        let from =
            bundle.sources.locate(&place).map(|(file, _)| file.folder().to_owned()).unwrap_or_default();
        let found = self.look_for(name, &self.folders(&from))?;
        let real = found.real.clone();
        if chain.iter().any(|(_, known)| *known == real) {
            let names = chain.iter().map(|(name, _)| name.as_str()).chain([name.get_ref().as_str()]);
            return Err(Fault::at(place, "provisioners use each other in a circle")
                .label("closes the circle")
                .hint(format!("remove one of the uses of {}", names.collect::<Vec<_>>().join(" -> "))));
        }
        match self.known.get(&real) {
            Some(at) => Ok(*at),
            None => self.read(name, &found, bundle, chain),
        }
    }

    /// The first one that may be used. One that somebody else may have put there is passed over.
    fn look_for(&self, name: &raw::Text, folders: &[PathBuf]) -> Result<FoundProvisioner, Fault> {
        let mut refused = None;
        for folder in folders {
            let file = folder.join(name.get_ref()).join(FILE);
            if !self.disk.exists(&file) {
                continue;
            }
            let unusable = |trouble: Trouble| {
                let message = format!("the provisioner `{}` is not used: {}", path_name(&file), trouble.why);
                Fault::at(name.span(), message).maybe_hint(trouble.hint)
            };
            match origin::judge(self.disk, &self.boundary, folder, &file) {
                Ok(found) => return Ok(found),
                Err(Unusable::LeadsOut(trouble)) => return Err(unusable(trouble)),
                Err(Unusable::NotTrusted(trouble)) => {
                    refused.get_or_insert_with(|| unusable(trouble));
                }
            }
        }
        Err(refused.unwrap_or_else(|| not_found(name, folders)))
    }

    fn read(
        &mut self,
        name: &raw::Text,
        found: &FoundProvisioner,
        bundle: &mut Bundle,
        chain: &mut Chain,
    ) -> Result<usize, Fault> {
        let FoundProvisioner { file, real, roots } = found;
        let text = self.disk.template(roots, file).map_err(|trouble| {
            let message = format!("cannot read the provisioner `{}`: {}", file.display(), trouble.why);
            Fault::at(name.span(), message).maybe_hint(trouble.hint)
        })?;
        let root = file.parent().unwrap_or(Path::new("")).to_owned();
        let base = bundle.sources.add(file, &root, &text);
        let read = raw::read_provisioner(&text, base);
        let at = bundle.parts.len();
        bundle.parts.push(Part { name: name.get_ref().clone(), read, uses: Vec::new() });
        self.used.push(UsedProvisioner::of(name.get_ref(), &root));
        self.known.insert(real.clone(), at);
        chain.push((name.get_ref().clone(), real.clone()));
        self.follow(at, bundle, chain);
        chain.pop();
        Ok(at)
    }

    /// A provisioner's neighbours; `provisioners` beside the file and in the folders above it, up to the
    /// repository's root; the folders given from outside; what hornero brings along.
    fn folders(&self, from: &Path) -> Vec<PathBuf> {
        if shipped::is_shipped(from) {
            return vec![shipped::ROOT.into()];
        }
        let neighbours = from.join(FILE).is_file().then(|| above(from)).flatten();
        let mut folders: Vec<PathBuf> = neighbours.into_iter().collect();
        let mut folder = Some(from.to_owned());
        while let Some(here) = folder {
            folders.push(here.join("provisioners"));
            folder = if here.join(".git").exists() { None } else { above(&here) };
        }
        folders.extend(self.inputs.provisioner_folders.iter().cloned());
        folders.push(shipped::ROOT.into());
        folders
    }
}

/// The folder above, in the words of the path given as far as they go: these paths are shown.
fn above(folder: &Path) -> Option<PathBuf> {
    match folder.components().next_back() {
        Some(Component::Normal(_)) => folder.parent().map(Path::to_owned),
        Some(Component::RootDir | Component::Prefix(_)) => None,
        Some(Component::CurDir | Component::ParentDir) | None => {
            let up = folder.join("..");
            // The root is its own parent.
            let real = |path: &Path| {
                fs::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path }).ok()
            };
            (real(&up)? != real(folder)?).then_some(up)
        }
    }
}

/// A name is one folder's: it cannot lead elsewhere.
fn check_name(name: &Spanned<String>) -> Result<(), Fault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.get_ref().is_empty() && name.get_ref().chars().all(fits) {
        return Ok(());
    }
    let message = format!("`{}` is not the name of a provisioner", visible(name.get_ref()));
    Err(Fault::at(name.span(), message)
        .hint("write letters, digits, `-` and `_`; it names a folder in `provisioners/`"))
}

fn not_found(name: &raw::Text, folders: &[PathBuf]) -> Fault {
    let mut there: Vec<String> = folders.iter().flat_map(|folder| provisioners_in(folder)).collect();
    there.sort();
    there.dedup();
    let all = format!("there is {}", listed(there.iter().map(String::as_str)));
    let hint = match closest(name.get_ref(), there.iter().map(String::as_str)) {
        Some(similar) => format!("did you mean `{similar}`? {all}"),
        None => format!("{all}; one of your own is `provisioners/{}/{FILE}`", name.get_ref()),
    };
    Fault::at(name.span(), format!("unknown provisioner `{}`", name.get_ref())).hint(hint)
}

fn provisioners_in(folder: &Path) -> Vec<String> {
    if shipped::is_shipped(folder) {
        return shipped::names();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.path().join(FILE).is_file());
    named.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
