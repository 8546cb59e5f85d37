//! Opening a session over a line: handshake, host key held against its pin, login. The same for a
//! builder and for a bastion before it.

use std::{
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use ssh2::{MethodType, Session};

use super::{
    RemoteError,
    drive::{Stuck, Wire},
    exec::lost,
    key::{HostKeyPin, fingerprint},
    line::Line,
    route::Account,
};

/// How long the handshake and the login may take once the server has greeted.
const HANDSHAKE: Duration = Duration::from_secs(60);

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

/// Who logs in, and what the other side must prove.
pub(super) struct Login<'a> {
    /// For messages.
    pub at: String,
    pub user: &'a str,
    pub private_key: &'a str,
    pub pin: &'a HostKeyPin,
}

impl<'a> Login<'a> {
    pub fn of(account: &'a Account) -> Self {
        Self { at: account.at(), user: &account.user, private_key: &account.private_key, pin: &account.pin }
    }
}

pub(super) fn log_in(line: Line, login: &Login<'_>) -> Result<Wire, RemoteError> {
    let ended = line.ended.clone();
    greet(line, login).map_err(|error| ended.explain(error))
}

fn greet(line: Line, login: &Login<'_>) -> Result<Wire, RemoteError> {
    let deadline = Instant::now() + HANDSHAKE;
    let wire = open(line).map_err(|error| lost("opening the session", &error))?;
    wire.drive(deadline, |session| session.clone().handshake())
        .map_err(|stuck| lost("the handshake", &stuck))?;
    verify(&wire, login)?;
    let asked = Instant::now();
    wire.drive(deadline, |session| session.userauth_pubkey_memory(login.user, None, login.private_key, None))
        .map_err(|why| refused(login, &why))?;
    wire.answered(asked.elapsed() / LOGIN);
    wire.session.set_keepalive(true, 5);
    Ok(wire)
}

fn open(line: Line) -> Result<Wire, Box<dyn std::error::Error>> {
    let mut session = Session::new()?;
    session.method_pref(MethodType::CryptCs, CIPHERS)?;
    session.method_pref(MethodType::CryptSc, CIPHERS)?;
    session.method_pref(MethodType::MacCs, SUMS)?;
    session.method_pref(MethodType::MacSc, SUMS)?;
    let socket: OwnedFd = line.socket.try_clone()?;
    session.set_tcp_stream(socket);
    session.set_blocking(false);
    Ok(Wire::new(session, line.socket, line.ended))
}

fn verify(wire: &Wire, login: &Login<'_>) -> Result<(), RemoteError> {
    let shown = wire.session.host_key().map(|(key, _)| key).unwrap_or_default();
    if login.pin.accepts(shown) {
        return Ok(());
    }
    Err(RemoteError::HostKey {
        address: login.at.clone(),
        expected: login.pin.to_string(),
        found: fingerprint(shown),
    })
}

fn refused(login: &Login<'_>, why: &Stuck) -> RemoteError {
    RemoteError::Login { address: login.at.clone(), user: login.user.into(), why: why.to_string() }
}
