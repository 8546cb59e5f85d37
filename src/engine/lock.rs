//! One bake of an image at a time, wherever it runs: waits for the lock, holds it while the bake lives,
//! and gives it back.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep};

use super::{Interrupt, Rooms};
use crate::{
    error::{Error, Kind},
    event::Events,
    journal::{Journal, Thing},
    store::{Confirmed, HeldLock, Holder, Lease, Store, StoreError, Taken},
    template::model::PlatformKind,
    time::{clock, second},
    wait::{Look, Wait, WaitError},
};

/// Nobody waits longer than the longest bake takes.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// So often in the time of a lease its end is put off: one that fails is made up for by the next.
const RENEWALS: u32 = 3;

/// A lock that is ours until it is given back, or this process ends.
pub struct Lock {
    held: HeldLock,
    renewal: JoinHandle<()>,
}

/// What is locked, and by whom.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Name of the image.
    pub image: &'a str,
    pub platform: PlatformKind,
    /// The run's ID.
    pub run: &'a str,
    /// Who bakes, as others are told: `ana@laptop, process 4711`.
    pub who: &'a str,
    /// Whether to wait for another bake's end.
    pub wait: bool,
}

/// The name of the lock of an image; a parameter's name too.
pub fn name(image: &str, platform: PlatformKind) -> String {
    format!("/hornero/locks/{}/{image}", platform.name())
}

/// Who a run is to others.
pub fn holder(run: &str, who: &str) -> Holder {
    Holder { token: run.to_owned(), who: format!("{who} (run {run})") }
}

/// # Errors
/// When another bake holds it and is not to be waited for, or the store cannot be asked.
pub async fn lock(
    store: &Arc<dyn Store>,
    wanted: Wanted<'_>,
    mut interrupt: Interrupt,
    (journal, events): (&Journal, &Events),
) -> Result<Lock, Error> {
    let (name, holder) = (name(wanted.image, wanted.platform), holder(wanted.run, wanted.who));
    // Before it is taken: whoever cleans up then knows of it, however this process ends.
    journal.made(Thing::Lock { name: name.clone() })?;
    let held = HeldLock { store: store.clone(), name, holder, journal: journal.clone() };
    let taken = tokio::select! {
        taken = take(&held, &wanted, events) => taken,
        error = interrupt.wanted("waiting for another bake") => Err(error),
    };
    if let Err(error) = taken {
        // It may have been taken all the same: the answer was lost, or nobody waited for it.
        release(&held).await.ok();
        return Err(error);
    }
    let renewal = tokio::spawn(renew(held.clone(), events.clone()));
    Ok(Lock { held, renewal })
}

impl Lock {
    /// The same rooms for what is done under the lock: no parameter is written there when it is lost.
    pub fn guard(&self, rooms: &Rooms) -> Rooms {
        Rooms { store: rooms.store.under(self.held.clone()), ..rooms.clone() }
    }

    /// # Errors
    /// When the store cannot be written; the lock ends by itself then.
    async fn release(mut self) -> Result<(), Error> {
        self.renewal.abort();
        // What it was about to write is written, or never will be.
        (&mut self.renewal).await.ok();
        release(&self.held).await.map_err(|error| {
            let run = &self.held.holder.token;
            error.hint(format!("nobody is kept from baking after its end; `hornero clean {run}` removes it"))
        })
    }
}

/// Gives a lock back at the end of what was done under it. What goes wrong with that is told, and spoils nothing.
pub async fn give_back(lock: Lock, events: &Events) {
    if let Err(error) = lock.release().await {
        events.warn(error.to_string());
        error.hint.into_iter().for_each(|hint| events.warn(hint));
    }
}

async fn release(held: &HeldLock) -> Result<(), Error> {
    let HeldLock { store, name, holder, journal } = held;
    store.release(name, holder).await?;
    Ok(journal.gone(|thing| matches!(thing, Thing::Lock { name: known } if known == name))?)
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn take(held: &HeldLock, wanted: &Wanted<'_>, events: &Events) -> Result<(), Error> {
    match held.store.take(&held.name, &held.holder, &held.journal).await? {
        Taken::Ours => Ok(()),
        Taken::Held(lease) if !wanted.wait => Err(refused(wanted, &lease)),
        Taken::Held(lease) => {
            events.note(format!("waiting for another bake of `{}`: {}", wanted.image, told(&lease)));
            turn(held).await
        }
    }
}

async fn turn(held: &HeldLock) -> Result<(), Error> {
    let look = || async {
        Ok::<_, StoreError>(match held.store.take(&held.name, &held.holder, &held.journal).await? {
            Taken::Ours => Look::There(()),
            Taken::Held(lease) => Look::NotYet(told(&lease)),
        })
    };
    Wait::new("another bake has ended", LONGEST).until(look).await.map_err(|error| match error {
        WaitError::Look(error) => error.into(),
        WaitError::TooLong { last, .. } | WaitError::Over { state: last, .. } => {
            Error::new(Kind::Locked, format!("waiting for another bake for a day: {last}"))
        }
    })
}

/// Says again and again that the bake lives. A bake that has lost its lock goes on, for its image is good; but it
/// publishes nothing.
async fn renew(held: HeldLock, events: Events) {
    let HeldLock { store, name, holder, journal } = held;
    loop {
        sleep(store.lease() / RENEWALS).await;
        match store.confirm(&name, &holder, &journal).await {
            Ok(Confirmed::Ours { .. }) => {}
            Ok(Confirmed::Lost { now }) => {
                let who = now.map_or("another bake had it meanwhile".to_owned(), |lease| told(&lease));
                return events.warn(format!(
                    "this bake has lost its lock, and will publish nothing: it did not say in time that it lives; {who}"
                ));
            }
            Err(error) => events.warn(format!("another bake may begin beside this one: {error}")),
        }
    }
}

fn told(lease: &Lease) -> String {
    format!("{} since {}", lease.who, second(lease.since))
}

fn refused(wanted: &Wanted<'_>, lease: &Lease) -> Error {
    let Wanted { image, platform, .. } = wanted;
    let message = format!("baking `{image}` on {}: it is being baked by {}", platform.name(), told(lease));
    let until = clock(lease.until);
    Error::new(Kind::Locked, message).hint(format!(
        "leave out --no-wait to wait for its end; if that process is dead, its lock ends at {until}"
    ))
}
