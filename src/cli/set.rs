//! The templates of one command as a graph: those that were named, and those that they are made from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{Context, inputs};
use crate::{
    error::{Error, Kind},
    load::Loaded,
    plan::graph::Graph,
    template::model::{Ec2Base, PlatformKind, QemuBase, Template},
};

pub struct Set {
    /// Each once, in the order in which they were named, bases that nobody named at the end.
    pub templates: Vec<Loaded>,
    /// So many of them were named.
    pub named: usize,
    pub graph: Graph,
}

impl Set {
    /// Loads all of them. As with make, a base that was not named is part of it.
    ///
    /// # Errors
    /// When any of them has a mistake. All mistakes of those named have been printed by then.
    pub fn load(paths: &[PathBuf], context: &Context) -> Result<Self, Error> {
        let platform = context.global.platform;
        let (mut known, mut templates) = (BTreeSet::new(), Vec::new());
        let (mut next, mut named) = (paths.to_vec(), None);
        while !next.is_empty() {
            let loaded = inputs::load_some(&next, context)?;
            let new: Vec<Loaded> = loaded.into_iter().filter(|one| known.insert(real(path(one)))).collect();
            let bases = new.iter().filter_map(|one| base(&one.template, platform));
            let mut wanted: Vec<PathBuf> =
                bases.filter(|path| !known.contains(&real(path))).map(Path::to_owned).collect();
            // Many are made from one.
            let mut seen = BTreeSet::new();
            wanted.retain(|path| seen.insert(real(path)));
            templates.extend(new);
            named.get_or_insert(templates.len());
            next = wanted;
        }
        inputs::judge_undeclared(&templates, context)?;
        each_its_own(&templates)?;
        let edge = |one: &Loaded| (real(path(one)), base(&one.template, platform).map(real));
        let graph = Graph::of(&templates.iter().map(edge).collect::<Vec<_>>());
        Ok(Self { templates, named: named.unwrap_or_default(), graph })
    }
}

/// A parameter can point at one image.
///
/// # Errors
/// When two templates record their image under the same one.
pub fn each_its_own(templates: &[Loaded]) -> Result<(), Error> {
    let mut known = BTreeMap::new();
    for one in templates {
        let (ec2, parameter) = (&one.template.ec2, &one.template.publish.parameter);
        if let Some(first) = known.insert((parameter, &ec2.region, &ec2.role_arn), path(one)) {
            let (first, second) = (first.display(), path(one).display());
            let message = format!("`{first}` and `{second}` both record their image as {parameter}");
            return Err(Error::new(Kind::Template, message)
                .hint("give them other names in [image], or other parameters in [publish]"));
        }
    }
    Ok(())
}

/// Where a template was read from.
pub fn path(loaded: &Loaded) -> &Path {
    loaded.inputs.first().map_or(Path::new(""), |file| &file.path)
}

/// The template whose image is the base on this platform.
pub fn base(template: &Template, platform: PlatformKind) -> Option<&Path> {
    match (platform, &template.base.ec2, &template.base.qemu) {
        (PlatformKind::Ec2, Some(Ec2Base::Template(path)), _)
        | (PlatformKind::Qemu, _, Some(QemuBase::Template(path))) => Some(path),
        (PlatformKind::Ec2 | PlatformKind::Qemu, ..) => None,
    }
}

/// One name for one file, whichever way leads to it.
fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
