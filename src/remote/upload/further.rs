//! Further lines of an upload: opened while the first one is at work, and joined to it when the builder is
//! ready for what they bring.

use std::{
    pin::pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::{Either, FutureExt, join_all, ready, select};
use tokio::sync::Notify;

use super::{
    READY, TAKE, command,
    maker::{Joined, Joining, numbers},
    stripes::More,
};
use crate::remote::{Exit, RemoteError, purpose::Purpose};

/// Takes what a further line brings.
const BRING: &str = include_str!("bring.sh");

/// What is asked first, while they are being opened.
pub(super) async fn meanwhile<'a, T>(asked: impl Future<Output = T>, more: More<'a>) -> (T, More<'a>) {
    match select(pin!(asked), more).await {
        Either::Left((answer, more)) => (answer, more),
        Either::Right((opened, asked)) => (asked.await, ready(opened).boxed()),
    }
}

/// Lets them bring their pieces once they are open; how each of them ended. `here` says where the first line
/// puts the pieces together, once it has `begun`.
pub(super) async fn bring(
    more: More<'_>,
    (here, begun): (&str, &Notify),
    joining: Joining,
) -> Vec<Result<Exit, RemoteError>> {
    let (remotes, ()) = futures::join!(more, begun.notified());
    if remotes.is_empty() {
        return Vec::new();
    }
    let (streams, joined) = joining.lines(remotes.len());
    let (awaited, joined) = (AtomicUsize::new(remotes.len()), Mutex::new(Some(joined)));
    let taken = || joined.lock().unwrap_or_else(PoisonError::into_inner).take();
    let rest = remotes.iter().zip(numbers(remotes.len())).zip(streams).map(|((remote, number), stream)| {
        let text = format!("{here}\nline={number}\n{TAKE}{BRING}");
        let command = command(remote.as_ref(), Purpose::UploadBeside, &text, (stream, true));
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
