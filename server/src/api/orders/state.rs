//! What every answer about an order says of it.

use orderbook_core::{OrderKind, Price, Quantity, Resting, SelfTradePrevention, Side, TimeInForce};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::symbols::Symbol;
use crate::orders::{OrderRecord, OrderStatus};

pub(super) const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// What an order that may rest says beyond its price.
const fn resting(kind: OrderKind) -> Resting {
    match kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::Rest(terms),
            ..
        } => terms,
        _ => Resting::PLAIN,
    }
}

/// How much of an iceberg is shown at a time; zero of all else.
pub(in crate::api) fn shown(kind: OrderKind) -> Quantity {
    resting(kind).display.unwrap_or_default()
}

/// What an iceberg shows at a time; `None` where the order shows all there is.
pub(super) fn iceberg(kind: OrderKind, symbol: &Symbol) -> Option<String> {
    resting(kind).display.map(|shown| symbol.quantity(shown))
}

pub(super) const fn type_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit { .. } if resting(kind).post_only.is_some() => "LIMIT_MAKER",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Market { .. } => "MARKET",
    }
}

pub(super) const fn time_in_force_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::ImmediateOrCancel { .. },
            ..
        } => "IOC",
        OrderKind::Limit {
            time_in_force: TimeInForce::FillOrKill,
            ..
        } => "FOK",
        _ if resting(kind).until.is_some() => "GTD",
        _ => "GTC",
    }
}

pub(crate) const fn self_trade_text(prevention: SelfTradePrevention) -> &'static str {
    match prevention {
        SelfTradePrevention::Allow => "NONE",
        SelfTradePrevention::ExpireMaker => "EXPIRE_MAKER",
        SelfTradePrevention::ExpireTaker => "EXPIRE_TAKER",
        SelfTradePrevention::ExpireBoth => "EXPIRE_BOTH",
        SelfTradePrevention::Decrement => "DECREMENT",
    }
}

pub(super) const fn status_text(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New => "NEW",
        OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Expired => "EXPIRED",
        OrderStatus::ExpiredInMatch => "EXPIRED_IN_MATCH",
    }
}

/// What every answer about an order says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct OrderState {
    pub(in crate::api) price: String,
    pub(in crate::api) orig_qty: String,
    pub(in crate::api) executed_qty: String,
    pub(in crate::api) orig_quote_order_qty: String,
    pub(in crate::api) cummulative_quote_qty: String,
    pub(in crate::api) status: &'static str,
    pub(in crate::api) time_in_force: &'static str,
    #[serde(rename = "type")]
    pub(in crate::api) kind: &'static str,
    pub(in crate::api) side: &'static str,
    pub(in crate::api) self_trade_prevention_mode: &'static str,
}

impl OrderState {
    pub(in crate::api) fn new(order: &OrderRecord, symbol: &Symbol) -> Self {
        let (limit, budget): (Option<Price>, _) = match order.kind {
            OrderKind::Limit { price, .. } => (Some(price), None),
            OrderKind::Market { budget, .. } => (None, budget),
        };
        // Who asks for an amount of quote asks for no quantity; it is what it turned out to be.
        let quantity = match budget {
            Some(_) => order.executed,
            None => order.quantity,
        };
        let self_trade = order.self_trade.unwrap_or(symbol.instrument.self_trade());
        Self {
            price: symbol.price_or_zero(limit),
            orig_qty: symbol.quantity(quantity),
            executed_qty: symbol.quantity(order.executed),
            orig_quote_order_qty: match budget {
                Some(budget) => symbol.notional(budget),
                None => symbol.quantity(Quantity::ZERO),
            },
            cummulative_quote_qty: symbol.quote.amount(order.quote_amount),
            status: status_text(order.status),
            time_in_force: time_in_force_text(order.kind),
            kind: type_text(order.kind),
            side: side_text(order.side),
            self_trade_prevention_mode: self_trade_text(self_trade),
        }
    }
}
