//! How long things may take that a template gives a time: long enough to be of use, and short enough to be meant.

use std::{ops::RangeInclusive, time::Duration};

use super::cx::Cx;
use crate::template::{diagnose::Fault, raw::Text, units::Span};

const DAY: u64 = 24 * 60 * 60;

/// As long as a builder that nobody works on can live at most.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(7 * DAY);

/// EC2 counts the end of an image in minutes, and knows none that is farther away.
const DEPRECATION: RangeInclusive<Duration> =
    Duration::from_secs(60 * 60)..=Duration::from_secs(10 * 31_557_600);

impl Cx<'_> {
    /// After which something is given up.
    pub fn timeout(&self, text: &Option<Text>) -> Option<Span> {
        self.span_within(text, &TIMEOUT, "a timeout")
    }

    pub fn deprecate_after(&self, text: &Option<Text>) -> Option<Span> {
        self.span_within(text, &DEPRECATION, "the time after which an image is deprecated")
    }

    fn span_within(&self, text: &Option<Text>, range: &RangeInclusive<Duration>, what: &str) -> Option<Span> {
        let span: Span = self.unit(text)?;
        if !range.contains(&span.0) {
            let place = text.as_ref().map_or(0..0, toml::Spanned::span);
            let (least, most) = (Span(*range.start()), Span(*range.end()));
            let fault = Fault::at(place, format!("{what} cannot be {span}"));
            self.fault(fault.hint(format!("write a time from \"{least}\" to \"{most}\"")));
        }
        Some(span)
    }
}
