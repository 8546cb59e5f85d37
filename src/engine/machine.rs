//! A running builder together with the line to it: launched, connected, watched, and destroyed.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Connect, Tail,
    answer::Answer,
    launch_keys::LaunchKeys,
    line::{account, heard, open, patience, until_gone},
    way_in::UserKeys,
};
use crate::{
    error::{Error, Kind},
    event::{Events, Stream},
    platform::Builder,
    private,
    provision::{
        script::{Job, command_line},
        supervisor::root,
    },
    remote::{Command, Exit, Remote, RemoteError, key::HostKeyPin, purpose::Purpose, route::Account},
    template::model::Ssh,
};

/// Makes a folder of one launch: its disks, seed and console log.
///
/// # Errors
/// When the state directory cannot be written to.
pub fn folder(run: &Path, name: &str) -> Result<PathBuf, Error> {
    let path = run.join(name);
    private::folder(&path).map_err(|error| {
        Error::new(Kind::Local, format!("making the folder `{}`", path.display())).because(&error)
    })?;
    Ok(path)
}

/// A builder that is not too busy answers at once.
const PROBE: Duration = Duration::from_secs(30);

/// A builder and the line to it.
pub struct Machine<'a> {
    pub builder: &'a mut dyn Builder,
    pub remote: Box<dyn Remote>,
    run: String,
    account: Account,
    connect: &'a dyn Connect,
    /// How long a line may take to open.
    patience: Duration,
    /// The folder on the builder where jobs live that outlive their line.
    jobs: String,
    /// For programs of this computer that log in to the builder.
    pub user_keys: UserKeys,
    /// What the supervisor of each job does first.
    pub first: &'static str,
    /// Of the boot in which the last job was started; empty before the first.
    pub boot_id: String,
}

impl<'a> Machine<'a> {
    /// Logs in as soon as the builder answers; gives up at once when it stops running.
    pub async fn connect(
        builder: &'a mut dyn Builder,
        connect: &'a dyn Connect,
        ssh: &Ssh,
        keys: &LaunchKeys,
        cloud_init: bool,
        events: &Events,
    ) -> Result<Self, Error> {
        let mut account = Account { by_cloud_init: cloud_init, ..account(builder, ssh, keys).await? };
        let timeout = ssh.timeout.unwrap_or(Ssh::USUAL_TIMEOUT).0;
        let remote = open(builder, connect, &account, patience(timeout, cloud_init, events)).await?;
        // From here on the very key, also where the template gives only its fingerprint: programs that make
        // their own connections need all of it.
        if let Some(key) = remote.host_key() {
            account.pin = HostKeyPin::Key(key.to_vec());
        }
        let jobs = root(&keys.run);
        let (run, first, boot_id) = (keys.run.clone(), "", String::new());
        let user_keys = UserKeys { key_file: ssh.private_key.clone(), agent: None };
        Ok(Self {
            builder,
            remote,
            run,
            account,
            connect,
            patience: timeout,
            jobs,
            user_keys,
            first,
            boot_id,
        })
    }

    /// Opens the line anew after it was lost, unless the builder is gone: that is told as such.
    pub async fn restore(&mut self, lost: &RemoteError, events: &Events) -> Result<(), Error> {
        if let Some(why) = self.builder.gone().await {
            return Err(self.gone(&why, lost).await);
        }
        events.note(format!("{lost}; connecting again, while the builder goes on"));
        let result = tokio::select! {
            result = self.connect.connect(self.account.clone(), heard(self.patience, events)) => result,
            why = until_gone(self.builder) => return Err(self.gone(&why, lost).await),
        };
        match result {
            Ok(remote) => self.remote = remote,
            Err(error) => {
                let tail = self.builder.console_tail(Tail::LINES).await;
                return Err(Error::from(error).tail(tail));
            }
        }
        events.note("connected to the builder again");
        Ok(())
    }

    /// Opens the line anew if it was lost while nobody spoke over it.
    pub async fn probe(&mut self, events: &Events) -> Result<(), Error> {
        let command = Command::new(Purpose::Probe, "true").timeout(Some(PROBE));
        match self.remote.run(command, &mut |_, _| {}).await {
            Err(lost @ (RemoteError::Lost { .. } | RemoteError::TimedOut(_) | RemoteError::NoAnswer(_))) => {
                self.restore(&lost, events).await
            }
            // What else may be wrong is told by whoever has something to say.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Removes what jobs have left on the builder, as a line of a script that does more. It lies in memory,
    /// so no image has it, and a bake does not fail for it.
    pub fn tidy(&self) -> String {
        // The last job may still be leaving.
        let remove = format!("rm -rf {}", self.jobs);
        format!("{{ {remove} || {remove}; }} 2>/dev/null\n")
    }

    /// Where jobs live on the builder.
    pub fn jobs(&self) -> &str {
        &self.jobs
    }

    /// Opens the line anew, after a restart of the builder.
    pub async fn reconnect(&mut self, timeout: Duration) -> Result<(), Error> {
        self.remote = open(self.builder, self.connect, &self.account, timeout.into()).await?;
        Ok(())
    }

    /// The ID of the run that has launched it.
    pub fn run_id(&self) -> &str {
        &self.run
    }

    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The command that runs a script on this builder.
    ///
    /// # Errors
    /// When the script's environment contains a NUL byte.
    pub fn command(&self, purpose: Purpose, job: &Job<'_>) -> Result<Command, Error> {
        Ok(Command::new(purpose, command_line(self.remote.sudo())).stdin(job.stdin()?))
    }

    /// Runs a command; its lines go into the events under `source`.
    pub async fn run(
        &self,
        command: Command,
        source: &str,
        events: &Events,
    ) -> (Result<Exit, RemoteError>, Vec<String>) {
        let mut tail = Tail::default();
        let result = self
            .remote
            .run(command, &mut |stream, line| {
                tail.push(line);
                events.output(source, stream, line);
            })
            .await;
        (result, tail.lines())
    }

    /// Runs a command and hands back the lines of its standard output; what it says on standard
    /// error comes with a failure.
    pub async fn ask(&self, command: Command, what: &str) -> Result<Vec<String>, Error> {
        let (mut lines, mut said) = (Answer::default(), Tail::default());
        let sink = &mut |stream, line: &str| match stream {
            Stream::Stdout => lines.push(line),
            Stream::Stderr | Stream::Merged => said.push(line),
        };
        let exit = match self.remote.run(command, sink).await {
            Ok(exit) => exit,
            Err(error) => return Err(self.explain(error).await),
        };
        match exit.success() {
            true => lines.lines(what),
            false => Err(Error::new(Kind::Bake, format!("{what} failed with {exit}")).tail(said.lines())),
        }
    }

    /// A lost line may be a lost builder: that is told as such.
    pub async fn explain(&self, error: RemoteError) -> Error {
        if matches!(error, RemoteError::Lost { .. } | RemoteError::Ended)
            && let Some(why) = self.builder.gone().await
        {
            return self.gone(&why, &error).await;
        }
        error.into()
    }

    async fn gone(&self, why: &str, lost: &RemoteError) -> Error {
        let tail = self.builder.console_tail(Tail::LINES).await;
        Error::new(Kind::Platform, format!("the builder is gone: {why}")).because(lost).tail(tail)
    }
}
