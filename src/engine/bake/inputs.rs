//! What a bake is given beside its plan.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;

use crate::{
    engine::{due, held::StepInputsReader, on_error::OnError},
    plan::{Content, Given},
};

#[derive(Debug, Default)]
pub struct BakeInputs {
    /// Where the plan was read from.
    pub template: PathBuf,
    /// The template whose image is the base.
    pub made_from: Option<PathBuf>,
    /// Every file that was read.
    pub files: Vec<Content>,
    /// Reads once more what a step reads.
    pub again: StepInputsReader,
    /// Values by name.
    pub secrets: BTreeMap<String, String>,
    /// A hash of each, for the fingerprint.
    pub secret_sums: BTreeMap<String, String>,
    pub on_error: OnError,
    /// The socket of the user's SSH agent.
    pub user_agent: Option<PathBuf>,
    /// Who bakes, as others who bake the same are told.
    pub who: String,
    /// When the run was gone on with.
    pub resumed: Vec<Timestamp>,
    pub wanted: due::Wanted,
    /// Whether another bake of the same image is an error, and not waited for.
    pub no_wait: bool,
    /// Whether the builder boots, whatever could be had for it that has booted already.
    pub cold: bool,
}

impl BakeInputs {
    /// What decides the image beside the plan.
    pub fn given<'a>(&'a self, base: &'a str) -> Given<'a> {
        Given { base, files: &self.files, secrets: &self.secret_sums }
    }
}
