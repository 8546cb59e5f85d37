//! Takes secrets out of events: out of every text that may come from outside, and out of what a step prints line by
//! line, with what it has printed before.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::Event;
use crate::redact::{Redact, end_of};

/// So much of what a source has printed is known when its next line comes: a secret may begin there.
const REMEMBERED_BYTES: usize = 4 * 1024;

/// What every event passes before anybody hears it.
#[derive(Debug)]
pub(super) struct SecretFilter {
    redact: Redact,
    /// The end of the last line of each source.
    printed: Mutex<HashMap<String, String>>,
}

impl SecretFilter {
    pub fn new(redact: Redact) -> Self {
        Self { redact, printed: Mutex::default() }
    }

    pub fn redact(&self) -> &Redact {
        &self.redact
    }

    pub fn take_out(&self, event: &mut Event) {
        if self.redact.is_empty() {
            return;
        }
        match event {
            Event::Output { source, line, .. } => {
                *line = self.next_line(source, line);
                self.redact.in_place(source);
            }
            Event::UnfinishedLine { source, line, .. } => {
                *line = self.redact.apply_unfinished(line).into_owned();
                self.redact.in_place(source);
            }
            event => event.texts_from_outside(|text| self.redact.in_place(text)),
        }
    }

    fn next_line(&self, source: &str, line: &str) -> String {
        let mut printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        let before = printed.entry(source.to_owned()).or_default();
        let clean = self.redact.apply_after(before, line).into_owned();
        *before = end_of(line, REMEMBERED_BYTES).to_owned();
        clean
    }
}

impl Event {
    /// Shows every text that may come from outside: also names come from templates, and hold what variables do. IDs,
    /// paths, parameters and numbers of our own stay what they are, whatever a secret is.
    fn texts_from_outside(&mut self, mut each: impl FnMut(&mut String)) {
        match self {
            Self::Note { message: text }
            | Self::Waiting { answer: text, .. }
            | Self::StepStarted { name: text, .. }
            | Self::StepFinished { name: text, .. }
            | Self::NotBaked { reason: text, .. }
            | Self::Progress { task: text, .. } => each(text),
            Self::Output { source: one, line: other, .. }
            | Self::UnfinishedLine { source: one, line: other, .. }
            | Self::StepRetried { name: one, reason: other, .. }
            | Self::Reused { what: one, detail: other } => [one, other].into_iter().for_each(each),
            Self::Warning { message, place } => {
                let hint = place.as_mut().and_then(|place| place.hint.as_mut());
                std::iter::once(message).chain(hint).for_each(each);
            }
            Self::CheckFinished { name, expected, found, .. } => {
                [name, expected, found].into_iter().for_each(each);
            }
            Self::RunFinished { error, hint, tail, end, .. } => {
                error.iter_mut().chain(hint).chain(tail).chain(&mut end.step).for_each(each);
            }
            Self::Error { message, hint, tail, .. } => {
                std::iter::once(message).chain(hint).chain(tail).for_each(each);
            }
            Self::RunStarted { .. }
            | Self::UpToDate { .. }
            | Self::Published { .. }
            | Self::ImageCaptured { .. }
            | Self::PhaseStarted { .. }
            | Self::PhaseFinished { .. }
            | Self::OutputSkipped { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Events, Stream};

    fn heard(secret: &str, say: impl FnOnce(&Events)) -> Vec<Event> {
        let (events, mut receiver) = Events::redacted(Redact::new([secret.to_owned()]));
        say(&events);
        std::iter::from_fn(|| receiver.try_recv()).collect()
    }

    #[test]
    fn a_secret_over_two_lines_of_one_step_is_told_by_neither() {
        let secret = "correct-horse-battery";
        let said = heard(secret, |events| {
            events.output("one", Stream::Merged, "it is correct-horse-ba");
            events.output("other", Stream::Merged, "ttery of another");
            events.output("one", Stream::Merged, "ttery, yes");
        });
        let lines: Vec<&str> = said
            .iter()
            .filter_map(|event| match event {
                Event::Output { line, .. } => Some(line.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(lines, ["it is [secret]", "ttery of another", "[secret], yes"]);
    }

    #[test]
    fn ids_and_paths_in_events_stay_what_they_are() {
        let captured =
            Event::ImageCaptured { image: "img-root".into(), location: "/root/img-root".into(), bytes: 1 };
        let said = heard("root", |events| {
            events.send(captured.clone());
            events.note("of root");
        });
        assert_eq!(said, [captured, Event::Note { message: "of [secret]".into() }]);
    }
}
