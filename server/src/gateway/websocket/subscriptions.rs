//! What one connection has subscribed to, and the frames that change it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::connection::Session;
use super::{App, too_long};
use crate::api::frames::{Refusal, Request, RequestId, acknowledgement, parse, result};
use crate::gateway::hub::Subscriber;
use crate::gateway::outbox::Outbox;
use crate::gateway::users;

/// The session of a connection to `/ws` or `/stream`.
pub(super) struct Subscriptions {
    app: Arc<App>,
    subscriber: Subscriber,
    names: BTreeSet<String>,
}

impl Subscriptions {
    /// A session that begins with some streams.
    pub(super) async fn begin(
        app: Arc<App>,
        outbox: Outbox,
        combined: bool,
        names: &[String],
    ) -> Self {
        let mut subscriptions = Self {
            app,
            subscriber: Subscriber::new(outbox, combined),
            names: BTreeSet::new(),
        };
        subscriptions.subscribe(names).await;
        subscriptions
    }

    async fn subscribe(&mut self, names: &[String]) {
        for name in names {
            if !self.names.insert(name.clone()) {
                continue;
            }
            let Subscriber { outbox, combined } = &self.subscriber;
            let combined = combined.load(Ordering::Relaxed);
            if !users::attach(&self.app, name, outbox, combined).await {
                self.app.hub.subscribe(name, &self.subscriber);
            }
        }
    }

    fn unsubscribe(&mut self, names: &[String]) {
        let outbox = &self.subscriber.outbox;
        for name in names {
            if self.names.remove(name) {
                users::detach(&self.app, name, outbox);
                self.app.hub.unsubscribe(name, &self.subscriber);
                // Nothing of the stream comes after the answer.
                outbox.take_back(name);
            }
        }
    }

    /// Whether a client may subscribe to these as well.
    fn check(&self, names: &[String]) -> Result<(), Refusal> {
        if too_long(names) {
            return Err(Refusal::invalid("a stream name is too long"));
        }
        let new: BTreeSet<_> = names
            .iter()
            .filter(|name| !self.names.contains(*name))
            .collect();
        let most = self.app.config.limits.streams_per_connection;
        if self.names.len() + new.len() > most {
            return Err(Refusal::Invalid(format!("more than {most} streams")));
        }
        Ok(())
    }

    async fn carry_out(&mut self, request: Request, id: &RequestId) {
        let combined = &self.subscriber.combined;
        match request {
            Request::Subscribe(names) => {
                if let Err(refusal) = self.check(&names) {
                    self.reply(refusal.answer(id));
                    return;
                }
                // The answer goes ahead of the first event, and both leave only after the
                // subscription stands: nothing is sent before this returns.
                self.reply(acknowledgement(id));
                self.subscribe(&names).await;
                return;
            }
            Request::Unsubscribe(names) => self.unsubscribe(&names),
            Request::ListSubscriptions => {
                self.reply(result(&self.names, id));
                return;
            }
            Request::SetCombined(value) => combined.store(value, Ordering::Relaxed),
            Request::GetCombined => {
                self.reply(result(combined.load(Ordering::Relaxed), id));
                return;
            }
        }
        self.reply(acknowledgement(id));
    }

    fn reply(&self, text: String) {
        // Who has gone needs no answer.
        drop(self.subscriber.outbox.push(text.into()));
    }
}

impl Session for Subscriptions {
    async fn hear(&mut self, text: Option<&str>) {
        let (id, request) = match text {
            Some(text) => parse(text),
            None => (RequestId::Null, Err(Refusal::invalid("text expected"))),
        };
        match request {
            Ok(request) => self.carry_out(request, &id).await,
            Err(refusal) => self.reply(refusal.answer(&id)),
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        for name in &self.names {
            users::detach(&self.app, name, &self.subscriber.outbox);
            self.app.hub.unsubscribe(name, &self.subscriber);
        }
    }
}
