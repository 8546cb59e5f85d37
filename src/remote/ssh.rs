//! The real line: an SSH session on blocking threads, its host key held against a pin.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use ssh2::{MethodType, Session};
use tokio::sync::mpsc;

use super::{
    Command, Exit, LineSink, Remote, RemoteError,
    dial::dial,
    drive::{Stuck, Wire},
    exec::{Output, Stop, execute, lost},
    group::{Watch, kill},
    key::{HostKeyPin, fingerprint},
    lines::Lines,
};
use crate::event::Stream;

/// How long the handshake and the login may take once the server has greeted.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// Between tries after a refused login or a foreign host key: early in its first boot a machine
/// may greet before cloud-init has given it its key and its account.
const AGAIN: Duration = Duration::from_millis(500);

/// Ciphers with hardware support first.
const CIPHERS: &str = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr,\
                       chacha20-poly1305@openssh.com";

/// Who logs in where, and what the other side must prove.
#[derive(Clone)]
pub struct Account {
    pub address: SocketAddr,
    pub user: String,
    /// OpenSSH's text form.
    pub private_key: String,
    pub pin: HostKeyPin,
}

/// An open SSH session. Clones share it.
#[derive(Clone)]
pub struct SshRemote {
    wire: Arc<Mutex<Wire>>,
    /// Put in front of a command that needs to be root.
    sudo: &'static str,
}

impl SshRemote {
    /// Connects as soon as the builder answers, trying until `timeout` is over.
    ///
    /// # Errors
    /// What the last try came to: nobody answered, a foreign host key, a refused login.
    pub async fn connect(account: Account, timeout: Duration) -> Result<Self, RemoteError> {
        let deadline = Instant::now() + timeout;
        loop {
            let result = Self::try_once(&account, deadline, timeout).await;
            match result {
                Err(RemoteError::HostKey { .. } | RemoteError::Login { .. } | RemoteError::Lost { .. })
                    if Instant::now() + AGAIN < deadline =>
                {
                    tokio::time::sleep(AGAIN).await;
                }
                result => return result,
            }
        }
    }

    async fn try_once(account: &Account, deadline: Instant, waited: Duration) -> Result<Self, RemoteError> {
        let address = account.address.to_string();
        let stream = dial(account.address, deadline).await.map_err(|last| RemoteError::Unreachable {
            address,
            waited,
            last,
        })?;
        let account = account.clone();
        let sudo = if account.user == "root" { "" } else { "sudo -n " };
        let wire = blocking(move || log_in(stream, &account)).await?;
        Ok(Self { wire: Arc::new(Mutex::new(wire)), sudo })
    }

    /// Runs a command on a blocking thread. When the caller goes away, so does the command's channel.
    async fn execute(
        &self,
        command: Command,
        mut output: impl Output + Send + 'static,
    ) -> Result<Exit, RemoteError> {
        let (wire, sudo) = (self.wire.clone(), self.sudo);
        let stop = StopOnDrop(Stop::default());
        let stopped = stop.0.clone();
        blocking(move || {
            let wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
            let mut watch = Watch::new(&mut output);
            let result = execute(&wire, command, &mut watch, &stopped);
            if let (Err(RemoteError::TimedOut(_)), Some(group)) = (&result, watch.group) {
                kill(&wire, sudo, group);
            }
            result
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
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let output = ToLines { lines: Default::default(), sender };
        let mut running = std::pin::pin!(self.execute(command, output));
        loop {
            tokio::select! {
                biased;
                Some((stream, line)) = receiver.recv() => sink(stream, &line),
                result = &mut running => {
                    while let Ok((stream, line)) = receiver.try_recv() {
                        sink(stream, &line);
                    }
                    return result;
                }
            }
        }
    }

    async fn fetch(&self, command: Command, out: Box<dyn Write + Send>) -> Result<Exit, RemoteError> {
        self.execute(command, ToWriter(out)).await
    }
}

/// Standard output as it is; what the command says on standard error is not part of it.
struct ToWriter(Box<dyn Write + Send>);

impl Output for ToWriter {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        match stream {
            Stream::Stdout => self.0.write_all(bytes),
            Stream::Stderr => Ok(()),
        }
    }
}

/// Lines, handed to the asynchronous side as they come.
struct ToLines {
    lines: [Lines; 2],
    sender: mpsc::UnboundedSender<(Stream, String)>,
}

impl Output for ToLines {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let lines = &mut self.lines[usize::from(stream == Stream::Stderr)];
        // A receiver that is gone has been dropped together with the command.
        lines.push(bytes, |line| drop(self.sender.send((stream, line.to_owned()))));
        Ok(())
    }
}

impl Drop for ToLines {
    fn drop(&mut self) {
        for (lines, stream) in self.lines.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
            lines.finish(|line| drop(self.sender.send((stream, line.to_owned()))));
        }
    }
}

struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn log_in(stream: TcpStream, account: &Account) -> Result<Wire, RemoteError> {
    let deadline = Instant::now() + HANDSHAKE;
    let wire = open(stream).map_err(|error| lost("opening the session", &error))?;
    wire.drive(deadline, |session| session.clone().handshake())
        .map_err(|stuck| lost("the handshake", &stuck))?;
    verify(&wire, account)?;
    wire.drive(deadline, |session| {
        session.userauth_pubkey_memory(&account.user, None, &account.private_key, None)
    })
    .map_err(|why| refused(account, &why))?;
    wire.session.set_keepalive(true, 5);
    Ok(wire)
}

fn open(stream: TcpStream) -> Result<Wire, Box<dyn std::error::Error>> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    // A dead peer is noticed by what it does not acknowledge; the kernel's own default is 15 minutes.
    rustix::net::sockopt::set_tcp_user_timeout(&stream, 30_000)?;
    let mut session = Session::new()?;
    session.method_pref(MethodType::CryptCs, CIPHERS)?;
    session.method_pref(MethodType::CryptSc, CIPHERS)?;
    session.set_tcp_stream(stream.try_clone()?);
    session.set_blocking(false);
    Ok(Wire { session, socket: stream })
}

fn verify(wire: &Wire, account: &Account) -> Result<(), RemoteError> {
    let shown = wire.session.host_key().map(|(key, _)| key).unwrap_or_default();
    if account.pin.accepts(shown) {
        return Ok(());
    }
    Err(RemoteError::HostKey {
        address: account.address.to_string(),
        expected: account.pin.to_string(),
        found: fingerprint(shown),
    })
}

fn refused(account: &Account, why: &Stuck) -> RemoteError {
    let (address, user) = (account.address.to_string(), account.user.clone());
    RemoteError::Login { address, user, why: why.to_string() }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RemoteError> + Send + 'static,
) -> Result<T, RemoteError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(lost("connecting", &panic)))
}
