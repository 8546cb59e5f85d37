//! A slow line: a proxy on the loopback that holds everything back for a fixed time in each
//! direction. Order is kept and bandwidth is not limited. A connection takes as long to be made as
//! over a real line, on which nobody can send before the handshake is over.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

const CHUNK: usize = 256 * 1024;

/// Listens as long as this value lives.
pub struct Delay {
    pub port: u16,
    task: JoinHandle<()>,
}

impl Delay {
    /// In front of `upstream`, `each` way.
    pub async fn before(upstream: SocketAddr, each: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("opening a port for the slow line")?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, upstream, each));
            }
        });
        Ok(Self { port, task })
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection. Either end's closing reaches the other as late as data does.
async fn carry(client: TcpStream, upstream: SocketAddr, each: Duration) -> std::io::Result<()> {
    // SYN, SYN-ACK, ACK: only then the server knows of the client.
    sleep_until(Instant::now() + each * 3).await;
    let server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::spawn(one_way(from_client, to_server, each));
    tokio::spawn(one_way(from_server, to_client, each));
    Ok(())
}

/// What is on its way is bounded by the windows of whoever sends, as SSH has them.
async fn one_way(from: OwnedReadHalf, to: OwnedWriteHalf, each: Duration) {
    let (send, receive) = mpsc::unbounded_channel();
    let reading = tokio::spawn(read(from, send, each));
    // It ends with the connection, which either side may lose at any time.
    write(to, receive).await.ok();
    reading.abort();
}

async fn read(mut from: OwnedReadHalf, send: mpsc::UnboundedSender<(Instant, Vec<u8>)>, each: Duration) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(count) = from.read(&mut buffer).await {
        let sent = send.send((Instant::now() + each, buffer[..count].to_vec()));
        if count == 0 || sent.is_err() {
            break;
        }
    }
}

async fn write(
    mut to: OwnedWriteHalf,
    mut receive: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
) -> std::io::Result<()> {
    while let Some((due, bytes)) = receive.recv().await {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        if bytes.is_empty() {
            return to.shutdown().await;
        }
        to.write_all(&bytes).await?;
    }
    Ok(())
}
