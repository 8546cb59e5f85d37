//! Counts, sizes and lengths of time as people read them: one form of each everywhere.

/// `1 check`, `2 checks`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {}", plural(noun)),
    }
}

/// The plural of a word that hornero uses; of several words, of the last one.
fn plural(noun: &str) -> String {
    let stem = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match stem {
        Some(stem) => format!("{stem}ies"),
        None if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        None => format!("{noun}s"),
    }
}

/// `812 B`, `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    bytesize::ByteSize(bytes).display().iec().to_string()
}

/// How long something took: `0.4s`, `12.3s`, `4m 07s`, `1h 02m`.
pub fn duration(seconds: f64) -> String {
    match seconds.max(0.0) {
        seconds if seconds < 59.95 => format!("{seconds:.1}s"),
        seconds => minutes(seconds.round() as u64),
    }
}

/// How long something goes on, in whole seconds: it stands beside what changes ten times a second.
pub fn elapsed(seconds: f64) -> String {
    match seconds.max(0.0).round() as u64 {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => minutes(seconds),
    }
}

fn minutes(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_all_other_numbers_are_many() {
        assert_eq!([0, 1, 2].map(|number| count(number, "check")), ["0 checks", "1 check", "2 checks"]);
        let nouns = ["key", "repository", "IP address", "box", "patch"];
        let plurals = ["2 keys", "2 repositories", "2 IP addresses", "2 boxes", "2 patches"];
        assert_eq!(nouns.map(|noun| count(2, noun)), plurals);
    }

    #[test]
    fn sizes_are_told_in_units_of_1024() {
        let sizes = [0, 812, 1024, 3 << 19, 15 << 30, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "812 B", "1.0 KiB", "1.5 MiB", "15.0 GiB", "16.0 EiB"]);
    }

    #[test]
    fn durations_read_well() {
        let durations = [-1.0, 0.04, 12.34, 59.96, 247.0, 3720.0].map(duration);
        assert_eq!(durations, ["0.0s", "0.0s", "12.3s", "1m 00s", "4m 07s", "1h 02m"]);
        assert_eq!([0.4, 59.4, 59.6, 3720.0].map(elapsed), ["0s", "59s", "1m 00s", "1h 02m"]);
    }
}
