//! Python for the rig: a virtual environment under the target directory, made once, and servers
//! that run in it. A server tells its port, answers JSON line by line, and ends when its standard
//! input closes: with this value, or with the process that holds it, however that ends.

use std::{
    fs::File,
    io::{BufRead, BufReader, Lines, Read, Seek, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// The programs of the virtual environment: `python`, `aws`.
pub fn program(name: &str) -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(installed).join(name)
}

/// Test processes run side by side: one installs, the others wait for it.
fn installed() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/python.sh");
    let output = Command::new(script).arg(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}; scripts/setup.sh installs what this needs");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// A server under way.
pub struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    said: File,
    pub port: u16,
}

impl Server {
    /// Starts a script of `tests/aws` and waits for its port.
    pub fn start(script: &str, arguments: &[&str]) -> Self {
        let said = tempfile::tempfile().unwrap();
        let mut process = Command::new(program("python"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws").join(script))
            .args(arguments)
            // Its caches do not belong into the repository.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said.try_clone().unwrap())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let input = process.stdin.take();
        let mut server = Self { process, input, output, said, port: 0 };
        server.port = server.line()["port"].as_u64().and_then(|port| port.try_into().ok()).unwrap();
        server
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the server itself, beside what it serves.
    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        self.line()
    }

    fn line(&mut self) -> Value {
        match self.output.next() {
            Some(line) => serde_json::from_str(&line.unwrap()).unwrap(),
            None => {
                let mut text = String::new();
                self.said.rewind().unwrap();
                self.said.read_to_string(&mut text).unwrap();
                panic!("the server ended ({:?}): {text}", self.process.wait())
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
