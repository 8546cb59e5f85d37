//! TOML text as a tree whose places lie on the common line of all sources, and the merging of such
//! trees: that is what `include` does.

use std::thread;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::syntax::syntax_faults;
use crate::template::{diagnose::Fault, sources::Place};

pub type Tree<'t> = DeTable<'t>;

/// Deeper than any template has a reason to be.
const DEEPEST: usize = 16;
/// Dotted keys inside inline tables reach a depth of some thousands in a short text; walking and
/// dropping such a tree takes this much stack, which is only mapped when it is used.
const STACK: usize = 256 << 20;

/// Reads one file whose text begins at `base` on the common line. What is broken is left out.
pub fn parse(text: &str, base: usize) -> (Tree<'_>, Vec<Fault>) {
    thread::scope(|scope| {
        let work = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse_here(text, base));
        match work.map(|work| work.join()) {
            Ok(Ok(parsed)) => parsed,
            Ok(Err(_)) | Err(_) => {
                (Tree::new(), vec![Fault::at(base..base, "this file could not be read as TOML")])
            }
        }
    })
}

fn parse_here(text: &str, base: usize) -> (Tree<'_>, Vec<Fault>) {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut faults = syntax_faults(text, base, errors);
    let mut too_deep = None;
    let tree = shift_table(tree.into_inner(), base, 0, &mut too_deep);
    if let Some(place) = too_deep {
        faults.push(Fault::at(place, "tables nested too deep").hint("a template has no use for such depth"));
    }
    (tree, faults)
}

fn shift<T>(spanned: &Spanned<T>, base: usize) -> Place {
    spanned.span().start + base..spanned.span().end + base
}

fn shift_table<'t>(table: Tree<'t>, base: usize, depth: usize, too_deep: &mut Option<Place>) -> Tree<'t> {
    let entries = table.into_iter().map(|(key, value)| {
        let key = Spanned::new(shift(&key, base), key.into_inner());
        (key, shift_value(value, base, depth + 1, too_deep))
    });
    entries.collect()
}

fn shift_value<'t>(
    value: Spanned<DeValue<'t>>,
    base: usize,
    depth: usize,
    too_deep: &mut Option<Place>,
) -> Spanned<DeValue<'t>> {
    let place = shift(&value, base);
    let shifted = match value.into_inner() {
        DeValue::Array(_) | DeValue::Table(_) if depth > DEEPEST => {
            too_deep.get_or_insert(place.clone());
            DeValue::Boolean(false)
        }
        DeValue::Table(table) => DeValue::Table(shift_table(table, base, depth, too_deep)),
        DeValue::Array(array) => {
            let mut shifted = DeArray::new();
            array.into_iter().for_each(|item| shifted.push(shift_value(item, base, depth + 1, too_deep)));
            DeValue::Array(shifted)
        }
        plain @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)) => plain,
    };
    Spanned::new(place, shifted)
}

/// Adds `from` to `into`: tables are merged, lists joined with those of `into` in front; anything else
/// that both give is a conflict.
pub fn merge<'t>(into: &mut Tree<'t>, from: Tree<'t>, faults: &mut Vec<Fault>) {
    for (key, value) in from {
        match into.get_key_value(key.get_ref().as_ref()).map(|(first, _)| first.span()) {
            None => {
                into.insert(key, value);
            }
            Some(first) => {
                if let Some(known) = into.get_mut(key.get_ref().as_ref()) {
                    merge_value(&key, first, known, value, faults);
                }
            }
        }
    }
}

fn merge_value<'t>(
    key: &Spanned<std::borrow::Cow<'t, str>>,
    first: Place,
    known: &mut Spanned<DeValue<'t>>,
    value: Spanned<DeValue<'t>>,
    faults: &mut Vec<Fault>,
) {
    match (known.get_mut(), value.into_inner()) {
        (DeValue::Table(known), DeValue::Table(more)) => merge(known, more, faults),
        (DeValue::Array(known), DeValue::Array(more)) => more.into_iter().for_each(|item| known.push(item)),
        (_, _) => faults.push(
            Fault::at(key.span(), format!("`{}` is given in two files", key.get_ref()))
                .label("given again here")
                .also(first, "first given here")
                .hint("keep one of them"),
        ),
    }
}
