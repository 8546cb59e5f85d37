//! Programs that must not outlive hornero: QEMU, `qemu-img`, `mmdebstrap`. The kernel ends a child
//! when the *thread* that started it ends, so all of them are started by one thread that stays. Only a
//! virtual machine that may be kept is on its own from the start.

use std::{
    ffi::OsStr,
    io,
    os::unix::process::CommandExt,
    process::{Command, Output, Stdio},
    sync::{OnceLock, mpsc},
};

use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal, setsid};
use tokio::{process::Child, runtime::Handle, sync::oneshot};

use crate::platform::{PlatformError, last_lines};

/// Work for the thread that starts programs.
type Job = Box<dyn FnOnce() + Send>;

static STARTER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();

/// Starts a program that gets `signal` when hornero ends, however it ends.
pub async fn spawn(mut command: Command, signal: Signal) -> io::Result<Child> {
    let parent = getpid();
    first(&mut command, move || follow(parent, signal));
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    start(command).await
}

/// Starts a program that goes on when hornero and its terminal have gone.
pub async fn spawn_free(mut command: Command) -> io::Result<Child> {
    first(&mut command, || setsid().map(drop).map_err(io::Error::from));
    start(command.into()).await
}

async fn start(mut command: tokio::process::Command) -> io::Result<Child> {
    let (reply, started) = oneshot::channel();
    let runtime = Handle::current();
    let job = Box::new(move || {
        let _inside = runtime.enter();
        if reply.is_closed() {
            return;
        }
        // One that nobody waits for any more is not to stay, also where it would outlive this process.
        if let Err(Ok(mut child)) = reply.send(command.spawn()) {
            child.start_kill().ok();
        }
    });
    starter()?.send(job).map_err(|_| io::Error::other("the thread that starts programs has ended"))?;
    started.await.map_err(io::Error::other)?
}

/// Runs a program to its end; anything but success is an error with the end of what it said.
pub async fn run<A: AsRef<OsStr>>(
    what: &str,
    program: &str,
    arguments: &[A],
) -> Result<Output, PlatformError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = spawn(command, Signal::TERM).await.map_err(|error| not_started(what, program, &error))?;
    let output = child.wait_with_output().await.map_err(|error| PlatformError::new(what, error))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = last_lines(&String::from_utf8_lossy(&output.stderr), 20);
    let why = said.last().map_or_else(String::new, |line| format!(": {line}"));
    Err(PlatformError::new(what, format!("`{program}` ended with {}{why}", output.status)).tail(said))
}

/// Why a program did not start, with the package that brings it.
pub fn not_started(what: &str, program: &str, error: &io::Error) -> PlatformError {
    let package = match program {
        "qemu-img" => "qemu-utils",
        "mmdebstrap" => "mmdebstrap",
        "sh" => "dash",
        _ => "qemu-system-x86",
    };
    PlatformError::new(what, format!("`{program}` could not be started: {error}"))
        .hint(format!("install the package `{package}`"))
}

fn starter() -> io::Result<&'static mpsc::Sender<Job>> {
    if let Some(sender) = STARTER.get() {
        return Ok(sender);
    }
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::Builder::new()
        .name("programs".into())
        .spawn(move || jobs.into_iter().for_each(|job| job()))?;
    // Where two callers come first at once, the loser's thread ends with its sender.
    Ok(STARTER.get_or_init(|| sender))
}

/// `work` only makes system calls, and allocates nothing.
#[expect(
    unsafe_code,
    reason = "a death signal can only be asked for between fork and exec, and so a session"
)]
fn first(command: &mut Command, work: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
    // SAFETY: between fork and exec only one or two system calls are made and nothing is allocated.
    unsafe {
        command.pre_exec(work);
    }
}

/// Runs in the child. The parent may have ended before the request was made: then no signal comes.
fn follow(parent: Pid, signal: Signal) -> io::Result<()> {
    set_parent_process_death_signal(Some(signal))?;
    if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_program_is_quoted() {
        let error = run("trying", "sh", &["-c", "echo first >&2; echo broken >&2; exit 3"]).await;
        let error = error.expect_err("it fails");
        assert!(error.to_string().ends_with("exit status: 3: broken"), "{error}");
        assert_eq!(error.tail, ["first", "broken"]);
    }

    #[tokio::test]
    async fn a_missing_program_names_its_package() {
        let error = not_started("reading `a.qcow2`", "qemu-img", &io::ErrorKind::NotFound.into());
        assert_eq!(error.hint.as_deref(), Some("install the package `qemu-utils`"));
    }

    #[tokio::test]
    async fn children_outlive_the_thread_that_asked_for_them() {
        let runtime = Handle::current();
        let asked = std::thread::spawn(move || {
            let mut command = Command::new("sleep");
            command.arg("30");
            runtime.block_on(spawn(command, Signal::KILL))
        });
        let mut child = tokio::task::spawn_blocking(|| asked.join())
            .await
            .expect("joined")
            .expect("no panic")
            .expect("started");
        assert!(child.try_wait().expect("it can be asked").is_none());
        child.kill().await.expect("it can be ended");
    }
}
