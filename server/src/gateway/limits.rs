//! How much a client may ask for: request weight per address, orders per account.
//!
//! Windows are fixed and aligned to the clock, as clients of the field expect them: the counts
//! that the answers carry start again with each minute, ten seconds and day.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use orderbook_core::AccountId;

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

/// The limits on all clients.
#[derive(Debug)]
pub(crate) struct ClientLimits {
    weight: Window<IpAddr>,
    orders: Window<AccountId>,
    orders_of_day: Window<AccountId>,
}

/// How many orders an account has sent, for the headers of the answer.
#[derive(Debug, Clone, Copy)]
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
        }
    }

    /// Counts a request; the weight used so far, and whether it is too much.
    pub(crate) fn request(&self, client: IpAddr, weight: u32) -> (u32, Result<(), ApiError>) {
        let usage = self.weight.count(client, weight, seconds());
        let result = if usage.allowed {
            Ok(())
        } else {
            let limit = self.weight.limit;
            Err(ApiError::too_many(
                -1003,
                format!(
                    "Too much request weight used; current limit is {limit} request weight per 1 MINUTE."
                ),
                usage.resets_in,
            ))
        };
        (usage.count, result)
    }

    /// Counts a new order.
    pub(crate) fn order(&self, account: AccountId) -> Result<OrderCount, ApiError> {
        let second = seconds();
        let short = self.orders.count(account, 1, second);
        let long = self.orders_of_day.count(account, 1, second);
        for (usage, window, limit) in [
            (short, "10 SECOND", self.orders.limit),
            (long, "1 DAY", self.orders_of_day.limit),
        ] {
            if !usage.allowed {
                return Err(ApiError::too_many(
                    -1015,
                    format!("Too many new orders; current limit is {limit} orders per {window}."),
                    usage.resets_in,
                ));
            }
        }
        Ok(OrderCount {
            in_10_seconds: short.count,
            in_day: long.count,
        })
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
}
