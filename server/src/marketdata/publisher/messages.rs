//! What the next packet will hold.

use std::collections::HashMap;
use std::sync::Arc;

use super::Audience;
use crate::api::streams::{self, PublicStream};
use crate::api::symbols::Symbols;
use crate::bus::{Keep, Message};

/// Gathers messages, each written once and only where somebody may want it.
#[derive(Debug)]
pub(super) struct Messages {
    names: HashMap<PublicStream, Arc<str>>,
    streams: HashMap<Arc<str>, PublicStream>,
    audience: Audience,
    gathered: Vec<Message>,
}

impl Messages {
    pub(super) fn new(symbols: &Symbols, audience: Audience) -> Self {
        if let Audience::Subscribers(hub) = &audience {
            hub.tell_what_is_wanted();
        }
        let mut messages = Self {
            names: HashMap::new(),
            streams: HashMap::new(),
            audience,
            gathered: Vec::new(),
        };
        messages.know(symbols);
        messages
    }

    /// Learns the streams of what is listed. Of what is not any more, the last may still be said.
    pub(super) fn know(&mut self, symbols: &Symbols) {
        for (stream, name) in streams::all(symbols) {
            let name: Arc<str> = name.into();
            self.streams.insert(Arc::clone(&name), stream);
            self.names.insert(stream, name);
        }
    }

    /// Whether anybody may want what is said there.
    pub(super) fn are_wanted(&self, stream: PublicStream) -> bool {
        let Some(name) = self.names.get(&stream) else {
            return false;
        };
        match &self.audience {
            Audience::Subscribers(hub) => hub.has_subscribers(name),
            Audience::Everybody => true,
        }
    }

    /// The streams whose new subscribers have not been told how things are.
    pub(super) fn new_subscriptions(&self) -> Vec<PublicStream> {
        let Audience::Subscribers(hub) = &self.audience else {
            return Vec::new();
        };
        let wanted = hub.take_wanted().into_iter();
        wanted
            .filter_map(|name| self.streams.get(&name).copied())
            .collect()
    }

    /// Adds a message, where it is wanted.
    pub(super) fn add(&mut self, stream: PublicStream, text: impl FnOnce() -> String) {
        let keep = if stream.tells_a_state() {
            Keep::ForLater
        } else {
            // Of a trade or of a difference, the last one says nothing about how things are.
            Keep::Nothing
        };
        self.add_as(stream, keep, text);
    }

    pub(super) fn add_as(
        &mut self,
        stream: PublicStream,
        keep: Keep,
        text: impl FnOnce() -> String,
    ) {
        if !self.are_wanted(stream) {
            return;
        }
        let Some(name) = self.names.get(&stream) else {
            return;
        };
        self.gathered.push(Message {
            name: Arc::clone(name),
            keep,
            text: text(),
        });
    }

    pub(super) fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.gathered)
    }
}
