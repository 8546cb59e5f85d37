//! Runs of this computer, known by their journals.

use std::path::Path;

use jiff::Timestamp;

use super::{Clean, Context, Findings, locks, wiring};
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
            findings.dead.insert(id);
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
        if self.dry_run {
            findings.listed.extend(platform.leftovers(Whose::Run { id, history: known }).await?);
            return Ok(());
        }
        outcome::catch_up(folder, (journal, history))?;
        let history = known;
        if history.builder_kept.is_some() {
            journal.taken_up()?;
        }
        let cleaned = clean::run(platform.as_ref(), id, (journal, history), events).await?;
        if let Err(error) = locks::release(id, history, context).await {
            events.warn(format!("the lock of {id} stays until its end: {error}"));
        }
        findings.cleaned.removed.extend(cleaned.removed);
        if cleaned.stuck.is_empty() {
            kept::forget(folder)?;
            way_in::sweep(id, folder)?;
            known::forget(&known::link(id, context)?);
        }
        findings.cleaned.stuck.extend(cleaned.stuck);
        if let Some((image, _)) = &history.kept {
            events.note(format!(
                "the image {image} of {id} is complete and stays: `hornero publish {id}` finishes it"
            ));
        }
        Ok(())
    }
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
        let Some(header) = open.and_then(|history| history.header).filter(|header| header.image == image)
        else {
            continue;
        };
        if Journal::take_over(&folder)?.is_some() {
            let run = header.run;
            events.warn(match kept {
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
