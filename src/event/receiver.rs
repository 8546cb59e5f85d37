//! The listening end of a run's events: it makes room for what comes next.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Event, room::Room, sender::Told};

/// An event, and when it happened.
pub struct Sent {
    pub event: Event,
    pub at: Timestamp,
}

/// Receives events until the last sender is gone.
pub struct EventReceiver {
    receiver: UnboundedReceiver<Sent>,
    room: Arc<Room>,
    told: Arc<Mutex<Told>>,
}

impl EventReceiver {
    pub(super) fn new(receiver: UnboundedReceiver<Sent>, room: Arc<Room>, told: Arc<Mutex<Told>>) -> Self {
        Self { receiver, room, told }
    }

    /// Puts on record what went wrong with listening.
    pub fn record(&self, event: &Event, at: Timestamp) {
        // A record that cannot be kept has nobody left who could be told so.
        self.told.lock().unwrap_or_else(PoisonError::into_inner).record(event, at);
    }

    /// The next event with its time; `None` when there will be none.
    pub async fn next(&mut self) -> Option<Sent> {
        let sent = self.receiver.recv().await;
        sent.inspect(|sent| self.room.free(sent.event.bytes()))
    }

    /// The next event; `None` when there will be none.
    pub async fn recv(&mut self) -> Option<Event> {
        self.next().await.map(|sent| sent.event)
    }

    /// An event that is there already.
    pub fn try_recv(&mut self) -> Option<Event> {
        let sent = self.receiver.try_recv().ok()?;
        self.room.free(sent.event.bytes());
        Some(sent.event)
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        self.room.close();
    }
}
