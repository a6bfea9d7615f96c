//! One stream: its subscribers and its last message.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::extract::ws::Utf8Bytes;

use crate::bus::{Keep, Message, Position};
use crate::gateway::outbox::{Farewell, Gone, Outbox};

/// A connection to which messages go.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct Subscriber {
    pub(in crate::gateway) outbox: Outbox,
    /// Whether messages come with the name of their stream.
    pub(in crate::gateway) combined: Arc<AtomicBool>,
}

impl Subscriber {
    pub(in crate::gateway) fn new(outbox: Outbox, combined: bool) -> Self {
        let combined = Arc::new(AtomicBool::new(combined));
        Self { outbox, combined }
    }

    fn send(&self, text: &Text, keep: Keep) -> Result<(), Gone> {
        let form = if self.combined.load(Ordering::Relaxed) {
            text.combined()
        } else {
            &text.raw
        };
        match keep {
            Keep::ForLater => self.outbox.replace(&text.name, form.clone()),
            Keep::Forget => self.outbox.conclude(&text.name, form.clone()),
            Keep::Nothing => self.outbox.push(form.clone()),
        }
    }
}

/// A message in the forms in which it is sent.
#[derive(Debug)]
struct Text {
    name: Arc<str>,
    raw: Utf8Bytes,
    /// `{"stream": ..., "data": ...}`, written when the first one wants it so.
    combined: OnceLock<Utf8Bytes>,
}

impl Text {
    fn new(message: &Message) -> Self {
        Self {
            name: Arc::clone(&message.name),
            raw: message.text.as_str().into(),
            combined: OnceLock::new(),
        }
    }

    fn combined(&self) -> &Utf8Bytes {
        let Self { name, raw, .. } = self;
        self.combined
            .get_or_init(|| format!("{{\"stream\":\"{name}\",\"data\":{raw}}}").into())
    }
}

#[derive(Debug, Default)]
pub(super) struct Stream {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Text>,
    /// Where the last message, or the one that ended it, was said.
    position: Position,
    subscribers: HashMap<u64, Subscriber>,
}

impl Stream {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock leaves the stream half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_subscribers(&self) -> bool {
        !self.state().subscribers.is_empty()
    }

    pub(super) fn last(&self) -> Option<Utf8Bytes> {
        let state = self.state();
        state.last.as_ref().map(|last| last.raw.clone())
    }

    /// Forgets what was said, where nobody listens any more. Returns whether that is so.
    pub(super) fn forget_unheard(&self) -> bool {
        let mut state = self.state();
        let nobody = state.subscribers.is_empty();
        if nobody {
            state.last = None;
        }
        nobody
    }

    /// Sends the last message, if there is one, and whatever comes after it.
    pub(super) fn subscribe(&self, subscriber: &Subscriber) {
        let mut state = self.state();
        let id = subscriber.outbox.id();
        if state.subscribers.contains_key(&id) {
            return;
        }
        let last = state.last.as_ref();
        let sent = last.map_or(Ok(()), |last| subscriber.send(last, Keep::ForLater));
        if sent.is_ok() {
            state.subscribers.insert(id, subscriber.clone());
        }
    }

    pub(super) fn unsubscribe(&self, subscriber: &Subscriber) {
        self.state().subscribers.remove(&subscriber.outbox.id());
    }

    pub(super) fn send_all_away(&self, why: Farewell) {
        for (_, subscriber) in self.state().subscribers.drain() {
            subscriber.outbox.send_away(why);
        }
    }

    /// Sends a message. One that tells how things were before the last one is no news.
    pub(super) fn deliver(&self, position: Position, message: &Message) {
        let mut state = self.state();
        let (keep, nobody) = (message.keep, state.subscribers.is_empty());
        let late = position < state.position;
        if (keep == Keep::Nothing && nobody) || (keep != Keep::Nothing && late) {
            return;
        }
        let text = Text::new(message);
        state
            .subscribers
            .retain(|_, subscriber| subscriber.send(&text, keep).is_ok());
        state.keep(position, keep, text);
    }

    pub(super) fn remember(&self, position: Position, message: &Message) {
        self.state()
            .keep(position, message.keep, Text::new(message));
    }

    /// Forgets what was said before a position.
    pub(super) fn forget_before(&self, position: Position) {
        let mut state = self.state();
        if state.position < position {
            state.position = position;
            state.last = None;
        }
    }
}

impl State {
    /// An older message never takes the place of a newer one.
    fn keep(&mut self, position: Position, keep: Keep, text: Text) {
        if keep == Keep::Nothing || position < self.position {
            return;
        }
        self.position = position;
        self.last = (keep == Keep::ForLater).then_some(text);
    }
}
