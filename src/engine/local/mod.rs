//! Steps that run on this computer: a script, a playbook, a file fetched from the builder.

mod ansible;
mod download;
mod follow;
mod guard;
mod memory_file;
mod playbook_record;

use std::{collections::BTreeMap, io, os::fd::OwnedFd, path::Path, process::Stdio};

use tokio::process::Command as Process;

pub use ansible::{PlaybookJob, run_playbook};
pub use download::download;
use follow::follow;
use guard::Guard;

use super::{machine::Machine, way_in::WayIn};
use crate::{
    error::{Error, Kind},
    event::Events,
    provision::script::interpreter,
    remote::Exit,
    template::{
        model::{Script, Step},
        path_name::on_disk,
    },
};

/// A script for this computer.
pub struct LocalJob<'a> {
    pub script: &'a Script,
    pub env: &'a BTreeMap<String, String>,
    pub folder: &'a Path,
}

/// Runs a script with the way to the builder in its environment: `HORNERO_HOST`, `HORNERO_PORT` (of
/// this computer, where the builder is not reached straight), `HORNERO_USER`, and the files `HORNERO_KEY` and `HORNERO_KNOWN_HOSTS`.
/// The script is in no file, for it may hold secrets.
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
    let way = WayIn::open(machine.run_id(), machine.account(), machine.user_keys.clone()).await?;
    let script = memory_file::create(&job.script.text).map_err(|error| failed(&error))?;
    let mut words = interpreter(&job.script.text).split_whitespace();
    let mut process = Process::new(words.next().unwrap_or("/bin/sh"));
    process.args(words).arg(memory_file::path(&script)).envs(variables(&way)).envs(job.env);
    process.current_dir(on_disk(job.folder));
    run_process(step, process, &way, &[script], |_| false, events).await
}

/// Starts a program on this computer and follows it to its end. It gets the files `shared`, and ends with hornero.
/// Lines that are `noise` are not told.
async fn run_process(
    step: &Step,
    mut process: Process,
    way: &WayIn,
    shared: &[OwnedFd],
    noise: impl Fn(&str) -> bool + Sync,
    events: &Events,
) -> Result<(Exit, Vec<String>), Error> {
    let failed = |what: String, error: &io::Error| {
        Error::new(Kind::Bake, format!("step `{}`: {what}", step.name)).because(error)
    };
    // One pipe, or lines of the two streams would change places.
    let (output, writer) = io::pipe().map_err(|error| failed("making a pipe".into(), &error))?;
    let second = writer.try_clone().map_err(|error| failed("making a pipe".into(), &error))?;
    process.stdin(Stdio::null()).stdout(writer).stderr(second);
    let guard = Guard::start(way.folder());
    let guard = guard.map_err(|error| failed("starting what ends it with hornero".into(), &error))?;
    guard.watch(&mut process, shared);
    let child = process.kill_on_drop(true).spawn().map_err(|error| {
        let program = process.as_std().get_program().to_string_lossy().into_owned();
        let failed = failed(format!("starting `{program}` on this computer"), &error);
        match error.kind() {
            io::ErrorKind::NotFound => failed.hint(format!("install `{program}`, or correct PATH")),
            _ => failed,
        }
    })?;
    // It holds our ends for writing.
    drop(process);
    let ended = follow(step, child, output, noise, events).await?;
    guard.release().await;
    Ok(ended)
}

/// What tells a program on this computer how to reach the builder.
fn variables(way: &WayIn) -> BTreeMap<&'static str, String> {
    let address = way.address();
    let agent = way.agent().map(|socket| ("SSH_AUTH_SOCK", socket.display().to_string()));
    let known = [
        ("HORNERO_HOST", address.ip().to_string()),
        ("HORNERO_PORT", address.port().to_string()),
        ("HORNERO_USER", way.user.clone()),
        ("HORNERO_KEY", way.key().display().to_string()),
        ("HORNERO_KNOWN_HOSTS", way.known_hosts().display().to_string()),
    ];
    known.into_iter().chain(agent).collect()
}
