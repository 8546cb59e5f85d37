//! Seals the builder: removes what belongs to this one machine and looks whether it is gone.

use std::{collections::BTreeMap, time::Duration};

use super::{
    launch_keys::LaunchKeys,
    machine::Machine,
    survey::{self, Survey},
};
use crate::{
    error::{Error, Kind},
    event::Events,
    platform::PowerOff,
    provision::{
        apt,
        script::Job,
        seal::{CLEAN, CONCLUSION_MARK, REMAINS_MARK, parts, script},
        search::{self, Sought},
    },
    remote::purpose::Purpose,
    template::model::Seal,
};

/// Giving free blocks back takes a while on a large disk, and so does reading all of its files.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Files with secrets that are listed.
const LISTED: usize = 20;

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
    if !seal.enabled {
        events.warn("[seal] is off: host keys, logs and accounts of this builder stay in the image");
    }
    if !sought.is_empty() {
        let names = sought.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join("`, `");
        events.note(format!("searching the files of the builder for the secrets `{names}`"));
    }
    let ours = by == PowerOff::Guest;
    let sealing = script(seal, &keys.account.public, &search::script(sought)?, ours)?;
    let text = [apt::RELEASE, survey::QUESTIONS, &machine.tidy(), &sealing].concat();
    let env = BTreeMap::new();
    let job = Job { text: &text, user: "root", env: &env };
    let command = machine.command(Purpose::Seal, &job)?.timeout(Some(TIMEOUT));
    let what = if seal.enabled { "sealing the builder" } else { "listing what is on the builder" };
    let lines = machine.ask(command, what).await?;
    secret_free(&lines, sought)?;
    gone(&lines)?;
    concluded(&lines, what)?;
    let survey = Survey::of(&lines).ok_or_else(|| not_whole(what, "it lacks a part of the inventory"))?;
    if seal.enabled {
        events.note(format!("sealed: {}", parts(seal).map(|part| part.name).collect::<Vec<_>>().join(", ")));
    }
    Ok(survey)
}

/// # Errors
/// When the script does not say itself that it is through, and that nothing was found.
fn concluded(lines: &[String], what: &str) -> Result<(), Error> {
    let said: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(CONCLUSION_MARK)).collect();
    match said.as_slice() {
        [CLEAN] => Ok(()),
        [] => Err(not_whole(what, "it does not say that it came to its end")),
        [..] => Err(not_whole(what, "it lacks what was found")),
    }
}

fn not_whole(what: &str, why: &str) -> Error {
    Error::new(Kind::Bake, format!("{what}: the builder's answer is not whole: {why}"))
        .hint("look for what changes the output of commands on the builder")
}

/// # Errors
/// When a file holds a secret; its value is not told.
fn secret_free(lines: &[String], sought: &[Sought]) -> Result<(), Error> {
    let hits: Vec<_> = lines.iter().filter_map(|line| search::hit(line, sought)).collect();
    let Some((name, file)) = hits.first() else { return Ok(()) };
    let more = match hits.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    Err(Error::new(Kind::Bake, format!("the image would hold the secret `{name}`: it is in {file}{more}"))
        .tail(hits.iter().take(LISTED).map(|(name, file)| format!("{name}: {file}")).collect())
        .hint(format!(
            "remove it there at the end of the step that writes it; if it has to be in the image, say why in [secrets]: \
             {name} = {{ ..., in_image = \"REASON\" }}"
        )))
}

fn gone(lines: &[String]) -> Result<(), Error> {
    let remains: Vec<String> =
        lines.iter().filter_map(|line| line.strip_prefix(REMAINS_MARK)).map(Into::into).collect();
    if remains.is_empty() {
        return Ok(());
    }
    let (count, first) = (remains.len(), remains.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>());
    let more = if count > NAMED { ", ..." } else { "" };
    let what = format!("sealing the builder left {count} things behind: {}{more}", first.join(", "));
    Err(Error::new(Kind::Bake, what)
        .tail(remains)
        .hint("find out what makes them again, or leave that part of the seal out with [seal] keep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_scripts_own_conclusion_shows_that_nothing_remains() {
        let clean = format!("{CONCLUSION_MARK}{CLEAN}");
        let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(concluded(&lines(&["package\tx\t1\tall", &clean]), "sealing").is_ok());
        for bad in [&[][..], &["remains= found="], &[&clean, &clean]] {
            assert!(concluded(&lines(bad), "sealing").is_err(), "{bad:?}");
        }
        let some = format!("{CONCLUSION_MARK}remains=some found=");
        assert!(concluded(&lines(&[&some]), "sealing").is_err(), "what remains did not arrive");
    }
}
