//! Times as people read them: UTC everywhere, as in the log and in JSON, and marked as such.

use jiff::Timestamp;

/// `19:25:59Z`, for lines of a run.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// `2026-11-27 19:25Z`.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// `2026-11-27 19:25:59Z`.
pub fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_says_that_it_is_utc() {
        let at = Timestamp::from_second(1_795_807_559).unwrap();
        assert_eq!(clock(at), "19:25:59Z");
        assert_eq!(minute(at), "2026-11-27 19:25Z");
        assert_eq!(second(at), "2026-11-27 19:25:59Z");
    }
}
