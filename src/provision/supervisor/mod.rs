//! A step that outlives the SSH line over which it was started: its supervisor on the builder, and the
//! words in which that is told what to do. All of it goes through standard input, as with any script.

use super::{
    ProvisionError,
    script::{Job, body},
};

/// Follows a step over one line, and starts it first if nobody has.
const FOLLOW: &str = include_str!("follow.sh");

/// Supervises the step, apart from any line.
const SUPERVISOR: &str = include_str!("job.sh");

/// Ends the step and all that it started.
const END: &str = include_str!("end.sh");

/// Where one step lives on the builder.
#[derive(Clone, Debug)]
pub struct Place {
    /// A folder of this run alone, in memory: no image has it.
    pub root: String,
    /// Of this one try of the step; nobody can guess it.
    pub id: String,
}

impl Place {
    /// Starts the step, or goes on following it if an earlier line got that far. `first` is what the
    /// supervisor does before anything else, as shell text.
    ///
    /// # Errors
    /// When the environment contains a NUL byte.
    pub fn start(&self, job: &Job<'_>, first: &str) -> Result<Vec<u8>, ProvisionError> {
        let step = body(job)?;
        let head = self.head(0, first.len() + SUPERVISOR.len(), step.len());
        Ok(format!("{head}{first}{SUPERVISOR}{step}whole\n").into_bytes())
    }

    /// Goes on following a step that was started, and of whose output so many bytes have arrived.
    pub fn resume(&self, arrived: u64) -> Vec<u8> {
        self.head(arrived, 0, 0).into_bytes()
    }

    pub fn end(&self) -> Vec<u8> {
        ending(&self.root, &self.id)
    }

    /// Stands before every word about the step in its output.
    pub fn mark(&self) -> String {
        format!("\u{1}hornero {} ", self.id)
    }

    fn head(&self, arrived: u64, supervisor: usize, step: usize) -> String {
        let Self { root, id } = self;
        format!("{}\n{FOLLOW}{root}\n{id}\n{arrived}\n{supervisor}\n{step}\n", FOLLOW.len())
    }
}

/// The folder of all steps of a run: of the machine that the run has launched, and of nobody else.
pub fn root(run: &str) -> String {
    format!("/run/hornero-{run}")
}

/// Ends whatever still runs there of a run's steps.
pub fn end_all(run: &str) -> Vec<u8> {
    ending(&root(run), "*")
}

fn ending(root: &str, id: &str) -> Vec<u8> {
    format!("{}\n{END}{root}\n{id}\n", END.len()).into_bytes()
}

#[cfg(test)]
mod tests;
