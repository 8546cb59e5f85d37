//! The programs that are always there: `tar | ssh`, `cat | ssh`, rsync.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tokio::{process::Command, time::interval};

use super::{
    cloud::{Cloud, Trip},
    job::{Job, Ran, run},
    memory::Peak,
};

pub async fn tar(cloud: &Cloud<'_>, trip: Trip, from: &Path, to: &Path) -> Result<Ran> {
    let mut tar = Command::new("tar");
    tar.arg("-cf-").arg("-C").arg(from).arg(".");
    pipe(cloud, trip, tar, &format!("tar -xf- -C {}", to.display())).await
}

pub async fn cat(cloud: &Cloud<'_>, trip: Trip, from: &Path, to: &Path) -> Result<Ran> {
    let mut cat = Command::new("cat");
    cat.arg(from);
    pipe(cloud, trip, cat, &format!("cat > {}", to.display())).await
}

pub async fn rsync(cloud: &Cloud<'_>, trip: Trip, from: &Path, to: &Path) -> Result<Ran> {
    let ssh = shlex::try_join(cloud.sshd.client(cloud.port(trip)).iter().map(String::as_str))?;
    let mut rsync = Command::new("rsync");
    rsync.arg("-a").arg("-e").arg(format!("ssh {ssh}"));
    rsync.arg(format!("{}/", from.display())).arg(format!("127.0.0.1:{}/", to.display()));
    run("rsync", rsync).await
}

/// `first | ssh 'second'`, without a shell of ours around it.
async fn pipe(cloud: &Cloud<'_>, trip: Trip, mut first: Command, second: &str) -> Result<Ran> {
    let mut ssh = Command::new("ssh");
    ssh.args(cloud.sshd.client(cloud.port(trip))).arg("127.0.0.1").arg(second);
    let begun = Instant::now();
    let mut first = Job::start("what ssh reads from", first.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let input = first.child.stdout.take().context("opening what ssh reads from")?.into_owned_fd()?;
    let mut ssh = Job::start("ssh", ssh.stdin(input).stdout(Stdio::null()))?;
    let mut peaks = [Peak::of(first.id()), Peak::of(ssh.id())];
    let mut tick = interval(Duration::from_millis(20));
    let ends = loop {
        tokio::select! {
            _ = tick.tick() => peaks.iter_mut().for_each(Peak::look),
            end = ssh.wait() => break [first.wait().await?, end?],
        }
    };
    if let Some(end) = ends.iter().find(|end| !end.success()) {
        bail!("carrying with ssh '{second}' ended with {end}");
    }
    Ok(Ran {
        seconds: begun.elapsed().as_secs_f64(),
        lines: Vec::new(),
        peak: peaks.iter().map(Peak::mib).sum(),
    })
}
