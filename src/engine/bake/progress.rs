//! How far a builder has come, so that a bake can begin there.

use serde::{Deserialize, Serialize};

use crate::{engine::on_error::Choice, plan::Done};

/// What is done with a running builder, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    #[default]
    Connect,
    CloudInit,
    Upload,
    Steps,
    Checks,
    /// The seal takes the way in with it, so nobody can come back from here on.
    Seal,
}

/// Everything before `stage` is done, and so many of the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub stage: Stage,
    pub steps: usize,
    /// The files that go up after so many steps, and after fewer, are there.
    #[serde(default)]
    pub files_after: usize,
    /// What somebody has decided already, when he was asked about a step.
    #[serde(skip)]
    pub choice: Option<Choice>,
}

impl Progress {
    /// Begins a stage, unless the builder is beyond it already.
    pub fn begins(&mut self, stage: Stage) -> bool {
        if self.stage > stage {
            return false;
        }
        self.stage = stage;
        true
    }

    /// What must not change any more.
    pub fn done(&self) -> Done {
        Done { uploaded: self.stage > Stage::Upload, steps: self.steps, files_after: self.files_after }
    }

    /// What comes next, for a person.
    pub fn next(&self, steps: &[crate::template::model::Step]) -> String {
        let place = match self.stage {
            Stage::Connect => "connecting",
            Stage::CloudInit => "cloud-init",
            Stage::Upload => "the upload of files",
            Stage::Steps | Stage::Checks => match steps.get(self.steps) {
                Some(step) => return format!("step {}, `{}`", self.steps + 1, step.name),
                None => "the checks",
            },
            Stage::Seal => "the seal",
        };
        place.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_is_over_is_not_begun_again() {
        let mut progress = Progress { stage: Stage::Steps, ..Progress::default() };
        assert!(!progress.begins(Stage::CloudInit) && !progress.begins(Stage::Upload));
        assert!(progress.begins(Stage::Steps) && progress.begins(Stage::Checks));
        assert_eq!(progress.stage, Stage::Checks);
    }

    #[test]
    fn an_upload_that_failed_is_not_done() {
        assert!(!Progress { stage: Stage::Upload, ..Progress::default() }.done().uploaded);
        assert!(Progress { stage: Stage::Steps, ..Progress::default() }.done().uploaded);
    }
}
