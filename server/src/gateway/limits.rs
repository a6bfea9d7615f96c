//! How much a client may ask for: request weight per address, orders per account.
//!
//! Windows are fixed and aligned to the clock, as clients of the field expect them: the counts
//! that the answers carry start again with each minute, ten seconds and day. Whoever goes on asking
//! although it was told to wait is not answered for a while.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orderbook_core::AccountId;

use super::client::party;
use crate::config::Limits;
use crate::error::ApiError;
use crate::orders::now;

const MINUTE: u64 = 60;
const TEN_SECONDS: u64 = 10;
const DAY: u64 = 86_400;

/// Counts per key within the running window.
#[derive(Debug)]
struct Window<K> {
    seconds: u64,
    limit: u32,
    counts: Mutex<(u64, HashMap<K, u32>)>,
}

/// Where a client stands in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    count: u32,
    allowed: bool,
    resets_in: u64,
}

impl<K: Eq + Hash> Window<K> {
    fn new(seconds: u64, limit: u32) -> Self {
        Self {
            seconds,
            limit,
            counts: Mutex::default(),
        }
    }

    /// Counts `weight`. What exceeds the limit is counted too: trying on does not help.
    fn count(&self, key: K, weight: u32, second: u64) -> Usage {
        let window = second / self.seconds;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.0 != window {
            *counts = (window, HashMap::new());
        }
        let count = counts.1.entry(key).or_default();
        *count = count.saturating_add(weight);
        Usage {
            count: *count,
            allowed: *count <= self.limit,
            resets_in: self.seconds - second % self.seconds,
        }
    }
}

/// Those who go on although they were told to wait.
#[derive(Debug)]
struct Bans {
    /// After so many refusals in a row of windows.
    after: u32,
    /// The first ban, in seconds; each further one is twice as long as the one before.
    seconds: u64,
    offenders: Mutex<HashMap<IpAddr, Offender>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Offender {
    refused: u32,
    bans: u32,
    until: u64,
    last: u64,
}

/// The longest ban, in seconds.
const LONGEST_BAN: u64 = 3 * DAY;
/// Who has behaved for so long starts anew, in seconds.
const FORGIVEN: u64 = DAY;
/// So many offenders are kept in mind; beyond that, those that are forgiven are looked for.
const MOST_OFFENDERS: usize = 100_000;

impl Bans {
    fn new(after: u32, seconds: u64) -> Self {
        Self {
            after,
            seconds,
            offenders: Mutex::default(),
        }
    }

    fn offenders(&self) -> MutexGuard<'_, HashMap<IpAddr, Offender>> {
        self.offenders
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// When the ban of a client ends, where there is one.
    fn banned_until(&self, client: IpAddr, second: u64) -> Option<u64> {
        let offenders = self.offenders();
        let until = offenders.get(&client)?.until;
        (until > second).then_some(until)
    }

    /// A client has been told to wait.
    fn refused(&self, client: IpAddr, second: u64) {
        let mut offenders = self.offenders();
        let forgiven = |it: &Offender| it.last.max(it.until) + FORGIVEN <= second;
        if offenders.len() >= MOST_OFFENDERS && !offenders.contains_key(&client) {
            offenders.retain(|_, it| !forgiven(it));
            if offenders.len() >= MOST_OFFENDERS {
                return;
            }
        }
        let offender = offenders.entry(client).or_default();
        if forgiven(offender) {
            *offender = Offender::default();
        }
        offender.last = second;
        offender.refused += 1;
        if offender.refused >= self.after {
            let doubled = 1_u64.checked_shl(offender.bans).unwrap_or(u64::MAX);
            let long = self.seconds.saturating_mul(doubled).min(LONGEST_BAN);
            offender.until = second + long;
            offender.refused = 0;
            offender.bans = offender.bans.saturating_add(1);
        }
    }
}

/// The limits on all clients.
#[derive(Debug)]
pub(crate) struct ClientLimits {
    weight: Window<IpAddr>,
    orders: Window<AccountId>,
    orders_of_day: Window<AccountId>,
    bans: Bans,
}

/// How many orders an account has sent, for the headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderCount {
    pub(crate) in_10_seconds: u32,
    pub(crate) in_day: u32,
}

impl ClientLimits {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            weight: Window::new(MINUTE, limits.request_weight_per_minute),
            orders: Window::new(TEN_SECONDS, limits.orders_per_10_seconds),
            orders_of_day: Window::new(DAY, limits.orders_per_day),
            bans: Bans::new(limits.refusals_before_ban, limits.ban_seconds),
        }
    }

    /// Counts a request; the weight used so far, and whether it is too much.
    pub(crate) fn request(&self, client: IpAddr, weight: u32) -> (u32, Result<(), ApiError>) {
        self.request_at(client, weight, seconds())
    }

    fn request_at(&self, client: IpAddr, weight: u32, second: u64) -> (u32, Result<(), ApiError>) {
        let client = party(client);
        if let Some(until) = self.bans.banned_until(client, second) {
            let used = self.weight.count(client, 0, second).count;
            return (used, Err(ApiError::banned(until, until - second)));
        }
        let usage = self.weight.count(client, weight, second);
        if usage.allowed {
            return (usage.count, Ok(()));
        }
        self.bans.refused(client, second);
        let limit = self.weight.limit;
        let refusal = ApiError::too_many(
            -1003,
            format!(
                "Too much request weight used; current limit is {limit} request weight per 1 MINUTE."
            ),
            usage.resets_in,
        );
        (usage.count, Err(refusal))
    }

    /// Counts a new order; how many there were so far, and whether it is one too many.
    pub(crate) fn order(&self, account: AccountId) -> (OrderCount, Result<(), ApiError>) {
        let second = seconds();
        let short = self.orders.count(account, 1, second);
        let long = self.orders_of_day.count(account, 1, second);
        let count = OrderCount {
            in_10_seconds: short.count,
            in_day: long.count,
        };
        for (usage, window, limit) in [
            (short, "10 SECOND", self.orders.limit),
            (long, "1 DAY", self.orders_of_day.limit),
        ] {
            if !usage.allowed {
                let refusal = ApiError::too_many(
                    -1015,
                    format!("Too many new orders; current limit is {limit} orders per {window}."),
                    usage.resets_in,
                );
                return (count, Err(refusal));
            }
        }
        (count, Ok(()))
    }

    /// How many orders an account has sent so far.
    pub(crate) fn order_usage(&self, account: AccountId) -> OrderCount {
        let second = seconds();
        OrderCount {
            in_10_seconds: self.orders.count(account, 0, second).count,
            in_day: self.orders_of_day.count(account, 0, second).count,
        }
    }
}

fn seconds() -> u64 {
    now().millis() / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_and_starts_again() {
        let window = Window::new(10, 2);
        let usage = |count, allowed, resets_in| Usage {
            count,
            allowed,
            resets_in,
        };
        assert_eq!(window.count("a", 1, 100), usage(1, true, 10));
        assert_eq!(window.count("a", 1, 103), usage(2, true, 7));
        assert_eq!(window.count("a", 1, 109), usage(3, false, 1));
        assert_eq!(window.count("b", 1, 109), usage(1, true, 1));
        assert_eq!(window.count("a", 1, 110), usage(1, true, 10));
    }

    #[test]
    fn who_does_not_wait_is_banned_longer_each_time() {
        let limits = ClientLimits::new(&Limits {
            request_weight_per_minute: 1,
            refusals_before_ban: 2,
            ban_seconds: 100,
            ..Limits::default()
        });
        let client = IpAddr::from([192, 0, 2, 1]);
        let status = |client, second| match limits.request_at(client, 1, second).1 {
            Ok(()) => 200,
            Err(error) => error.status.as_u16(),
        };
        assert_eq!(
            [0, 1, 2, 3].map(|at| status(client, at)),
            [200, 429, 429, 418]
        );
        assert_eq!(status(IpAddr::from([192, 0, 2, 2]), 3), 200);
        assert_eq!(
            [101, 102, 103, 104].map(|at| status(client, at)),
            [418, 200, 429, 429]
        );
        assert_eq!(
            [105, 303, 304].map(|at| status(client, at)),
            [418, 418, 200]
        );
        // A day of good behaviour later, the first ban is short again.
        let later = 304 + 2 * DAY;
        assert_eq!(
            [0, 1, 2, 3].map(|at| status(client, later + at)),
            [200, 429, 429, 418]
        );
        assert_eq!(status(client, later + 103), 200);
    }
}
