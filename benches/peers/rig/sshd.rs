//! The machine that is baked: a real sshd of this computer, for the user who runs the benchmark, in
//! a folder of its own, on a free port of the loopback.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{net::TcpStream, process::Command, time::sleep};

use super::{bench::said, job::Job};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Sshd {
    pub port: u16,
    pub user: String,
    /// The user's private key.
    pub key: PathBuf,
    /// `SHA256:...` of the host's.
    pub host_key: String,
    pub known_hosts: PathBuf,
    _job: Job,
}

impl Sshd {
    /// With its keys and its configuration in `folder`.
    pub async fn start(folder: &Path) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (host, key) = (key(folder, "host").await?, key(folder, "user").await?);
        let public = fs::read_to_string(host.with_extension("pub")).context("reading the host key")?;
        let fingerprint =
            said("ssh-keygen", &["-lf", &host.with_extension("pub").display().to_string()]).await;
        let host_key = fingerprint.split_whitespace().nth(1).context("ssh-keygen told no fingerprint")?;
        let known_hosts = folder.join("known_hosts");
        fs::write(&known_hosts, format!("{ALIAS} {public}")).context("writing known_hosts")?;
        let config = folder.join("sshd_config");
        fs::write(&config, configuration(port, &host, &key, folder)).context("writing sshd_config")?;
        let job = serve(&config).await?;
        let user = said("id", &["-un"]).await;
        let sshd = Self { port, user, key, host_key: host_key.to_owned(), known_hosts, _job: job };
        answers(sshd.address()).await?;
        Ok(sshd)
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The words with which OpenSSH's client reaches it at `port`.
    pub fn client(&self, port: u16) -> Vec<String> {
        let known = format!("UserKnownHostsFile={}", self.known_hosts.display());
        let (key, port) = (self.key.display().to_string(), port.to_string());
        let alias = format!("HostKeyAlias={ALIAS}");
        let words = ["-F", "none", "-i", &key, "-p", &port, "-l", &self.user, "-o", &known, "-o", &alias];
        let more = ["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"];
        words.into_iter().chain(more).map(str::to_owned).collect()
    }
}

/// What its host key is known as, whatever the port.
const ALIAS: &str = "bench";

fn configuration(port: u16, host: &Path, key: &Path, home: &Path) -> String {
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
         StrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n\
         # Many bakes at once are one machine here.\nMaxStartups 1000\nMaxSessions 1000\nUseDNS no\n\
         # What the user's own shell reads at each command is nobody's time.\nSetEnv HOME={}\n",
        host.display(),
        key.with_extension("pub").display(),
        home.display(),
    )
}

async fn serve(config: &Path) -> Result<Job> {
    // sshd separates privileges through this folder; a machine where sshd never ran lacks it.
    if rustix::process::geteuid().is_root() {
        fs::create_dir_all("/run/sshd").context("making /run/sshd")?;
    }
    let mut command = Command::new("/usr/sbin/sshd");
    command.arg("-D").arg("-E").arg(config.with_extension("log")).arg("-f").arg(config);
    Job::start("sshd", command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}

async fn key(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    let file = path.display().to_string();
    let told = said("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", &file]).await;
    if !path.is_file() {
        bail!("ssh-keygen made no key {file}: {told}");
    }
    Ok(path)
}

async fn answers(address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        if begun.elapsed() > PATIENCE {
            bail!("sshd does not listen at {address} after {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
