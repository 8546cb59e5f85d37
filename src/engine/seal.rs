//! Seals the builder: removes what belongs to this one machine and looks whether it is gone.

use std::{collections::BTreeMap, time::Duration};

use super::{
    answer::unguessable_word,
    launch_keys::LaunchKeys,
    machine::Machine,
    survey::{self, Survey},
};
use crate::{
    amount,
    error::{Error, Kind},
    event::Events,
    platform::PowerOff,
    provision::{
        apt,
        script::Job,
        seal::{Hit, SealAnswer, parts, script},
        search::{self, Sought},
    },
    remote::purpose::Purpose,
    template::model::Seal,
};

/// Giving free blocks back takes a while on a large disk, and so does reading all of its files.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// As many remains as fit into one sentence; the rest is in the lines under it.
const NAMED: usize = 3;

/// Looks at the builder a last time, seals it, and has it power itself off as soon as the line is closed,
/// if that is its part. It is one script: each takes a round trip, and a while to start.
///
/// # Errors
/// When something remains, named with its path.
pub async fn run(
    machine: &Machine<'_>,
    seal: &Seal,
    keys: &LaunchKeys,
    (by, sought): (PowerOff, &[Sought]),
    events: &Events,
) -> Result<Survey, Error> {
    if !sought.is_empty() {
        let names = sought.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join("`, `");
        events.note(format!("searching the files of the builder for the secrets `{names}`"));
    }
    let ours = by == PowerOff::Guest;
    let (mark, canary) = (unguessable_word(), unguessable_word());
    let search = search::script(sought, &canary)?;
    let sealing = script(seal, &keys.account.public, &mark, &search, ours)?;
    let text = [apt::RELEASE, survey::QUESTIONS, &machine.tidy(), &sealing].concat();
    let env = BTreeMap::new();
    let job = Job { text: &text, user: "root", env: &env };
    let command = machine.command(Purpose::Seal, &job)?.timeout(Some(TIMEOUT));
    let what = if seal.enabled { "sealing the builder" } else { "listing what is on the builder" };
    let lines = machine.ask(command, what).await?;
    let answer = SealAnswer::of(&lines, &mark, sought);
    answer.notes.iter().for_each(|note| events.warn(note));
    secret_free(&answer)?;
    searched(&answer)?;
    gone(&answer.remains)?;
    answer.concluded(!sought.is_empty()).map_err(|why| not_whole(what, why))?;
    let survey = Survey::of(&lines).ok_or_else(|| not_whole(what, "it lacks a part of the inventory"))?;
    if !sought.is_empty() {
        events.note(format!("no file holds a secret; searched: {}", answer.searched.join(", ")));
    }
    if seal.enabled {
        events.note(format!("sealed: {}", parts(seal).map(|part| part.name).collect::<Vec<_>>().join(", ")));
    }
    Ok(survey)
}

fn not_whole(what: &str, why: &str) -> Error {
    Error::new(Kind::Bake, format!("{what}: the builder's answer is not whole: {why}"))
        .hint("look for what changes the output of commands on the builder")
}

/// # Errors
/// When a file holds a secret; its value is not told.
fn secret_free(answer: &SealAnswer) -> Result<(), Error> {
    let Some(first) = answer.hits.first() else { return Ok(()) };
    let more = match answer.hits.len() {
        1 => String::new(),
        count @ ..search::MAX_HITS => format!(", and {} more", count - 1),
        count => format!(", and {} more at least", count - 1),
    };
    let name =
        |hit: &Hit| hit.secret.as_ref().map_or("a secret".to_owned(), |name| format!("the secret `{name}`"));
    let listed = answer.hits.iter().map(|hit| format!("{}: {}", name(hit), hit.place));
    let unsearched = answer.failures.iter().map(|failure| format!("not searched: {failure}"));
    let key = first.secret.as_deref().unwrap_or("NAME");
    Err(Error::new(Kind::Bake, format!("the image would hold {}: {}{more}", name(first), first.place))
        .tail(listed.chain(unsearched).collect())
        .hint(format!(
            "remove it there at the end of the step that writes it; if it has to be in the image, say why in [secrets]: \
             {key} = {{ ..., in_image = \"REASON\" }}"
        )))
}

/// # Errors
/// When not everything could be searched: the rest may hold a secret.
fn searched(answer: &SealAnswer) -> Result<(), Error> {
    let Some(first) = answer.failures.first() else { return Ok(()) };
    let more = match answer.failures.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    Err(Error::new(Kind::Bake, format!("searching the builder for secrets did not work: {first}{more}"))
        .tail(answer.failures.clone())
        .hint(
            "the last step has to leave a builder on which root can read every file: remove what cannot be read, stop \
             what writes to it, and give the builder the memory and the programs that the search needs (docs/seal.md)",
        ))
}

fn gone(remains: &[String]) -> Result<(), Error> {
    if remains.is_empty() {
        return Ok(());
    }
    let (count, first) = (remains.len(), remains.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>());
    let more = if count > NAMED { ", ..." } else { "" };
    let things = amount::count(count, "thing");
    let what = format!("sealing the builder left {things} behind: {}{more}", first.join(", "));
    Err(Error::new(Kind::Bake, what)
        .tail(remains.to_vec())
        .hint("find out what makes them again, or leave that part of the seal out with [seal] keep"))
}
