//! Secrets, step by step: a step that uses one is another step when its value is another.

use std::collections::BTreeMap;

use super::Parts;
use crate::template::{
    model::{Action, Step, Template},
    render::secret_names,
};

pub fn of_template(template: &Template, secrets: &BTreeMap<String, String>, parts: &mut Parts) {
    for (number, step) in (1..).zip(&template.steps) {
        for name in used(step) {
            parts.add(format!("step {number}: {}: secret {name}", step.name), &secrets.get(&name));
        }
    }
}

fn used(step: &Step) -> Vec<String> {
    let mut texts: Vec<&String> = Vec::new();
    match &step.action {
        Action::Shell { script, env, .. } | Action::Local { script, env, .. } => {
            texts.push(&script.text);
            texts.extend(env.values());
        }
        Action::Ansible { extra_vars, .. } => texts.extend(extra_vars.values()),
        Action::Reboot | Action::Download { .. } => {}
    }
    let mut names: Vec<String> = texts.into_iter().flat_map(|text| secret_names(text)).collect();
    names.sort_unstable();
    names.dedup();
    names
}
