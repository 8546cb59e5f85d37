//! What of a plan has changed under a builder that has already been made by an earlier one, part by part
//! of its fingerprint. What is still to come may change; what was done must not.

use std::collections::BTreeMap;

/// How far a builder has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Files are there, and packages removed.
    pub uploaded: bool,
    /// So many steps from the first.
    pub steps: usize,
    /// The files that go up after so many steps, and after fewer.
    pub files_after: usize,
}

/// When a part takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// With the launch, and with cloud-init in its first boot.
    Launch,
    Upload,
    /// When so many steps are done.
    UploadAfter(usize),
    /// With the step of this number.
    Step(usize),
    /// Not before the steps are over.
    Later,
}

/// The parts that differ although they have taken effect, as a person calls them, each once.
pub fn changed(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>, done: Done) -> Vec<String> {
    let names = then.keys().chain(now.keys().filter(|name| !then.contains_key(*name)));
    let differ = names.filter(|name| then.get(*name) != now.get(*name));
    differ.filter(|name| is_done(when(name), done)).map(|name| told(name)).collect()
}

fn is_done(when: When, done: Done) -> bool {
    match when {
        When::Launch => true,
        When::Upload => done.uploaded,
        When::UploadAfter(steps) => steps <= done.files_after,
        When::Step(number) => number <= done.steps,
        When::Later => false,
    }
}

/// By the names that the fingerprint gives its parts.
fn when(name: &str) -> When {
    // What a playbook or a file says is told apart from that it is there.
    let name = name.strip_prefix("content of ").unwrap_or(name);
    let name = name.strip_prefix("playbook of ").unwrap_or(name);
    let step = name.strip_prefix("step ").map(|rest| rest.split(':').next().unwrap_or(rest));
    if let Some(number) = step.and_then(|number| number.parse().ok()) {
        return When::Step(number);
    }
    let starts = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if starts(&["file ", "without package "]) {
        let first = name.split(": ").next().unwrap_or(name);
        let after = first.rsplit_once(" after step ").and_then(|(_, steps)| steps.parse().ok());
        return after.map_or(When::Upload, When::UploadAfter);
    }
    match starts(&["check "]) || ["seal", "version"].contains(&name) {
        true => When::Later,
        false => When::Launch,
    }
}

fn told(name: &str) -> String {
    match name {
        "form" => "what hornero itself does, which is of another version now".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(parts: &[(&str, &str)]) -> BTreeMap<String, String> {
        parts.iter().map(|(name, sum)| ((*name).to_owned(), (*sum).to_owned())).collect()
    }

    const THEN: [(&str, &str); 8] = [
        ("base", "a"),
        ("package nginx", "a"),
        ("file 1: /etc/motd", "a"),
        ("content of file 1: /etc/motd: sub", "a"),
        ("step 1: first", "a"),
        ("step 2: second", "a"),
        ("content of playbook of step 2", "a"),
        ("check `true`", "a"),
    ];

    fn with(name: &str, sum: Option<&str>) -> BTreeMap<String, String> {
        let mut changed = parts(&THEN);
        match sum {
            Some(sum) => drop(changed.insert(name.into(), sum.into())),
            None => drop(changed.remove(name)),
        }
        changed
    }

    #[test]
    fn what_was_done_must_not_change_and_is_named() {
        let done = Done { uploaded: true, steps: 1, files_after: 0 };
        let then = parts(&THEN);
        assert!(changed(&then, &then, done).is_empty());
        for (name, sum) in [
            ("base", Some("b")),
            ("package nginx", None),
            ("package vim", Some("a")),
            ("user deploy", Some("a")),
            ("file 1: /etc/motd", Some("b")),
            ("content of file 1: /etc/motd: sub", Some("b")),
            ("step 1: first", Some("b")),
        ] {
            assert_eq!(changed(&then, &with(name, sum), done), [name]);
        }
    }

    #[test]
    fn what_is_still_to_come_may_change() {
        let done = Done { uploaded: true, steps: 1, files_after: 0 };
        for (name, sum) in [
            ("step 2: second", Some("b")),
            ("step 2: second", None),
            ("content of playbook of step 2", Some("b")),
            ("step 3: another", Some("a")),
            ("check `true`", None),
            ("seal", Some("b")),
        ] {
            assert!(changed(&parts(&THEN), &with(name, sum), done).is_empty(), "{name}");
        }
        let before_the_upload = Done::default();
        let files = with("file 1: /etc/motd", Some("b"));
        assert!(changed(&parts(&THEN), &files, before_the_upload).is_empty());
        assert_eq!(changed(&parts(&THEN), &with("package nginx", None), before_the_upload).len(), 1);
    }

    #[test]
    fn a_file_that_goes_up_after_a_step_may_change_until_then() {
        let name = "content of file 2 after step 1: /tmp/x: sub";
        let before = Done { uploaded: true, steps: 1, files_after: 0 };
        let now = with(name, Some("a"));
        assert!(changed(&parts(&THEN), &now, before).is_empty());
        assert_eq!(changed(&parts(&THEN), &now, Done { files_after: 1, ..before }), [name]);
    }

    #[test]
    fn a_step_that_was_renamed_or_moved_is_told_with_both_names() {
        let done = Done { uploaded: true, steps: 2, files_after: 0 };
        let mut now = with("step 2: second", None);
        now.insert("step 2: other".into(), "a".into());
        assert_eq!(changed(&parts(&THEN), &now, done), ["step 2: second", "step 2: other"]);
    }
}
