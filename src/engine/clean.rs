//! Removes what a run has left, in reverse, and looks again until nothing is left: after a bake that
//! failed, and for `hornero clean` after one that was killed.

use std::time::Duration;

use tokio::sync::Mutex;

use super::{Rooms, RunFolders};
use crate::{
    error::{Error, Kind},
    event::Events,
    journal::{self, History, Journal, Thing},
    platform::{Leftover, Platform, PlatformError, Whose},
    wait::{Look, Passing, Wait, WaitError},
};

/// Instances take minutes to end, and hold their volumes and groups until then.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// A call that was sent when the run was interrupted is answered by then, or never.
const ANSWER: Duration = Duration::from_secs(65);

/// A service far away may not show yet what was just made: it must show nothing so often in a row.
const IN_A_ROW: u32 = 2;

/// The same where a call was under way that makes something: it is the youngest thing there is.
const IN_A_ROW_AFTER_A_CALL: u32 = 4;

impl Passing for PlatformError {
    /// The platform has already tried again whatever may help.
    fn passes(&self) -> bool {
        false
    }
}

/// What came of a clean-up.
#[derive(Debug, Default)]
pub struct Cleaned {
    pub removed: Vec<Leftover>,
    /// What stays, and why.
    pub stuck: Vec<(Leftover, PlatformError)>,
    /// What stays because something of it is wanted.
    pub spared: Vec<Leftover>,
}

/// Removes everything that the run has left, that is no complete image and that does not stay for a reason.
/// What its journal lists is gone when nothing stays.
///
/// # Errors
/// When the platform cannot be looked at, or the journal not be written.
pub async fn run(
    platform: &dyn Platform,
    id: &str,
    (journal, history): (&Journal, &History),
    stays: impl Fn(&Leftover) -> bool + Sync,
    events: &Events,
) -> Result<Cleaned, Error> {
    remove_until_gone(platform, id, (journal, history), IN_A_ROW, &stays, events).await
}

/// `times` says how often in a row a service far away must show nothing.
async fn remove_until_gone(
    platform: &dyn Platform,
    id: &str,
    (journal, history): (&Journal, &History),
    times: u32,
    stays: &(dyn Fn(&Leftover) -> bool + Sync),
    events: &Events,
) -> Result<Cleaned, Error> {
    let times = if history.places().is_empty() { 1 } else { times };
    let wait = Wait::new(format!("nothing of {id} is left"), PATIENCE).consecutive(times);
    let cleaned = Mutex::new(Cleaned::default());
    let look = || async {
        let found: Vec<Leftover> = platform.leftovers(Whose::Run { id, history }).await?;
        let mut cleaned = cleaned.lock().await;
        // What one of them needs, such as the group of an instance, stays with it.
        if found.iter().any(stays) {
            cleaned.spared = found;
            return Ok::<_, PlatformError>(Look::There(()));
        }
        match cleaned.remove(platform, found, Some(journal), events).await {
            0 => Ok(Look::There(())),
            _ => Ok(Look::NotYet("something was still there".to_owned())),
        }
    };
    match wait.until(look).await {
        Ok(()) => {}
        Err(WaitError::Look(error)) => return Err(error.into()),
        Err(error) => {
            return Err(Error::new(Kind::Platform, format!("removing what {id} has left: {error}")));
        }
    }
    let cleaned = cleaned.into_inner();
    if cleaned.stuck.is_empty() && cleaned.spared.is_empty() {
        // A lock is given back where it is kept.
        journal.gone(|thing| !thing.is_lock())?;
    }
    Ok(cleaned)
}

impl Cleaned {
    /// Removes what was found, each thing once; tells how many were tried.
    pub async fn remove(
        &mut self,
        platform: &dyn Platform,
        found: Vec<Leftover>,
        journal: Option<&Journal>,
        events: &Events,
    ) -> usize {
        let mut tried = 0;
        for left in found {
            if self.stuck.iter().any(|(known, _)| known.id == left.id) {
                continue;
            }
            tried += 1;
            match platform.release(&left, journal).await {
                Ok(()) => {
                    events.note(format!("removed the {left}"));
                    self.removed.push(left);
                }
                Err(error) => self.stuck.push((left, error)),
            }
        }
        tried
    }

    /// # Errors
    /// What stays: each thing by its name, why, and the commands that remove it.
    pub fn told(self) -> Result<Vec<Leftover>, Error> {
        if self.stuck.is_empty() {
            return Ok(self.removed);
        }
        let names: Vec<String> = self.stuck.iter().map(|(left, _)| format!("the {left}")).collect();
        let hints: Vec<String> = self.stuck.iter().filter_map(|(_, error)| error.hint.clone()).collect();
        let why = self.stuck.iter().map(|(_, error)| error.to_string()).collect();
        let error =
            Error::new(Kind::Platform, format!("{} could not be removed", names.join(", "))).tail(why);
        Err(if hints.is_empty() { error } else { error.hint(hints.join("; ")) })
    }
}

/// After a run that failed: what its own way back has not removed, because it was left half-done, is
/// removed now. What stays is told beside the error that counts.
pub async fn after_failure(rooms: &Rooms, folders: &RunFolders, events: &Events) {
    folders.journal.answered(ANSWER).await;
    let history = match journal::read(&folders.run) {
        Ok(Some(history)) if history.builder_kept.is_some() => return,
        Ok(Some(history)) if history.is_half_done() || !history.things.iter().all(Thing::is_lock) => history,
        Ok(_) => return,
        Err(error) => return events.warn(error.to_string()),
    };
    let times = if history.is_half_done() { IN_A_ROW_AFTER_A_CALL } else { IN_A_ROW };
    let known = (&folders.journal, &history);
    let cleaned =
        remove_until_gone(rooms.platform.as_ref(), &folders.id, known, times, &|_| false, events).await;
    if let Err(left) = cleaned.and_then(Cleaned::told) {
        events.warn(left.to_string());
        left.tail.into_iter().chain(left.hint).for_each(|line| events.warn(line));
        events.warn(format!("`hornero clean {}` tries again", folders.id));
    }
}
