//! A key that no table has: a slip of the hand, or another program's word for one of ours.

use toml::de::DeValue;

use super::{
    prune::{Cut, Texts, written_at},
    work::{CHECK_COMMON, CHECK_KINDS},
};
use crate::template::{
    diagnose::{Edit, Fault, closest, did_you_mean},
    sources::Place,
    words,
};

/// Keys whose value is a list of strings, where other programs have a single one.
const LISTS: [&str; 7] =
    ["instance_types", "subnets", "security_groups", "ssh_keys", "groups", "install", "user_data"];

/// The mistake, and the key that was meant.
pub fn unknown_key_fault<'k>(
    place: &Place,
    key: &str,
    known: &[&'k str],
    cut: &Cut<'_>,
    texts: Texts<'_, '_>,
) -> (Fault, Option<&'k str>) {
    let fault = Fault::at(place.clone(), format!("unknown key `{key}`")).label("not known here");
    let table = cut.table_name();
    let of_kind = keys_of_check(known, cut);
    let known = of_kind.as_deref().unwrap_or(known);
    if let Some(ours) = words::our_key(table, key, known) {
        let mut fault = fault.hint(format!("`{key}` is called `{ours}` here")).edit(ours);
        fault.edits.extend(as_list(ours, cut, texts));
        return (fault, Some(ours));
    }
    if let Some(advice) = words::key_advice(table, key) {
        return (fault.hint(advice), None);
    }
    if let Some(near) = closest(key, known.iter().copied()) {
        return (fault.hint(format!("did you mean `{near}`?")).edit(near), Some(near));
    }
    if cut.path.first().is_some_and(|first| first == "variables") {
        let hint = "a variable is a single value; a table here has `default`, `allowed` and `description`";
        return (fault.hint(hint), None);
    }
    (fault.maybe_hint(did_you_mean(key, known.iter().copied())), None)
}

/// What can be said about the one thing that a check names.
fn keys_of_check<'k>(known: &[&'k str], cut: &Cut<'_>) -> Option<Vec<&'k str>> {
    let named = |kind: &str| cut.siblings.iter().any(|key| key == kind);
    let (_, keys) = CHECK_KINDS.iter().find(|(kind, _)| cut.table_name() == "checks" && named(kind))?;
    let fits = |key: &&&str| keys.contains(key) || CHECK_COMMON.contains(key);
    Some(known.iter().filter(fits).copied().collect())
}

/// A single string becomes a list where ours is one.
fn as_list(ours: &str, cut: &Cut<'_>, texts: Texts<'_, '_>) -> Option<Edit> {
    let single = matches!(cut.value.get_ref(), DeValue::String(_)) && LISTS.contains(&ours);
    let written = written_at(texts, &cut.value.span()).filter(|_| single)?;
    Some(Edit::new(cut.value.span(), format!("[{written}]")))
}
