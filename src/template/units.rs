//! Sizes, durations and file modes as a template writes them: `"16GiB"`, `"10m"`, `"0750"`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A size in bytes, written with a unit: `"16GiB"`, `"500MB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// 64 TiB, the largest volume of EC2.
const LARGEST: u64 = 64 << 40;

/// Nothing that a template speaks of takes longer.
const LONGEST: Duration = Duration::from_secs(10 * 31_557_600);

/// A file mode: the lower twelve bits, written in octal as a string: `"0750"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(pub u32);

/// A length of time, written with a unit: `"90s"`, `"1h 30m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// Why a size, mode or duration could not be read; the text ends with an example of a good one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUnit(pub String);

impl FromStr for Size {
    type Err = BadUnit;

    fn from_str(text: &str) -> Result<Self, BadUnit> {
        let unit_given = text.trim().ends_with(|c: char| c.is_ascii_alphabetic());
        let bytes = text.parse::<bytesize::ByteSize>().map_err(|_| bad_size(text))?.as_u64();
        match bytes {
            bytes if bytes > LARGEST => Err(BadUnit(format!(
                "a size of `{text}` is more than any disk or machine has; write at most \"64TiB\""
            ))),
            0 => Err(BadUnit(format!("a size of 0 bytes in `{text}`; write one such as \"16GiB\""))),
            _ if !unit_given => Err(bad_size(text)),
            bytes => Ok(Self(bytes)),
        }
    }
}

fn bad_size(text: &str) -> BadUnit {
    BadUnit(format!("`{text}` is not a size; write a number and a unit, such as \"16GiB\""))
}

impl FromStr for Mode {
    type Err = BadUnit;

    fn from_str(text: &str) -> Result<Self, BadUnit> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        let bits = octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
        bits.map(Self).ok_or_else(|| {
            BadUnit(format!(
                "`{text}` is not a file mode; write three or four octal digits, such as \"0644\""
            ))
        })
    }
}

impl FromStr for Span {
    type Err = BadUnit;

    fn from_str(text: &str) -> Result<Self, BadUnit> {
        let duration = humantime::parse_duration(text).map_err(|_| {
            BadUnit(format!("`{text}` is not a duration; write a number and a unit, such as \"10m\""))
        })?;
        if duration.is_zero() {
            return Err(BadUnit(format!("a duration of nothing in `{text}`; write one such as \"10m\"")));
        }
        if duration > LONGEST {
            let most = Self(LONGEST);
            return Err(BadUnit(format!("a duration of `{text}` is too long; write at most \"{most}\"")));
        }
        Ok(Self(duration))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::amount::size(self.0))
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer)
    }
}

/// The written form is read back as a template would be.
fn from_text<'de, T: FromStr<Err = BadUnit>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit_and_are_more_than_nothing() {
        assert_eq!("16GiB".parse(), Ok(Size(16 << 30)));
        assert_eq!("500MB".parse(), Ok(Size(500_000_000)));
        for bad in ["", "16", "0B", "0GiB", "-1GiB", "lots", "16 parsecs"] {
            assert!(bad.parse::<Size>().is_err(), "{bad} was taken for a size");
        }
    }

    #[test]
    fn modes_are_three_or_four_octal_digits() {
        assert_eq!("0750".parse(), Ok(Mode(0o750)));
        assert_eq!("644".parse(), Ok(Mode(0o644)));
        for bad in ["", "75", "0999", "u+x", "00755"] {
            assert!(bad.parse::<Mode>().is_err(), "{bad} was taken for a mode");
        }
    }

    #[test]
    fn a_size_beyond_every_disk_is_refused_and_not_cut() {
        for text in ["99999999999999999999TiB", "9PiB", "65TiB"] {
            assert!(text.parse::<Size>().unwrap_err().0.contains("more than any disk"), "{text}");
        }
        assert_eq!("64TiB".parse::<Size>().unwrap().0, 64 << 40);
    }

    #[test]
    fn a_duration_is_at_most_ten_years() {
        for text in ["11y", "500000000000y", "18446744073709551615s", "4000d"] {
            assert!(text.parse::<Span>().unwrap_err().0.contains("10years"), "{text}");
        }
        assert!("10y".parse::<Span>().is_ok() && "99999999999999999999y".parse::<Span>().is_err());
    }

    #[test]
    fn durations_need_a_unit_and_are_more_than_nothing() {
        assert_eq!("10m".parse(), Ok(Span(Duration::from_secs(600))));
        for bad in ["", "10", "0s", "soon"] {
            assert!(bad.parse::<Span>().is_err(), "{bad} was taken for a duration");
        }
    }
}
