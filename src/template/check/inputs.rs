//! Files of this computer that a step reads: what `inputs` names, and what a playbook can reach.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::{cx::Cx, paths::unusable};
use crate::template::{
    diagnose::Fault,
    model::{AnsibleSettings, InputSearch, StepInput, StepInputs, StepKind},
    path_name::{path_name, relative_path},
    raw::{List, Text},
    sources::Place,
};

/// What makes a path a pattern.
const WILD: [char; 4] = ['*', '?', '[', '{'];

impl Cx<'_> {
    /// The files that `inputs` names; `None` where it is not written.
    pub fn inputs(&self, list: &Option<Spanned<List>>) -> Option<StepInputs> {
        let list = list.as_ref()?;
        let found = list.get_ref().iter().filter_map(|text| self.input(text));
        Some(found.fold(StepInputs::default(), |mut all, one| {
            all.files.extend(one.files);
            all.searches.extend(one.searches);
            all
        }))
    }

    fn input(&self, text: &Text) -> Option<StepInputs> {
        let (written, place) = (self.text(text)?, text.span());
        let (base, pattern) = self.base_and_pattern(&written, &place)?;
        let (root, _) = self.ground(&place);
        let found = self.shared.files.matching(&root, &base, &pattern);
        let found = found.map_err(|trouble| self.fault(unusable(place.clone(), &base, trouble))).ok()?;
        if found.is_empty() {
            let message = format!("no file matches `{}`", written.escape_debug());
            self.fault(Fault::at(place, message).hint(
                "patterns are relative to the folder of this file: `dir/` is all that is in it, `*.json` \
                 files beside it, `**/*.json` also those further down",
            ));
            return None;
        }
        let files = named(found, &root);
        let search = InputSearch::Pattern { root, base, pattern };
        Some(StepInputs { files, unknown: Vec::new(), searches: vec![search] })
    }

    /// Where a pattern begins to be one. A name that is there counts as it stands, whatever is in it.
    fn base_and_pattern(&self, written: &str, place: &Place) -> Option<(PathBuf, String)> {
        let whole = if written.is_empty() { None } else { Some(written) };
        let is_plain = !written.contains(WILD);
        let literal = whole.filter(|_| !is_plain).and_then(|written| {
            let (_, folder) = self.ground(place);
            let path = folder.join(written);
            (self.shared.files.exists(&path) || self.shared.files.is_folder(&path)).then_some(written)
        });
        if is_plain || literal.is_some() {
            return Some((self.path_written(written, place.clone())?, String::new()));
        }
        let wild = written.find(WILD).unwrap_or(written.len());
        let (base, pattern) = written.split_at(written[..wild].rfind('/').map_or(0, |slash| slash + 1));
        if pattern.split('/').any(|part| part == "..") {
            let message = format!("`{}` goes up again after a pattern", written.escape_debug());
            self.fault(Fault::at(place.clone(), message).hint("write `..` before the pattern begins"));
            return None;
        }
        let base = self.path_written(if base.is_empty() { "." } else { base }, place.clone())?;
        Some((base, pattern.to_owned()))
    }

    /// What a playbook can read, and how Ansible is to be told where.
    pub fn playbook_inputs(&self, text: &Text, playbook: &Path) -> Option<(AnsibleSettings, StepInputs)> {
        let (root, _) = self.ground(&text.span());
        let found = self.shared.files.playbook(&root, playbook);
        let found = found.map_err(|trouble| self.fault(unusable(text.span(), playbook, trouble))).ok()?;
        // The playbook itself is a part of its own.
        let files = found.files.into_iter().filter(|file| file != playbook).collect();
        let files = named(files, &root);
        let searches = vec![InputSearch::Playbook { root, playbook: playbook.to_owned() }];
        let inputs = StepInputs { files, unknown: found.unknown, searches };
        Some((found.settings, inputs))
    }
}

/// What was found of itself, and what the template names besides. A step on this computer may read whatever
/// it likes, so without `inputs` nothing is known of it.
pub fn with_declared(mut found: StepInputs, declared: Option<StepInputs>, kind: StepKind) -> StepInputs {
    if declared.is_none() && kind == StepKind::Local {
        found.unknown.push("files that it reads on this computer: name them in its `inputs`".into());
    }
    let declared = declared.unwrap_or_default();
    found.files.extend(declared.files);
    found.searches.extend(declared.searches);
    found.files.sort_by(|one, other| one.path.cmp(&other.path));
    found.files.dedup_by(|one, other| one.path == other.path);
    found
}

fn named(files: Vec<PathBuf>, root: &Path) -> Vec<StepInput> {
    let name = |path: &Path| path_name(&relative_path(path, root));
    files.into_iter().map(|path| StepInput { name: name(&path), path }).collect()
}
