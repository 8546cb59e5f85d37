//! Finding every unknown key and wrong type at once: serde stops at the first, so the offending entry
//! is cut out of the tree and the reading begun again.

use std::collections::HashSet;

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    strict::Strict,
    tree::Tree,
    wrong_key::unknown_key_fault,
    wrong_type::{plain_words, wrong_type_fault},
};
use crate::template::{diagnose::Fault, sources::Place};

/// How `toml` hands a date over.
const TOML_DATE: &str = "$__toml_private_datetime";

/// More than this in one file and something else is wrong with it.
const MOST_FAULTS: usize = 100;

/// Keys that were written but wrong, by the place of their table: they are not missing as well.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    keys: HashSet<(usize, String)>,
}

impl Pruned {
    pub fn contains(&self, table: &Place, key: &str) -> bool {
        self.keys.contains(&(table.start, key.to_owned()))
    }

    pub fn add(&mut self, table: &Place, key: &str) {
        self.keys.insert((table.start, key.to_owned()));
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The texts that a tree was read from, each with where it begins on the common line.
pub type Texts<'t, 'a> = &'a [(&'t str, usize)];

/// What is written at a place.
pub fn written_at<'t>(texts: Texts<'t, '_>, place: &Place) -> Option<&'t str> {
    let (text, base) =
        texts.iter().find(|(text, base)| (*base..=base + text.len()).contains(&place.start))?;
    text.get(place.start - base..place.end.checked_sub(*base)?)
}

/// An entry that was cut out of the tree.
pub struct Cut<'t> {
    /// The place of its table.
    pub table: Place,
    /// The keys that lead to its table.
    pub path: Vec<String>,
    /// Its key; for an element of a list, the key of the list.
    pub key: String,
    /// The other keys of its table.
    pub siblings: Vec<String>,
    /// Whether it is an element of a list.
    pub is_element: bool,
    pub value: Spanned<DeValue<'t>>,
}

impl Cut<'_> {
    /// The key of the table that it stands in; empty at the top of the file.
    pub fn table_name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// Reads a `T`, cutting out of the tree what does not fit.
pub fn read_pruning<'t, T: Deserialize<'t> + Default>(
    tree: &mut Spanned<Tree<'t>>,
    texts: Texts<'t, '_>,
    pruned: &mut Pruned,
    faults: &mut Vec<Fault>,
) -> T {
    for _ in 0..MOST_FAULTS {
        let error = match T::deserialize(Strict(toml::Deserializer::from(tree.clone()))) {
            Ok(read) => return read,
            Err(error) => error,
        };
        let Some(place) = error.span() else {
            faults.push(Fault::whole(plain_words(error.message())));
            return T::default();
        };
        let root = tree.span();
        let is_list = error.message().starts_with("invalid type: sequence");
        let wanted = Wanted { place: place.clone(), is_list };
        let Some(cut) = cut_table(tree.get_mut(), &root, &[], &wanted) else {
            faults.push(Fault::at(place, plain_words(error.message())));
            return T::default();
        };
        faults.push(explain(&place, error.message(), &cut, texts, pruned));
    }
    faults.push(Fault::whole("there are more mistakes than these").hint("mend them and look again"));
    T::default()
}

/// What serde complains about.
struct Wanted {
    place: Place,
    /// Whether it is a list: one of a single `[[table]]` has the same place as that table.
    is_list: bool,
}

fn cut_table<'t>(table: &mut DeTable<'t>, own: &Place, path: &[String], wanted: &Wanted) -> Option<Cut<'t>> {
    for (key, value) in table.iter_mut() {
        let key = key.get_ref().as_ref();
        if let Some(cut) = cut_inside(value, own, path, key, wanted) {
            return Some(cut);
        }
    }
    let wrong = table.iter().find(|(key, value)| key.span() == wanted.place || value.span() == wanted.place);
    let key = wrong.map(|(key, _)| key.clone())?;
    let value = table.remove(key.get_ref().as_ref())?;
    let key = key.into_inner().into_owned();
    let siblings = table.keys().map(|key| key.get_ref().clone().into_owned()).collect();
    Some(Cut { table: own.clone(), path: path.to_vec(), key, siblings, is_element: false, value })
}

fn cut_inside<'t>(
    value: &mut Spanned<DeValue<'t>>,
    table: &Place,
    path: &[String],
    key: &str,
    wanted: &Wanted,
) -> Option<Cut<'t>> {
    let own = value.span();
    if wanted.is_list && own == wanted.place {
        return None;
    }
    match value.get_mut() {
        DeValue::Table(inner) => {
            let path = [path, &[key.to_owned()]].concat();
            cut_table(inner, &own, &path, wanted)
        }
        DeValue::Array(array) => {
            if let Some(cut) = array.iter_mut().find_map(|item| cut_inside(item, table, path, key, wanted)) {
                return Some(cut);
            }
            let at = array.iter().position(|item| item.span() == wanted.place)?;
            let (mut others, mut value) = (DeArray::new(), None);
            for (n, item) in std::mem::replace(array, DeArray::new()).into_iter().enumerate() {
                if n == at { value = Some(item) } else { others.push(item) }
            }
            *array = others;
            Some(Cut {
                table: table.clone(),
                path: path.to_vec(),
                key: key.to_owned(),
                siblings: Vec::new(),
                is_element: true,
                value: value?,
            })
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

fn explain(place: &Place, message: &str, cut: &Cut<'_>, texts: Texts<'_, '_>, pruned: &mut Pruned) -> Fault {
    if let Some((key, known)) = unknown_key(message)
        // TOML's own dates look like tables to whoever takes a table too.
        && key != TOML_DATE
    {
        let (fault, meant) = unknown_key_fault(place, key, &known, cut, texts);
        // A slip of the hand for `size` is not a missing `size` as well.
        meant.into_iter().for_each(|key| pruned.add(&cut.table, key));
        return fault;
    }
    if !cut.is_element {
        pruned.add(&cut.table, &cut.key);
    }
    wrong_type_fault(place, message, cut, written_at(texts, &cut.value.span()).unwrap_or_default())
}

/// Splits serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let (key, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    Some((key, expected.split('`').skip(1).step_by(2).collect()))
}
