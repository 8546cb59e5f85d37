//! Runs of this computer, known by their journals.

use std::path::{Path, PathBuf};

use super::{Clean, Context, Findings, wiring};
use crate::{
    cli::known,
    engine::clean,
    error::{Error, Kind},
    event::Events,
    journal::{self, History, Journal, Place},
    platform::Whose,
    template::model::PlatformKind,
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
        if history.is_open() {
            self.dead(&id, (&journal, &history), context, findings, events).await?;
        }
        if history.is_open() || self.runs.contains(&id) {
            findings.dead.insert(id);
        }
        Ok(history.places().into_iter().collect())
    }

    async fn dead(
        &self,
        id: &str,
        (journal, history): (&Journal, &History),
        context: &Context,
        findings: &mut Findings,
        events: &Events,
    ) -> Result<(), Error> {
        let platform = wiring::platform_of(platform(history)?, context)?;
        if self.dry_run {
            findings.listed.extend(platform.leftovers(Whose::Run { id, history }).await?);
            return Ok(());
        }
        let cleaned = clean::run(platform.as_ref(), id, (journal, history), events).await?;
        findings.cleaned.removed.extend(cleaned.removed);
        if cleaned.stuck.is_empty() {
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

fn platform(history: &History) -> Result<PlatformKind, Error> {
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
    let of_image = |folder: &PathBuf| name(folder).is_some_and(|name| name.starts_with(&format!("{image}-")));
    for folder in known::folders(context)?.into_iter().filter(of_image) {
        // One whose end stands there was looked at before.
        let open = journal::read(&folder)?.filter(|history| history.is_open());
        let Some(header) = open.and_then(|history| history.header).filter(|header| header.image == image)
        else {
            continue;
        };
        if Journal::take_over(&folder)?.is_some() {
            let run = header.run;
            events.warn(format!(
                "the run {run} was killed and may have left something: `hornero clean {run}` removes it"
            ));
        }
    }
    Ok(())
}
