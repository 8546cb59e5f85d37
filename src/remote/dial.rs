//! Finding a builder as soon as it answers: connections are tried a few times a second, several
//! at once, and the first that gets an SSH greeting wins. A connection that a forwarder accepted
//! for a machine that is still starting must not hold up the next try.

use std::{
    net::{SocketAddr, TcpStream as StdStream},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{net::TcpStream, time};

/// Pause between two tries.
const EVERY: Duration = Duration::from_millis(300);
/// How long one try may take; a slow machine needs a moment to greet.
const ONE_TRY: Duration = Duration::from_secs(5);
/// More would run into sshd's limit of connections that have not logged in.
const AT_ONCE: usize = 4;

/// Connects to `address`, trying until `deadline`. The greeting is left in the stream.
///
/// # Errors
/// What the last try came to, when the deadline is over.
pub async fn dial(address: SocketAddr, deadline: Instant) -> Result<StdStream, String> {
    let mut tries = FuturesUnordered::new();
    let mut tick = time::interval(EVERY);
    let mut last = String::from("no connection was tried");
    loop {
        tokio::select! {
            _ = tick.tick(), if tries.len() < AT_ONCE => tries.push(greet(address)),
            Some(result) = tries.next(), if !tries.is_empty() => match result {
                Ok(stream) => return Ok(stream),
                Err(why) => last = why,
            },
            () = time::sleep_until(deadline.into()) => return Err(last),
        }
    }
}

/// One try: connects and waits for the first bytes, which a server sends on its own (RFC 4253, 4.2).
async fn greet(address: SocketAddr) -> Result<StdStream, String> {
    time::timeout(ONE_TRY, async {
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let mut first = [0; 4];
        match stream.peek(&mut first).await {
            Ok(0) => Err("the connection was closed without a greeting".into()),
            Ok(_) => stream.into_std().map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .unwrap_or_else(|_| Err(format!("no greeting within {} s", ONE_TRY.as_secs())))
}
