//! The way to a builder for programs that make their own connections: an address that leads there, and
//! the key and the pinned host key as files that nobody else can read.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    error::{Error, Kind},
    remote::{forward::Forward, route::Account},
};

/// It is there as long as this is.
pub struct WayIn {
    pub user: String,
    forward: Forward,
    folder: TempDir,
}

impl WayIn {
    /// Makes it in a folder of its own inside of `folder`, or among the system's temporary files. Where only
    /// the fingerprint of the host key is known, no host key is in them.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub async fn open(account: &Account, folder: Option<&Path>) -> Result<Self, Error> {
        let mut private = tempfile::Builder::new();
        private.prefix("ssh-");
        let folder = match folder {
            Some(folder) => private.tempdir_in(folder),
            None => private.tempdir(),
        };
        let failed = |error: &io::Error| {
            Error::new(Kind::Local, "writing the builder's keys for another program").because(error)
        };
        let folder = folder.map_err(|error| failed(&error))?;
        let forward = Forward::start(account).await?;
        let way = Self { user: account.user.clone(), forward, folder };
        way.write("key", &account.private_key).map_err(|error| failed(&error))?;
        way.write("known_hosts", &account.pin.known_hosts(way.address())).map_err(|error| failed(&error))?;
        Ok(way)
    }

    /// Of this computer, where the builder is not reached straight.
    pub fn address(&self) -> SocketAddr {
        self.forward.address
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key")
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
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    }
}
