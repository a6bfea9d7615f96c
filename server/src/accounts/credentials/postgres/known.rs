//! The API keys that this process has in memory, and how they stay true.
//!
//! The database numbers revocations in the order in which they become visible. The keys in memory
//! are those of the database after the first `seen` revocations; a key that was read from the
//! database when it had more of them is as good, one that was read when it had fewer may have been
//! revoked since, and is not taken.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use orderbook_core::AccountId;

use super::super::keys::{ApiKey, Uses};

/// The number of a revocation; those of a database count up from 1.
pub(super) type Revocation = i64;

/// What this process knows of the keys.
#[derive(Default)]
pub(super) struct KnownKeys {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    keys: HashMap<String, Arc<ApiKey>>,
    /// Refused whatever the database says: somebody was told so, or will be. A name stays until
    /// its revocation is seen; where that failed, for good.
    refused: HashSet<String>,
    seen: Revocation,
}

/// What becomes of a key that was read from the database.
pub(super) enum Learned {
    /// It is valid.
    Valid(Arc<ApiKey>),
    /// It is being revoked here.
    Refused,
    /// It may have been revoked since it was read.
    Outdated,
}

// No call below can panic half-way through a change, so a poisoned lock guards a good map.
impl KnownKeys {
    /// Knows nothing yet, of a database with so many revocations.
    pub(super) fn new(seen: Revocation) -> Self {
        Self {
            state: RwLock::new(State {
                seen,
                ..State::default()
            }),
        }
    }

    pub(super) fn find(&self, api_key: &str) -> Option<Arc<ApiKey>> {
        self.read().keys.get(api_key).cloned()
    }

    /// The keys that were used since this was last asked.
    pub(super) fn take_uses(&self) -> Uses {
        let state = self.read();
        let used = state.keys.iter().filter(|(_, key)| key.take_use());
        used.map(|(api_key, key)| (key.account, api_key.clone()))
            .collect()
    }

    /// Whether nobody has to be asked to refuse this key.
    pub(super) fn refuses(&self, api_key: &str) -> bool {
        self.read().refused.contains(api_key)
    }

    /// Takes up a key that was read when the database had so many revocations.
    pub(super) fn learn(&self, api_key: &str, key: ApiKey, as_of: Revocation) -> Learned {
        let mut state = self.write();
        if state.refused.contains(api_key) {
            Learned::Refused
        } else if as_of < state.seen {
            Learned::Outdated
        } else {
            let key = Arc::new(key);
            state.keys.insert(api_key.to_owned(), Arc::clone(&key));
            Learned::Valid(key)
        }
    }

    /// Refuses a key that is about to be revoked, if it is one of the account.
    pub(super) fn refuse(&self, account: AccountId, api_key: &str) {
        let mut state = self.write();
        if state
            .keys
            .get(api_key)
            .is_some_and(|key| key.account == account)
        {
            state.keys.remove(api_key);
            state.refused.insert(api_key.to_owned());
        }
    }

    /// Refuses a key whose revocation is in the database, until that is seen.
    pub(super) fn revoked(&self, api_key: &str, revocation: Revocation) {
        let mut state = self.write();
        state.keys.remove(api_key);
        if revocation > state.seen {
            state.refused.insert(api_key.to_owned());
        } else {
            state.refused.remove(api_key);
        }
    }

    /// The database has no such key: nothing is left to be refused.
    pub(super) fn gone(&self, api_key: &str) {
        self.write().refused.remove(api_key);
    }

    /// The last revocation that this process has seen.
    pub(super) fn seen(&self) -> Revocation {
        self.read().seen
    }

    /// Sees revocations, all that follow the last one seen.
    pub(super) fn see(&self, revocations: &[(Revocation, String)]) {
        if revocations.is_empty() {
            return;
        }
        let mut state = self.write();
        for (revocation, api_key) in revocations {
            state.keys.remove(api_key);
            state.refused.remove(api_key);
            state.seen = state.seen.max(*revocation);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey::of_secret(AccountId::new(1), "")
    }

    fn learned(known: &KnownKeys, as_of: Revocation) -> bool {
        matches!(known.learn("k", key(), as_of), Learned::Valid(_))
    }

    #[test]
    fn a_key_read_before_its_revocation_was_seen_does_not_come_back() {
        let known = KnownKeys::new(6);
        assert!(learned(&known, 6));
        known.see(&[(7, "k".into())]);
        assert!(known.find("k").is_none());
        assert!(matches!(known.learn("k", key(), 6), Learned::Outdated));
        assert!(known.find("k").is_none());
        // Another one was revoked, and the look came after that.
        assert!(learned(&known, 7));
    }

    #[test]
    fn a_key_revoked_here_is_refused_from_the_first_moment_on() {
        let known = KnownKeys::new(6);
        assert!(learned(&known, 6));
        known.refuse(AccountId::new(2), "k");
        assert!(known.find("k").is_some(), "somebody else's");
        known.refuse(AccountId::new(1), "k");
        assert!(known.find("k").is_none());
        // Read before it was deleted, while it is being deleted, and after that.
        assert!(matches!(known.learn("k", key(), 6), Learned::Refused));
        known.revoked("k", 8);
        assert!(matches!(known.learn("k", key(), 7), Learned::Refused));
        known.see(&[(7, "other".into())]);
        assert!(matches!(known.learn("k", key(), 7), Learned::Refused));
        known.see(&[(8, "k".into())]);
        assert!(matches!(known.learn("k", key(), 7), Learned::Outdated));
        assert!(known.read().refused.is_empty(), "nothing piles up");

        // Seen before it was told here.
        known.see(&[(9, "j".into())]);
        known.revoked("j", 9);
        assert!(known.read().refused.is_empty());
    }
}
