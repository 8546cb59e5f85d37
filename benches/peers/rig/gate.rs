//! An SSH port that is closed until it is opened: a machine whose boot takes a known time.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// A port of the loopback at which nobody listens yet.
pub struct Gate {
    pub port: u16,
    upstream: SocketAddr,
}

/// How long it took until somebody came; ends the connections with this value.
pub struct Opened {
    task: JoinHandle<()>,
    pub first: tokio::sync::oneshot::Receiver<Duration>,
}

impl Gate {
    pub fn before(upstream: SocketAddr) -> Result<Self> {
        let free = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
        Ok(Self { port: free.local_addr()?.port(), upstream })
    }

    /// Opens it when this time is over.
    pub fn open_after(&self, closed: Duration) -> Opened {
        let (tell, first) = tokio::sync::oneshot::channel();
        let (port, upstream) = (self.port, self.upstream);
        let task = tokio::spawn(async move {
            sleep(closed).await;
            // Where the port was taken meanwhile, nobody is told, and the row fails.
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
                serve(listener, upstream, tell).await;
            }
        });
        Opened { task, first }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, upstream: SocketAddr, tell: tokio::sync::oneshot::Sender<Duration>) {
    let (opened, mut tell, mut lines) = (Instant::now(), Some(tell), JoinSet::new());
    while let Ok((mut client, _)) = listener.accept().await {
        if let Some(tell) = tell.take() {
            // Nobody listens where the row has failed meanwhile.
            tell.send(opened.elapsed()).ok();
        }
        lines.spawn(async move {
            let mut server = TcpStream::connect(upstream).await?;
            client.set_nodelay(true)?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
