//! The way to a builder for programs that make their own connections: an address that leads there, and
//! the key and the pinned host key as files that nobody else can read.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    error::{Error, Kind},
    private,
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
        let temporary = std::env::temp_dir();
        let folder = private::temporary(folder.unwrap_or(&temporary), "hornero-ssh-");
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
        private::create_new(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }
}
