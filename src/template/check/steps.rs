//! `[[steps]]`: every kind has its own keys, and no others.

use std::{collections::BTreeMap, path::Path};

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Draft, StepName},
    inputs::with_declared,
    names::{ACCOUNT, COMMAND, DESTINATION, ENV, ENV_VALUE, EXTRA_VAR, LABEL},
};
use crate::template::{
    diagnose::{Fault, listed, visible},
    model::{Action, Script, Step, StepInputs, StepKind},
    path_name::{path_name, relative_path},
    raw::{self, Raw, Text},
    render::{is_expression, secret_names},
};

const COMMON: [&str; 5] = ["name", "kind", "timeout", "retries", "when"];
const KINDS: [StepKind; 5] =
    [StepKind::Shell, StepKind::Ansible, StepKind::Reboot, StepKind::Local, StepKind::Download];

/// The keys of a kind besides those that every step has.
fn keys(kind: StepKind) -> &'static [&'static str] {
    match kind {
        StepKind::Shell => &["run", "script", "env", "user", "allowed_exit_codes", "may_reboot", "inputs"],
        StepKind::Ansible => &["playbook", "extra_vars", "inputs"],
        StepKind::Reboot => &[],
        StepKind::Local => &["run", "script", "env", "allowed_exit_codes", "inputs"],
        StepKind::Download => &["source", "destination"],
    }
}

impl Cx<'_> {
    /// The steps of one part; `prefix` names the provisioner they come from.
    pub fn steps(&self, raw: &Raw, prefix: Option<&str>, draft: &mut Draft) {
        let named = raw.steps.iter().filter_map(|step| {
            let name = step.get_ref().name.as_ref()?;
            Some((name.get_ref().as_str(), name.span()))
        });
        self.unique("the step", named);
        for step in &raw.steps {
            let checked = self.step(step, draft.steps.len() + 1);
            // A step that is left out must be right all the same.
            let wanted = self.wanted(&step.get_ref().when);
            if let Some(mut step) = checked {
                if let Some(prefix) = prefix {
                    step.name = format!("{prefix}: {}", step.name);
                }
                let name = step.name.clone();
                draft.steps.extend(Some(step).filter(|_| wanted));
                draft.step_names.push(StepName { name, done: draft.steps.len() });
            }
        }
    }

    fn wanted(&self, when: &Option<Text>) -> bool {
        let Some(text) = when else { return true };
        let Some(rendered) = self.text(text) else { return true };
        match rendered.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => true,
            "false" | "0" | "no" | "" => false,
            _ => {
                let message = format!("`when` renders to `{}`", visible(&rendered));
                let fault = Fault::at(text.span(), message).label("neither true nor false");
                self.fault(match is_expression(text.get_ref()) {
                    true => self.in_braces(fault, text),
                    false => fault.hint("write a comparison, such as \"{{ php == '8.2' }}\""),
                });
                true
            }
        }
    }

    /// `when = "platform == 'ec2'"` has forgotten the braces.
    fn in_braces(&self, fault: Fault, text: &Text) -> Fault {
        let written = self.shared.sources.borrow().text(&text.span()).unwrap_or_default().to_owned();
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| written.starts_with(quotes));
        let quotes = quotes.map_or(0, str::len);
        let inside = written.get(quotes..written.len().saturating_sub(quotes)).unwrap_or_default();
        let (open, close) = (&written[..quotes], &written[written.len() - quotes..]);
        fault.replace("put it between braces", &format!("{open}{{{{ {inside} }}}}{close}"))
    }

    fn step(&self, step: &Spanned<raw::Step>, number: usize) -> Option<Step> {
        let table = step.get_ref();
        let kinds = KINDS.map(|kind| (kind.name(), kind));
        let kind = match &table.kind {
            Some(_) => self.choice(&table.kind, "kind of step", &kinds)?,
            None => StepKind::Shell,
        };
        self.keys_fit(table, kind);
        let timeout = self.timeout(&table.timeout);
        let retries = self.number(&table.retries, 0..=100).unwrap_or_default();
        let name = self.maybe_name(&table.name, &LABEL);
        let declared = self.inputs(&table.inputs);
        let (action, found) = match kind {
            StepKind::Ansible => self.ansible(step)?,
            StepKind::Shell | StepKind::Reboot | StepKind::Local | StepKind::Download => {
                (self.action(step, kind)?, StepInputs::default())
            }
        };
        let name = name.unwrap_or_else(|| name_of(&action, table, number, &self.ground(&step.span()).0));
        let may_reboot = self.flag(&table.may_reboot).unwrap_or_default();
        let inputs = with_declared(found, declared, kind);
        Some(Step { name, action, timeout, retries, may_reboot, inputs })
    }

    fn keys_fit(&self, table: &raw::Step, kind: StepKind) {
        let fitting = keys(kind);
        for (key, place) in table.given() {
            if !COMMON.contains(&key) && !fitting.contains(&key) {
                let message = format!("`{key}` does not fit a step of kind `{}`", kind.name());
                let owners = KINDS.into_iter().filter(|kind| keys(*kind).contains(&key)).map(StepKind::name);
                self.fault(Fault::at(place, message).hint(format!("kinds that take it: {}", listed(owners))));
            }
        }
    }

    fn action(&self, step: &Spanned<raw::Step>, kind: StepKind) -> Option<Action> {
        let table = step.get_ref();
        match kind {
            StepKind::Shell => {
                let (script, env, allowed_exit_codes) = self.script_parts(step);
                let user = self.maybe_account_name(&table.user, &ACCOUNT).unwrap_or_else(|| "root".into());
                Some(Action::Shell { script: script?, env, user, allowed_exit_codes })
            }
            StepKind::Local => {
                let (script, env, allowed_exit_codes) = self.script_parts(step);
                let (_, folder) = self.ground(&step.span());
                Some(Action::Local { script: script?, env, allowed_exit_codes, folder })
            }
            StepKind::Ansible => self.ansible(step).map(|(action, _)| action),
            StepKind::Reboot => Some(Action::Reboot),
            StepKind::Download => {
                let source = self.need(&table.source, &step.span(), "a download step", "source");
                let source = source.and_then(|source| self.name(source, &DESTINATION));
                let destination =
                    self.need(&table.destination, &step.span(), "a download step", "destination");
                let destination = destination.and_then(|destination| self.own_path(destination));
                Some(Action::Download { source: source?, destination: destination? })
            }
        }
    }

    fn ansible(&self, step: &Spanned<raw::Step>) -> Option<(Action, StepInputs)> {
        let table = step.get_ref();
        let extra_vars =
            self.table(table.extra_vars.as_ref().map(Spanned::get_ref), &EXTRA_VAR, |text| self.text(text));
        let written = self.need(&table.playbook, &step.span(), "an ansible step", "playbook")?;
        let playbook = self.existing(written, &[])?;
        let (settings, inputs) = self.playbook_inputs(written, &playbook)?;
        Some((Action::Ansible { playbook, extra_vars, settings }, inputs))
    }

    fn script_parts(
        &self,
        step: &Spanned<raw::Step>,
    ) -> (Option<Script>, BTreeMap<String, String>, Vec<i32>) {
        let table = step.get_ref();
        let env = self.table(table.env.as_ref().map(Spanned::get_ref), &ENV, |text| {
            self.ruled(self.secret_text(text)?, &text.span(), &ENV_VALUE)
        });
        let codes = table.allowed_exit_codes.iter().flat_map(|codes| codes.get_ref());
        let codes: Vec<i32> = codes.filter_map(|code| self.one_number(code, 0..=255)).collect();
        let codes = if table.allowed_exit_codes.is_none() { vec![0] } else { codes };
        (self.script(step), env, codes)
    }

    fn script(&self, step: &Spanned<raw::Step>) -> Option<Script> {
        let table = step.get_ref();
        match (&table.run, &table.script) {
            (Some(run), None) => {
                let text = self.secret_text(run)?;
                let text = self.ruled(text, &run.span(), &COMMAND)?;
                Some(Script { text, file: None })
            }
            (None, Some(file)) => {
                let (path, text) = self.file(file)?;
                let text = self.ruled(text, &file.span(), &COMMAND)?;
                Some(Script { text, file: Some(path) })
            }
            (Some(_), Some(second)) => {
                self.fault(Fault::at(second.span(), "a step has either `run` or `script`, not both"));
                None
            }
            (None, None) => {
                let written = ["run", "script"].iter().any(|key| self.pruned.contains(&step.span(), key));
                if !written && !self.shared.broken {
                    self.fault(Fault::at(step.span(), "a step has neither `run` nor `script`").hint(
                        "write what to do in `run`, name a file in `script`, or choose another `kind`",
                    ));
                }
                None
            }
        }
    }
}

/// A name for a step that has none: what it does, in a few words; else its number.
fn name_of(action: &Action, table: &raw::Step, number: usize, root: &Path) -> String {
    let line = |text: &str| telling_line(text).unwrap_or_else(|| format!("step {number}"));
    match action {
        Action::Shell { script, .. } | Action::Local { script, .. } => match &script.file {
            Some(file) => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            // A name is shown everywhere: it holds what was written where that stands for a secret.
            None if !secret_names(&script.text).is_empty() => {
                line(table.run.as_ref().map_or("", |run| run.get_ref()))
            }
            None => line(&script.text),
        },
        // The name is a part of the fingerprint, which is the same wherever the template lies.
        Action::Ansible { playbook, .. } => format!("playbook {}", path_name(&relative_path(playbook, root))),
        Action::Reboot => "reboot".into(),
        Action::Download { source, .. } => format!("download {source}"),
    }
}

/// Commands that only prepare the shell.
const PREPARING_COMMANDS: [&str; 5] = ["set", "shopt", "export", "umask", ":"];

/// The first line of a script that tells what it does, cut to a few words.
pub fn telling_line(text: &str) -> Option<String> {
    const MAX_CHARS: usize = 60;
    let line: String = text.lines().find_map(telling_part)?.chars().filter(|c| !c.is_control()).collect();
    match line.chars().count() <= MAX_CHARS {
        true => Some(line),
        false => Some(line.chars().take(MAX_CHARS - 3).chain("...".chars()).collect()),
    }
}

/// What stands in a line after commands that only prepare the shell.
fn telling_part(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    loop {
        // A line that goes on is told without its last character.
        let told = rest.trim_end_matches('\\').trim_end();
        if told.is_empty() || told.starts_with('#') {
            return None;
        }
        let command = told.split([' ', '\t', ';', '&']).next().unwrap_or_default();
        if !PREPARING_COMMANDS.contains(&command) {
            return Some(told);
        }
        let (first, further) = rest.split_once(';').or_else(|| rest.split_once("&&"))?;
        // What stands in quotes does not end a command.
        if first.contains(['"', '\'']) {
            return None;
        }
        rest = further.trim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_named_after_the_first_line_that_tells_what_it_does() {
        let named = |text: &str| telling_line(text).unwrap_or_default();
        for text in [
            "set -eux\napt-get install -y nginx",
            "#!/bin/bash -e\n\n# install\nset -o pipefail\nexport A=1 B=\"x; y\"\n  apt-get install -y nginx  ",
            "set -e; apt-get install -y nginx",
            "set -eu && export DEBIAN_FRONTEND=noninteractive; apt-get install -y nginx",
            "apt-get install -y nginx \\\n  php",
        ] {
            assert_eq!(named(text), "apt-get install -y nginx", "{text}");
        }
        assert_eq!(named("setcap x y"), "setcap x y");
        for text in ["set -eux", "#!/bin/sh\n# nothing", "export A=1\nset +x", "set -e;", "\\\n"] {
            assert_eq!(telling_line(text), None, "{text}");
        }
        assert_eq!(named(&"word ".repeat(20)).chars().count(), 60);
    }
}
