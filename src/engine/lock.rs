//! One bake of an image at a time, wherever it runs: waits for the lock, holds it while the bake lives,
//! and gives it back.

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep};

use super::Interrupt;
use crate::{
    error::{Error, Kind},
    event::Events,
    journal::Journal,
    store::{Holder, Lease, Store, StoreError, Taken},
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
    store: Arc<dyn Store>,
    name: String,
    holder: Holder,
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
    let taken = tokio::select! {
        taken = take(store, &wanted, (&name, &holder), (journal, events)) => taken,
        error = interrupt.wanted("waiting for another bake") => Err(error),
    };
    if let Err(error) = taken {
        // It may have been taken all the same: the answer was lost, or nobody waited for it.
        store.release(&name, &holder).await.ok();
        return Err(error);
    }
    let renewal =
        tokio::spawn(renew(store.clone(), name.clone(), holder.clone(), journal.clone(), events.clone()));
    Ok(Lock { store: store.clone(), name, holder, renewal })
}

impl Lock {
    /// # Errors
    /// When the store cannot be written; the lock ends by itself then.
    pub async fn release(mut self) -> Result<(), Error> {
        self.renewal.abort();
        // What it was about to write is written, or never will be.
        (&mut self.renewal).await.ok();
        Ok(self.store.release(&self.name, &self.holder).await?)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn take(
    store: &Arc<dyn Store>,
    wanted: &Wanted<'_>,
    (name, holder): (&str, &Holder),
    (journal, events): (&Journal, &Events),
) -> Result<(), Error> {
    match store.take(name, holder, journal).await? {
        Taken::Ours => Ok(()),
        Taken::Held(lease) if !wanted.wait => Err(refused(wanted, &lease)),
        Taken::Held(lease) => {
            events.note(format!("waiting for another bake of `{}`: {}", wanted.image, told(&lease)));
            turn(store, name, holder, journal).await
        }
    }
}

async fn turn(store: &Arc<dyn Store>, name: &str, holder: &Holder, journal: &Journal) -> Result<(), Error> {
    let look = || async {
        Ok::<_, StoreError>(match store.take(name, holder, journal).await? {
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

/// Says again and again that the bake lives. It goes on when that cannot be said: the image is good.
async fn renew(store: Arc<dyn Store>, name: String, holder: Holder, journal: Journal, events: Events) {
    loop {
        sleep(store.lease() / RENEWALS).await;
        match store.take(&name, &holder, &journal).await {
            Ok(Taken::Ours) => {}
            Ok(Taken::Held(lease)) => {
                return events.warn(format!("another bake of the same image has begun: {}", told(&lease)));
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
