//! The line to a guest that is saved or was: a line of JSON each way, and what they say.

use std::{
    io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    time::timeout,
};

use crate::platform::qemu::control::{self, PORT_SOCKET};

#[derive(Debug)]
pub struct Port {
    output: Lines<BufReader<OwnedReadHalf>>,
    input: OwnedWriteHalf,
}

/// What a guest says.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Said {
    /// Its boot is over, and it waits for an order.
    Ready,
    /// It is another machine now.
    Going,
    Cannot {
        why: String,
    },
}

/// What a resumed guest is told.
#[derive(Debug, Serialize)]
pub struct Order {
    /// Seconds since 1970.
    time: f64,
    /// Random bytes in hex, for the generator that all copies of the guest have in common so far.
    random: String,
    machine_id: String,
}

impl Order {
    /// One for a machine of its own.
    pub fn new() -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let id = format!("{:032x}", rand::random::<u128>());
        // The form of a random UUID, as systemd makes them.
        let machine_id = format!("{}4{}8{}", &id[..12], &id[13..16], &id[17..]);
        Self { time, random: hex::encode(rand::random::<[u8; 64]>()), machine_id }
    }
}

impl Port {
    pub async fn open(folder: &Path) -> io::Result<Self> {
        let (output, input) = control::socket(folder, PORT_SOCKET).await?.into_split();
        Ok(Self { output: BufReader::new(output).lines(), input })
    }

    pub async fn tell(&mut self, order: &Order) -> io::Result<()> {
        let line = serde_json::to_string(order)? + "\n";
        self.input.write_all(line.as_bytes()).await
    }

    /// Waits until the guest has said this.
    pub async fn hear(&mut self, wanted: &Said, within: Duration) -> io::Result<()> {
        let heard = timeout(within, self.output.next_line()).await;
        let heard = heard.map_err(|_| {
            io::Error::other(format!("the guest did not say so within {} s", within.as_secs()))
        })?;
        let line = heard?.ok_or_else(|| io::Error::other("QEMU has ended"))?;
        match serde_json::from_str(&line) {
            Ok(said) if said == *wanted => Ok(()),
            Ok(Said::Cannot { why }) => Err(io::Error::other(why)),
            Ok(Said::Ready | Said::Going) | Err(_) => {
                Err(io::Error::other(format!("the guest said `{line}`")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_machines_are_told_the_same() {
        let (one, two) = (Order::new(), Order::new());
        assert_ne!(one.machine_id, two.machine_id);
        assert_ne!(one.random, two.random);
        assert_eq!((one.machine_id.len(), &one.machine_id[12..13], &one.machine_id[16..17]), (32, "4", "8"));
    }

    #[test]
    fn a_guest_may_say_more_than_is_asked_for() {
        let ready: Said = serde_json::from_str(r#"{"state": "ready", "fast": true}"#).unwrap();
        assert_eq!(ready, Said::Ready);
        let cannot: Said = serde_json::from_str(r#"{"state": "cannot", "why": "no"}"#).unwrap();
        assert_eq!(cannot, Said::Cannot { why: "no".into() });
    }
}
