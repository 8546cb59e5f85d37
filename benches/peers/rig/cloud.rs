//! A cloud in memory, the machine that stands in its builders' place, and a short and a long line to it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::{bench::Bench, delay::Delay, server::Server, sshd::Sshd};

/// A base that the cloud has from the start; see `tests/aws/lacking.py`.
pub const BASE: &str = "ami-0d000000000000012";
pub const REGION: &str = "eu-west-1";

/// How far away the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// The loopback itself.
    None,
    /// 50 ms there and back.
    Long,
}

impl Trip {
    pub const BOTH: [Self; 2] = [Self::None, Self::Long];

    pub fn told(self) -> &'static str {
        match self {
            Self::None => "0 ms",
            Self::Long => "50 ms",
        }
    }

    pub const EACH_WAY: Duration = Duration::from_millis(25);
}

pub struct Cloud<'a> {
    pub bench: &'a Bench<'a>,
    pub moto: Server,
    pub sshd: Sshd,
    slow: Delay,
    /// Goes last: what lies in it is used by those above.
    room: TempDir,
}

impl<'a> Cloud<'a> {
    pub async fn start(bench: &'a Bench<'a>) -> Result<Self> {
        let room = bench.room()?;
        let moto = Server::start(bench, "cloud.py", &[]).await?;
        let sshd = Sshd::start(room.path()).await?;
        let slow = Delay::before(sshd.address(), Trip::EACH_WAY).await?;
        Ok(Self { bench, moto, sshd, slow, room })
    }

    pub fn room(&self) -> &Path {
        self.room.path()
    }

    /// Where the machine is reached.
    pub fn port(&self, trip: Trip) -> u16 {
        match trip {
            Trip::None => self.sshd.port,
            Trip::Long => self.slow.port,
        }
    }

    /// Where things are carried to: a new, empty folder of the machine.
    pub fn empty_destination(&self) -> Result<PathBuf> {
        let there = self.room.path().join("there");
        if there.exists() {
            fs::remove_dir_all(&there).with_context(|| format!("removing {}", there.display()))?;
        }
        fs::create_dir(&there).with_context(|| format!("making {}", there.display()))?;
        Ok(there)
    }
}
