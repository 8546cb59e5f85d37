//! What an event is for those that do not show it: the one list of all kinds of events by what they do.

use super::{Event, Phase};

/// What an event does for those that follow a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role<'a> {
    /// The run has come further.
    Advance(Advance<'a>),
    /// Comes again and again: the next one of the same task takes the place of this one.
    Repeated { task: &'a str, is_last: bool },
    /// The same of the line that a step is writing. Only one that rewrites itself is worth showing.
    UnfinishedLine { source: &'a str, rewrites_itself: bool },
    /// Is told once and changes nothing.
    Told,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advance<'a> {
    PhaseStarted(Phase),
    PhaseFinished {
        ok: bool,
    },
    StepStarted {
        number: usize,
        name: &'a str,
    },
    StepFinished {
        name: &'a str,
        ok: bool,
    },
    /// There is an image now; with the parameter that points at it, if there is one.
    Image {
        image: &'a str,
        parameter: Option<&'a str>,
    },
}

impl Event {
    pub fn role(&self) -> Role<'_> {
        let advance = match self {
            Self::PhaseStarted { phase } => Advance::PhaseStarted(*phase),
            Self::PhaseFinished { ok, .. } => Advance::PhaseFinished { ok: *ok },
            Self::StepStarted { number, name, .. } => Advance::StepStarted { number: *number, name },
            Self::StepFinished { name, ok, .. } => Advance::StepFinished { name, ok: *ok },
            Self::ImageCaptured { image, .. } => Advance::Image { image, parameter: None },
            Self::UpToDate { image, parameter, .. }
            | Self::Published { value: image, parameter, region: None, .. } => {
                Advance::Image { image, parameter: Some(parameter) }
            }
            Self::Progress { task, done, total } => {
                return Role::Repeated { task, is_last: total.is_some_and(|total| *done >= total) };
            }
            Self::UnfinishedLine { source, line, .. } => {
                return Role::UnfinishedLine { source, rewrites_itself: line.contains('\r') };
            }
            Self::RunStarted { .. }
            | Self::StepRetried { .. }
            | Self::Output { .. }
            | Self::OutputSkipped { .. }
            | Self::Reused { .. }
            | Self::Note { .. }
            | Self::Warning { .. }
            | Self::Waiting { .. }
            | Self::CheckFinished { .. }
            // A copy elsewhere is not the image.
            | Self::Published { region: Some(_), .. }
            | Self::RunFinished { .. }
            | Self::Error { .. }
            | Self::NotBaked { .. } => return Role::Told,
        };
        Role::Advance(advance)
    }
}
