//! The search of a builder for secrets, just before it becomes an image: every file of its disks is
//! read, for every form that a secret may have in it.

mod field;
mod key;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use self::pattern::{Patterns, shell_words};
use super::{ProvisionError, quote};
use crate::{redact::forms, template::model::Secret};

/// Runs the program, and says what came of it.
const START: &str = include_str!("search/start.sh");

/// The line before the program.
pub const BEGIN: &str = "# The search begins here.\n";

/// The program's parts; the last one uses the others.
const PROGRAM: [&str; 4] = [
    include_str!("search/stream.sh"),
    include_str!("search/narrow.sh"),
    include_str!("search/file_systems.sh"),
    include_str!("search/program.sh"),
];

/// Shorter values are found in every image, without ever having been put there.
pub const SHORTEST_SOUGHT: usize = 6;

/// The end of a longer value is enough: nothing else ends so.
const ENOUGH: usize = 96;

/// After so many files with a secret no more are looked for.
pub const MAX_HITS: usize = 20;

/// One secret that must not be in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought {
    pub name: String,
    patterns: Patterns,
}

/// The parts of a root script that search the machine.
#[derive(Clone, Debug, Default)]
pub struct SearchScript {
    /// Searches, tells what it finds, and sets `search` and `hits`.
    pub run: String,
    /// Stands at the end of the script, behind its `exit`.
    pub program: String,
}

/// Those that the image is searched for: all that have a value long enough and no reason to be there.
pub fn sought(secrets: &[Secret], values: &BTreeMap<String, String>) -> Vec<Sought> {
    let one = |secret: &Secret| {
        let value = values.get(&secret.name)?;
        let wanted = secret.in_image.is_none() && needle(value).len() >= SHORTEST_SOUGHT;
        wanted.then(|| Sought { name: secret.name.clone(), patterns: Patterns::of(forms_of(value)) })
    };
    secrets.iter().filter_map(one).collect()
}

fn forms_of(value: &str) -> BTreeSet<Vec<u8>> {
    let forms_of_text =
        |text: &str| forms::of(needle(text)).into_iter().map(String::into_bytes).chain(key::forms(text));
    let fields = field::random_fields(value);
    let texts = std::iter::once(value).chain(fields.iter().map(String::as_str));
    texts.flat_map(forms_of_text).collect()
}

/// What a file is searched for: of a secret with several lines its longest one. Of lines as long
/// the last, for keys of one kind begin alike, and without the lines around a key, for all have them.
fn needle(value: &str) -> &str {
    let lines = value.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let line = lines.max_by_key(|line| line.len()).unwrap_or_default();
    &line[line.ceil_char_boundary(line.len().saturating_sub(ENOUGH))..]
}

/// The search as a part of a root script that tells its answers in lines which begin with `mark`. `canary` is a word
/// that nobody can guess: a search that does not find it does not work.
///
/// # Errors
/// When a form cannot be written into a shell script.
pub fn script(sought: &[Sought], canary: &str) -> Result<SearchScript, ProvisionError> {
    if sought.is_empty() {
        return Ok(SearchScript { run: "hits= search=none\n".into(), program: String::new() });
    }
    let mut cases = String::new();
    for (number, one) in (1..).zip(sought) {
        for (set, forms) in one.patterns.sets() {
            if !forms.is_empty() {
                cases += &format!("'{set} {number}') printf '%b\\n'{} ;;\n", shell_words(forms)?);
            }
        }
    }
    let (half, other) = canary.split_at(canary.len() / 2);
    let longest =
        sought.iter().map(|one| one.patterns.longest()).max().unwrap_or_default().max(canary.len() * 2);
    let words = format!(
        "secrets={} max_hits={MAX_HITS} half={} other={} longest={}\n",
        sought.len(),
        quote(half)?,
        quote(other)?,
        longest.next_multiple_of(1024)
    );
    let program = format!("{words}forms_of() {{\ncase \"$1 $2\" in\n{cases}esac\n}}\n{}", PROGRAM.concat());
    Ok(SearchScript { run: START.to_owned(), program })
}

#[cfg(test)]
mod tests;
