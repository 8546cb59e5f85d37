//! Files of this computer that steps read, held against what they were when the bake began.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use tokio::task::spawn_blocking;

use crate::{
    error::{Error, Kind},
    plan::Content,
    remote::entries::{ChangedFile, FileChange},
    template::model::{Action, Step, StepInputs},
};

type ReadInputs = dyn Fn(&StepInputs) -> Result<Vec<Content>, String> + Send + Sync;

/// Looks for the files of a step once more, and reads them. Without one there is nothing to look for.
#[derive(Clone)]
pub struct StepInputsReader(Arc<ReadInputs>);

impl StepInputsReader {
    pub fn new(read: impl Fn(&StepInputs) -> Result<Vec<Content>, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }
}

impl Default for StepInputsReader {
    fn default() -> Self {
        Self::new(|_| Ok(Vec::new()))
    }
}

impl fmt::Debug for StepInputsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepInputsReader")
    }
}

/// What was known when the bake began, and how to know it again.
pub struct HeldInputs<'a> {
    pub known: &'a [Content],
    pub again: &'a StepInputsReader,
}

/// Of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepSide {
    Before,
    /// By then it may have made new files itself.
    After,
}

impl HeldInputs<'_> {
    /// # Errors
    /// When a file that the step reads on this computer is not what it was.
    pub async fn judge(&self, step: &Step, side: StepSide) -> Result<(), Error> {
        let reads_here = match step.action {
            Action::Ansible { .. } | Action::Local { .. } => true,
            Action::Shell { .. } | Action::Reboot | Action::Download { .. } => side == StepSide::Before,
        };
        if step.inputs.searches.is_empty() || !reads_here {
            return Ok(());
        }
        let what = || format!("step `{}`: what it reads on this computer", step.name);
        let (again, inputs) = (self.again.clone(), step.inputs.clone());
        let now = spawn_blocking(move || again.0(&inputs)).await;
        let now = now.map_err(|error| Error::new(Kind::Local, what()).because(&error))?;
        let now = now.map_err(|why| Error::new(Kind::Template, format!("{}: {why}", what())))?;
        match change(&files_of(step), self.known, &now, side) {
            None => Ok(()),
            Some(changed) => {
                let message = format!("step `{}`: {changed}", step.name);
                Err(Error::new(Kind::Template, message).hint(ChangedFile::HINT))
            }
        }
    }
}

/// The files of a step by the plan; a playbook is one of its own.
fn files_of(step: &Step) -> BTreeSet<&Path> {
    let inputs = step.inputs.files.iter().map(|input| input.path.as_path());
    match &step.action {
        Action::Ansible { playbook, .. } => inputs.chain([playbook.as_path()]).collect(),
        Action::Shell { .. } | Action::Local { .. } | Action::Reboot | Action::Download { .. } => {
            inputs.collect()
        }
    }
}

fn by_path(contents: &[Content]) -> BTreeMap<&Path, &Content> {
    contents.iter().map(|content| (&*content.path, content)).collect()
}

/// The first difference between then and now.
fn change(
    files: &BTreeSet<&Path>,
    known: &[Content],
    now: &[Content],
    side: StepSide,
) -> Option<ChangedFile> {
    let (then, now) = (by_path(known), by_path(now));
    let changed = |path: &Path, how| Some(ChangedFile { path: path.to_owned(), how });
    for path in files {
        match (then.get(*path), now.get(*path)) {
            (_, None) => return changed(path, FileChange::Removed),
            (None, Some(_)) => return changed(path, FileChange::Added),
            (Some(then), Some(now)) if then.sum != now.sum => return changed(path, FileChange::Content),
            (Some(then), Some(now)) if then.mode != now.mode => return changed(path, FileChange::Mode),
            (Some(_), Some(_)) => {}
        }
    }
    let added = now.keys().find(|path| !files.contains(*path));
    added.filter(|_| side == StepSide::Before).and_then(|path| changed(path, FileChange::Added))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &str, sum: &str, mode: u32) -> Content {
        Content { path: Path::new(path).into(), mode, sum: sum.into() }
    }

    #[test]
    fn every_difference_is_named_and_what_a_step_makes_itself_is_none() {
        let known = [content("a", "1", 0o644), content("b", "2", 0o644), content("other", "3", 0o644)];
        let files = BTreeSet::from([Path::new("a"), Path::new("b")]);
        let told = |now: &[Content], side| {
            change(&files, &known, now, side).map(|changed| (changed.path, changed.how))
        };
        let (a, b) = (known[0].clone(), known[1].clone());
        let before = |now: &[Content]| told(now, StepSide::Before);
        assert_eq!(before(&[a.clone(), b.clone()]), None);
        assert_eq!(before(std::slice::from_ref(&a)), Some(("b".into(), FileChange::Removed)));
        assert_eq!(before(&[a.clone(), content("b", "9", 0o644)]), Some(("b".into(), FileChange::Content)));
        assert_eq!(before(&[a.clone(), content("b", "2", 0o755)]), Some(("b".into(), FileChange::Mode)));
        let more = [a, b, content("made", "4", 0o644)];
        assert_eq!(before(&more), Some(("made".into(), FileChange::Added)));
        assert_eq!(told(&more, StepSide::After), None);
    }
}
