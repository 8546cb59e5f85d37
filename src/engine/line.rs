//! The line to a builder: who logs in where, and opening it while the builder lives.

use std::time::Duration;

use super::{Connect, Tail, launch_keys::LaunchKeys, way};
use crate::{
    error::Error,
    event::{Event, Events},
    platform::Builder,
    provision::BUILDER_ACCOUNT,
    remote::{
        Remote, RemoteError,
        key::HostKeyPin,
        patience::{ConnectWait, Patience},
        route::Account,
    },
    template::model::Ssh,
};

/// A login that is refused is refused for good, once the machine has settled. A server that has just started may
/// still be told of its keys.
const REFUSED: Duration = Duration::from_secs(20);

/// cloud-init makes the account some time after the machine first answers.
const CLOUD_INIT: Duration = Duration::from_secs(2 * 60);

/// How long the way into a new builder is tried; the user hears of each reason for which it takes longer.
pub fn patience(timeout: Duration, cloud_init: bool, events: &Events) -> Patience {
    let settled = if cloud_init { CLOUD_INIT } else { Duration::ZERO };
    heard(timeout, events).give_up_refused(settled, REFUSED)
}

/// How long the way into a builder is tried that has let hornero in before.
pub fn heard(timeout: Duration, events: &Events) -> Patience {
    let events = events.clone();
    Patience::from(timeout).told_to(move |ConnectWait { kind, target, waited, answer }| {
        events.send(Event::Waiting { kind, target, seconds: waited.as_secs_f64(), answer });
    })
}

/// How often a builder that is being waited for is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What the template says about the way in wins over what hornero would do by itself.
///
/// # Errors
/// When the builder has no address, or the given key cannot be read.
pub async fn account(builder: &dyn Builder, ssh: &Ssh, keys: &LaunchKeys) -> Result<Account, Error> {
    let (address, route) = way::to(builder, ssh).await?;
    let private_key = match &ssh.private_key {
        Some(path) => way::private_key(path, "[ssh] private_key")?,
        None => keys.account.private.clone(),
    };
    let user = ssh.user.clone().unwrap_or_else(|| BUILDER_ACCOUNT.into());
    let pin = ssh.host_key.clone().map_or_else(|| keys.host.pin(), HostKeyPin::Fingerprint);
    Ok(Account { address, user, private_key, pin, route, by_cloud_init: false })
}

/// Logs in as soon as the builder answers; gives up at once when it is gone.
///
/// # Errors
/// Why there is no line, with the last lines of the builder's console.
pub async fn open(
    builder: &dyn Builder,
    connect: &dyn Connect,
    account: &Account,
    patience: Patience,
) -> Result<Box<dyn Remote>, Error> {
    let result = tokio::select! {
        result = connect.connect(account.clone(), patience) => result,
        why = until_gone(builder) => Err(RemoteError::BuilderGone(why)),
    };
    match result {
        Ok(remote) => Ok(remote),
        Err(error) => {
            let tail = builder.console_tail(Tail::LINES).await;
            Err(Error::from(error).tail(tail))
        }
    }
}

/// Comes back when the builder does not run any more, with the reason.
pub async fn until_gone(builder: &dyn Builder) -> String {
    loop {
        if let Some(why) = builder.gone().await {
            return why;
        }
        tokio::time::sleep(LOOK).await;
    }
}
