//! The search of a builder for secrets, just before it becomes an image: every file of its disks is
//! read, for every form that a secret may have in it.

use std::collections::BTreeMap;

use super::{ProvisionError, quote};
use crate::{redact::forms, template::model::Secret};

const SCRIPT: &str = include_str!("search.sh");

/// Shorter values are found in every image, without ever having been put there.
pub const SHORTEST_SOUGHT: usize = 6;

/// The end of a longer value is enough: nothing else ends so.
const ENOUGH: usize = 96;

/// How a hit is told apart in the script's output.
pub const FOUND_MARK: &str = "\u{1}hornero-secret ";

/// One secret that must not be in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub name: String,
    forms: Vec<String>,
}

/// Those that the image is searched for: all that have a value long enough and no reason to be there.
pub fn sought(secrets: &[Secret], values: &BTreeMap<String, String>) -> Vec<Sought> {
    let one = |secret: &Secret| {
        let needle = needle(values.get(&secret.name)?);
        let forms = forms::of(needle).into_iter().filter(|form| form.len() >= SHORTEST_SOUGHT);
        let wanted = secret.in_image.is_none() && needle.len() >= SHORTEST_SOUGHT;
        wanted.then(|| Sought { name: secret.name.clone(), forms: forms.collect() })
    };
    secrets.iter().filter_map(one).collect()
}

/// What a file is searched for: of a secret with several lines its longest one. Of lines as long
/// the last, for keys of one kind begin alike, and without the lines around a key, for all have them.
fn needle(value: &str) -> &str {
    let lines = value.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let line = lines.max_by_key(|line| line.len()).unwrap_or_default();
    &line[line.ceil_char_boundary(line.len().saturating_sub(ENOUGH))..]
}

/// The part of a root script that prints a line with `FOUND_MARK`, a number and a file for every hit;
/// the number is that of `sought`, from 1.
///
/// # Errors
/// When a form cannot be written into a shell script.
pub fn script(sought: &[Sought]) -> Result<String, ProvisionError> {
    if sought.is_empty() {
        return Ok(String::new());
    }
    let mut cases = String::new();
    for (number, one) in (1..).zip(sought) {
        cases += &format!("{number}) printf '%s\\n'{} ;;\n", words(&one.forms)?);
    }
    let all = sought.iter().flat_map(|one| &one.forms);
    let all = words(all)?;
    Ok(format!(
        "secrets={}\nsecret() {{\ncase $1 in\n{cases}esac\n}}\neverything() {{\nprintf '%s\\n'{all}\n}}\n{SCRIPT}",
        sought.len()
    ))
}

fn words<'a>(forms: impl IntoIterator<Item = &'a String>) -> Result<String, ProvisionError> {
    forms.into_iter().map(|form| Ok(format!(" {}", quote(form)?))).collect()
}

/// The secret and the file of a line with `FOUND_MARK`.
pub fn hit<'a>(line: &'a str, sought: &'a [Sought]) -> Option<(&'a str, &'a str)> {
    let (number, file) = line.strip_prefix(FOUND_MARK)?.split_once(' ')?;
    let number: usize = number.parse().ok()?;
    let name = number.checked_sub(1).and_then(|place| sought.get(place)).map_or("?", |one| &one.name);
    Some((name, file))
}

#[cfg(test)]
mod tests;
