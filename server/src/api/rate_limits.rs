//! The limits on clients on the wire: what they are, and how much of them is used up.

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Limits;
use crate::gateway::OrderCount;

/// A limit, and where a client stands.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateLimit {
    rate_limit_type: &'static str,
    interval: &'static str,
    interval_num: u32,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
}

impl RateLimit {
    const fn new(
        rate_limit_type: &'static str,
        (interval_num, interval): (u32, &'static str),
        limit: u32,
    ) -> Self {
        Self {
            rate_limit_type,
            interval,
            interval_num,
            limit,
            count: None,
        }
    }

    const fn used(self, count: u32) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }
}

/// The weight of the requests of an address.
const fn weight(limits: &Limits) -> RateLimit {
    let limit = limits.request_weight_per_minute;
    RateLimit::new("REQUEST_WEIGHT", (1, "MINUTE"), limit)
}

/// The orders of an account.
const fn orders(limits: &Limits) -> [RateLimit; 2] {
    [
        RateLimit::new("ORDERS", (10, "SECOND"), limits.orders_per_10_seconds),
        RateLimit::new("ORDERS", (1, "DAY"), limits.orders_per_day),
    ]
}

/// All limits there are.
pub(crate) fn all(limits: &Limits) -> Vec<RateLimit> {
    let mut all = vec![weight(limits)];
    all.extend(orders(limits));
    all
}

/// The limits on orders, and how many there were.
pub(crate) fn of_orders(limits: &Limits, count: OrderCount) -> Vec<RateLimit> {
    let [short, long] = orders(limits);
    vec![short.used(count.in_10_seconds), long.used(count.in_day)]
}

/// What a request has used up, and an order, where it was one.
pub(crate) fn used(limits: &Limits, used: u32, orders: Option<OrderCount>) -> Vec<RateLimit> {
    let mut told = vec![weight(limits).used(used)];
    told.extend(
        orders
            .into_iter()
            .flat_map(|count| of_orders(limits, count)),
    );
    told
}
