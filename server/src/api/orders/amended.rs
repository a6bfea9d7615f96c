//! The answer to an amendment.

use schemars::JsonSchema;
use serde::Serialize;

use super::names::name;
use super::state::OrderState;
use crate::api::symbols::Symbol;
use crate::orders::OrderRecord;

/// An amendment that was made.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Amendment {
    transact_time: u64,
    execution_id: u64,
    amended_order: AmendedOrder,
}

/// The order as it is now. It keeps its name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AmendedOrder {
    symbol: String,
    order_id: u64,
    order_list_id: i64,
    orig_client_order_id: String,
    client_order_id: String,
    price: String,
    qty: String,
    executed_qty: String,
    /// What met an order of its owner has been taken off its quantity.
    prevented_qty: String,
    quote_order_qty: String,
    cumulative_quote_qty: String,
    status: &'static str,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    side: &'static str,
    working_time: u64,
    self_trade_prevention_mode: &'static str,
}

impl Amendment {
    /// `seq` is that of the input that amended the order.
    pub(crate) fn new(order: &OrderRecord, seq: u64, symbol: &Symbol) -> Self {
        let state = OrderState::new(order, symbol);
        let zero = symbol.quantity(orderbook_core::Quantity::ZERO);
        Self {
            transact_time: order.update_time.millis(),
            execution_id: seq,
            amended_order: AmendedOrder {
                symbol: symbol.name().into(),
                order_id: order.id.get(),
                order_list_id: -1,
                orig_client_order_id: name(order.client_order_id),
                client_order_id: name(order.client_order_id),
                price: state.price,
                qty: state.orig_qty,
                executed_qty: state.executed_qty,
                prevented_qty: zero,
                quote_order_qty: state.orig_quote_order_qty,
                cumulative_quote_qty: state.cummulative_quote_qty,
                status: state.status,
                time_in_force: state.time_in_force,
                kind: state.kind,
                side: state.side,
                working_time: order.time.millis(),
                self_trade_prevention_mode: state.self_trade_prevention_mode,
            },
        }
    }
}
