//! QEMU's control line (QMP): a line of JSON for each command, answer and event.

use std::{io, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    time::timeout,
};

/// QEMU answers within milliseconds; a busy computer may take seconds.
const ANSWER: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Qmp {
    input: OwnedWriteHalf,
    answers: mpsc::UnboundedReceiver<Value>,
    shutdown: watch::Receiver<Option<String>>,
}

/// What a line from QEMU is.
#[derive(Debug, PartialEq)]
enum Line {
    Answer(Value),
    /// Why the machine went off: `guest-shutdown`, `host-qmp-quit`, ...
    Shutdown(String),
    Other,
}

impl Qmp {
    pub async fn open(stream: UnixStream) -> io::Result<Self> {
        let (output, input) = stream.into_split();
        let (send_answer, answers) = mpsc::unbounded_channel();
        let (send_shutdown, shutdown) = watch::channel(None);
        tokio::spawn(read(output, send_answer, send_shutdown));
        let mut qmp = Self { input, answers, shutdown };
        qmp.execute("qmp_capabilities", json!({})).await?;
        Ok(qmp)
    }

    pub async fn execute(&mut self, command: &str, arguments: Value) -> io::Result<Value> {
        let line = format!("{}\n", json!({"execute": command, "arguments": arguments}));
        self.input.write_all(line.as_bytes()).await?;
        let answer = timeout(ANSWER, self.answers.recv()).await?;
        let answer = answer.ok_or_else(|| io::Error::other("QEMU closed its control line"))?;
        match answer.get("error") {
            Some(error) => Err(io::Error::other(format!("QEMU refused `{command}`: {}", error["desc"]))),
            None => Ok(answer["return"].clone()),
        }
    }

    /// The loopback port that leads to the guest's SSH.
    pub async fn ssh_port(&mut self) -> io::Result<u16> {
        let answer = self.execute("human-monitor-command", json!({"command-line": "info usernet"})).await?;
        let text = answer.as_str().unwrap_or_default();
        forwarded_port(text).ok_or_else(|| io::Error::other(format!("no forwarded port in `{text}`")))
    }

    /// Why the machine went off; `None` where QEMU ended without a word. For a QEMU that has ended:
    /// waits until everything it said has been read.
    pub async fn shutdown_reason(&mut self) -> Option<String> {
        self.shutdown.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone())
    }
}

async fn read(
    output: OwnedReadHalf,
    answers: mpsc::UnboundedSender<Value>,
    shutdown: watch::Sender<Option<String>>,
) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match understood(&line) {
            // A closed end means that nobody asks any more.
            Line::Answer(value) => drop(answers.send(value)),
            Line::Shutdown(reason) => drop(shutdown.send(Some(reason))),
            Line::Other => {}
        }
    }
}

fn understood(line: &str) -> Line {
    let value: Value = serde_json::from_str(line).unwrap_or_default();
    if value.get("return").is_some() || value.get("error").is_some() {
        return Line::Answer(value);
    }
    if value["event"] == "SHUTDOWN" {
        return Line::Shutdown(value["data"]["reason"].as_str().unwrap_or("unknown").into());
    }
    Line::Other
}

/// `TCP[HOST_FORWARD]  3  127.0.0.1 33755  10.0.2.15  22  0  0`: the word after the source address.
fn forwarded_port(text: &str) -> Option<u16> {
    let line = text.lines().find(|line| line.contains("HOST_FORWARD"))?;
    line.split_whitespace().skip_while(|word| *word != "127.0.0.1").nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forwarded_port_is_found_in_the_table() {
        let text = "Hub -1 (net):\r\n  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n  TCP[HOST_FORWARD]   3       127.0.0.1 33755       10.0.2.15    22     0     0\r\n";
        assert_eq!(forwarded_port(text), Some(33755));
        assert_eq!(forwarded_port("Hub -1 (net):\r\n"), None);
    }

    #[test]
    fn answers_and_the_reason_of_a_shutdown_are_told_apart() {
        assert!(matches!(understood(r#"{"return": {}}"#), Line::Answer(_)));
        assert_eq!(understood(r#"{"event": "RESET", "data": {}}"#), Line::Other);
        let line = r#"{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}}"#;
        assert_eq!(understood(line), Line::Shutdown("guest-shutdown".into()));
        assert_eq!(understood("no JSON"), Line::Other);
    }
}
