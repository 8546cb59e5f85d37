//! Steps that run on this computer: a script, a playbook, a file fetched from the builder.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command as Process},
};

use super::{Tail, machine::Machine, steps};
use crate::{
    error::{Error, Kind},
    event::{Events, Stream},
    provision::{quote, script::interpreter},
    remote::{Command, Exit, forward::Forward},
    template::model::{Script, Step},
};

/// A script for this computer.
pub struct LocalJob<'a> {
    pub script: &'a Script,
    pub env: &'a BTreeMap<String, String>,
    pub folder: &'a Path,
}

/// Runs a script with the way to the builder in its environment: `HORNERO_HOST`, `HORNERO_PORT` (a
/// port of this computer where the builder is not reached straight),
/// `HORNERO_USER`, and the files `HORNERO_KEY` and `HORNERO_KNOWN_HOSTS`.
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
    let private = tempfile::tempdir().map_err(|error| failed(&error))?;
    let forward = Forward::start(machine.account()).await?;
    let way = way_in(private.path(), machine, forward.address).map_err(|error| failed(&error))?;
    let file = private.path().join("script");
    write_private(&file, job.script.text.as_bytes()).map_err(|error| failed(&error))?;
    let mut words = interpreter(&job.script.text).split_whitespace();
    let mut process = Process::new(words.next().unwrap_or("/bin/sh"));
    process.args(words).arg(&file).envs(way).envs(job.env).current_dir(job.folder);
    process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = process.process_group(0).kill_on_drop(true).spawn().map_err(|error| failed(&error))?;
    follow(step, child, events).await
}

async fn follow(step: &Step, mut child: Child, events: &Events) -> Result<(Exit, Vec<String>), Error> {
    let mut tail = Tail::default();
    let timeout = step.timeout.map_or(steps::TIMEOUT, |timeout| timeout.0);
    let group = child.id();
    let lines = tokio::time::timeout(timeout, async {
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let readers = [
            child.stdout.take().map(|pipe| tokio::spawn(read(pipe, Stream::Stdout, sender.clone()))),
            child.stderr.take().map(|pipe| tokio::spawn(read(pipe, Stream::Stderr, sender))),
        ];
        while let Some((stream, line)) = receiver.recv().await {
            tail.push(&line);
            events.output(&step.name, stream, line);
        }
        drop(readers);
        child.wait().await
    })
    .await;
    match lines {
        Ok(Ok(status)) => Ok((exit(status), tail.lines())),
        Ok(Err(error)) => Err(Error::new(Kind::Bake, format!("step `{}`", step.name)).because(&error)),
        Err(_) => {
            end_group(group);
            Err(steps::timed_out(step, timeout, tail.lines()))
        }
    }
}

type Lines = tokio::sync::mpsc::UnboundedSender<(Stream, String)>;

async fn read(pipe: impl AsyncRead + Unpin, stream: Stream, lines: Lines) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    // A pipe that cannot be read has ended for us; the exit code tells how the script fared.
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&line);
        if lines.send((stream, text.trim_end_matches(['\n', '\r']).to_owned())).is_err() {
            return;
        }
        line.clear();
    }
}

/// The script and everything that it started.
fn end_group(group: Option<u32>) {
    let pid = group.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may just have ended by itself.
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
}

fn exit(status: std::process::ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match status.code() {
        Some(code) => Exit::Code(code),
        None => Exit::Signal(status.signal().map_or_else(|| "unknown".into(), |number| number.to_string())),
    }
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
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

/// The script that runs a playbook against the builder, with its own account and pinned host key.
/// Extra variables go through a file: argv can be read by everybody.
///
/// # Errors
/// When a path cannot be written into a shell script.
pub fn playbook(playbook: &Path, extra_vars: &BTreeMap<String, String>) -> Result<Script, Error> {
    let vars = serde_json::json!(extra_vars).to_string();
    let text = format!(
        "if ! command -v ansible-playbook >/dev/null; then\n\
             echo 'ansible-playbook is not installed on this computer' >&2; exit 127\nfi\n\
         vars=$(dirname \"$HORNERO_KEY\")/vars.json\nprintf %s {} >\"$vars\"\n\
         export ANSIBLE_HOST_KEY_CHECKING=True\n\
         exec ansible-playbook --inventory \"$HORNERO_HOST,\" --user \"$HORNERO_USER\" --private-key \"$HORNERO_KEY\" \\\n\
         --ssh-common-args \"-o Port=$HORNERO_PORT -o UserKnownHostsFile=$HORNERO_KNOWN_HOSTS -o IdentitiesOnly=yes\" \\\n\
         --become --extra-vars \"@$vars\" {}\n",
        quote(&vars)?,
        quote(&playbook.display().to_string())?,
    );
    Ok(Script { text, file: Some(playbook.to_owned()) })
}

/// Fetches a file from the builder; it appears under its name only when it is complete.
///
/// # Errors
/// When it is not there, cannot be read, or cannot be written here.
pub async fn download(
    step: &Step,
    machine: &Machine<'_>,
    source: &str,
    destination: &Path,
) -> Result<(), Error> {
    let what = || format!("step `{}`: fetching `{source}` from the builder", step.name);
    let local = |error: &io::Error| {
        Error::new(Kind::Bake, format!("{} to `{}`", what(), destination.display())).because(error)
    };
    let folder = destination.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| local(&error))?;
    let part = tempfile::NamedTempFile::new_in(folder).map_err(|error| local(&error))?;
    let out = part.reopen().map_err(|error| local(&error))?;
    let timeout: Duration = step.timeout.map_or(steps::TIMEOUT, |timeout| timeout.0);
    let line = format!("{}cat -- {}", machine.remote.sudo(), quote(source)?);
    let exit = match machine.remote.fetch(Command::new(line).timeout(Some(timeout)), Box::new(out)).await {
        Ok(exit) => exit,
        Err(error) => return Err(machine.explain(error).await),
    };
    if !exit.success() {
        return Err(Error::new(Kind::Bake, what()).hint("the file is not there, or is no plain file"));
    }
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(part.path(), readable).map_err(|error| local(&error))?;
    part.persist(destination).map(drop).map_err(|error| local(&error.error))
}
