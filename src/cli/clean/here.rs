//! Runs of this computer, known by their journals.

use std::path::Path;

use jiff::Timestamp;

use super::{
    Clean, Context, Findings,
    by_hand::{self, OwnExpiry},
    locks, wiring,
};
use crate::{
    cli::known,
    engine::{clean, kept, outcome, way_in},
    error::{Error, Kind},
    event::Events,
    journal::{self, History, Journal, Place},
    platform::{Leftover, Whose},
    template::model::PlatformKind,
    time::minute,
};

impl Clean {
    /// Looks at one run, and says where else something of it may be.
    pub(super) async fn here(
        &self,
        folder: &Path,
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<Vec<Place>, Error> {
        let Some((journal, history)) = Journal::take_over(folder)? else {
            findings.alive.extend(name(folder));
            return Ok(Vec::new());
        };
        let Some(header) = history.header.as_ref().filter(|header| self.wants(&header.run)) else {
            return Ok(Vec::new());
        };
        let id = header.run.clone();
        if let Some(until) = self.keeps(&id, &history) {
            findings.alive.insert(id.clone());
            self.kept((&id, until), &history, context, findings, events).await?;
            return Ok(history.places().into_iter().collect());
        }
        match history.is_open() {
            true => self.dead((&id, folder), (&journal, &history), context, findings, events).await?,
            // Killed just after its end was written.
            false => known::forget(&known::link(&id, context)?),
        }
        if history.is_open() || self.runs.contains(&id) {
            findings.seen.insert(id);
        }
        Ok(history.places().into_iter().collect())
    }

    /// Until when the builder of a run is kept, unless the user wants just that run removed.
    fn keeps(&self, id: &str, history: &History) -> Option<Timestamp> {
        let named = self.runs.iter().any(|run| run == id);
        history.builder_kept.filter(|until| !named && history.is_open() && *until > Timestamp::now())
    }

    async fn kept(
        &self,
        (id, until): (&str, Timestamp),
        history: &History,
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<(), Error> {
        let shown = minute(until);
        events.note(format!(
            "the builder of {id} is kept until {shown}: `hornero resume {id}` goes on with it, `hornero clean {id}` \
             removes it"
        ));
        if self.dry_run {
            let platform = wiring::platform_of(platform(history)?, context)?;
            let left = platform.leftovers(Whose::Run { id, history }).await?;
            findings.listed.extend(left.into_iter().map(|one| Leftover {
                detail: format!("{}, kept until {shown}", one.detail),
                expires: Some(until),
                ..one
            }));
        }
        Ok(())
    }

    async fn dead(
        &self,
        (id, folder): (&str, &Path),
        (journal, history): (&Journal, &History),
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<(), Error> {
        let platform = wiring::platform_of(platform(history)?, context)?;
        let known = &History { kept: outcome::complete(history), ..history.clone() };
        let (own, now) = (OwnExpiry::of(history, folder), Timestamp::now());
        let is_named = self.runs.iter().any(|run| run == id);
        let stays = |left: &Leftover| !is_named && own.is_overruled_by(left, now);
        if self.dry_run {
            let left = platform.leftovers(Whose::Run { id, history: known }).await?;
            let by_hand: Vec<&Leftover> = left.iter().filter(|left| stays(left)).collect();
            by_hand.iter().for_each(|left| tell_by_hand(left, events));
            // Nobody looks at it again by its tags.
            findings.alive.extend(by_hand.first().map(|_| id.to_owned()));
            findings.listed.extend(left.into_iter().chain(locks::left(id, history)));
            return Ok(());
        }
        outcome::catch_up(folder, (journal, history))?;
        let history = known;
        if history.builder_kept.is_some() {
            journal.taken_up()?;
        }
        let cleaned = clean::run(platform.as_ref(), id, (journal, history), &stays, events).await?;
        cleaned.spared.iter().filter(|left| stays(left)).for_each(|left| tell_by_hand(left, events));
        findings.alive.extend(cleaned.spared.first().map(|_| id.to_owned()));
        findings.cleaned.removed.extend(cleaned.removed);
        findings.cleaned.removed.extend(locks::release(id, (journal, history), context).await?);
        if cleaned.stuck.is_empty() && cleaned.spared.is_empty() {
            journal.ended(None)?;
            kept::forget(folder)?;
            way_in::sweep(id, folder)?;
            known::forget(&known::link(id, context)?);
        }
        findings.cleaned.stuck.extend(cleaned.stuck);
        // One that came to its end has left no more than its lock.
        if let Some((image, _)) = history.kept.as_ref().filter(|_| history.exit_code != Some(0)) {
            events.note(format!(
                "the image {image} of {id} is complete and stays: `hornero publish {id}` finishes it"
            ));
        }
        Ok(())
    }
}

/// A run of this computer is removed by its name alone.
fn tell_by_hand(left: &Leftover, events: &Events) {
    events.note(by_hand::told(left, &format!("`hornero clean {}`", left.run)));
}

pub(super) fn platform(history: &History) -> Result<PlatformKind, Error> {
    let name = history.header.as_ref().map(|header| header.platform.as_str()).unwrap_or_default();
    [PlatformKind::Ec2, PlatformKind::Qemu].into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        Error::new(Kind::Local, format!("cleaning up after a run: its journal names the platform `{name}`"))
            .hint("it was made by another version of hornero: use that one")
    })
}

/// The run's ID.
fn name(folder: &Path) -> Option<String> {
    Some(folder.file_name()?.to_str()?.to_owned())
}

/// A bake starts with a look for dead runs of its own image.
///
/// # Errors
/// When the state directory cannot be read.
pub fn tell_of_dead(image: &str, context: &Context, events: &Events) -> Result<(), Error> {
    for folder in known::folders_of(image, context)? {
        // One whose end stands there was looked at before.
        let history = match journal::read(&folder) {
            // It is no matter of this bake.
            Err(newer) if newer.is_newer() => {
                events.warn(newer.to_string());
                continue;
            }
            history => history?,
        };
        let open = history.filter(|history| history.is_open());
        let kept = open.as_ref().is_some_and(|history| history.builder_kept.is_some());
        let has_ended = !kept && open.as_ref().is_some_and(|history| history.ended.is_some());
        let Some(header) = open.and_then(|history| history.header).filter(|header| header.image == image)
        else {
            continue;
        };
        if Journal::take_over(&folder)?.is_some() {
            let run = header.run;
            events.warn(match kept {
                _ if has_ended => {
                    format!("the run {run} has left something behind: `hornero clean {run}` removes it")
                }
                true => format!(
                    "the run {run} has kept its builder: `hornero resume {run}` goes on with it, \
                     `hornero clean {run}` removes it"
                ),
                false => {
                    format!("the run {run} was killed and may have left something: `hornero clean {run}` removes it")
                }
            });
        }
    }
    Ok(())
}
