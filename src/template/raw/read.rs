//! The way in: texts to a `Raw`, with every syntax error, unknown key and wrong type on the way.

use serde::Deserialize;
use toml::{Spanned, de::DeValue};

use super::{
    Given, Provisioner, Pruned, Raw, Table, Text,
    prune::read_pruning,
    tree::{Tree, merge, parse},
};
use crate::template::{diagnose::Fault, sources::Place};

/// What was read. `broken` when a syntax error hides an unknown part of it: then nothing can be said
/// to be missing.
#[derive(Debug, Default)]
pub struct Read {
    pub raw: Raw,
    /// Where the file itself begins.
    pub root: Place,
    pub pruned: Pruned,
    pub faults: Vec<Fault>,
    pub broken: bool,
}

/// The files that `include` names, with the places of the names.
pub fn includes(text: &str, base: usize) -> Vec<Text> {
    let (tree, _) = parse(text, base);
    let Some(DeValue::Array(names)) = tree.get("include").map(|value| value.get_ref()) else {
        return Vec::new();
    };
    let name =
        |value: &Spanned<DeValue<'_>>| Some(Spanned::new(value.span(), value.get_ref().as_str()?.to_owned()));
    names.iter().filter_map(name).collect()
}

/// Reads a template from its own text and those of its includes, each with where it begins on the
/// common line; the included ones come first, the template itself last.
pub fn read(texts: &[(&str, usize)]) -> Read {
    read_as::<Raw>(texts)
}

/// Reads one `provisioner.toml`.
pub fn read_provisioner(text: &str, base: usize) -> Read {
    read_as::<Provisioner>(&[(text, base)])
}

/// Reads a file of `name = value`.
pub fn variables(text: &str) -> (Vec<(Text, Text)>, Vec<Fault>) {
    let (tree, mut faults) = parse(text, 0);
    let mut whole = Spanned::new(0..0, tree);
    let table: Table<Given> = read_pruning(&mut whole, &[(text, 0)], &mut Pruned::default(), &mut faults);
    let values = table.into_iter().map(|(name, given)| {
        let value = Spanned::new(given.span(), given.get_ref().to_string());
        (name, value)
    });
    (values.collect(), faults)
}

fn read_as<'t, T: Deserialize<'t> + Default + Into<Raw>>(texts: &[(&'t str, usize)]) -> Read {
    let mut read = Read::default();
    let mut whole = Tree::new();
    for (text, base) in texts {
        let (tree, faults) = parse(text, *base);
        read.broken |= !faults.is_empty();
        read.faults.extend(faults);
        merge(&mut whole, tree, &mut read.faults);
        read.root = *base..*base;
    }
    let mut whole = Spanned::new(read.root.clone(), whole);
    let mut shape = Vec::new();
    read.raw = read_pruning::<T>(&mut whole, texts, &mut read.pruned, &mut shape).into();
    read.faults.append(&mut without_echoes(shape, &read.faults, texts));
    read
}

/// Drops what is wrong with a line that already has a syntax error.
fn without_echoes(found: Vec<Fault>, syntax: &[Fault], texts: &[(&str, usize)]) -> Vec<Fault> {
    let line = |fault: &Fault| {
        let at = fault.place.as_ref()?.start;
        let (text, base) = texts.iter().find(|(text, base)| (*base..=base + text.len()).contains(&at))?;
        Some(base + text.as_bytes()[..at - base].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1))
    };
    let broken: Vec<Option<usize>> = syntax.iter().map(line).collect();
    found.into_iter().filter(|fault| !broken.contains(&line(fault))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        read(&[(text, 0)]).faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn every_unknown_key_and_wrong_type_is_found() {
        let text = "[image]\nnam = 'a'\nversion = 4.5\n[[disks]]\nsiz = '1GiB'\nname = 3\n[disk]\n";
        assert_eq!(
            messages(text),
            [
                "unknown key `disk`",
                "wrong type for `name`",
                "unknown key `siz`",
                "unknown key `nam`",
                "wrong type for `version`"
            ]
        );
    }

    #[test]
    fn an_unknown_key_of_a_check_is_told_with_those_of_its_kind() {
        let read = read(&[("[[checks]]\nservice = 'nginx'\nstate = 'running'\n", 0)]);
        let hint = read.faults[0].hint.as_deref().unwrap_or_default();
        assert!(
            hint.contains("`running`") && hint.contains("`enabled`") && !hint.contains("`sha256`"),
            "{hint}"
        );
    }

    #[test]
    fn included_lists_come_first_and_conflicts_are_told() {
        let common = "[[steps]]\nrun = 'one'\n[image]\nname = 'x'\n";
        let own = "[[steps]]\nrun = 'two'\n[image]\nname = 'y'\nversion = '1'\n";
        let read = read(&[(common, 0), (own, 100)]);
        let runs: Vec<&str> = read
            .raw
            .steps
            .iter()
            .filter_map(|s| Some(s.get_ref().run.as_ref()?.get_ref().as_str()))
            .collect();
        assert_eq!(runs, ["one", "two"]);
        assert_eq!(read.faults.len(), 1);
        assert_eq!(read.faults[0].message, "`name` is given in two files");
    }

    #[test]
    fn great_depth_is_refused_without_a_crash() {
        let key = vec!["a"; 79].join(".");
        let inline = format!("{key}={}1{}", format!("{{{key}=").repeat(79), "}".repeat(79));
        for text in [inline, "[".repeat(100_000), format!("a={}", "[".repeat(100_000)), "{".repeat(100_000)] {
            assert!(!messages(&text).is_empty());
        }
    }

    #[test]
    fn thousands_of_mistakes_are_cut_short() {
        let text: String = (0..5000).map(|n| format!("key{n} = 1\n")).collect();
        assert!(messages(&text).len() <= 101);
    }
}
