use std::{
    io,
    os::unix::process::ExitStatusExt,
    process::{ExitCode, ExitStatus},
};

use clap::Args;
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::{
    Context, Global,
    find_run::{FoundRun, RunFilter, find},
    resume::no_builder,
    show, wiring,
};
use crate::{
    engine::{OverSsh, kept::Kept, visit::Visit, way_in::WayIn},
    error::{Error, Kind},
    event::Events,
    journal,
    quote::ssh_option,
};

/// Opens a shell on the builder that a failed bake has kept
///
/// With OpenSSH's client, the run's own key and the pinned host key, the way that the template says. The
/// exit code is that of the command or the shell. The account can become root with `sudo -i`.
#[derive(Debug, Args)]
pub struct Ssh {
    /// ID of the run, its beginning, or the name of the image
    run: String,
    /// A command, as for `ssh`; a shell when there is none
    #[arg(last = true)]
    command: Vec<String>,
}

impl Ssh {
    pub async fn run(self, context: &Context) -> Result<ExitCode, Error> {
        let FoundRun { id, folder } = find(&self.run, RunFilter::WITH_BUILDER, context)?;
        let history = journal::read(&folder)?.unwrap_or_default();
        // While somebody goes on with it, it runs too.
        if history.builder_kept.is_none() && (history.taken_up.is_empty() || history.ended.is_some()) {
            return Err(no_builder(&format!("opening a shell on the builder of {id}"), &id, &history));
        }
        let kept = Kept::read(&folder)?;
        let context = &Context::new(Global { platform: kept.platform, ..context.global.clone() });
        let platform = wiring::platform(context)?;
        let (events, receiver) = Events::channel();
        let shown = show::listen(receiver, wiring::lines())?;
        let visit = Visit::begin(&kept, platform.as_ref(), &folder).await?;
        let status = visit.during(&OverSsh, &events, client(&visit.way, &self.command)).await;
        drop(events);
        show::wait_until_shown(shown).await;
        Ok(ExitCode::from(code(status?)))
    }
}

/// Nothing of the user's own configuration may send it elsewhere, or trust another key.
async fn client(way: &WayIn, words: &[String]) -> Result<ExitStatus, Error> {
    let option = |name: &str, value: String| ["-o".to_owned(), format!("{name}={value}")];
    let mut command = Command::new("ssh");
    command.args(["-F", "none"]);
    for (name, value) in [
        ("UserKnownHostsFile", ssh_option(&way.known_hosts().to_string_lossy())),
        ("GlobalKnownHostsFile", "none".to_owned()),
        ("StrictHostKeyChecking", "yes".to_owned()),
        ("IdentityFile", ssh_option(&way.key().to_string_lossy())),
        ("IdentitiesOnly", "yes".to_owned()),
        (
            "IdentityAgent",
            way.agent().map_or_else(|| "none".to_owned(), |agent| ssh_option(&agent.to_string_lossy())),
        ),
        ("BatchMode", "yes".to_owned()),
        ("UpdateHostKeys", "no".to_owned()),
        ("ServerAliveInterval", "15".to_owned()),
    ] {
        command.args(option(name, value));
    }
    let address = way.address();
    command.args(["-l", &way.user, "-p", &address.port().to_string(), &address.ip().to_string()]);
    if !words.is_empty() {
        command.arg("--").args(words);
    }
    // The interrupt is the other side's, over the line; the files here are removed at the end.
    let mut interrupts = signal(SignalKind::interrupt()).map_err(|error| unheard(&error))?;
    let mut ends = signal(SignalKind::terminate()).map_err(|error| unheard(&error))?;
    let mut hangs_up = signal(SignalKind::hangup()).map_err(|error| unheard(&error))?;
    let mut child = command.kill_on_drop(true).spawn().map_err(|error| not_started(&error))?;
    loop {
        tokio::select! {
            status = child.wait() => return status.map_err(|error| not_started(&error)),
            _ = interrupts.recv() => {}
            _ = ends.recv() => return Err(Error::new(Kind::Interrupted, "the shell was ended by a signal")),
            _ = hangs_up.recv() => return Err(Error::new(Kind::Interrupted, "the terminal was closed")),
        }
    }
}

fn unheard(error: &io::Error) -> Error {
    Error::new(Kind::Local, "listening for signals").because(error)
}

fn not_started(error: &io::Error) -> Error {
    let failed = Error::new(Kind::Local, "starting `ssh`, the client of OpenSSH").because(error);
    match error.kind() {
        io::ErrorKind::NotFound => failed.hint("install the package `openssh-client`"),
        _ => failed,
    }
}

/// As a shell tells it.
fn code(status: ExitStatus) -> u8 {
    let number = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(number).unwrap_or(1)
}
