//! Puts the values of secrets where a plan has placeholders, at the last moment before a step runs.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Kind},
    template::{
        model::{Action, Script, Step},
        render::fill_secrets,
    },
};

/// The steps with the values of `secrets` in their scripts and environments.
///
/// # Errors
/// When a step names a secret that has no value.
pub fn filled(steps: &[Step], secrets: &BTreeMap<String, String>) -> Result<Vec<Step>, Error> {
    steps.iter().map(|step| Ok(Step { action: action(step, secrets)?, ..step.clone() })).collect()
}

fn action(step: &Step, secrets: &BTreeMap<String, String>) -> Result<Action, Error> {
    let fill = |text: &str| {
        fill_secrets(text, |name| secrets.get(name).cloned()).map_err(|name| {
            Error::new(
                Kind::Usage,
                format!("step `{}` uses the secret `{name}`, which has no value", step.name),
            )
        })
    };
    let script =
        |script: &Script| Ok::<_, Error>(Script { text: fill(&script.text)?, file: script.file.clone() });
    let map = |values: &BTreeMap<String, String>| {
        values.iter().map(|(name, value)| Ok((name.clone(), fill(value)?))).collect::<Result<_, Error>>()
    };
    Ok(match step.action.clone() {
        Action::Shell { script: text, env, user, allowed_exit_codes } => {
            Action::Shell { script: script(&text)?, env: map(&env)?, user, allowed_exit_codes }
        }
        Action::Local { script: text, env, allowed_exit_codes, folder } => {
            Action::Local { script: script(&text)?, env: map(&env)?, allowed_exit_codes, folder }
        }
        Action::Ansible { playbook, extra_vars, settings } => {
            Action::Ansible { playbook, extra_vars: map(&extra_vars)?, settings }
        }
        other @ (Action::Reboot | Action::Download { .. }) => other,
    })
}
