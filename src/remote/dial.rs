//! Finding a builder as soon as it answers: connections are tried a few times a second, several
//! at once, and the first that gets an SSH greeting wins. A connection that a forwarder accepted
//! for a machine that is still starting must not hold up the next try. Nor must the tries hold up the
//! machine: each of them costs its server a process, and a slow one has hardly time for those.

use std::{
    net::{SocketAddr, TcpStream as StdStream},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{net::TcpStream, time};

/// Pause between two tries.
const EVERY: Duration = Duration::from_millis(300);
/// How long one try may take at first; a slow machine needs a moment to greet.
const ONE_TRY: Duration = Duration::from_secs(5);
/// What has taken long so far is slow: later a try may take this part of the time that is over.
const PART: u32 = 6;
/// More would run into sshd's limit of connections that have not logged in.
const AT_ONCE: usize = 4;

/// What OpenSSH says instead of a greeting to whom it does not let in for the moment (its `sshd.c`).
const TOO_MANY: [&[u8]; 2] = [b"Exceeded MaxStartups", b"Not allowed at this time"];

/// Connects to `address`, trying until `deadline`; `begun` is when the machine was tried first, `said` hears what each
/// try came to. The greeting is left in the stream.
///
/// # Errors
/// What the last try came to, when the deadline is over.
pub async fn dial(
    address: SocketAddr,
    begun: Instant,
    deadline: Instant,
    said: &(dyn Fn(&str) + Sync),
) -> Result<StdStream, String> {
    let mut tries = FuturesUnordered::new();
    let mut tick = time::interval(EVERY);
    let mut last = String::from("no connection was tried");
    loop {
        tokio::select! {
            _ = tick.tick(), if tries.len() < AT_ONCE => {
                tries.push(greet(address, ONE_TRY.max(begun.elapsed() / PART)));
            }
            Some(result) = tries.next(), if !tries.is_empty() => match result {
                Ok(stream) => return Ok(stream),
                Err(why) => {
                    said(&why);
                    last = why;
                }
            },
            () = time::sleep_until(deadline.into()) => return Err(last),
        }
    }
}

/// One try: connects and waits for the first bytes, which a server sends on its own (RFC 4253, 4.2).
async fn greet(address: SocketAddr, patience: Duration) -> Result<StdStream, String> {
    time::timeout(patience, async {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let mut first = [0; 32];
        match stream.peek(&mut first).await {
            Ok(0) => Err("the connection was closed without a greeting".into()),
            Ok(count) if TOO_MANY.iter().any(|words| first[..count].starts_with(words)) => {
                Err("its SSH server is busy with connections that have not logged in yet".into())
            }
            Ok(_) => stream.into_std().map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap_or_else(|_| Err("no SSH greeting came in time".into()))
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn a_server_that_lets_nobody_in_for_the_moment_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            for greeting in ["Exceeded MaxStartups\r\n", "SSH-2.0-here\r\n"] {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(greeting.as_bytes()).await.unwrap();
            }
        });
        let begun = Instant::now();
        let stream = dial(address, begun, begun + Duration::from_secs(10), &|_| {}).await.unwrap();
        server.await.unwrap();
        let mut first = [0; 3];
        stream.peek(&mut first).unwrap();
        assert_eq!(&first, b"SSH");
    }
}
