//! Carrying bytes between a session's socket and a WebSocket, in both directions at once, until one
//! side ends.

use std::{io, sync::Arc, time::Instant};

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        UnixStream,
        unix::{ReadHalf, WriteHalf},
    },
    sync::Mutex,
    time,
};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Socket, sign};
use crate::remote::{
    line::Line,
    pump::{Owed, SILENCE, silence},
};
use crate::time::Moment;

/// What one frame carries at most.
const CHUNK: usize = 16 * 1024;

/// Starts to carry; the line is the near end.
pub(super) fn over(socket: Socket, way: String) -> io::Result<Line> {
    let (line, far) = Line::pair()?;
    let mut far = UnixStream::from_std(far)?;
    let ended = line.ended.clone();
    tokio::spawn(async move {
        // Borrowed halves: the session must not see its socket close before the reason is told.
        let (from_session, to_session) = far.split();
        let (to_builder, from_builder) = socket.split();
        let owed = Arc::new(Mutex::new(Owed::default()));
        let why = tokio::select! {
            why = up(from_session, to_builder, owed.clone()) => why,
            why = down(from_builder, to_session, owed.clone()) => why,
            why = watch(owed) => Some(why),
        };
        if let Some(why) = why {
            ended.because(format!("{way}: {why}"));
        }
    });
    Ok(line)
}

/// Gives no reason when the session ended by itself.
async fn up(
    mut from: ReadHalf<'_>,
    mut to: impl Sink<Message, Error = Error> + Unpin,
    owed: Arc<Mutex<Owed>>,
) -> Option<String> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            // The endpoint notices in any case that the connection ends.
            to.close().await.ok();
            return None;
        }
        owed.lock().await.sent(Instant::now());
        if let Err(error) = to.send(Message::binary(buffer[..count].to_vec())).await {
            return Some(error.to_string());
        }
    }
}

async fn down(
    mut from: impl Stream<Item = Result<Message, Error>> + Unpin,
    mut to: WriteHalf<'_>,
    owed: Arc<Mutex<Owed>>,
) -> Option<String> {
    loop {
        let bytes = match from.next().await {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Close(frame))) => {
                return Some(closed(frame.map(|frame| frame.reason.to_string()).unwrap_or_default()));
            }
            Some(Err(error)) => return Some(error.to_string()),
            None => return Some(closed(String::new())),
        };
        owed.lock().await.received();
        if to.write_all(&bytes).await.is_err() {
            return None;
        }
    }
}

fn closed(reason: String) -> String {
    let minutes = sign::LONGEST / 60;
    match reason.as_str() {
        "" => {
            format!("it closed the tunnel (it does so after {minutes} minutes, and when the builder is gone)")
        }
        reason => format!("it closed the tunnel: {reason}"),
    }
}

/// Comes back when the builder owes an answer for too long.
async fn watch(owed: Arc<Mutex<Owed>>) -> String {
    loop {
        let deadline = owed.lock().await.deadline();
        time::sleep_until(deadline.unwrap_or_else(|| Instant::now().later(SILENCE)).into()).await;
        if owed.lock().await.for_too_long(Instant::now()) {
            return silence();
        }
    }
}
