//! Files that a step reads, looked for once more when the step begins: they may have changed since the bake began.

use std::{collections::BTreeSet, path::PathBuf};

use super::{Inputs, ansible, disk::Disk, globs, input::InputFile};
use crate::template::{
    check::Trouble,
    model::{InputSearch, StepInputs},
};

/// Every file that decides now what a step does.
///
/// # Errors
/// When one cannot be read.
pub fn inputs_again(step: &StepInputs, inputs: &Inputs) -> Result<Vec<InputFile>, Trouble> {
    let disk = Disk::new(inputs);
    let mut found = Vec::new();
    for search in &step.searches {
        let (root, files): (&PathBuf, BTreeSet<PathBuf>) = match search {
            InputSearch::Pattern { root, base, pattern } => {
                (root, globs::files_of(&disk, root, base, pattern)?.files)
            }
            InputSearch::Playbook { root, playbook } => {
                let found = ansible::files_of(&disk, root, playbook, &inputs.ansible)?;
                (root, found.files.into_iter().collect())
            }
        };
        for file in files {
            found.push(disk.input(root, &file)?);
        }
    }
    Ok(found)
}
