//! Servers in Python. One tells its port, answers JSON line by line, and ends when its line closes: with this
//! value, or with the process that holds it, however that ends.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::python::program;

/// A server under way.
pub struct Server {
    line: BufReader<UnixStream>,
    /// What it has to say of itself.
    folder: TempDir,
    pub port: u16,
}

impl Server {
    /// Starts a server of `tests/aws` and waits for its port.
    pub fn start(server: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [socket, said] = ["line", "said"].map(|name| folder.path().join(name));
        std::fs::write(&said, "").unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        nursed(&json!({ "server": server, "arguments": arguments, "line": socket, "said": said }));
        let line = BufReader::new(listener.accept().unwrap().0);
        let mut server = Self { line, folder, port: 0 };
        server.port = server.line()["port"].as_u64().and_then(|port| port.try_into().ok()).unwrap();
        server
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the server itself, beside what it serves.
    pub fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.line.get_mut(), "{request}").unwrap();
        self.line()
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.line.read_line(&mut line).unwrap();
        let said = || std::fs::read_to_string(self.folder.path().join("said")).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server ended: {}", said()))
    }
}

/// The process that all of them are forked from; it ends with this one.
static NURSERY: Mutex<Option<(Child, BufReader<ChildStdout>)>> = Mutex::new(None);

fn nursed(request: &Value) {
    let mut nursery = NURSERY.lock().unwrap_or_else(PoisonError::into_inner);
    let (child, answers) = nursery.get_or_insert_with(nursery_started);
    writeln!(child.stdin.as_mut().unwrap(), "{request}").unwrap();
    let mut answer = String::new();
    answers.read_line(&mut answer).unwrap();
    assert!(answer.contains("pid"), "the nursery of servers ended, its error stands above");
}

fn nursery_started() -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(program("python"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/nursery.py"))
        // Its caches do not belong into the repository.
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    (child, answers)
}
