//! Steps that run on this computer: a script, a playbook, a file fetched from the builder.

mod download;
mod follow;
mod playbook;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    path::Path,
    process::Stdio,
};

use tokio::process::Command as Process;

pub use download::download;
use follow::follow;
pub use playbook::playbook;

use super::machine::Machine;
use crate::{
    error::{Error, Kind},
    event::Events,
    private,
    provision::script::interpreter,
    remote::{Exit, forward::Forward},
    template::model::{Script, Step},
};

/// A script for this computer.
pub struct LocalJob<'a> {
    pub script: &'a Script,
    pub env: &'a BTreeMap<String, String>,
    pub folder: &'a Path,
}

/// Runs a script with the way to the builder in its environment: `HORNERO_HOST`, `HORNERO_PORT` (of
/// this computer, where the builder is not reached straight), `HORNERO_USER`, and the files `HORNERO_KEY` and `HORNERO_KNOWN_HOSTS`.
///
/// # Errors
/// When it cannot be started or runs out of time.
pub async fn run(
    step: &Step,
    job: LocalJob<'_>,
    machine: &Machine<'_>,
    events: &Events,
) -> Result<(Exit, Vec<String>), Error> {
    let failed = |error: &io::Error| {
        Error::new(Kind::Bake, format!("step `{}`: starting it on this computer", step.name)).because(error)
    };
    let own = private::temporary(&std::env::temp_dir(), "hornero-").map_err(|error| failed(&error))?;
    let forward = Forward::start(machine.account()).await?;
    let way = way_in(own.path(), machine, forward.address).map_err(|error| failed(&error))?;
    let file = own.path().join("script");
    write_private(&file, job.script.text.as_bytes()).map_err(|error| failed(&error))?;
    let mut words = interpreter(&job.script.text).split_whitespace();
    let mut process = Process::new(words.next().unwrap_or("/bin/sh"));
    process.args(words).arg(&file).envs(way).envs(job.env).current_dir(job.folder);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = process.process_group(0).kill_on_drop(true).spawn().map_err(|error| failed(&error))?;
    follow(step, child, events).await
}

/// Writes the key and the pinned host key, and names them and the address as variables.
fn way_in(
    folder: &Path,
    machine: &Machine<'_>,
    address: SocketAddr,
) -> io::Result<BTreeMap<&'static str, String>> {
    let account = machine.account();
    let (key, hosts) = (folder.join("key"), folder.join("known_hosts"));
    write_private(&key, account.private_key.as_bytes())?;
    write_private(&hosts, machine.known_hosts_line(address).as_bytes())?;
    Ok(BTreeMap::from([
        ("HORNERO_HOST", address.ip().to_string()),
        ("HORNERO_PORT", address.port().to_string()),
        ("HORNERO_USER", account.user.clone()),
        ("HORNERO_KEY", key.display().to_string()),
        ("HORNERO_KNOWN_HOSTS", hosts.display().to_string()),
    ]))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    private::create_new(path)?.write_all(bytes)
}
