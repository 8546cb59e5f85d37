//! What differs between an image that was baked and the one that a plan would make now, part by part and
//! as a person calls it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::Serialize;

/// What an image is made of, as far as that is told apart.
#[derive(Clone, Copy, Debug)]
pub struct MadeOf<'a> {
    /// The sum of each part of the fingerprint.
    pub parts: &'a BTreeMap<String, String>,
    /// As a person reads it.
    pub base: &'a str,
    /// The values of those that the template uses.
    pub variables: &'a BTreeMap<String, String>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: String,
    pub how: How,
    /// What it was and is, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    Added,
    Removed,
    Changed,
    /// The same at another place among its like.
    Moved,
}

/// Whatever decides the image and differs; what causes other differences comes first.
pub fn differences(then: &MadeOf<'_>, now: &MadeOf<'_>) -> Vec<Difference> {
    let mut parts = in_parts(then, now);
    if parts.is_empty() {
        return parts;
    }
    let mut found = in_variables(then.variables, now.variables);
    found.append(&mut parts);
    found
}

fn in_variables(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Difference> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let differ = |name: &String| {
        let (was, is) = (then.get(name), now.get(name));
        let difference =
            |how| Difference { what: format!("variable {name}"), how, then: was.cloned(), now: is.cloned() };
        (was != is).then(|| difference(how(was, is)))
    };
    names.into_iter().filter_map(differ).collect()
}

fn in_parts(then: &MadeOf<'_>, now: &MadeOf<'_>) -> Vec<Difference> {
    let names: BTreeSet<&String> = then.parts.keys().chain(now.parts.keys()).collect();
    let differ = |name: &&String| then.parts.get(*name) != now.parts.get(*name);
    let mut found = Vec::new();
    for name in names.into_iter().filter(differ) {
        let (was, is) = (then.parts.get(name), now.parts.get(name));
        let told = |made: &MadeOf<'_>| (name == "base").then(|| made.base.to_owned());
        let moved_on = is.is_none() && was.is_some_and(|sum| place_of(name, sum, now.parts).is_some());
        if moved_on {
            continue;
        }
        let from = is.filter(|_| was.is_none()).and_then(|sum| place_of(name, sum, then.parts));
        found.push(match from {
            Some(from) => moved(from, name),
            None => Difference { what: title(name), how: how(was, is), then: told(then), now: told(now) },
        });
    }
    found
}

fn moved(from: &str, to: &str) -> Difference {
    Difference { what: to.to_owned(), how: How::Moved, then: Some(from.to_owned()), now: Some(to.to_owned()) }
}

/// Where a numbered part is that is the same but for its number.
fn place_of<'a>(name: &str, sum: &str, parts: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let (kind, rest) = numbered(name)?;
    let same = |(other, its_sum): &(&'a String, &String)| {
        *its_sum == sum && other.as_str() != name && numbered(other) == Some((kind, rest))
    };
    parts.iter().find(same).map(|(other, _)| other.as_str())
}

/// `step 3: install` is the step `install`, wherever it stands.
fn numbered(name: &str) -> Option<(&str, &str)> {
    let (head, rest) = name.split_once(": ")?;
    let (kind, number) = head.rsplit_once(' ')?;
    number.parse::<usize>().ok().map(|_| (kind, rest))
}

fn how<T>(was: Option<T>, is: Option<T>) -> How {
    match (was, is) {
        (None, _) => How::Added,
        (Some(_), None) => How::Removed,
        (Some(_), Some(_)) => How::Changed,
    }
}

fn title(name: &str) -> String {
    match name {
        "form" => "what hornero itself does, which is of another version".to_owned(),
        name => name.to_owned(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.how {
            How::Added => '+',
            How::Removed => '-',
            How::Changed => '~',
            How::Moved => '>',
        };
        write!(f, "{sign} {}", self.what)?;
        match (self.how, &self.then, &self.now) {
            (How::Moved, Some(then), _) => write!(f, " (was {then})"),
            (How::Changed, Some(then), Some(now)) => write!(f, ": {then} -> {now}"),
            (How::Added, _, Some(now)) => write!(f, ": {now}"),
            (How::Removed, Some(then), _) => write!(f, ": {then}"),
            (How::Added | How::Removed | How::Changed | How::Moved, _, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn map(pairs: Pairs<'_>) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Of parts and variables then and now, with bases `old` and `new`.
    fn told(parts: [Pairs<'_>; 2], variables: [Pairs<'_>; 2]) -> Vec<String> {
        let (parts, variables) = (parts.map(map), variables.map(map));
        let made =
            |number: usize, base| MadeOf { parts: &parts[number], base, variables: &variables[number] };
        differences(&made(0, "old"), &made(1, "new")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_part_is_named_with_what_became_of_it() {
        let then = [("base", "1"), ("package vim", "1"), ("content of file 1: /srv: a", "1"), ("seal", "1")];
        let now = [("base", "2"), ("package jq", "1"), ("content of file 1: /srv: a", "2"), ("seal", "1")];
        let told = told([&then, &now], [&[], &[]]);
        let wanted = ["~ base: old -> new", "~ content of file 1: /srv: a", "+ package jq", "- package vim"];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_variable_is_told_before_what_it_changes_and_alone_changes_nothing() {
        let variables: [Pairs<'_>; 2] = [&[("php", "8.2"), ("who", "me")], &[("php", "8.3"), ("who", "me")]];
        let parts: [Pairs<'_>; 2] = [&[("step 1: a", "1")], &[("step 1: a", "2")]];
        assert_eq!(told(parts, variables), ["~ variable php: 8.2 -> 8.3", "~ step 1: a"]);
        assert!(told([parts[0], parts[0]], variables).is_empty());
    }

    #[test]
    fn a_step_that_only_moved_is_told_once() {
        let then = [("step 1: a", "1"), ("step 2: b", "2")];
        let now = [("step 1: new", "3"), ("step 2: a", "1"), ("step 3: b", "2")];
        let wanted = ["+ step 1: new", "> step 2: a (was step 1: a)", "> step 3: b (was step 2: b)"];
        assert_eq!(told([&then, &now], [&[], &[]]), wanted);
    }
}
