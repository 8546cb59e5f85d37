//! The way through a bastion: a session of its own to that machine, its host key pinned too, and
//! in it one channel that is a TCP connection to the builder.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use ssh2::{Channel, ErrorCode};

use super::{
    RemoteError,
    dial::dial,
    drive::{Stuck, Wire},
    exchange::Exchange,
    key::HostKeyPin,
    line::Line,
    pump,
    session::{Login, log_in, with_each_kind},
    ssh::blocking,
};
use crate::time::Moment;

/// A bastion runs all the time: one that does not answer by then will not.
const ANSWER: Duration = Duration::from_secs(30);

/// Pause between two tries, while the builder starts.
const EVERY: Duration = Duration::from_millis(300);

/// libssh2's code for a channel that the server did not open (`LIBSSH2_ERROR_CHANNEL_FAILURE`).
const CHANNEL_FAILURE: i32 = -21;

/// A machine that reaches the builder when this computer does not.
#[derive(Clone)]
pub struct Bastion {
    pub address: SocketAddr,
    /// As the template calls it.
    pub name: String,
    pub user: String,
    /// OpenSSH's text form.
    pub private_key: String,
    pub pin: HostKeyPin,
    /// The builder's name where only the bastion can look it up.
    pub builder: Option<String>,
}

impl Bastion {
    /// For messages.
    pub fn way(&self) -> String {
        format!("the bastion {}@{}", self.user, self.name)
    }

    /// The builder, as the bastion is told.
    pub fn target(&self, address: SocketAddr) -> String {
        match &self.builder {
            Some(name) => format!("{name}:{}", address.port()),
            None => address.to_string(),
        }
    }

    fn closed(&self, why: impl Into<String>, hint: &str) -> RemoteError {
        RemoteError::Route { way: self.way(), why: why.into(), hint: hint.into() }
    }
}

/// Opens a way to `builder`, trying until `deadline` as long as the bastion does not reach it. What
/// the last try said is the inner error.
///
/// # Errors
/// When the bastion itself is not to be had: waiting does not help then.
pub(super) async fn open(
    bastion: &Bastion,
    builder: SocketAddr,
    deadline: Instant,
    said: &(dyn Fn(&str) + Sync),
) -> Result<Result<Line, String>, RemoteError> {
    let mut inside = None;
    loop {
        let wire = match inside.take() {
            Some(wire) => Ok(wire),
            None => enter(bastion, deadline).await,
        };
        let last = match wire {
            Ok(wire) => match ask(wire, bastion, builder, deadline).await? {
                Asked::Open(line) => return Ok(Ok(line)),
                Asked::NotYet(wire, last) => {
                    inside = Some(wire);
                    last
                }
                Asked::Stuck(last) => last,
            },
            // Such as by a server that has too many logins at once.
            Err(RemoteError::Lost { during, why }) => {
                format!("{} was lost in {during}: {why}", bastion.way())
            }
            Err(error) => return Err(error),
        };
        if Instant::now().later(EVERY) >= deadline {
            return Ok(Err(last));
        }
        said(&last);
        tokio::time::sleep(EVERY).await;
    }
}

/// Logs in to the bastion.
async fn enter(bastion: &Bastion, deadline: Instant) -> Result<Wire, RemoteError> {
    let result = with_each_kind(&bastion.pin, |kinds| enter_with(bastion, deadline, kinds)).await;
    result.map_err(|error| refused(bastion, error))
}

async fn enter_with(bastion: &Bastion, deadline: Instant, kinds: &'static str) -> Result<Wire, RemoteError> {
    let until = deadline.min(Instant::now().later(ANSWER));
    let stream = dial(bastion.address, Instant::now(), until, &|_| {}).await.map_err(|last| {
        bastion.closed(
            format!("it does not answer at {}: {last}", bastion.address),
            "look at [ssh] bastion: its host and port, and whether this computer may reach them",
        )
    })?;
    let login = bastion.clone();
    blocking(move || {
        let line = Line::tcp(stream)?;
        let (at, user, key) = (login.address.to_string(), &login.user, &login.private_key);
        let limit = Exchange::BastionLogin.limit();
        let pin = &login.pin;
        let login = Login { at, user, private_key: key, pin, by_cloud_init: false, limit, deadline };
        log_in(line, &login, kinds)
    })
    .await
}

/// What kept us from entering, as a matter of the bastion and not of the builder.
fn refused(bastion: &Bastion, error: RemoteError) -> RemoteError {
    match error {
        RemoteError::HostKey { expected, found, .. } => bastion.closed(
            format!("it shows the host key {found}, not the pinned {expected}"),
            "another machine answers in its place, or its key was changed: ask its owner before you change \
             `host_key` of [ssh] bastion",
        ),
        RemoteError::Login { why, .. } => bastion.closed(
            format!("it does not let `{}` in: {why}", bastion.user),
            "look at `user` and `private_key` of [ssh] bastion",
        ),
        error => error,
    }
}

/// What the bastion said.
enum Asked {
    Open(Line),
    /// The builder does not answer yet; the bastion can be asked again.
    NotYet(Wire, String),
    /// Nothing in time, so that this session cannot be asked again.
    Stuck(String),
}

/// Asks for a connection to the builder, and starts to pump it when there is one.
async fn ask(
    wire: Wire,
    bastion: &Bastion,
    builder: SocketAddr,
    deadline: Instant,
) -> Result<Asked, RemoteError> {
    let bastion = bastion.clone();
    blocking(move || {
        let target = bastion.builder.clone().unwrap_or_else(|| builder.ip().to_string());
        let until = deadline.min(Instant::now().later(Exchange::BastionTunnel.limit().time));
        match wire.drive(until, |session| session.channel_direct_tcpip(&target, builder.port(), None)) {
            Ok(channel) => match wire.trust() {
                Ok(()) => pumped(wire, channel, &bastion).map(Asked::Open),
                Err(stuck) => Ok(Asked::Stuck(format!("{}: {stuck}", bastion.way()))),
            },
            Err(Stuck::Deadline) => Ok(Asked::Stuck("the bastion got no answer from the builder".into())),
            Err(stuck @ (Stuck::Closed | Stuck::Guarded(_))) => {
                Ok(Asked::Stuck(format!("{}: {stuck}", bastion.way())))
            }
            Err(Stuck::Ssh(error)) => not_opened(wire, &bastion, builder, &error),
        }
    })
    .await
}

fn not_opened(
    wire: Wire,
    bastion: &Bastion,
    builder: SocketAddr,
    error: &ssh2::Error,
) -> Result<Asked, RemoteError> {
    let said = format!("the bastion said: {}", error.message());
    if error.code() != ErrorCode::Session(CHANNEL_FAILURE) {
        return Ok(Asked::Stuck(said));
    }
    // libssh2 hands the reason of a refusal on in words only.
    if error.message().contains("prohibited") {
        return Err(bastion.closed(
            format!("it does not let connections through to {}", bastion.target(builder)),
            "its sshd forbids it: look at AllowTcpForwarding and PermitOpen there",
        ));
    }
    Ok(Asked::NotYet(wire, said))
}

fn pumped(wire: Wire, channel: Channel, bastion: &Bastion) -> Result<Line, RemoteError> {
    let (line, far) = Line::pair()?;
    let (ended, way) = (line.ended.clone(), bastion.way());
    std::thread::Builder::new().name("bastion".into()).spawn(move || {
        if let Err(why) = pump::channel(&wire, channel, &far) {
            ended.because(format!("{way}: {why}"));
        }
    })?;
    Ok(line)
}
