//! A live run puts the end of its builder off: when it connects, if the boot may have taken much of the
//! time to live, and again each time half of that is over, beside whatever else is done there.

use std::{collections::BTreeMap, convert::Infallible, future::Future, time::Duration};

use tokio::time::sleep;

use super::{Connect, machine::Machine};
use crate::{
    error::{Error, Kind},
    event::Events,
    provision::{
        script::{Job, command_line},
        time_to_live::script,
    },
    remote::{Command, Remote, purpose::Purpose, route::Account},
    template::units::Span,
};

/// Only so long as a builder that is busy needs to note it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The part of the time to live that is next to nothing.
const SOON: u32 = 10;

/// What keeps a builder alive: a line of its own, for the other one may be busy with a long step.
pub struct Alive<'a> {
    connect: &'a dyn Connect,
    account: Account,
    ttl: Duration,
    events: &'a Events,
}

impl<'a> Alive<'a> {
    /// Puts the end off for the first time, over the line that is there, unless hardly any of the time to
    /// live is over: nobody knows of a builder that an earlier process has launched.
    pub async fn on(
        machine: &Machine<'_>,
        connect: &'a dyn Connect,
        (ttl, over): (Duration, Option<Duration>),
        events: &'a Events,
    ) -> Self {
        let alive = Self { connect, account: machine.account().clone(), ttl, events };
        if over.is_none_or(|over| over > ttl / SOON)
            && let Err(error) = put_off_end(machine.remote.as_ref(), ttl).await
        {
            alive.warn(&error);
        }
        alive
    }

    /// Keeps the builder alive until `work` is done.
    pub async fn during<T>(self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.keep() => match never {},
        }
    }

    async fn keep(&self) -> Infallible {
        loop {
            sleep(self.ttl / 2).await;
            while let Err(error) = self.once().await {
                self.warn(&error);
                sleep(self.ttl / 10).await;
            }
        }
    }

    async fn once(&self) -> Result<(), Error> {
        let patience = TIMEOUT.min(self.ttl / 10);
        let remote = self.connect.connect(self.account.clone(), patience.into()).await?;
        put_off_end(remote.as_ref(), self.ttl).await
    }

    fn warn(&self, error: &Error) {
        let ttl = Span(self.ttl);
        self.events.warn(format!(
            "the end of the builder could not be put off: {error}; it ends itself {ttl} after the last time that could be done"
        ));
    }
}

/// Puts it off once, over a line for nothing else.
///
/// # Errors
/// When the builder cannot be told.
pub async fn put_off_anew(connect: &dyn Connect, account: Account, ttl: Duration) -> Result<(), Error> {
    let remote = connect.connect(account, TIMEOUT.into()).await?;
    put_off_end(remote.as_ref(), ttl).await
}

/// Puts it off once.
///
/// # Errors
/// When the builder does not do it.
pub async fn put_off_end(remote: &dyn Remote, ttl: Duration) -> Result<(), Error> {
    let job = Job { text: &script(ttl), user: "root", env: &BTreeMap::new() };
    let command = Command::new(Purpose::TimeToLive, command_line(remote.sudo()))
        .stdin(job.stdin()?)
        .timeout(Some(TIMEOUT));
    let mut said = Vec::new();
    let exit = remote.run(command, &mut |_, line| said.push(line.to_owned())).await?;
    match exit.success() {
        true => Ok(()),
        false => Err(Error::new(Kind::Bake, format!("the builder answers with {exit}: {}", said.join("; ")))),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        net::Ipv4Addr,
        sync::atomic::{AtomicU32, Ordering},
    };

    use async_trait::async_trait;
    use tokio::sync::watch;

    use super::*;
    use crate::{
        event::Event,
        remote::{
            Exit, LineSink, PrintedSink, RemoteError, job::Followed, key::HostKeyPin, patience::Patience,
            route::Route,
        },
    };

    /// Lines to a builder, of which the first so many do not come about.
    struct Lines {
        refused: AtomicU32,
        put_off: watch::Sender<u32>,
    }

    struct Line(watch::Sender<u32>);

    #[async_trait]
    impl Connect for Lines {
        async fn connect(&self, _: Account, _: Patience) -> Result<Box<dyn Remote>, RemoteError> {
            if self.refused.load(Ordering::Relaxed) > 0 {
                self.refused.fetch_sub(1, Ordering::Relaxed);
                return Err(RemoteError::BuilderGone("for a moment".into()));
            }
            Ok(Box::new(Line(self.put_off.clone())))
        }
    }

    #[async_trait]
    impl Remote for Line {
        fn sudo(&self) -> &'static str {
            "sudo -n "
        }

        async fn run(&self, command: Command, _: LineSink<'_>) -> Result<Exit, RemoteError> {
            assert!(command.line.starts_with("exec sudo -n "), "{}", command.line);
            self.0.send_modify(|count| *count += 1);
            Ok(Exit::Code(0))
        }

        async fn follow(&self, _: &Followed, _: PrintedSink<'_>) -> Result<Exit, RemoteError> {
            Err(RemoteError::Setup("nothing is followed".into()))
        }

        fn round_trip(&self) -> Duration {
            Duration::ZERO
        }

        async fn another(&self) -> Result<Option<Box<dyn Remote>>, RemoteError> {
            Ok(None)
        }

        async fn fetch(&self, _: Command, _: Box<dyn Write + Send>) -> Result<Exit, RemoteError> {
            Err(RemoteError::Setup("nothing is fetched".into()))
        }
    }

    /// Work that lasts until its builder's end was put off twice; the warnings that it came to.
    async fn long_work(refused: u32) -> usize {
        let (put_off, mut seen) = watch::channel(0);
        let connect = Lines { refused: refused.into(), put_off };
        let (events, mut told) = Events::channel();
        let account = Account {
            address: (Ipv4Addr::LOCALHOST, 22).into(),
            user: "hornero".into(),
            private_key: String::new(),
            pin: HostKeyPin::Key(Vec::new()),
            route: Route::Direct,
            by_cloud_init: false,
        };
        let alive = Alive { connect: &connect, account, ttl: Duration::from_millis(20), events: &events };
        let done = alive.during(seen.wait_for(|count| *count == 2)).await.map(|count| *count);
        assert_eq!(done.unwrap(), 2);
        std::iter::from_fn(|| told.try_recv())
            .filter(
                |event| matches!(event, Event::Warning { message, .. } if message.contains("for a moment")),
            )
            .count()
    }

    #[tokio::test]
    async fn the_end_of_a_builder_is_put_off_again_and_again_while_there_is_work() {
        assert_eq!(long_work(0).await, 0);
    }

    #[tokio::test]
    async fn a_builder_that_cannot_be_reached_is_warned_of_and_tried_again() {
        assert_eq!(long_work(3).await, 3);
    }
}
