//! One listener: how it is told things, what it may listen by, and how it ends.

use std::fmt;
use std::sync::Arc;

use axum::extract::ws::{Utf8Bytes, close_code};
use orderbook_core::Timestamp;
use serde::Serialize;

use super::super::outbox::{Farewell, Gone, Outbox};
use crate::api::user_events::{EventStreamTerminated, ListenKeyExpired};

/// A connection that listens to an account.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) outbox: Outbox,
    pub(super) wrap: Wrap,
    pub(super) authority: Authority,
}

/// What events come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// Nothing: as they are.
    Raw,
    /// `{"stream": ..., "data": ...}`, with the name that the connection knows the stream by.
    Stream(Arc<str>),
    /// `{"subscriptionId": ..., "event": ...}`.
    Subscription(u64),
}

/// What a connection may listen by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Authority {
    /// An API key, by its name.
    Key(Arc<str>),
    /// A listen key, and the name of the API key that it was made with.
    ListenKey { key: Arc<str>, api_key: Arc<str> },
}

impl Authority {
    /// The listen key, where that is what it is.
    pub(super) fn listen_key(&self) -> Option<&Arc<str>> {
        match self {
            Self::Key(_) => None,
            Self::ListenKey { key, .. } => Some(key),
        }
    }

    /// The name of the API key that stands behind it.
    pub(super) fn api_key(&self) -> &str {
        match self {
            Self::Key(name) => name,
            Self::ListenKey { api_key, .. } => api_key,
        }
    }
}

/// Names of keys are not for logs.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key",
            Self::ListenKey { .. } => "ListenKey",
        })
    }
}

/// Why a connection listens no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It asked for that.
    Closed,
    /// The API key behind what it listens by was revoked.
    Revoked,
    /// Its listen key was not kept alive.
    Expired,
    /// Something happened that it cannot be told of.
    Missed,
}

impl Ending {
    pub(super) const fn farewell(self) -> Farewell {
        match self {
            Self::Closed => (close_code::NORMAL, "the listen key was closed"),
            Self::Revoked => (
                close_code::POLICY,
                "the API key that this connection listens by was revoked",
            ),
            Self::Expired => (close_code::NORMAL, "the listen key has expired"),
            Self::Missed => (
                close_code::RESTART,
                "events were missed: connect again and ask how things are",
            ),
        }
    }
}

impl Wrap {
    fn wrap(&self, event: &Utf8Bytes) -> Utf8Bytes {
        match self {
            Self::Raw => event.clone(),
            Self::Stream(name) => format!("{{\"stream\":\"{name}\",\"data\":{event}}}").into(),
            Self::Subscription(id) => {
                format!("{{\"subscriptionId\":{id},\"event\":{event}}}").into()
            }
        }
    }
}

impl Listener {
    /// Tells it something.
    pub(super) fn tell(&self, event: &Utf8Bytes) -> Result<(), Gone> {
        self.outbox.push(self.wrap.wrap(event))
    }

    /// Tells it that nothing follows, where clients expect to be told so.
    pub(super) fn say_last(&self, ending: Ending, time: Timestamp) {
        let last = match (&self.wrap, &self.authority) {
            (Wrap::Subscription(_), _) => text(&EventStreamTerminated::new(time)),
            (_, Authority::ListenKey { key, .. }) if ending == Ending::Expired => {
                text(&ListenKeyExpired::new(time, key))
            }
            _ => return,
        };
        // Who has gone need not hear it.
        self.tell(&last).ok();
    }
}

/// An event as it is written.
pub(super) fn text(event: &impl Serialize) -> Utf8Bytes {
    let text = serde_json::to_string(event);
    text.expect("plain data always encodes").into()
}
