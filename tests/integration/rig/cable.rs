//! A cable between a test and a server, which can be cut, or go silent as a network does that is gone.

use std::{
    future::pending,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
};

pub struct Cable {
    pub address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    target: Arc<Mutex<SocketAddr>>,
    runtime: Option<Runtime>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// How often it was cut or went silent.
    breaks: u32,
    silent: bool,
}

impl Cable {
    pub fn to(target: SocketAddr) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (state, target) = (Arc::new(watch::Sender::default()), Arc::new(Mutex::new(target)));
        runtime.spawn(serve(listener, state.clone(), target.clone()));
        Self { address, state, target, runtime: Some(runtime) }
    }

    /// Cuts what goes over it now.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.breaks += 1);
    }

    /// What goes over it now is never heard of again, nor is anything new until it heals.
    pub fn freeze(&self) {
        self.state.send_modify(|state| *state = State { breaks: state.breaks + 1, silent: true });
    }

    pub fn heal(&self) {
        self.state.send_modify(|state| state.silent = false);
    }

    /// Where new connections lead.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = target;
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn serve(
    listener: std::net::TcpListener,
    state: Arc<watch::Sender<State>>,
    target: Arc<Mutex<SocketAddr>>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((near, _)) = listener.accept().await {
        let target = *target.lock().unwrap();
        tokio::spawn(carry(near, target, state.subscribe()));
    }
}

async fn carry(mut near: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let begin = *state.borrow();
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    if !begin.silent {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = state.wait_for(|now| now.breaks != begin.breaks) => {}
        }
    }
    if state.borrow().silent {
        pending::<()>().await;
    }
    near.set_zero_linger().unwrap();
    far.set_zero_linger().unwrap();
}
