//! "did you mean": the nearest of the names that would have been right.

/// A text of the user's as it is shown: what cannot be seen is escaped, and quotes stay as they are.
pub fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '\'' | '"' | '\\' => c.to_string(),
        other => other.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}

/// Near enough to be a slip of the hand.
const SIMILAR: f64 = 0.75;

pub fn closest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let scored = names.into_iter().map(|name| (likeness(&given, &name.to_lowercase()), name));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= SIMILAR).then_some(best.1)
}

/// `did you mean ...?`, or else the list of what there is.
pub fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.into_iter().collect();
    match closest(given, names.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if names.is_empty() => None,
        None => Some(format!("there is {}", listed(names))),
    }
}

/// `a`, `b` and `c`; a long list is cut.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 30;
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".into(),
        [one] => one.clone(),
        [head @ .., last] if quoted.len() <= MOST => format!("{} and {last}", head.join(", ")),
        long => format!("{} and {} more", long[..MOST].join(", "), long.len() - MOST),
    }
}

/// A missing or doubled letter counts less than the same letters in another order would.
fn likeness(a: &str, b: &str) -> f64 {
    // Names that differ by much in length are not slips; long ones would cost quadratic time.
    if a.len() > 64 || a.len().abs_diff(b.len()) > 4 {
        return 0.0;
    }
    strsim::jaro_winkler(a, b).min(1.0 - strsim::osa_distance(a, b) as f64 / 8.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_shown_as_they_are_and_what_is_unseen_is_not() {
        assert_eq!(visible("a 'b' \"c\" \\\n\u{1b}\u{202e}"), "a 'b' \"c\" \\\\n\\u{1b}\\u{202e}");
    }

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let names = ["name", "size", "mount", "owner", "group"];
        assert_eq!(closest("nmae", names), Some("name"));
        assert_eq!(closest("ownr", names), Some("owner"));
        assert_eq!(closest("Mount", names), Some("mount"));
        assert_eq!(closest("zzz", names), None);
        assert_eq!(did_you_mean("zzz", ["a", "b", "c"]), Some("there is `a`, `b` and `c`".into()));
        assert_eq!(did_you_mean("zzz", []), None);
    }
}
