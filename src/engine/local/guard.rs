//! Ends what a step has started on this computer when hornero ends, however it ends: a process of its own waits at a
//! pipe that only hornero holds, and ends the step's process group when that closes.

use std::{
    io::{self, PipeWriter, Write},
    os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd},
    path::Path,
    process::Stdio,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::getpid,
};
use tokio::process::{Child, Command};

/// Reads which group it is to end. Only a line after that says that the step has come to its end by itself; else the
/// step's files go too.
const SCRIPT: &str = r#"read -r group || exit; read -r _ && exit; kill -s KILL -- "-$group"; rm -rf -- "$1""#;

/// More than the largest number of a process has, and a line end.
const LONGEST_LINE_BYTES: usize = 12;

/// While it lives, so may the step. When it is dropped, the step's processes end.
pub struct Guard {
    line: PipeWriter,
    process: Child,
}

impl Guard {
    /// `folder` holds the step's files.
    ///
    /// # Errors
    /// When there can be no such process.
    pub fn start(folder: &Path) -> io::Result<Self> {
        let (reader, line) = io::pipe()?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SCRIPT, "sh"])
            .arg(folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/");
        command.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null());
        // A Ctrl-C in the terminal is not for it.
        let process = command.process_group(0).spawn()?;
        Ok(Self { line, process })
    }

    /// Has the guard watch over the program from before its first instruction on. The files `shared` are open in it.
    pub fn watch(&self, program: &mut Command, shared: &[OwnedFd]) {
        let line = self.line.as_raw_fd();
        let shared: Vec<RawFd> = shared.iter().map(AsRawFd::as_raw_fd).collect();
        program.process_group(0);
        before_it_runs(program, move || {
            announce(line)?;
            shared.iter().try_for_each(|&file| Ok(fcntl_setfd(borrowed(file), FdFlags::empty())?))
        });
    }

    /// The step has come to its end: what it leaves in the background goes on.
    pub async fn release(mut self) {
        // A guard that was ended by somebody does nothing any more either.
        self.line.write_all(b"done\n").ok();
        self.process.wait().await.ok();
    }
}

#[expect(
    unsafe_code,
    reason = "which files a program gets, and its number, are known only between fork and exec"
)]
fn before_it_runs(program: &mut Command, work: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
    // SAFETY: between fork and exec only system calls are made and nothing is allocated.
    unsafe {
        program.pre_exec(work);
    }
}

#[expect(unsafe_code, reason = "the closure that runs in the new process can own no file of this one")]
fn borrowed<'a>(file: RawFd) -> BorrowedFd<'a> {
    // SAFETY: whoever starts the program holds the file until it has started, and the program is a copy until then.
    unsafe { BorrowedFd::borrow_raw(file) }
}

/// Tells the number of this process, which is that of its group. Nothing may be allocated here.
fn announce(line: RawFd) -> io::Result<()> {
    let mut number = getpid().as_raw_nonzero().get().unsigned_abs();
    let mut text = [b'\n'; LONGEST_LINE_BYTES];
    let mut start = LONGEST_LINE_BYTES - 1;
    while number > 0 {
        start -= 1;
        text[start] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    rustix::io::write(borrowed(line), &text[start..])?;
    Ok(())
}
