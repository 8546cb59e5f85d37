//! A visit to a kept builder: the way in for a person's shell. As long as it lasts the builder does not
//! end itself.

use std::{convert::Infallible, path::Path, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;

use super::{
    Connect, alive,
    kept::Kept,
    launch_keys::LaunchKeys,
    line,
    way_in::{UserKeys, WayIn},
};
use crate::{
    error::{Error, Kind},
    event::Events,
    journal::Journal,
    platform::Platform,
    remote::{key::HostKeyPin, route::Account, ssh},
    time::Moment,
};

/// Where nothing in the builder ends it, only `hornero clean` has to know that somebody is there.
const NO_TIMER: Duration = Duration::from_secs(2 * 60 * 60);

/// How long the builder may take to show its host key, where only the fingerprint of that is known.
const SHOW: Duration = Duration::from_secs(30);

pub struct Visit<'a> {
    pub way: WayIn,
    platform: &'a dyn Platform,
    kept: &'a Kept,
    account: Account,
    folder: &'a Path,
}

impl<'a> Visit<'a> {
    /// # Errors
    /// When the builder does not run any more, or cannot be reached.
    pub async fn begin(kept: &'a Kept, platform: &'a dyn Platform, folder: &'a Path) -> Result<Self, Error> {
        let builder = platform.attach(&kept.as_builder()).await?;
        let keys = LaunchKeys::kept(&kept.run, &kept.private_key, &kept.host_key)?;
        let mut account = line::account(builder.as_ref(), &kept.ssh, &keys).await?;
        if let HostKeyPin::Fingerprint(_) = account.pin {
            // OpenSSH wants the key itself.
            account.pin = HostKeyPin::Key(ssh::host_key(&account, SHOW).await?);
        }
        let user = UserKeys { key_file: kept.ssh.private_key.clone(), agent: None };
        let way = WayIn::open(&kept.run, &account, user).await?;
        Ok(Self { way, platform, kept, account, folder })
    }

    /// Keeps the builder alive until `work` is done.
    pub async fn during<T>(
        &self,
        connect: &dyn Connect,
        events: &Events,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.keep(connect, events) => match never {},
        }
    }

    async fn keep(&self, connect: &dyn Connect, events: &Events) -> Infallible {
        loop {
            if let Err(error) = self.put_off(connect).await {
                events.warn(format!("the end of the builder could not be put off: {error}"));
            }
            sleep(self.ttl() / 2).await;
        }
    }

    fn ttl(&self) -> Duration {
        self.kept.ttl.map_or(NO_TIMER, |ttl| ttl.0)
    }

    async fn put_off(&self, connect: &dyn Connect) -> Result<(), Error> {
        if let Some(ttl) = self.kept.ttl {
            alive::put_off_anew(connect, self.account.clone(), ttl.0).await?;
        }
        // Whoever goes on with the run just now has the journal, and keeps the builder alive himself.
        match Journal::take_over(self.folder)? {
            Some((journal, history)) if history.builder_kept.is_some() => {
                journal.builder_kept(Timestamp::now().later(self.ttl()))?;
                Ok(self.platform.retain(&self.kept.run, (&journal, &history), self.ttl()).await?)
            }
            Some(_) => Err(Error::new(Kind::Usage, "the run keeps it no more")),
            None => Ok(()),
        }
    }
}
