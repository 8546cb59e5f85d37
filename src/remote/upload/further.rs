//! Further lines of an upload: opened while the first one is at work, and joined to it when the builder is
//! ready for what they bring.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use tokio::sync::Notify;

use super::{
    READY, TAKE, command,
    maker::{Joined, Joining, numbers},
    stripes::Stripes,
};
use crate::remote::{Exit, Remote, RemoteError};

/// Takes what a further line brings.
const BRING: &str = include_str!("bring.sh");

/// Opens them and lets them bring their pieces; how each of them ended. `here` says where the first line
/// puts the pieces together, once it has `begun`.
pub(super) async fn bring(
    first: &dyn Remote,
    stripes: Stripes,
    (here, begun): (&str, &Notify),
    joining: Joining,
) -> Vec<Result<Exit, RemoteError>> {
    let (remotes, ()) = futures::join!(stripes.more(first), begun.notified());
    if remotes.is_empty() {
        return Vec::new();
    }
    let (streams, joined) = joining.lines(remotes.len());
    let (awaited, joined) = (AtomicUsize::new(remotes.len()), Mutex::new(Some(joined)));
    let taken = || joined.lock().unwrap_or_else(PoisonError::into_inner).take();
    let rest = remotes.iter().zip(numbers(remotes.len())).zip(streams).map(|((remote, number), stream)| {
        let text = format!("{here}\nline={number}\n{TAKE}{BRING}");
        let command = command(remote.as_ref(), &text, (stream, true));
        let (awaited, taken) = (&awaited, &taken);
        async move {
            let mut ready = |_, line: &str| {
                if line == READY && awaited.fetch_sub(1, Ordering::Relaxed) == 1 {
                    taken().into_iter().for_each(Joined::ready);
                }
            };
            let end = remote.run(command, &mut ready).await;
            // They join together or not at all: the others need not wait for one that has ended.
            drop(taken());
            end
        }
    });
    join_all(rest).await
}
