//! User data streams: what happens to the orders and the money of an account, for whoever listens.
//!
//! Every gateway folds the whole feed, so each tells those who listen at it, and nothing travels
//! between gateways. What is told of an account comes in the order of the feed, and only when the
//! read models have it: whoever hears of an order finds it. Nothing is told twice and nothing before
//! somebody began to listen; what was before is what the queries answer. Nothing is left out in
//! silence either: whoever cannot be told of something is sent away and begins anew.
//!
//! Not here: who may listen by an API key, which whoever subscribes has found out before. That it stays
//! so is seen to in [`watch`].

mod listen_key;
mod listener;
mod publish;
pub(crate) mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orderbook_core::AccountId;

pub(crate) use listen_key::{attach, close, create, detach, keep};
pub(crate) use listener::{Authority, Ending, Wrap};

use self::listener::Listener;
use super::outbox::Outbox;
use crate::listed::Listed;
use crate::orders::now;

/// Who listens to which account at this process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct UserStreams {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    listed: Listed,
    listeners: Mutex<Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    /// Those of each account that has any.
    by_account: HashMap<AccountId, Vec<Listener>>,
    /// Whose the listen keys are that somebody listens by.
    by_listen_key: HashMap<Arc<str>, AccountId>,
}

impl UserStreams {
    pub(crate) fn new(listed: Listed) -> Self {
        let inner = Inner {
            listed,
            listeners: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        // Nothing that holds the lock leaves an account half told of something: what panics is the
        // fold, and without it nobody is told of anything.
        let listeners = self.inner.listeners.lock();
        listeners.unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells a connection of an account from now on, for as long as the authority is good. It may
    /// listen to several, and to one in several ways.
    pub(crate) fn subscribe(
        &self,
        account: AccountId,
        outbox: Outbox,
        wrap: Wrap,
        authority: Authority,
    ) {
        let mut listeners = self.listeners();
        if let Some(key) = authority.listen_key() {
            listeners.by_listen_key.insert(Arc::clone(key), account);
        }
        let of_account = listeners.by_account.entry(account).or_default();
        of_account.retain(|it| it.outbox.id() != outbox.id() || it.wrap != wrap);
        of_account.push(Listener {
            outbox,
            wrap,
            authority,
        });
    }

    /// Tells a connection nothing more of an account: by this subscription, of which it hears that it
    /// has ended, or where none is named, in no way, because it is about to end.
    pub(crate) fn unsubscribe(
        &self,
        account: AccountId,
        outbox_id: u64,
        subscription: Option<u64>,
    ) {
        let mut listeners = self.listeners();
        listeners.retain(account, |listener| {
            let is_meant = listener.outbox.id() == outbox_id
                && subscription.is_none_or(|id| listener.wrap == Wrap::Subscription(id));
            if is_meant && subscription.is_some() {
                listener.say_last(Ending::Closed, now());
            }
            !is_meant
        });
    }

    /// Tells a connection nothing more of what it listens to by a listen key.
    fn unsubscribe_key(&self, key: &str, outbox_id: u64) {
        let mut listeners = self.listeners();
        if let Some(account) = listeners.by_listen_key.get(key).copied() {
            listeners.retain(account, |listener| {
                let by_key = listener.authority.listen_key();
                listener.outbox.id() != outbox_id || by_key.is_none_or(|by| **by != *key)
            });
        }
    }

    /// Whether anybody listens to anything.
    pub(crate) fn anybody(&self) -> bool {
        !self.listeners().by_account.is_empty()
    }

    /// Whether anybody listens to an account.
    pub(crate) fn hears(&self, account: AccountId) -> bool {
        self.listeners().hears(account)
    }

    /// What the listeners of this process listen by.
    pub(crate) fn authorities(&self) -> BTreeSet<Authority> {
        let listeners = self.listeners();
        let all = listeners.by_account.values().flatten();
        all.map(|listener| listener.authority.clone()).collect()
    }

    /// Ends the connections that listen by an authority which is not good any more.
    pub(crate) fn end(&self, authority: &Authority, ending: Ending) {
        let is_over = |_: AccountId, listener: &Listener| listener.authority == *authority;
        self.listeners().end(is_over, ending);
    }

    /// As [`end`](Self::end), of a listen key.
    fn end_key(&self, key: &str, ending: Ending) {
        let is_over = |_: AccountId, listener: &Listener| {
            let by_key = listener.authority.listen_key();
            by_key.is_some_and(|by| **by == *key)
        };
        self.listeners().end(is_over, ending);
    }

    /// Ends all connections that listen to anybody.
    pub(crate) fn end_all(&self, ending: Ending) {
        self.listeners().end(|_, _| true, ending);
    }
}

impl Listeners {
    fn hears(&self, account: AccountId) -> bool {
        self.by_account.contains_key(&account)
    }

    /// Keeps those listeners of an account that are to be kept.
    fn retain(&mut self, account: AccountId, mut keep: impl FnMut(&Listener) -> bool) {
        let Some(listeners) = self.by_account.get_mut(&account) else {
            return;
        };
        let gone: Vec<_> = listeners.extract_if(.., |it| !keep(it)).collect();
        for listener in gone {
            if let Some(key) = listener.authority.listen_key()
                && !listeners
                    .iter()
                    .any(|it| it.authority == listener.authority)
            {
                self.by_listen_key.remove(key);
            }
        }
        if listeners.is_empty() {
            self.by_account.remove(&account);
        }
    }

    /// Ends the connections of some listeners, and with them whatever else these listen to.
    fn end(&mut self, is_over: impl Fn(AccountId, &Listener) -> bool, ending: Ending) {
        let all = self.by_account.iter();
        let all = all.flat_map(|(account, of)| of.iter().map(|listener| (*account, listener)));
        let over = all.filter(|(account, listener)| is_over(*account, listener));
        let over: BTreeMap<u64, Outbox> = over
            .map(|(_, listener)| (listener.outbox.id(), listener.outbox.clone()))
            .collect();
        if over.is_empty() {
            return;
        }
        let time = now();
        let accounts: Vec<_> = self.by_account.keys().copied().collect();
        for account in accounts {
            self.retain(account, |listener| {
                let stays = !over.contains_key(&listener.outbox.id());
                if !stays {
                    listener.say_last(ending, time);
                }
                stays
            });
        }
        for outbox in over.into_values() {
            outbox.dismiss(ending.farewell());
        }
    }
}

#[cfg(test)]
mod tests;
