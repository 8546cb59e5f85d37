//! The files of a template: what is declared about each, and the content of what is on this
//! computer, by its path inside the folder that is sent, wherever that folder lies.

use std::{collections::HashMap, path::Path};

use super::{Content, Parts};
use crate::{
    provision::exclude::Excluded,
    template::{
        model::{Action, FileSource, FileSpec, Step, Template},
        path_name::path_name,
    },
};

pub fn of_template(template: &Template, contents: &[Content], parts: &mut Parts) {
    // Of two files with one destination the later one stays.
    for (number, file) in (1..).zip(&template.files) {
        let after = if file.after == 0 { String::new() } else { format!(" after step {}", file.after) };
        of_file(&format!("file {number}{after}: {}", file.destination), file, contents, parts);
    }
    let known: HashMap<&Path, &Content> =
        match template.steps.iter().any(|step| !step.inputs.files.is_empty()) {
            true => contents.iter().map(|content| (content.path.as_ref(), content)).collect(),
            false => HashMap::new(),
        };
    for (number, step) in (1..).zip(&template.steps) {
        if let Action::Ansible { playbook, .. } = &step.action {
            content(&format!("playbook of step {number}"), playbook, None, contents, parts);
        }
        of_inputs(number, step, &known, parts);
    }
}

/// What a step reads on this computer. Where it lies and what it says counts.
fn of_inputs(number: usize, step: &Step, known: &HashMap<&Path, &Content>, parts: &mut Parts) {
    for input in &step.inputs.files {
        if let Some(one) = known.get(input.path.as_path()) {
            parts.add(format!("content of step {number}: {}", input.name), &(&one.sum, one.mode));
        }
    }
}

fn of_file(name: &str, file: &FileSpec, contents: &[Content], parts: &mut Parts) {
    // When it goes up is in its name.
    let FileSpec { source, destination: _, owner, mode, folder_mode, exclude, after: _ } = file;
    let declared = (owner.user.as_ref(), owner.group.as_ref(), mode, folder_mode);
    match source {
        FileSource::Content(text) => parts.add(name, &(declared, "text", text)),
        FileSource::Url { url: _, sha256 } => parts.add(name, &(declared, "sum", sha256)),
        FileSource::Path(path) => {
            parts.add(name, &(declared, "local"));
            content(name, path, Excluded::of(exclude).ok(), contents, parts);
        }
    }
}

/// The file, or every file below the folder, except what stays at home.
fn content(name: &str, root: &Path, excluded: Option<Excluded>, contents: &[Content], parts: &mut Parts) {
    for one in contents {
        let Ok(inside) = one.path.strip_prefix(root) else { continue };
        if excluded.as_ref().is_some_and(|excluded| excluded.holds(inside)) {
            continue;
        }
        let part = match inside.as_os_str().is_empty() {
            true => format!("content of {name}"),
            false => format!("content of {name}: {}", path_name(inside)),
        };
        parts.add(part, &(&one.sum, one.mode));
    }
}
