//! How far a run has come, as its events tell it: what was going on when it failed, and what there is now.

use super::{Advance, Event, Phase, Role};

/// What the events of a run come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunState {
    running_phase: Option<Phase>,
    running_step: Option<(usize, String)>,
    failed_phase: Option<Phase>,
    failed_step: Option<String>,
    /// The ID of the image that was made or found.
    pub image: Option<String>,
    /// The parameter that points at it where it was made.
    pub parameter: Option<String>,
}

impl RunState {
    /// The phase that failed first, or else the one that is going on.
    pub fn phase(&self) -> Option<Phase> {
        self.failed_phase.or(self.running_phase)
    }

    /// The step that failed first, or else the one that is going on.
    pub fn step(&self) -> Option<&str> {
        self.failed_step.as_deref().or(self.running_step().map(|(_, name)| name))
    }

    /// The step that is going on, and its number.
    pub fn running_step(&self) -> Option<(usize, &str)> {
        self.running_step.as_ref().map(|(number, name)| (*number, name.as_str()))
    }

    pub(super) fn take(&mut self, event: &Event) {
        let Role::Advance(advance) = event.role() else { return };
        match advance {
            Advance::PhaseStarted(phase) => {
                self.interrupted();
                self.running_phase = Some(phase);
            }
            Advance::PhaseFinished { ok } => {
                if !ok {
                    self.interrupted();
                }
                (self.running_phase, self.running_step) = (None, None);
            }
            Advance::StepStarted { number, name } => self.running_step = Some((number, name.to_owned())),
            Advance::StepFinished { name, ok } => {
                self.running_step = None;
                if !ok {
                    self.failed_step.get_or_insert_with(|| name.to_owned());
                }
            }
            Advance::Image { image, parameter } => {
                self.image = Some(image.to_owned());
                self.parameter = parameter.map(str::to_owned).or(self.parameter.take());
            }
        }
    }

    /// What is going on has failed, or was left when something else began. What fails after it is no cause.
    fn interrupted(&mut self) {
        let (phase, step) = (self.running_phase.take(), self.running_step.take());
        if self.failed_phase.is_none() {
            self.failed_phase = phase;
            self.failed_step = self.failed_step.take().or(step.map(|(_, name)| name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(events: &[Event]) -> RunState {
        let mut state = RunState::default();
        events.iter().for_each(|event| state.take(event));
        state
    }

    fn started(phase: Phase) -> Event {
        Event::PhaseStarted { phase }
    }

    fn finished(phase: Phase, ok: bool) -> Event {
        Event::PhaseFinished { phase, seconds: 1.0, ok }
    }

    fn step() -> Event {
        Event::StepStarted { number: 1, total: 1, name: "install".into(), kind: "shell".into() }
    }

    #[test]
    fn what_failed_first_is_told_and_not_what_failed_in_the_clean_up() {
        let failed = Event::StepFinished {
            number: 1,
            name: "install".into(),
            seconds: 1.0,
            ok: false,
            exit_code: Some(1),
            attempts: 1,
        };
        let (base, steps, cleanup) = (Phase::Base, Phase::Steps, Phase::Cleanup);
        let events =
            [started(base), finished(base, true), started(steps), step(), failed, finished(steps, false)];
        let all = [&events[..], &[started(cleanup), finished(cleanup, false)]].concat();
        for events in [&events[..], &all] {
            assert_eq!((state(events).phase(), state(events).step()), (Some(Phase::Steps), Some("install")));
        }
    }

    #[test]
    fn what_was_interrupted_has_no_end_of_its_own() {
        let events = [started(Phase::Steps), step(), started(Phase::Cleanup), finished(Phase::Cleanup, true)];
        for events in [&events[..2], &events] {
            assert_eq!((state(events).phase(), state(events).step()), (Some(Phase::Steps), Some("install")));
        }
    }

    #[test]
    fn a_copy_elsewhere_is_not_the_image() {
        let published = |value: &str, region: Option<&str>| Event::Published {
            parameter: "/images/web/dev".into(),
            value: value.into(),
            version: 1,
            region: region.map(str::to_owned),
        };
        let state = state(&[published("ami-1", None), published("ami-2", Some("eu-south-2"))]);
        assert_eq!(
            (state.image.as_deref(), state.parameter.as_deref()),
            (Some("ami-1"), Some("/images/web/dev"))
        );
    }
}
