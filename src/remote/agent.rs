//! An SSH agent that holds one key in memory, for programs of this computer that log in to a builder: the key is in no
//! file, and gone with this process. What it does not know itself it asks the user's own agent, so that steps find the
//! keys there that they found before.

use std::{io, path::PathBuf};

use signature::Signer;
use ssh_encoding::{Decode, Encode};
use ssh_key::{Algorithm, PrivateKey, Signature};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

/// Numbers of messages (draft-ietf-sshm-ssh-agent, section 5.1).
const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// OpenSSH takes no longer ones either.
const LONGEST_MESSAGE_BYTES: u32 = 256 * 1024;

/// It answers as long as this value lives.
pub struct KeyAgent {
    pub socket: PathBuf,
    task: JoinHandle<()>,
}

impl KeyAgent {
    /// Whether it can sign with this key: one of Ed25519 in the form of OpenSSH, without a passphrase.
    pub fn can_hold(private_key: &str) -> bool {
        PrivateKey::from_openssh(private_key)
            .is_ok_and(|key| !key.is_encrypted() && matches!(key.algorithm(), Algorithm::Ed25519))
    }

    /// Listens at `socket`, which must be in a folder that nobody else may enter. `others` is the user's own agent.
    ///
    /// # Errors
    /// When the key cannot be read, or nobody can listen there.
    pub fn start(private_key: &str, socket: PathBuf, others: Option<PathBuf>) -> io::Result<Self> {
        let key = PrivateKey::from_openssh(private_key).map_err(io::Error::other)?;
        let listener = UnixListener::bind(&socket)?;
        Ok(Self { task: tokio::spawn(serve(listener, key, others)), socket })
    }
}

impl Drop for KeyAgent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: UnixListener, key: PrivateKey, others: Option<PathBuf>) {
    // They end with this task.
    let mut sessions = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while sessions.try_join_next().is_some() {}
        let mut session = Session { key: key.clone(), others: others.clone(), other: None };
        sessions.spawn(async move { session.serve(client).await });
    }
}

/// One client of the agent.
struct Session {
    key: PrivateKey,
    others: Option<PathBuf>,
    /// The line to the user's own agent, once something was asked there.
    other: Option<UnixStream>,
}

impl Session {
    async fn serve(&mut self, mut client: UnixStream) -> io::Result<()> {
        loop {
            let request = read_message(&mut client).await?;
            let answer = self.answer(&request).await;
            write_message(&mut client, &answer).await?;
        }
    }

    async fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let own = match request.first() {
            Some(&REQUEST_IDENTITIES) => {
                let others = self.ask(request).await.ok();
                self.identities(others.as_deref())
            }
            Some(&SIGN_REQUEST) => self.sign(&request[1..]),
            Some(_) | None => None,
        };
        match own {
            Some(answer) => answer,
            None => self.ask(request).await.unwrap_or_else(|_| vec![FAILURE]),
        }
    }

    /// Our key, and then those of the other agent as it has told them.
    fn identities(&self, others: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut rest =
            others.and_then(|answer| answer.strip_prefix(&[IDENTITIES_ANSWER])).unwrap_or_default();
        let count = u32::decode(&mut rest).unwrap_or_default();
        let mut answer = vec![IDENTITIES_ANSWER];
        count.saturating_add(1).encode(&mut answer).ok()?;
        self.key.public_key().to_bytes().ok()?.encode(&mut answer).ok()?;
        self.key.comment().encode(&mut answer).ok()?;
        answer.extend_from_slice(rest);
        Some(answer)
    }

    /// `None` where it is asked for another key.
    fn sign(&self, mut request: &[u8]) -> Option<Vec<u8>> {
        let wanted = Vec::<u8>::decode(&mut request).ok()?;
        if wanted != self.key.public_key().to_bytes().ok()? {
            return None;
        }
        let data = Vec::<u8>::decode(&mut request).ok()?;
        let signature: Signature = self.key.try_sign(&data).ok()?;
        let (mut inside, mut answer) = (Vec::new(), vec![SIGN_RESPONSE]);
        signature.encode(&mut inside).ok()?;
        inside.encode(&mut answer).ok()?;
        Some(answer)
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let Some(path) = &self.others else { return Err(io::ErrorKind::NotFound.into()) };
        if self.other.is_none() {
            self.other = Some(UnixStream::connect(path).await?);
        }
        let Some(other) = &mut self.other else { return Err(io::ErrorKind::NotConnected.into()) };
        let answer = async {
            write_message(other, request).await?;
            read_message(other).await
        };
        let answer = answer.await;
        if answer.is_err() {
            // The next request opens it anew.
            self.other = None;
        }
        answer
    }
}

async fn read_message(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u32().await?;
    if length > LONGEST_MESSAGE_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write_message(stream: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    let mut framed = Vec::with_capacity(message.len() + 4);
    message.encode(&mut framed).map_err(io::Error::other)?;
    stream.write_all(&framed).await
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::remote::key::KeyPair;

    #[tokio::test(flavor = "multi_thread")]
    async fn openssh_signs_with_the_key_of_the_agent_and_still_finds_those_of_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let keys = ["ours", "theirs"].map(|name| (name, KeyPair::generate(name).unwrap()));
        let mut socket = None;
        let mut agents = Vec::new();
        for (name, key) in keys.iter().rev() {
            let agent =
                KeyAgent::start(&key.private, folder.path().join(format!("{name}.socket")), socket.take())
                    .unwrap();
            socket = Some(agent.socket.clone());
            agents.push(agent);
            std::fs::write(folder.path().join(format!("{name}.pub")), &key.public).unwrap();
        }
        std::fs::write(folder.path().join("data"), "what is signed").unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            let output = command.args(arguments).env("SSH_AUTH_SOCK", socket.as_ref().unwrap());
            let output = output.current_dir(folder.path()).output().unwrap();
            (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let (done, listed) = run("ssh-add", &["-L"]);
        let listed: Vec<&str> = listed.lines().map(|line| line.split(' ').next_back().unwrap()).collect();
        assert!(done && listed == ["ours", "theirs"], "{listed:?}");
        for (name, key) in &keys {
            let signer = format!("me {}", key.public);
            std::fs::write(folder.path().join("signers"), signer).unwrap();
            let key = format!("{name}.pub");
            assert!(run("ssh-keygen", &["-q", "-Y", "sign", "-f", &key, "-n", "file", "data"]).0, "{name}");
            let check = "ssh-keygen -Y verify -f signers -I me -n file -s data.sig <data";
            assert!(run("sh", &["-c", check]).0, "{name}");
            std::fs::remove_file(folder.path().join("data.sig")).unwrap();
        }
        // What an agent does not do it refuses, and goes on.
        assert!(!run("ssh-add", &["-D"]).0 && run("ssh-add", &["-l"]).0);
    }
}
