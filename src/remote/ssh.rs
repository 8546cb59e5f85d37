//! The real line: an SSH session on blocking threads, its host key held against a pin.

use std::{
    io::Write,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{
    Command, Exit, LineSink, Printed, PrintedSink, Remote, RemoteError, bastion,
    cut::Cut,
    dial::dial,
    drive::Wire,
    endpoint,
    exchange::Exchange,
    exec::{execute, lost},
    follow::{end, follow},
    frame::Framed,
    group::kill,
    job::Followed,
    key::HostKeyPin,
    line::Line,
    login,
    output::{Batch, Output, ToLines, ToWriter, hand_on},
    patience::Patience,
    route::{Account, Route},
    session::{Login, log_in, with_each_kind},
    stop::{Stop, StopOnDrop},
};
use crate::{
    event::{Stream, WaitKind},
    provision::script::command_line,
    time::Moment,
};

/// Between tries after a refused login or a foreign host key: early in its first boot a machine
/// may greet before cloud-init has given it its key and its account.
const AGAIN: Duration = Duration::from_millis(500);

/// Each try costs the machine a handshake: where it takes long already, this part of that is left to it.
const PART: u32 = 50;

/// A builder that has answered answers again soon.
const ANOTHER: Duration = Duration::from_secs(10);

/// Opens the way to the builder, as far as its SSH port. It was tried first when this had `begun`.
///
/// # Errors
/// What the last try came to, when the time is over; at once where waiting is no help.
pub async fn reach(account: &Account, begun: Instant, patience: &Patience) -> Result<Line, RemoteError> {
    let deadline = begun.later(patience.timeout);
    let target = account.at();
    let said = |answer: &str| patience.tell(WaitKind::Server, &target, answer);
    let result = match &account.route {
        Route::Here | Route::Direct => match dial(account.address, begun, deadline, &said).await {
            Ok(stream) => return Line::tcp(stream).map_err(|error| lost("opening the line", &error)),
            Err(last) => Err(last),
        },
        Route::Bastion(bastion) => bastion::open(bastion, account.address, deadline, &said).await?,
        Route::Endpoint(endpoint) => endpoint::open(endpoint, account.address, deadline, &said).await?,
    };
    let waited = patience.timeout;
    result.map_err(|last| RemoteError::Unreachable { address: account.at(), waited, last })
}

/// The host key that the builder shows, as it goes over the wire. It is held against the account's pin.
///
/// # Errors
/// As [`SshRemote::connect`].
pub async fn host_key(account: &Account, timeout: Duration) -> Result<Vec<u8>, RemoteError> {
    let remote = SshRemote::connect(account.clone(), timeout).await?;
    Ok(remote.host_key.to_vec())
}

/// What a machine may say early in its first boot, and otherwise later.
fn is_passing(error: &RemoteError) -> bool {
    matches!(error, RemoteError::HostKey { .. } | RemoteError::Login { .. } | RemoteError::Lost { .. })
}

/// What a machine says that will hardly say otherwise. Before cloud-init has given it its own key it shows another.
fn is_refusal(error: &RemoteError, by_cloud_init: bool) -> bool {
    matches!(error, RemoteError::Login { .. })
        || !by_cloud_init && matches!(error, RemoteError::HostKey { .. })
}

/// An open SSH session. Clones share it.
#[derive(Clone)]
pub struct SshRemote {
    wire: Arc<Mutex<Wire>>,
    /// Under the wire, which is locked as long as a command runs.
    socket: Arc<OwnedFd>,
    account: Account,
    /// Kept here, because `wire` is locked as long as a command runs.
    host_key: Arc<[u8]>,
    /// Put in front of a command that needs to be root.
    sudo: &'static str,
}

impl SshRemote {
    /// Connects as soon as the builder answers, trying as long as `patience` says.
    ///
    /// # Errors
    /// What the last try came to: nobody answered, a foreign host key, a refused login, an account of no use.
    pub async fn connect(account: Account, patience: impl Into<Patience>) -> Result<Self, RemoteError> {
        Self::connect_as(account, patience.into(), None).await
    }

    /// With what is put in front of a command that needs to be root, where that is known already.
    async fn connect_as(
        account: Account,
        patience: Patience,
        sudo: Option<&'static str>,
    ) -> Result<Self, RemoteError> {
        let begun = Instant::now();
        let mut deadline = begun.later(patience.timeout);
        let (mut refused, mut counts) = (None, false);
        loop {
            let pause = AGAIN.max(begun.elapsed() / PART);
            let error = match (Self::try_once(&account, begun, &patience, sudo).await, refused) {
                // Whoever answered before and had no time to answer again was not unreachable.
                (Err(RemoteError::Unreachable { .. }), Some(error)) => return Err(error),
                (Err(error), _) if is_passing(&error) => error,
                (result, _) => return result,
            };
            if !counts && is_refusal(&error, account.by_cloud_init) {
                counts = true;
                deadline = patience.until(begun, Instant::now());
            }
            if Instant::now().later(pause) >= deadline {
                return Err(error);
            }
            patience.tell(WaitKind::Login, &account.at(), &error.to_string());
            refused = Some(error);
            tokio::time::sleep(pause).await;
        }
    }

    async fn try_once(
        account: &Account,
        begun: Instant,
        patience: &Patience,
        sudo: Option<&'static str>,
    ) -> Result<Self, RemoteError> {
        let deadline = begun.later(patience.timeout);
        let enter = |kinds| async move {
            let line = reach(account, begun, patience).await?;
            let login = account.clone();
            blocking(move || {
                let wire = log_in(line, &Login::of(&login, Exchange::Login.limit(), deadline), kinds)?;
                wire.trust().map_err(|stuck| lost("the login", &stuck))?;
                Ok(wire)
            })
            .await
        };
        let wire = with_each_kind(&account.pin, enter).await?;
        let mut account = account.clone();
        if let Some((key, _)) = wire.session.host_key() {
            // From now on it is known which one it is.
            account.pin = HostKeyPin::Key(key.to_vec());
        }
        let stop = StopOnDrop(Stop::default());
        let (stopped, login) = (stop.0.clone(), account.clone());
        let socket = Arc::new(wire.socket.try_clone()?);
        let ask = move || {
            let sudo = match sudo {
                Some(sudo) => sudo,
                None => {
                    let answer = login::ask(&wire, &login, &stopped, deadline);
                    answer.map_err(|error| wire.ended.explain(error))?
                }
            };
            Ok((wire, sudo))
        };
        let (wire, sudo) = Cut::new(socket.clone(), Some(login::patience(deadline))).soon().over(ask).await?;
        if matches!(account.route, Route::Here) {
            // However long an emulated machine takes to answer.
            wire.answered(Duration::ZERO);
        }
        let host_key = wire.session.host_key().map(|(key, _)| key).unwrap_or_default().into();
        Ok(Self { wire: Arc::new(Mutex::new(wire)), socket, account, host_key, sudo })
    }

    /// Runs a command on a blocking thread. When the caller goes away, so does the command's channel.
    async fn execute(
        &self,
        command: Command,
        output: impl Output + Send + 'static,
    ) -> Result<Exit, RemoteError> {
        let (wire, sudo) = (self.wire.clone(), self.sudo);
        let stop = StopOnDrop(Stop::default());
        let stopped = stop.0.clone();
        let cut = Cut::new(self.socket.clone(), command.timeout);
        cut.over(move || {
            let wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
            let mut output = Framed::new(output);
            let result = execute(&wire, command, &mut output, &stopped);
            output.end();
            let result = match result {
                Err(RemoteError::TimedOut(time) | RemoteError::Silent(time))
                    if !output.group.is_some_and(|group| kill(&wire, sudo, group)) =>
                {
                    Err(RemoteError::NoAnswer(time))
                }
                result => result,
            };
            result.map_err(|error| wire.ended.explain(error))
        })
        .await
    }
}

impl SshRemote {
    /// Follows a job on a blocking thread. One whose time is over is ended.
    async fn go_on(&self, job: Followed, mut printed: Batch<Printed>) -> Result<Exit, RemoteError> {
        let (wire, line) = (self.wire.clone(), command_line(self.sudo));
        let stop = StopOnDrop(Stop::default());
        let stopped = stop.0.clone();
        let cut = Cut::new(self.socket.clone(), job.time_left());
        cut.over(move || {
            let wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
            let result = match follow(&wire, &line, &job, &mut printed, &stopped) {
                Err(RemoteError::TimedOut(time)) => Err(end(&wire, &line, &job, time)),
                result => result,
            };
            if !matches!(result, Err(RemoteError::Lost { .. })) {
                job.so_far().finish(&mut |one| printed.push(one));
            }
            printed.send();
            result.map_err(|error| wire.ended.explain(error))
        })
        .await
    }
}

#[async_trait]
impl Remote for SshRemote {
    fn sudo(&self) -> &'static str {
        self.sudo
    }

    async fn run(&self, command: Command, sink: LineSink<'_>) -> Result<Exit, RemoteError> {
        let (batch, receiver) = Batch::channel();
        let output = ToLines::new(batch);
        hand_on(self.execute(command, output), receiver, &mut |(stream, line): (Stream, String)| {
            sink(stream, &line)
        })
        .await
    }

    async fn follow(&self, job: &Followed, sink: PrintedSink<'_>) -> Result<Exit, RemoteError> {
        let (batch, receiver) = Batch::channel();
        hand_on(self.go_on(job.clone(), batch), receiver, sink).await
    }

    fn host_key(&self) -> Option<&[u8]> {
        Some(&self.host_key)
    }

    fn round_trip(&self) -> Duration {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner).round_trip()
    }

    async fn another(&self) -> Result<Option<Box<dyn Remote>>, RemoteError> {
        match self.account.route {
            Route::Here | Route::Direct | Route::Bastion(_) => {
                let remote = Self::connect_as(self.account.clone(), ANOTHER.into(), Some(self.sudo)).await?;
                Ok(Some(Box::new(remote)))
            }
            // AWS means it for sessions of people and limits what goes through.
            Route::Endpoint(_) => Ok(None),
        }
    }

    async fn fetch(&self, command: Command, out: Box<dyn Write + Send>) -> Result<Exit, RemoteError> {
        self.execute(command, ToWriter(out)).await
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RemoteError> + Send + 'static,
) -> Result<T, RemoteError> {
    match tokio::task::spawn_blocking(work).await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(result) => result,
        // It is of whoever has called, as if there were no other thread.
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(cancelled)) => Err(lost("connecting", &cancelled)),
    }
}
