//! The way to a builder for programs that make their own connections: an address that leads there, the pinned host
//! key as a file, and a key. An agent in this process holds it, and no file does; but a key of the template's own of
//! another kind than Ed25519 is the file that it was read from.

use std::{
    fs::{self, DirEntry},
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    error::{Error, Kind},
    private,
    remote::{agent::KeyAgent, forward::Forward, key::KeyPair, route::Account},
};

/// What the user has for logins: it is used where it lies.
#[derive(Clone, Debug, Default)]
pub struct UserKeys {
    /// The file of the template's own key to the builder.
    pub key_file: Option<PathBuf>,
    /// The socket of the user's agent, for keys to other machines.
    pub agent: Option<PathBuf>,
}

/// It is there as long as this is, unless its process is killed.
pub struct WayIn {
    pub user: String,
    forward: Forward,
    folder: TempDir,
    key: PathBuf,
    agent: Option<KeyAgent>,
}

impl WayIn {
    /// Makes it in a folder of its own among the system's temporary files. The host key is the one that the builder
    /// has shown, so `account` is that of a line that was open before.
    ///
    /// # Errors
    /// When the files cannot be written, or there can be no agent.
    pub async fn open(run: &str, account: &Account, user: UserKeys) -> Result<Self, Error> {
        // The system's folder has a short name, and sockets are put in here.
        let folder = private::temporary(&std::env::temp_dir(), &prefix(run));
        let folder = folder.map_err(|error| failed(&error))?;
        let forward = Forward::start(account).await?;
        let key = folder.path().join("key");
        let mut way = Self { user: account.user.clone(), forward, folder, key, agent: None };
        match &user.key_file {
            Some(file) if !KeyAgent::can_hold(&account.private_key) => {
                way.key = usable_key_file(&way, file, account).map_err(|error| failed(&error))?;
            }
            Some(_) | None => way.agent = Some(way.start_agent(account, user.agent)?),
        }
        way.write("known_hosts", &account.pin.known_hosts(way.address())).map_err(|error| failed(&error))?;
        Ok(way)
    }

    /// The file of the key has its public half only: by that OpenSSH and others find the key in the agent.
    fn start_agent(&self, account: &Account, others: Option<PathBuf>) -> Result<KeyAgent, Error> {
        let public = KeyPair::from_private(&account.private_key).map(|key| key.public);
        let public = public.map_err(|error| failed(&io::Error::other(error)))?;
        self.write("key", &public).map_err(|error| failed(&error))?;
        let agent = KeyAgent::start(&account.private_key, self.folder.path().join("agent"), others);
        agent.map_err(|error| failed(&error).hint("a socket needs a short path: set TMPDIR to a shorter one"))
    }

    /// Of this computer, where the builder is not reached straight.
    pub fn address(&self) -> SocketAddr {
        self.forward.address
    }

    /// Where the files lie. For their owner alone.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file by which programs know the key.
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// The socket of the agent that holds the key, where it is ours.
    pub fn agent(&self) -> Option<&Path> {
        self.agent.as_ref().map(|agent| agent.socket.as_path())
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    /// Puts another file beside them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        private::create_new(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }
}

/// The file itself where OpenSSH takes it, else a copy: it refuses a key that others may read.
fn usable_key_file(way: &WayIn, file: &Path, account: &Account) -> io::Result<PathBuf> {
    match fs::metadata(file)?.permissions().mode() & 0o077 {
        0 => std::path::absolute(file),
        _ => way.write("own-key", &account.private_key),
    }
}

fn failed(error: &io::Error) -> Error {
    Error::new(Kind::Local, "giving another program the way to the builder").because(error)
}

/// Removes what a process of this run that was killed has left.
///
/// # Errors
/// When a folder cannot be removed.
pub fn sweep(run: &str, folder: &Path) -> Result<(), Error> {
    for parent in [std::env::temp_dir(), folder.to_owned()] {
        let Ok(entries) = fs::read_dir(&parent) else { continue };
        let ours = |entry: &DirEntry| entry.file_name().to_string_lossy().starts_with(&prefix(run));
        for entry in entries.filter_map(Result::ok).filter(ours) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(|error| {
                Error::new(Kind::Local, format!("removing `{}`, which holds a key", path.display()))
                    .because(&error)
            })?;
        }
    }
    Ok(())
}

fn prefix(run: &str) -> String {
    format!("hornero-ssh-{run}-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_has_left_of_its_run_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let [dead, alive] = ["web-1", "web-10"].map(|run| folder.path().join(format!("{}x", prefix(run))));
        for path in [&dead, &alive] {
            private::folder(path).unwrap();
            private::write(&path.join("key"), "secret").unwrap();
        }
        sweep("web-1", folder.path()).unwrap();
        assert!(!dead.exists() && alive.join("key").exists());
    }
}
