//! Guessing is made slow: who fails too often in a row has to wait, longer each time.
//!
//! Failures are counted per name, per account and per address, in this process only and in bounded
//! memory. A success forgets the failures of the name or account, not those of the address: whoever
//! has an account of his own could otherwise guess at those of others for ever.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orderbook_core::AccountId;

use super::Credentials;
use super::client::Client;
use super::error::CredentialsError;
use crate::gateway::party;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// So many failures in a row are free.
pub(super) const FREE: u32 = 5;
/// Failures are forgotten so long after the last one, or after the wait for it.
const FORGOTTEN_AFTER: i64 = 15 * MINUTE;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: i64 = 30 * SECOND;
const LONGEST_WAIT: i64 = 15 * MINUTE;
/// How many are remembered. It takes longer to fail so often, as each failure costs a hash of a
/// password, than failures are remembered.
const MOST: usize = 65_536;

/// Whose failures are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A username, in lower case, whether there is such a user or not.
    Name(String),
    /// The owner of a session.
    Account(AccountId),
    /// A client; of IPv6 addresses the network, as everyone has a whole one.
    Address(IpAddr),
}

impl Subject {
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(party(address))
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    /// No further try is heard before.
    wait_until: i64,
}

impl Failures {
    fn forgotten(self, now: i64) -> bool {
        now >= self.wait_until.saturating_add(FORGOTTEN_AFTER)
    }
}

type FailuresOf = HashMap<Subject, Failures>;

/// Remembers who failed. Times are milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct Throttle {
    failures: Mutex<FailuresOf>,
    most: usize,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self::remembering(MOST)
    }

    fn remembering(most: usize) -> Self {
        Self {
            failures: Mutex::default(),
            most,
        }
    }

    /// Refuses while one of them has to wait.
    pub(super) fn check(&self, subjects: &[Subject], now: i64) -> Result<(), CredentialsError> {
        check(&self.lock(), subjects, now)
    }

    /// Counts a failure of each.
    pub(super) fn failed(&self, subjects: &[Subject], now: i64) {
        self.count(&mut self.lock(), subjects, now);
    }

    /// Refuses while one of them has to wait, and otherwise counts a failure of each: of many that
    /// try at the same time no more get through than of many that try one after the other.
    fn attempt(&self, subjects: &[Subject], now: i64) -> Result<(), CredentialsError> {
        let mut failures = self.lock();
        check(&failures, subjects, now)?;
        self.count(&mut failures, subjects, now);
        Ok(())
    }

    /// Takes a failure back that an attempt has counted.
    fn take_back(&self, subjects: &[Subject], now: i64) {
        let mut failures = self.lock();
        for subject in subjects {
            if let Some(failures) = failures.get_mut(subject) {
                failures.count = failures.count.saturating_sub(1);
                failures.wait_until = now;
            }
        }
    }

    fn count(&self, failures: &mut FailuresOf, subjects: &[Subject], now: i64) {
        for subject in subjects {
            if failures.len() >= self.most && !failures.contains_key(subject) {
                make_room(failures, self.most, now);
            }
            let known = failures.get(subject).copied();
            let before = known.filter(|known| !known.forgotten(now));
            let count = before.map_or(1, |before| before.count.saturating_add(1));
            let failed = Failures {
                count,
                wait_until: now + wait(count),
            };
            failures.insert(subject.clone(), failed);
        }
    }

    /// Forgets the failures of a name or account.
    pub(super) fn succeeded(&self, subject: &Subject) {
        self.lock().remove(subject);
    }

    // No call can panic half-way through a change, so a poisoned lock guards a good map.
    fn lock(&self) -> MutexGuard<'_, FailuresOf> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(failures: &FailuresOf, subjects: &[Subject], now: i64) -> Result<(), CredentialsError> {
    let known = subjects.iter().filter_map(|subject| failures.get(subject));
    let wait_until = known.map(|failures| failures.wait_until).max();
    match wait_until.map(|until| until - now) {
        Some(left @ 1..) => {
            let seconds = left.unsigned_abs().div_ceil(SECOND.unsigned_abs());
            Err(CredentialsError::TooManyTries { seconds })
        }
        _ => Ok(()),
    }
}

impl Credentials {
    /// Has the owner of a session prove something more, unless they failed too often.
    pub(super) async fn guarded<T>(
        &self,
        account: AccountId,
        client: &Client,
        proving: impl Future<Output = Result<T, CredentialsError>>,
    ) -> Result<T, CredentialsError> {
        let throttle = &self.inner.throttle;
        let mut subjects = vec![Subject::Account(account)];
        subjects.extend(client.address().map(Subject::address));
        throttle.attempt(&subjects, self.inner.now())?;
        let proven = proving.await;
        match &proven {
            // Counted already.
            Err(CredentialsError::WrongCode | CredentialsError::WrongPassword) => {}
            Err(_) => throttle.take_back(&subjects, self.inner.now()),
            Ok(_) => {
                throttle.take_back(&subjects, self.inner.now());
                throttle.succeeded(&Subject::Account(account));
            }
        }
        proven
    }
}

/// How long to wait after so many failures, in milliseconds.
fn wait(count: u32) -> i64 {
    match count.checked_sub(FREE) {
        None => 0,
        Some(more) => FIRST_WAIT
            .checked_shl(more.min(16))
            .map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
    }
}

/// Forgets what can be forgotten, and somebody where that is nothing.
fn make_room(failures: &mut FailuresOf, most: usize, now: i64) {
    failures.retain(|_, failures| !failures.forgotten(now));
    if failures.len() >= most
        && let Some(somebody) = failures.keys().next().cloned()
    {
        failures.remove(&somebody);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> [Subject; 1] {
        [Subject::Name(name.into())]
    }

    /// The seconds to wait.
    fn waits(throttle: &Throttle, subjects: &[Subject], now: i64) -> u64 {
        match throttle.check(subjects, now) {
            Ok(()) => 0,
            Err(CredentialsError::TooManyTries { seconds }) => seconds,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn each_failure_after_the_fifth_doubles_the_wait() {
        let throttle = Throttle::new();
        let alice = name("alice");
        let mut now = 0;
        for expected in [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900] {
            throttle.failed(&alice, now);
            let wait = waits(&throttle, &alice, now);
            assert_eq!(wait, expected);
            now += i64::try_from(wait).expect("a number of seconds") * SECOND;
            assert_eq!(waits(&throttle, &alice, now), 0);
        }
        assert_eq!(waits(&throttle, &name("bob"), now), 0);
        throttle.failed(&alice, now);
        assert_eq!(waits(&throttle, &alice, now + 1), 900, "rounded up");
        assert_eq!(waits(&throttle, &alice, now + 899_001), 1);
    }

    #[test]
    fn failures_are_forgotten_after_success_or_a_quarter_of_an_hour() {
        let throttle = Throttle::new();
        let alice = name("alice");
        for at in 0..4 {
            throttle.failed(&alice, at);
        }
        throttle.succeeded(&alice[0]);
        throttle.failed(&alice, 4);
        assert_eq!(waits(&throttle, &alice, 4), 0, "the first in a row");
        for at in 5..8 {
            throttle.failed(&alice, at);
        }
        throttle.failed(&alice, 7 + FORGOTTEN_AFTER);
        assert_eq!(waits(&throttle, &alice, 7 + FORGOTTEN_AFTER), 0);
    }

    #[test]
    fn an_attempt_counts_until_it_is_taken_back() {
        let throttle = Throttle::new();
        let alice = name("alice");
        for _ in 0..2 {
            let let_in = (0..10).filter(|_| throttle.attempt(&alice, 0).is_ok());
            assert_eq!(let_in.count(), 5, "at the same time");
            for _ in 0..5 {
                throttle.take_back(&alice, 0);
            }
        }
        assert_eq!(waits(&throttle, &alice, 0), 0);
    }

    #[test]
    fn whoever_waits_makes_all_wait_that_are_tried_together() {
        let throttle = Throttle::new();
        let address = |text: &str| Subject::address(text.parse().expect("an address"));
        for user in ["a", "b", "c", "d", "e"] {
            let [user] = name(user);
            throttle.failed(&[user, address("2001:db8::1")], 0);
        }
        assert_eq!(waits(&throttle, &name("a"), 0), 0);
        let [victim] = name("victim");
        let guess = [victim, address("2001:db8::2")];
        assert_eq!(waits(&throttle, &guess, 0), 30, "the same network");
        assert_eq!(waits(&throttle, &[address("2001:db8:0:1::1")], 0), 0);
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let throttle = Throttle::remembering(3);
        let count = || throttle.failures.lock().expect("nobody panicked").len();
        for user in 0..10 {
            throttle.failed(&name(&user.to_string()), 0);
            assert!(count() <= 3);
        }
        throttle.failed(&name("later"), FORGOTTEN_AFTER);
        assert_eq!(count(), 1, "what can be forgotten goes first");
    }
}
