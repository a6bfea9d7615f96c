//! Orders as they are, and as they were cancelled.

use schemars::JsonSchema;
use serde::Serialize;

use super::names::name;
use super::state::{OrderState, iceberg, shown};
use crate::api::symbols::Symbol;
use crate::orders::OrderRecord;

/// An order as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueriedOrder {
    symbol: String,
    order_id: u64,
    order_list_id: i64,
    client_order_id: String,
    #[serde(flatten)]
    state: OrderState,
    stop_price: String,
    iceberg_qty: String,
    time: u64,
    update_time: u64,
    is_working: bool,
    working_time: u64,
}

impl QueriedOrder {
    pub(crate) fn new(order: &OrderRecord, symbol: &Symbol) -> Self {
        Self {
            symbol: symbol.name().into(),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: name(order.client_order_id),
            state: OrderState::new(order, symbol),
            stop_price: symbol.price_or_zero(None),
            iceberg_qty: symbol.quantity(shown(order.kind)),
            time: order.time.millis(),
            update_time: order.update_time.millis(),
            is_working: true,
            working_time: order.time.millis(),
        }
    }
}

/// The answer to a cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelledOrder {
    symbol: String,
    orig_client_order_id: String,
    order_id: u64,
    order_list_id: i64,
    /// The name of the cancellation itself.
    client_order_id: String,
    transact_time: u64,
    #[serde(flatten)]
    state: OrderState,
    #[serde(skip_serializing_if = "Option::is_none")]
    iceberg_qty: Option<String>,
}

impl CancelledOrder {
    /// The id of the order.
    pub(crate) const fn id(&self) -> u64 {
        self.order_id
    }

    pub(crate) fn new(order: &OrderRecord, cancellation: &str, symbol: &Symbol) -> Self {
        Self {
            symbol: symbol.name().into(),
            orig_client_order_id: name(order.client_order_id),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: cancellation.into(),
            transact_time: order.update_time.millis(),
            state: OrderState::new(order, symbol),
            iceberg_qty: iceberg(order.kind, symbol),
        }
    }
}
