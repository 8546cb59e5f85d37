//! Programs of this computer that steps need: told missing before a builder is started for nothing.

use std::{env, path::Path};

use super::{Context, show};
use crate::{
    error::{Error, Kind},
    provision::script::interpreter,
    template::model::{Action, Step, StepKind},
};

const ANSIBLE: &str = "ansible-playbook";

/// A step whose program is not on this computer.
struct MissingProgram<'a> {
    step: &'a Step,
    program: &'a str,
    /// A step before it runs on this computer too, and may install the program.
    may_come: bool,
}

impl MissingProgram<'_> {
    fn message(&self) -> String {
        format!("the step `{}` needs the program `{}`, which is not here", self.step.name, self.program)
    }

    fn hint(&self) -> String {
        format!("install `{}` on this computer, or correct PATH", self.program)
    }
}

/// Warns of programs that a bake from here would not find.
pub fn warn_of_missing(steps: &[Step], context: &Context) {
    for missing in missing_programs(steps) {
        show::warning(format!("{}: {}", missing.message(), missing.hint()), context);
    }
}

/// # Errors
/// When a step cannot begin here, and no step before it may change that.
pub fn require(steps: &[Step]) -> Result<(), Error> {
    match missing_programs(steps).into_iter().find(|missing| !missing.may_come) {
        Some(missing) => Err(Error::new(Kind::Usage, missing.message()).hint(missing.hint())),
        None => Ok(()),
    }
}

fn missing_programs(steps: &[Step]) -> Vec<MissingProgram<'_>> {
    let missing = steps.iter().enumerate().filter_map(|(number, step)| {
        let program = program_of(&step.action).filter(|program| !is_here(program))?;
        let may_come = steps[..number].iter().any(|before| before.action.kind() == StepKind::Local);
        Some(MissingProgram { step, program, may_come })
    });
    missing.collect()
}

/// What runs a step on this computer.
fn program_of(action: &Action) -> Option<&str> {
    match action {
        Action::Ansible { .. } => Some(ANSIBLE),
        Action::Local { script, .. } => interpreter(&script.text).split_whitespace().next(),
        Action::Shell { .. } | Action::Reboot | Action::Download { .. } => None,
    }
}

/// As a program is found that is started by its name or its path.
fn is_here(program: &str) -> bool {
    let runs = |path: &Path| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if program.contains('/') {
        return runs(Path::new(program));
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| runs(&folder.join(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_looked_for_as_they_are_started() {
        assert!(is_here("sh") && is_here("/bin/sh"));
        assert!(!is_here("no-such-program") && !is_here("/bin/no-such-program") && !is_here("/etc/passwd"));
    }
}
