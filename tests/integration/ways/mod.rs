//! Ways to a builder that is not reached straight, each held against real servers.

mod bastion;
mod endpoint;

use std::net::{Ipv4Addr, SocketAddr};

use hornero::{
    event::Stream,
    remote::{Command, Exit, Remote, RemoteError, purpose::Purpose, ssh::SshRemote},
};
use sha2::{Digest, Sha256};

/// Of this loopback address the tests' builders are.
const BUILDER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Nobody answers there: who reaches the builder went the way that was meant.
fn nowhere(port: u16) -> SocketAddr {
    (Ipv4Addr::new(203, 0, 113, 1), port).into()
}

async fn run(remote: &SshRemote, command: Command) -> (Result<Exit, RemoteError>, Vec<String>) {
    let mut lines = Vec::new();
    let sink = &mut |stream, line: &str| match stream {
        Stream::Stdout => lines.push(line.to_owned()),
        Stream::Stderr | Stream::Merged => {}
    };
    let result = remote.run(command, sink).await;
    (result, lines)
}

/// More than any window or buffer on the way holds, there and back.
async fn carries_whole(remote: &SshRemote) {
    let bytes: Vec<u8> =
        (0..6_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (exit, lines) = run(remote, Command::new(Purpose::Probe, "sha256sum").stdin(bytes.clone())).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert!(lines[0].starts_with(&hex::encode(Sha256::digest(&bytes))), "{lines:?}");
    let sum = hex::encode(Sha256::digest("abcdefg\n".repeat(750_000)));
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = Box::new(file.reopen().unwrap());
    let exit = remote.fetch(Command::new(Purpose::Probe, "yes abcdefg | head -n 750000"), out).await.unwrap();
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(hex::encode(Sha256::digest(std::fs::read(file.path()).unwrap())), sum);
}
