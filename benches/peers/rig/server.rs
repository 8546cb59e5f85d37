//! The servers of `tests/aws`: each tells its port, answers JSON line by line, and ends with this
//! value, for its standard input closes then.

use std::{path::Path, process::Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{ChildStdin, ChildStdout, Command},
};

use super::{
    bench::{Bench, ROOT},
    job::Job,
};

pub struct Server {
    script: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    port: u64,
    _job: Job,
}

impl Server {
    pub async fn start(bench: &Bench<'_>, script: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(bench.python().await?);
        command.arg(Path::new(ROOT).join("tests/aws").join(script)).args(arguments);
        // Its caches do not belong into the repository.
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut job = Job::start(script, &mut command)?;
        let input = job.child.stdin.take().with_context(|| format!("opening the input of {script}"))?;
        let output = job.child.stdout.take().with_context(|| format!("opening the output of {script}"))?;
        let output = BufReader::new(output).lines();
        let mut server = Self { script: script.to_owned(), input, output, port: 0, _job: job };
        let first = server.line().await?;
        server.port = first["port"].as_u64().with_context(|| format!("{script} tells no port: {first}"))?;
        Ok(server)
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the server itself, beside what it serves.
    pub async fn ask(&mut self, request: &Value) -> Result<Value> {
        let asked = self.input.write_all(format!("{request}\n").as_bytes()).await;
        asked.with_context(|| format!("asking {}", self.script))?;
        self.line().await
    }

    async fn line(&mut self) -> Result<Value> {
        let line = self.output.next_line().await.with_context(|| format!("reading from {}", self.script))?;
        let line = line.with_context(|| format!("{} ended; what it said stands above", self.script))?;
        serde_json::from_str(&line).with_context(|| format!("reading `{line}` of {}", self.script))
    }
}
