//! `snapshot` of `[packages]`: which moment it is, and whether the base has an archive of it. Whether
//! that moment has come yet is the archive's to say: there is no clock here.

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};

use super::{cx::Cx, names};
use crate::template::{
    catalogue,
    diagnose::{Fault, visible},
    model::{Base, Snapshot},
    raw::{self, Raw},
    render::Secrets,
    sources::Place,
};

const MOMENT: &str = "write a date, \"2026-11-01\", or a time, \"2026-11-01T12:00:00Z\"";

impl Cx<'_> {
    pub fn snapshot(&self, raw: &Raw, base: &Base) -> Option<Snapshot> {
        let given = raw.packages.as_ref()?.get_ref().snapshot.as_ref()?;
        let (text, place, archive) = match given.get_ref() {
            raw::Snapshot::Moment(text) => (text, given.span(), None),
            raw::Snapshot::Table(table) => {
                let archive = table.archive.as_ref().map(|archive| self.name(archive, &names::URI));
                let at = self.need(&table.at, &given.span(), "`snapshot`", "at")?;
                (at.get_ref(), at.span(), archive)
            }
        };
        self.has_archive(base, &given.span());
        let at = self.moment(text, &place)?;
        let archive = match archive {
            None => {
                self.is_kept(at, base, &place);
                None
            }
            Some(archive) => Some(archive?.trim_end_matches('/').to_owned()),
        };
        Some(Snapshot { at, archive })
    }

    /// An image has one moment, and a provisioner is a part of many images.
    pub fn no_snapshot(&self, raw: &Raw) {
        let given = raw.packages.as_ref().and_then(|packages| packages.get_ref().snapshot.as_ref());
        if let Some(given) = given {
            let fault = Fault::at(given.span(), "a provisioner cannot have a `snapshot`");
            self.fault(fault.hint("write it into [packages] of the template that uses the provisioner"));
        }
    }

    fn moment(&self, text: &str, place: &Place) -> Option<Timestamp> {
        let text = self.rendered(text, place, Secrets::Refused)?;
        let moment = moment(text.trim());
        if moment.is_none() {
            let shown: String = text.chars().take(80).collect();
            let message = format!("`{}` is neither a date nor a time", visible(&shown));
            self.fault(Fault::at(place.clone(), message).hint(MOMENT));
        }
        moment
    }

    fn has_archive(&self, base: &Base, place: &Place) {
        let os = base.os.as_deref().and_then(catalogue::find);
        if let Some(os) = os.filter(|os| os.snapshots.is_none()) {
            let message = format!("`{}` has no archive of its packages by date", os.name);
            self.fault(Fault::at(place.clone(), message).hint(
                "leave `snapshot` out: its AMIs are locked to the packages of their release, so name the one that you \
                 want with `ec2 = { ami = \"ami-...\" }` in [base]",
            ));
        }
    }

    fn is_kept(&self, at: Timestamp, base: &Base, place: &Place) {
        let os = base.os.as_deref().and_then(catalogue::find);
        let since = os.map_or(Some(catalogue::DEBIAN_SNAPSHOTS), |os| os.snapshots);
        if let Some(since) = since.filter(|since| Offset::UTC.to_datetime(at).date() < *since) {
            let message = format!("the archive of the distribution begins on {since}");
            let fault = Fault::at(place.clone(), message);
            self.fault(
                fault.hint("write a later date, or name an archive of your own: { at = ..., archive = ... }"),
            );
        }
    }
}

/// A date is its first second in UTC. What is finer than a second no archive can tell.
fn moment(text: &str) -> Option<Timestamp> {
    let date = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let at = match date {
        true => text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
        false => text.parse().ok()?,
    };
    // Years of four digits, for that is how archives write them.
    let year = Offset::UTC.to_datetime(at).year();
    Timestamp::from_second(at.as_second()).ok().filter(|_| (1000..=9999).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_date_or_a_time_with_its_zone() {
        let stamp = |text: &str| moment(text).map(|at| Snapshot { at, archive: None }.stamp());
        for (text, expected) in [
            ("2026-11-01", Some("20261101T000000Z")),
            ("2026-11-01T12:30:05Z", Some("20261101T123005Z")),
            ("2026-11-01 12:30:05.999+02:00", Some("20261101T103005Z")),
            ("2026-02-30", None),
            ("2026-11-01T12:30:05", None),
            ("2026-11", None),
            ("01.11.2026", None),
            ("-002026-11-01", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(stamp(text).as_deref(), expected, "{text}");
        }
    }
}
