//! Tags that somebody has written by hand, on what a run has left: what they say counts, also where nobody can
//! read it.

use std::{path::Path, time::Duration};

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use crate::{
    aws::tags,
    journal::History,
    platform::Leftover,
    template::{model::Image, units::Span},
    time::minute,
};

/// Two clocks of one process are no further apart.
const SLACK: Duration = Duration::from_secs(60);

/// The latest expiry that a run itself may have written.
pub struct OwnExpiry(Timestamp);

/// What tells it of a run's plan.
#[derive(Deserialize)]
struct Plan {
    template: Template,
}

#[derive(Deserialize)]
struct Template {
    image: PlannedImage,
}

#[derive(Deserialize)]
struct PlannedImage {
    builder_ttl: Span,
}

impl OwnExpiry {
    /// Of a run that is dead, by its journal and its plan.
    pub fn of(history: &History, folder: &Path) -> Self {
        let text = std::fs::read(folder.join("plan.json")).unwrap_or_default();
        // Without a plan nothing was launched.
        let plan: Option<Plan> = serde_json::from_slice(&text).ok();
        let ttl = plan.map_or(Image::USUAL_TTL, |plan| plan.template.image.builder_ttl);
        let last = history.sessions.last().map(|session| session.last_seen).unwrap_or_default();
        Self(last.saturating_add(tags::BAKE).and_then(|at| at.saturating_add(ttl.0 + SLACK)).unwrap_or(last))
    }

    /// Whether somebody wants it to stay, as its tag says.
    pub fn is_overruled_by(&self, left: &Leftover, now: Timestamp) -> bool {
        left.unreadable_expiry.is_some() || left.expires.is_some_and(|expires| expires > self.0.max(now))
    }
}

/// What is left alone because of what its tags say, and the way to say otherwise: `removing` is the command.
pub fn told(left: &Leftover, removing: &str) -> String {
    match (&left.unreadable_expiry, left.expires) {
        (Some(text), _) => format!(
            "the {left} is left alone: its tag `{}` is `{}`, which is no time; write it as in `{}`, or remove it now: \
             {removing}",
            tags::EXPIRES,
            text.escape_debug(),
            command(left, tags::EXPIRES, &example(text))
        ),
        (None, Some(until)) if !left.run.is_empty() => format!(
            "the {left} is left alone until {}, as its tag `{}` says; to remove it now: {removing}",
            minute(until),
            tags::EXPIRES
        ),
        (None, _) => format!(
            "the {left} is left alone: it has the tag `{}` and no `{}`; write the ID of its run as in `{}`",
            tags::EXPIRES,
            tags::RUN,
            command(left, tags::RUN, "RUN")
        ),
    }
}

/// The same time in the form that is read, where it can be guessed; else one that shows the form.
fn example(text: &str) -> String {
    let day: Option<Date> = text.trim().parse().ok();
    day.map_or_else(tags::expiry, |day| format!("{day}T00:00:00Z"))
}

fn command(left: &Leftover, key: &str, value: &str) -> String {
    let region = left.place.as_ref().map_or("", |place| &place.region);
    format!("aws ec2 create-tags --resources {} --tags Key={key},Value={value} --region {region}", left.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::Session, platform::LeftoverKind};

    fn left(expires: Option<&str>, unreadable: Option<&str>) -> Leftover {
        Leftover {
            expires: expires.map(|text| text.parse().unwrap()),
            unreadable_expiry: unreadable.map(str::to_owned),
            ..Leftover::here("web-1", LeftoverKind::Instance, "i-1".into(), String::new())
        }
    }

    #[test]
    fn what_a_run_wrote_itself_keeps_nothing_and_what_somebody_wrote_does() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let seen = at("2026-11-27T12:00:00Z");
        let history =
            History { sessions: vec![Session { began: seen, last_seen: seen }], ..History::default() };
        let folder = tempfile::tempdir().unwrap();
        let plan = r#"{ "template": { "image": { "name": "web", "builder_ttl": "2h" } } }"#;
        std::fs::write(folder.path().join("plan.json"), plan).unwrap();
        let own = OwnExpiry::of(&history, folder.path());
        let overruled = |left: &Leftover| own.is_overruled_by(left, seen);
        assert!(!overruled(&left(Some("2026-11-28T02:00:00Z"), None)), "12 hours and the time to live");
        assert!(overruled(&left(Some("2026-11-28T02:02:00Z"), None)));
        assert!(overruled(&left(None, Some("2027-12-31"))) && overruled(&left(None, Some("never"))));
        assert!(!overruled(&left(None, None)));
        let over = at("2026-12-24T00:00:00Z");
        assert!(!own.is_overruled_by(&left(Some("2026-12-01T00:00:00Z"), None), over), "its time is over");
    }

    #[test]
    fn the_form_to_write_is_one_that_is_read() {
        for (text, written) in
            [("2027-12-31", "2027-12-31T00:00:00Z"), (" 2027-12-31 ", "2027-12-31T00:00:00Z")]
        {
            assert_eq!(example(text), written);
        }
        for text in ["", "never", "31.12.2027", "12h", "1830211200"] {
            assert!(example(text).parse::<Timestamp>().is_ok(), "{text}");
            let told = told(&left(None, Some(text)), "`hornero clean web-1`");
            assert!(told.contains("Value=20") && told.contains("create-tags --resources i-1"), "{told}");
        }
    }
}
