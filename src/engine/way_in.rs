//! The way to a builder for programs that make their own connections: an address that leads there, and
//! the key and the pinned host key as files that nobody else can read.

use std::{
    fs::{self, DirEntry},
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

/// It is there as long as this is, unless its process is killed.
pub struct WayIn {
    pub user: String,
    forward: Forward,
    folder: TempDir,
}

impl WayIn {
    /// Makes it in a folder of its own inside of `folder`, or among the system's temporary files. The host
    /// key is the one that the builder has shown, so `account` is that of a line that was open before.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub async fn open(run: &str, account: &Account, folder: Option<&Path>) -> Result<Self, Error> {
        // The system's folder has a short name, and Ansible puts sockets in here.
        let temporary = std::env::temp_dir();
        let folder = private::temporary(folder.unwrap_or(&temporary), &prefix(run));
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

    /// Where the files lie. For their owner alone.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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
