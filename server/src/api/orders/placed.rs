//! The answer to a new order.

use accounts_core::Fee;
use exchange_engine::Event;
use orderbook_core::Trade;
use schemars::JsonSchema;
use serde::Serialize;

use super::names::name;
use super::new_order::{NewOrder, Strategy};
use super::own_trade::commission_asset;
use super::response::ResponseType;
use super::state::{OrderState, iceberg};
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::Outcome;
use crate::orders::{Fill, OrderRecord, touched};

/// The answer to a new order: as much of it as was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlacedOrder {
    symbol: String,
    order_id: u64,
    order_list_id: i64,
    client_order_id: String,
    transact_time: u64,
    #[serde(flatten)]
    state: Option<OrderState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iceberg_qty: Option<String>,
    #[serde(flatten)]
    strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    working_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fills: Option<Vec<PlacedFill>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlacedFill {
    price: String,
    qty: String,
    pub(super) commission: String,
    pub(super) commission_asset: String,
    trade_id: u64,
}

impl PlacedFill {
    /// A side of a trade; `None` where its fee is in an asset that is not known.
    fn new(trade: &Trade, fee: Fee, symbols: &Symbols, symbol: &Symbol) -> Option<Self> {
        let asset = symbols.asset(fee.asset)?;
        Some(Self {
            price: symbol.price(trade.price),
            qty: symbol.quantity(trade.quantity),
            commission: asset.delta(fee.amount),
            commission_asset: asset.code.clone(),
            trade_id: trade.id.get(),
        })
    }

    /// The same of a fill that was kept.
    pub(super) fn of(fill: &Fill, symbols: &Symbols, symbol: &Symbol) -> Option<Self> {
        let asset = commission_asset(fill, symbols, symbol)?;
        Some(Self {
            price: symbol.price(fill.price),
            qty: symbol.quantity(fill.quantity),
            commission: asset.delta(fill.commission),
            commission_asset: asset.code.clone(),
            trade_id: fill.trade_id.get(),
        })
    }
}

impl PlacedOrder {
    /// Its id.
    pub(crate) const fn id(&self) -> u64 {
        self.order_id
    }

    /// The answer to the command that led to `outcome`, told from its events alone.
    pub(crate) fn new(
        outcome: &Outcome,
        sent: &NewOrder,
        symbols: &Symbols,
        symbol: &Symbol,
    ) -> Option<Self> {
        let mut placed: Option<OrderRecord> = None;
        let mut fills = Vec::new();
        for event in &outcome.events {
            match event {
                Event::OrderAccepted {
                    instrument,
                    order,
                    client_order_id,
                    rested,
                } => {
                    placed = Some(OrderRecord::accepted(
                        outcome.time,
                        *instrument,
                        order,
                        *client_order_id,
                        *rested,
                    ));
                }
                Event::Traded {
                    trade,
                    quote_amount,
                    taker_fee,
                    ..
                } => {
                    let order = placed.as_mut()?;
                    order.fill(outcome.time, trade.quantity, *quote_amount);
                    fills.push(PlacedFill::new(trade, *taker_fee, symbols, symbol)?);
                }
                _ => {
                    if let Some(order) = &mut placed
                        && touched(event).any(|(_, id)| id == order.id)
                    {
                        order.follow(outcome.time, event);
                    }
                }
            }
        }
        Some(Self::told(&placed?, fills, sent, symbol))
    }

    /// The answer to an order that was sent before: what was answered then, when the order was as it
    /// is given here and had traded `fills`.
    pub(crate) fn again(
        order: &OrderRecord,
        fills: &[Fill],
        sent: &NewOrder,
        symbols: &Symbols,
        symbol: &Symbol,
    ) -> Option<Self> {
        let fills = fills
            .iter()
            .map(|fill| PlacedFill::of(fill, symbols, symbol));
        let fills = fills.collect::<Option<_>>()?;
        Some(Self::told(order, fills, sent, symbol))
    }

    fn told(order: &OrderRecord, fills: Vec<PlacedFill>, sent: &NewOrder, symbol: &Symbol) -> Self {
        let response = sent.response;
        let state = (response != ResponseType::Ack).then(|| OrderState::new(order, symbol));
        Self {
            symbol: symbol.name().into(),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: name(order.client_order_id),
            transact_time: order.time.millis(),
            iceberg_qty: state.as_ref().and_then(|_| iceberg(order.kind, symbol)),
            strategy: state.as_ref().map(|_| sent.strategy),
            working_time: state.is_some().then(|| order.time.millis()),
            state,
            fills: (response == ResponseType::Full).then_some(fills),
        }
    }
}
