//! A port of this computer that leads to a builder which is not reached straight, for programs that
//! make their own connections: each goes its own way through the bastion or the endpoint.

use std::{
    net::SocketAddr,
    os::unix::net::UnixStream as StdStream,
    time::{Duration, Instant},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinHandle,
};

use super::{
    RemoteError,
    route::{Account, Route},
    ssh::reach,
};

/// How long a way may take to open: the builder runs.
const OPEN: Duration = Duration::from_secs(30);

/// Where other programs reach the builder; it ends when this is dropped.
pub struct Forward {
    pub address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Forward {
    /// # Errors
    /// When this computer gives no port.
    pub async fn start(account: &Account) -> Result<Self, RemoteError> {
        match account.route {
            Route::Here | Route::Direct => return Ok(Self { address: account.address, task: None }),
            Route::Bastion(_) | Route::Endpoint(_) => {}
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, account.clone()));
        Ok(Self { address, task: Some(task) })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn serve(listener: TcpListener, account: Account) {
    // They end with this task.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connect(stream, account.clone()));
    }
}

/// A way that does not open closes the connection: that program tells it in its own words.
async fn connect(mut stream: TcpStream, account: Account) -> Option<()> {
    let line = reach(&account, Instant::now(), &OPEN.into()).await.ok()?;
    let mut far = UnixStream::from_std(StdStream::from(line.socket)).ok()?;
    copy_bidirectional(&mut stream, &mut far).await.ok().map(drop)
}
