//! Opening a session over a line: handshake, host key held against its pin, login. The same for a
//! builder and for a bastion before it.

use std::time::Instant;

use ssh2::{ErrorCode, MethodType, Session};

use super::{
    RemoteError,
    drive::{Stuck, Wire},
    exchange::Limit,
    exec::lost,
    guard::Guard,
    key::{HostKeyPin, fingerprint},
    line::Line,
    route::Account,
};
use crate::time::Moment;

/// The round trips of a login (RFC 4252): for the service, for the key, for its signature.
const LOGIN: u32 = 3;

/// The quickest first. libssh2 (1.11, `transport.c`) hands AES to the hardware 16 bytes at a time: of a
/// processor with instructions for AES and SHA-256 (an AMD EPYC), 256 MiB take 0.4 s in counter mode with
/// 0.2 s for the sums below, 0.95 s with ChaCha20, for which it has only plain C, and 1.7 s in GCM.
const CIPHERS: &str = "aes128-ctr,aes256-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,\
                       aes256-gcm@openssh.com";

/// The sums (MACs) beside counter mode; the other ciphers bring their own. Better are those that are checked
/// before anything is decrypted; the last ones are for old servers that have no other.
const SUMS: &str = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,\
                    hmac-sha1-etm@openssh.com,hmac-sha1";

/// libssh2's code where the two sides have no method in common (`LIBSSH2_ERROR_KEX_FAILURE`): of all that is asked
/// for, only the kinds of host keys are few.
const NOTHING_IN_COMMON: ErrorCode = ErrorCode::Session(-5);

/// Its codes for a socket that ends (`SOCKET_SEND`, `SOCKET_DISCONNECT`, `SOCKET_RECV`).
const CUT: [ErrorCode; 3] = [ErrorCode::Session(-7), ErrorCode::Session(-13), ErrorCode::Session(-43)];

/// What a server shows that has no host key of the kinds asked for.
const NO_KEY: &str = "no key of its kind";

/// Who logs in, and what the other side must prove.
pub(super) struct Login<'a> {
    /// For messages.
    pub at: String,
    pub user: &'a str,
    pub private_key: &'a str,
    pub pin: &'a HostKeyPin,
    /// cloud-init makes the account.
    pub by_cloud_init: bool,
    pub limit: Limit,
    /// By when all of it is to be done, within the limit of its own.
    pub deadline: Instant,
}

impl<'a> Login<'a> {
    pub fn of(account: &'a Account, limit: Limit, deadline: Instant) -> Self {
        Self {
            at: account.at(),
            user: &account.user,
            private_key: &account.private_key,
            pin: &account.pin,
            by_cloud_init: account.by_cloud_init,
            limit,
            deadline,
        }
    }
}

/// Asks for host keys of these kinds alone. What the other side says stays counted until it is trusted.
pub(super) fn log_in(line: Line, login: &Login<'_>, kinds: &str) -> Result<Wire, RemoteError> {
    let ended = line.ended.clone();
    greet(line, login, kinds).map_err(|error| ended.explain(error))
}

/// Enters with one kind of host keys after the other, until the server shows the pinned key. What it has shown in its
/// place is told together.
pub(super) async fn with_each_kind<T, F: Future<Output = Result<T, RemoteError>>>(
    pin: &HostKeyPin,
    mut enter: impl FnMut(&'static str) -> F,
) -> Result<T, RemoteError> {
    let mut shown: Option<(String, String)> = None;
    for kinds in pin.kinds() {
        match enter(kinds).await {
            Err(RemoteError::HostKey { address, found, .. }) => {
                shown = Some(match shown.take().filter(|(_, before)| before != NO_KEY) {
                    None => (address, found),
                    Some(before) if found == NO_KEY => before,
                    Some((_, before)) => (address, format!("{before} and {found}")),
                });
            }
            result => return result,
        }
    }
    let (address, found) = shown.unwrap_or_default();
    Err(RemoteError::HostKey { address, expected: pin.to_string(), found })
}

fn greet(line: Line, login: &Login<'_>, kinds: &str) -> Result<Wire, RemoteError> {
    let deadline = login.deadline.min(Instant::now().later(login.limit.time));
    let wire = open(line, kinds, login.limit).map_err(|error| lost("opening the session", &error))?;
    wire.drive(deadline, |session| session.clone().handshake()).map_err(|stuck| match stuck {
        Stuck::Ssh(error) if error.code() == NOTHING_IN_COMMON => other_key(login, NO_KEY.into()),
        stuck => lost("the handshake", &stuck),
    })?;
    verify(&wire, login)?;
    let asked = Instant::now();
    wire.drive(deadline, |session| session.userauth_pubkey_memory(login.user, None, login.private_key, None))
        .map_err(|why| refused(login, &why))?;
    wire.answered(asked.elapsed() / LOGIN);
    wire.session.set_keepalive(true, 5);
    Ok(wire)
}

fn open(line: Line, kinds: &str, limit: Limit) -> Result<Wire, Box<dyn std::error::Error>> {
    let mut session = Session::new()?;
    session.method_pref(MethodType::HostKey, kinds)?;
    session.method_pref(MethodType::CryptCs, CIPHERS)?;
    session.method_pref(MethodType::CryptSc, CIPHERS)?;
    session.method_pref(MethodType::MacCs, SUMS)?;
    session.method_pref(MethodType::MacSc, SUMS)?;
    let (guard, socket) = Guard::new(line.socket.try_clone()?, limit)?;
    session.set_tcp_stream(socket);
    session.set_blocking(false);
    Ok(Wire::new(session, line.socket, line.ended).guarded(guard))
}

fn verify(wire: &Wire, login: &Login<'_>) -> Result<(), RemoteError> {
    let shown = wire.session.host_key().map(|(key, _)| key).unwrap_or_default();
    if login.pin.accepts(shown) {
        return Ok(());
    }
    Err(other_key(login, fingerprint(shown)))
}

fn other_key(login: &Login<'_>, found: String) -> RemoteError {
    RemoteError::HostKey { address: login.at.clone(), expected: login.pin.to_string(), found }
}

/// A server that says no, or one that says nothing more.
fn refused(login: &Login<'_>, why: &Stuck) -> RemoteError {
    match why {
        Stuck::Ssh(error) if !CUT.contains(&error.code()) => RemoteError::Login {
            address: login.at.clone(),
            user: login.user.into(),
            why: why.to_string(),
            by_cloud_init: login.by_cloud_init,
        },
        Stuck::Ssh(_) | Stuck::Deadline | Stuck::Closed | Stuck::Guarded(_) => lost("the login", why),
    }
}
