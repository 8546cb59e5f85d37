//! Runs of this computer, by what a user calls them: an ID, the beginning of one, or the name of an image.

use std::path::{Component, Path, PathBuf};

use ulid::Ulid;

use super::{
    Context,
    run_summary::{RunState, RunSummary},
};
use crate::{
    amount,
    error::{Error, Kind},
    time::minute,
};

/// A run that somebody has named.
#[derive(Clone, Debug)]
pub struct FoundRun {
    pub id: String,
    pub folder: PathBuf,
}

/// What a command can work on. Of several runs that go by a name, the others are left out.
#[derive(Clone, Copy)]
pub struct RunFilter {
    pub accepts: fn(&RunSummary) -> bool,
    /// Whether the newest one is meant where several are left.
    pub newest: bool,
}

impl RunFilter {
    /// Runs with a builder to go on with or to look at.
    pub const WITH_BUILDER: Self =
        Self { accepts: |run| matches!(run.state, RunState::BuilderKept | RunState::Running), newest: false };
    /// Runs whose image may lack something.
    pub const WITH_UNFINISHED_IMAGE: Self = Self {
        accepts: |run| run.image_id.is_some() && run.exit_code != Some(0) && run.state != RunState::Running,
        newest: false,
    };
    /// Runs that have left something.
    pub const WITH_LEFTOVERS: Self =
        Self { accepts: |run| run.is_open && run.state != RunState::Running, newest: false };
    /// The newest run, whatever became of it.
    pub const NEWEST: Self = Self { accepts: |_| true, newest: true };
}

/// A message lists at most this many runs that go by a name.
const MOST_CANDIDATES: usize = 10;

/// The run that `typed` means.
///
/// # Errors
/// When there is none, or there are several; these are told then.
pub fn find(typed: &str, filter: RunFilter, context: &Context) -> Result<FoundRun, Error> {
    match find_any(typed, filter, context)? {
        Some(run) => Ok(run),
        None => Err(no_such_run(typed, context)?),
    }
}

/// # Errors
/// When the user has no home and gave no folder.
pub fn no_such_run(typed: &str, context: &Context) -> Result<Error, Error> {
    let state = context.state()?;
    let message = format!("there is no run `{typed}` in `{}`", state.join("runs").display());
    Ok(Error::new(Kind::Usage, message)
        .hint("`hornero runs` lists the runs of this computer; runs of another computer stay there"))
}

/// Whether it looks like the whole ID of a run: a name and a ULID.
pub fn is_run_id(typed: &str) -> bool {
    typed.rsplit_once('-').is_some_and(|(name, ulid)| !name.is_empty() && Ulid::from_string(ulid).is_ok())
}

/// The same where there may be none.
///
/// # Errors
/// When there are several; these are told then.
pub fn find_any(typed: &str, filter: RunFilter, context: &Context) -> Result<Option<FoundRun>, Error> {
    let runs = RunSummary::list(context)?;
    if let Some(exact) = find_by_id(typed, &runs, context)? {
        return Ok(Some(exact));
    }
    let matches = find_matches(typed, &runs);
    let Some(newest) = matches.first() else { return Ok(None) };
    let accepted: Vec<&RunSummary> = matches.iter().copied().filter(|run| (filter.accepts)(run)).collect();
    match accepted.as_slice() {
        // The command says why it can do nothing with the newest.
        [] => Ok(Some(found_run(newest))),
        [one] => Ok(Some(found_run(one))),
        [first, ..] if filter.newest => Ok(Some(found_run(first))),
        several => Err(ambiguous_error(typed, several)),
    }
}

/// Finds the run of this ID; also one that was made before there were journals.
fn find_by_id(typed: &str, runs: &[RunSummary], context: &Context) -> Result<Option<FoundRun>, Error> {
    if let Some(run) = runs.iter().find(|run| run.run == typed) {
        return Ok(Some(found_run(run)));
    }
    let folder = context.state()?.join("runs").join(typed);
    let is_name =
        matches!(Path::new(typed).components().next(), Some(Component::Normal(name)) if name == typed);
    let there = is_name && folder.is_dir();
    Ok(there.then(|| FoundRun { id: typed.to_owned(), folder }))
}

/// Finds all runs that go by the name, the newest first. The name of an image wins over the beginning of IDs: `web`
/// does not mean a run of `webapp`.
fn find_matches<'a>(typed: &str, runs: &'a [RunSummary]) -> Vec<&'a RunSummary> {
    let of_image: Vec<&RunSummary> = runs.iter().filter(|run| run.image == typed).collect();
    match of_image.is_empty() {
        true => runs.iter().filter(|run| !typed.is_empty() && run.run.starts_with(typed)).collect(),
        false => of_image,
    }
}

fn found_run(run: &RunSummary) -> FoundRun {
    FoundRun { id: run.run.clone(), folder: run.folder.clone() }
}

fn ambiguous_error(typed: &str, several: &[&RunSummary]) -> Error {
    let line = |run: &&RunSummary| format!("{}  {}, began {}", run.run, run.state.title(), minute(run.began));
    let mut candidates: Vec<String> = several.iter().take(MOST_CANDIDATES).map(line).collect();
    if several.len() > MOST_CANDIDATES {
        candidates.push(format!("and {} more", several.len() - MOST_CANDIDATES));
    }
    Error::new(Kind::Usage, format!("`{typed}` means {}", amount::count(several.len(), "run")))
        .tail(candidates)
        .hint("give more of the ID of the one that you mean")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn run(id: &str, image: &str) -> RunSummary {
        RunSummary {
            run: id.into(),
            image: image.into(),
            platform: "ec2".into(),
            state: RunState::Failed,
            began: Timestamp::UNIX_EPOCH,
            seconds: 1.0,
            exit_code: Some(6),
            image_id: None,
            kept_until: None,
            log: "/log".into(),
            folder: format!("/runs/{id}").into(),
            is_open: false,
        }
    }

    #[test]
    fn the_name_of_an_image_wins_over_the_beginning_of_an_id() {
        let runs = [run("web-01b", "web"), run("webapp-01c", "webapp"), run("web-01a", "web")];
        let ids =
            |typed: &str| find_matches(typed, &runs).iter().map(|run| run.run.clone()).collect::<Vec<_>>();
        assert_eq!(ids("web"), ["web-01b", "web-01a"]);
        assert_eq!(ids("web-01a"), ["web-01a"]);
        assert_eq!(ids("weba"), ["webapp-01c"]);
        assert_eq!(ids("we"), ["web-01b", "webapp-01c", "web-01a"]);
        assert_eq!(ids(""), Vec::<String>::new());
        assert_eq!(ids("db"), Vec::<String>::new());
    }

    #[test]
    fn several_runs_are_told_with_their_states_and_not_without_end() {
        let runs: Vec<RunSummary> = (0..12).map(|number| run(&format!("web-{number}"), "web")).collect();
        let error = ambiguous_error("web", &runs.iter().collect::<Vec<_>>());
        assert_eq!(error.message, "`web` means 12 runs");
        assert_eq!(error.tail[0], "web-0  failed, began 1970-01-01 00:00Z");
        assert_eq!((error.tail.len(), error.tail[10].as_str()), (11, "and 2 more"));
    }
}
