//! What waits for one WebSocket connection, bounded in bytes.
//!
//! Whoever has something to say puts it into the [`Outbox`] and goes on; the task of the connection
//! takes it out of the [`Inbox`] as fast as its client reads. Nothing is ever dropped in silence: a
//! message is either taken, or replaced by a newer one that says all that it said, or its client is
//! sent away and told why.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::{Utf8Bytes, close_code};
use tokio::sync::Notify;

/// Why a connection ends from our side: a close code and what it says.
pub(crate) type Farewell = (u16, &'static str);

/// A client that does not take its messages.
pub(crate) const TOO_SLOW: Farewell = (
    close_code::POLICY,
    "too slow: messages were not taken in time",
);
/// A connection that has ended. Nobody hears this.
const LEFT: Farewell = (close_code::AWAY, "the connection has ended");

/// What a message takes besides its text, in bytes.
const OVERHEAD: usize = 64;

/// Where messages for a connection are put. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

/// Where the task of the connection takes them. Without it the outbox is [`Gone`].
#[derive(Debug)]
pub(crate) struct Inbox {
    shared: Arc<Shared>,
}

/// The connection ends or has ended, and takes nothing more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outgoing {
    Text(Utf8Bytes),
    Close(Farewell),
}

#[derive(Debug)]
struct Shared {
    id: u64,
    budget: usize,
    queue: Mutex<Queue>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Waiting>,
    /// The number of the first of them. They are numbered as they come.
    first: u64,
    /// The numbers of those that a newer one of their stream may replace.
    replaceable: HashMap<Arc<str>, u64>,
    bytes: usize,
    farewell: Option<Farewell>,
    /// The farewell once all that waits has been taken out. Until then nothing more comes in.
    last: Option<Farewell>,
}

#[derive(Debug)]
struct Waiting {
    /// `None` where it is not wanted any more.
    text: Option<Utf8Bytes>,
    /// The stream of a message that may be replaced.
    stream: Option<Arc<str>>,
}

impl Outbox {
    /// An outbox in which so many bytes may wait, and where they are taken out.
    pub(crate) fn new(budget: usize) -> (Self, Inbox) {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let shared = Arc::new(Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            budget,
            queue: Mutex::default(),
            changed: Notify::new(),
        });
        let inbox = Inbox {
            shared: Arc::clone(&shared),
        };
        (Self { shared }, inbox)
    }

    /// A number that no other connection of this process has.
    pub(crate) fn id(&self) -> u64 {
        self.shared.id
    }

    /// Adds a message that must not be missed.
    ///
    /// # Errors
    ///
    /// When the connection has gone, or goes because too much waits for it.
    pub(crate) fn push(&self, text: Utf8Bytes) -> Result<(), Gone> {
        self.change(|queue| queue.push(text, None))
    }

    /// Adds a message that says all that those of the same stream said before: it takes the place of
    /// one that still waits.
    ///
    /// # Errors
    ///
    /// As [`Self::push`].
    pub(crate) fn replace(&self, stream: &Arc<str>, text: Utf8Bytes) -> Result<(), Gone> {
        self.change(|queue| match queue.waiting(stream) {
            Some(place) => queue.put(place, Some(text)),
            None => queue.push(text, Some(stream)),
        })
    }

    /// As [`Self::replace`], with a message that is not replaced itself.
    ///
    /// # Errors
    ///
    /// As [`Self::push`].
    pub(crate) fn conclude(&self, stream: &Arc<str>, text: Utf8Bytes) -> Result<(), Gone> {
        self.change(|queue| {
            match queue.waiting(stream) {
                Some(place) => queue.put(place, Some(text)),
                None => queue.push(text, None),
            }
            queue.replaceable.remove(stream);
        })
    }

    /// Takes back a message of a stream that still waits and could be replaced.
    pub(crate) fn take_back(&self, stream: &str) {
        let mut queue = self.shared.queue();
        if let Some(place) = queue.waiting(stream) {
            queue.put(place, None);
            queue.replaceable.remove(stream);
        }
    }

    /// Ends the connection. What still waits is not sent; the first reason counts.
    pub(crate) fn send_away(&self, why: Farewell) {
        self.shared.end(why);
    }

    /// Ends the connection once all that waits has been sent, and takes nothing more until then.
    pub(crate) fn dismiss(&self, why: Farewell) {
        self.shared.queue().last.get_or_insert(why);
        self.shared.changed.notify_one();
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) -> Result<(), Gone> {
        let mut queue = self.shared.queue();
        if queue.farewell.or(queue.last).is_some() {
            return Err(Gone);
        }
        change(&mut queue);
        // One that is larger by itself has to wait for nobody's fault.
        if queue.bytes > self.shared.budget && queue.messages.len() > 1 {
            drop(queue);
            self.send_away(TOO_SLOW);
            return Err(Gone);
        }
        drop(queue);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Inbox {
    /// What is to be done next; waits for it. Nothing is lost where the future is dropped.
    pub(crate) async fn next(&mut self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.try_next() {
                return outgoing;
            }
            self.shared.changed.notified().await;
        }
    }

    /// What is to be done next, if there is something by now.
    pub(crate) fn try_next(&mut self) -> Option<Outgoing> {
        let mut queue = self.shared.queue();
        if let Some(why) = queue.farewell {
            return Some(Outgoing::Close(why));
        }
        let taken = queue.take().map(Outgoing::Text);
        taken.or_else(|| queue.last.map(Outgoing::Close))
    }

    /// Waits until the connection is sent away.
    pub(crate) async fn farewell(&mut self) -> Farewell {
        loop {
            if let Some(why) = self.shared.queue().farewell {
                return why;
            }
            self.shared.changed.notified().await;
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.shared.end(LEFT);
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing that holds the lock leaves the queue half changed.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, why: Farewell) {
        let mut queue = self.queue();
        if queue.farewell.is_none() {
            *queue = Queue {
                farewell: Some(why),
                ..Queue::default()
            };
        }
        drop(queue);
        self.changed.notify_one();
    }
}

impl Queue {
    /// The place of the message of a stream that may be replaced.
    fn waiting(&self, stream: &str) -> Option<usize> {
        let number = self.replaceable.get(stream)?;
        usize::try_from(number - self.first).ok()
    }

    fn push(&mut self, text: Utf8Bytes, stream: Option<&Arc<str>>) {
        if let Some(stream) = stream {
            let number = self.first + self.messages.len() as u64;
            self.replaceable.insert(Arc::clone(stream), number);
        }
        self.bytes += text.len() + OVERHEAD;
        self.messages.push_back(Waiting {
            text: Some(text),
            stream: stream.cloned(),
        });
    }

    /// Puts another text, or none, in a place.
    fn put(&mut self, place: usize, text: Option<Utf8Bytes>) {
        let message = &mut self.messages[place];
        self.bytes += length(text.as_ref());
        self.bytes -= length(message.text.as_ref());
        message.text = text;
    }

    fn take(&mut self) -> Option<Utf8Bytes> {
        loop {
            let message = self.messages.pop_front()?;
            let number = self.first;
            self.first += 1;
            self.bytes -= length(message.text.as_ref()) + OVERHEAD;
            // Where it was concluded, another one of its stream may wait by now.
            if let Some(stream) = message.stream
                && self.replaceable.get(&stream) == Some(&number)
            {
                self.replaceable.remove(&stream);
            }
            if message.text.is_some() {
                return message.text;
            }
        }
    }
}

fn length(text: Option<&Utf8Bytes>) -> usize {
    text.map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests;
