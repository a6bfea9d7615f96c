//! Orders, fills and balances on the wire.

use exchange_engine::{ClientOrderId, Event};
use orderbook_core::{Event as BookEvent, OrderKind, Quantity, Side, TimeInForce};
use serde::Serialize;

use super::hex::hex;
use super::params::Params;
use super::symbols::Symbol;
use crate::bus::Outcome;
use crate::error::ApiError;
use crate::orders::{Fill, OrderRecord, OrderStatus};

const CLIENT_ORDER_ID: &str = "^[a-zA-Z0-9-_.:/]{1,36}$";

/// An order as a client asks for it.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) client_order_id: ClientOrderId,
    pub(crate) side: Side,
    pub(crate) quantity: Quantity,
    pub(crate) kind: OrderKind,
    pub(crate) response: ResponseType,
}

/// How much an accepted order is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseType {
    Ack,
    Result,
    Full,
}

impl NewOrder {
    pub(crate) fn parse(params: &Params, symbol: &Symbol) -> Result<Self, ApiError> {
        let side = match params.require("side")? {
            "BUY" => Side::Buy,
            "SELL" => Side::Sell,
            _ => return Err(ApiError::INVALID_SIDE),
        };
        let order_type = OrderType::parse(params.require("type")?)?;
        for name in ["stopPrice", "trailingDelta"] {
            if params.get(name).is_some() {
                return Err(ApiError::not_required(name));
            }
        }
        if params.get("icebergQty").is_some() {
            return Err(ApiError::ICEBERG);
        }
        if params.get("quoteOrderQty").is_some() {
            return Err(match order_type {
                OrderType::Market => ApiError::QUOTE_QUANTITY,
                OrderType::Limit | OrderType::LimitMaker => ApiError::not_required("quoteOrderQty"),
            });
        }
        // Orders of one account do trade with each other here; a request to prevent that cannot
        // be honoured, so it is not taken.
        if !matches!(params.get("selfTradePreventionMode"), None | Some("NONE")) {
            return Err(ApiError::invalid_value("selfTradePreventionMode"));
        }
        let kind = match order_type {
            OrderType::Limit => limit(
                params,
                symbol,
                time_in_force(params.require("timeInForce")?)?,
            )?,
            OrderType::LimitMaker => {
                if params.get("timeInForce").is_some() {
                    return Err(ApiError::not_required("timeInForce"));
                }
                limit(params, symbol, TimeInForce::PostOnly)?
            }
            OrderType::Market => {
                for name in ["price", "timeInForce"] {
                    if params.get(name).is_some() {
                        return Err(ApiError::not_required(name));
                    }
                }
                OrderKind::Market
            }
        };
        let quantity = symbol.parse_quantity("quantity", params.require("quantity")?)?;
        let response = match params.get("newOrderRespType") {
            None => ResponseType::default_for(order_type),
            Some("ACK") => ResponseType::Ack,
            Some("RESULT") => ResponseType::Result,
            Some("FULL") => ResponseType::Full,
            Some(_) => return Err(ApiError::invalid_value("newOrderRespType")),
        };
        Ok(Self {
            client_order_id: client_order_id(params, "newClientOrderId")?
                .unwrap_or_else(random_client_order_id),
            side,
            quantity,
            kind,
            response,
        })
    }
}

/// The types of orders that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OrderType {
    Limit,
    LimitMaker,
    Market,
}

impl OrderType {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text {
            "LIMIT" => Ok(Self::Limit),
            "LIMIT_MAKER" => Ok(Self::LimitMaker),
            "MARKET" => Ok(Self::Market),
            _ => Err(ApiError::INVALID_TYPE),
        }
    }
}

impl ResponseType {
    const fn default_for(order_type: OrderType) -> Self {
        match order_type {
            OrderType::Limit | OrderType::Market => Self::Full,
            OrderType::LimitMaker => Self::Ack,
        }
    }
}

fn limit(
    params: &Params,
    symbol: &Symbol,
    time_in_force: TimeInForce,
) -> Result<OrderKind, ApiError> {
    Ok(OrderKind::Limit {
        price: symbol.parse_price("price", params.require("price")?)?,
        time_in_force,
    })
}

fn time_in_force(text: &str) -> Result<TimeInForce, ApiError> {
    match text {
        "GTC" => Ok(TimeInForce::GoodTillCancel),
        "IOC" => Ok(TimeInForce::ImmediateOrCancel),
        "FOK" => Ok(TimeInForce::FillOrKill),
        _ => Err(ApiError::INVALID_TIME_IN_FORCE),
    }
}

/// Reads a client order id parameter.
pub(crate) fn client_order_id(
    params: &Params,
    name: &str,
) -> Result<Option<ClientOrderId>, ApiError> {
    params
        .get(name)
        .map(|text| {
            text.parse()
                .map_err(|_| ApiError::illegal(name, CLIENT_ORDER_ID))
        })
        .transpose()
}

/// A name for an order whose owner gave it none.
pub(crate) fn random_client_order_id() -> ClientOrderId {
    let random: [u8; 11] = rand::random();
    let name = hex(&random).parse();
    name.expect("hexadecimal digits are legal")
}

const fn side_text(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

const fn type_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::PostOnly,
            ..
        } => "LIMIT_MAKER",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Market => "MARKET",
    }
}

const fn time_in_force_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::ImmediateOrCancel,
            ..
        } => "IOC",
        OrderKind::Limit {
            time_in_force: TimeInForce::FillOrKill,
            ..
        } => "FOK",
        OrderKind::Limit { .. } | OrderKind::Market => "GTC",
    }
}

const fn status_text(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::New => "NEW",
        OrderStatus::PartiallyFilled => "PARTIALLY_FILLED",
        OrderStatus::Filled => "FILLED",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Expired => "EXPIRED",
    }
}

/// What every answer about an order says of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderState {
    price: String,
    orig_qty: String,
    executed_qty: String,
    orig_quote_order_qty: String,
    cummulative_quote_qty: String,
    status: &'static str,
    time_in_force: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    side: &'static str,
    self_trade_prevention_mode: &'static str,
}

impl OrderState {
    fn new(order: &OrderRecord, symbol: &Symbol) -> Self {
        Self {
            price: symbol.price_or_zero(order.kind.limit_price()),
            orig_qty: symbol.quantity(order.quantity),
            executed_qty: symbol.quantity(order.executed),
            orig_quote_order_qty: symbol.quantity(Quantity::ZERO),
            cummulative_quote_qty: symbol.quote.amount(order.quote_amount),
            status: status_text(order.status),
            time_in_force: time_in_force_text(order.kind),
            kind: type_text(order.kind),
            side: side_text(order.side),
            self_trade_prevention_mode: "NONE",
        }
    }
}

/// The answer to a new order: as much of it as was asked for.
#[derive(Debug, Serialize)]
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
    working_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fills: Option<Vec<PlacedFill>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedFill {
    price: String,
    qty: String,
    commission: String,
    commission_asset: String,
    trade_id: u64,
}

impl PlacedOrder {
    /// The answer to the command that led to `outcome`, told from its events alone.
    pub(crate) fn new(outcome: &Outcome, response: ResponseType, symbol: &Symbol) -> Option<Self> {
        let mut placed: Option<OrderRecord> = None;
        let mut fills = Vec::new();
        for event in &outcome.events {
            match event {
                Event::OrderAccepted {
                    instrument,
                    order,
                    client_order_id,
                } => {
                    placed = Some(OrderRecord::accepted(
                        outcome.time,
                        *instrument,
                        order,
                        *client_order_id,
                    ));
                }
                Event::Settled {
                    trade,
                    quote_amount,
                    taker_fee,
                    ..
                } => {
                    let order = placed.as_mut()?;
                    order.fill(outcome.time, trade.quantity, *quote_amount);
                    let received = received(symbol, trade.taker_side);
                    fills.push(PlacedFill {
                        price: symbol.price(trade.price),
                        qty: symbol.quantity(trade.quantity),
                        commission: received.amount(*taker_fee),
                        commission_asset: received.code.clone(),
                        trade_id: trade.id.get(),
                    });
                }
                Event::Book {
                    event:
                        BookEvent::Closed {
                            order_id, reason, ..
                        },
                    ..
                } => {
                    if let Some(order) = placed.as_mut().filter(|order| order.id == *order_id) {
                        order.close(outcome.time, *reason);
                    }
                }
                _ => {}
            }
        }
        let order = placed?;
        let state = (response != ResponseType::Ack).then(|| OrderState::new(&order, symbol));
        Some(Self {
            symbol: symbol.name().into(),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: name(order.client_order_id),
            transact_time: outcome.time.millis(),
            working_time: state.is_some().then(|| outcome.time.millis()),
            state,
            fills: (response == ResponseType::Full).then_some(fills),
        })
    }
}

fn name(client_order_id: Option<ClientOrderId>) -> String {
    client_order_id
        .map(|name| name.to_string())
        .unwrap_or_default()
}

/// The asset that an order of this side receives and pays its fee in.
fn received(symbol: &Symbol, side: Side) -> &super::symbols::AssetInfo {
    match side {
        Side::Buy => &symbol.base,
        Side::Sell => &symbol.quote,
    }
}

/// An order as it is.
#[derive(Debug, Serialize)]
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
            iceberg_qty: symbol.quantity(Quantity::ZERO),
            time: order.time.millis(),
            update_time: order.update_time.millis(),
            is_working: true,
            working_time: order.time.millis(),
        }
    }
}

/// The answer to a cancellation.
#[derive(Debug, Serialize)]
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
}

impl CancelledOrder {
    pub(crate) fn new(order: &OrderRecord, cancellation: &str, symbol: &Symbol) -> Self {
        Self {
            symbol: symbol.name().into(),
            orig_client_order_id: name(order.client_order_id),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: cancellation.into(),
            transact_time: order.update_time.millis(),
            state: OrderState::new(order, symbol),
        }
    }
}

/// One's side of a trade.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnTrade {
    symbol: String,
    id: u64,
    order_id: u64,
    order_list_id: i64,
    price: String,
    qty: String,
    quote_qty: String,
    commission: String,
    commission_asset: String,
    time: u64,
    is_buyer: bool,
    is_maker: bool,
    is_best_match: bool,
}

impl OwnTrade {
    pub(crate) fn new(fill: &Fill, symbol: &Symbol) -> Self {
        let received = received(symbol, fill.side);
        Self {
            symbol: symbol.name().into(),
            id: fill.trade_id.get(),
            order_id: fill.order_id.get(),
            order_list_id: -1,
            price: symbol.price(fill.price),
            qty: symbol.quantity(fill.quantity),
            quote_qty: symbol.quote.amount(fill.quote_amount),
            commission: received.amount(fill.commission),
            commission_asset: received.code.clone(),
            time: fill.time.millis(),
            is_buyer: fill.side == Side::Buy,
            is_maker: fill.is_maker,
            is_best_match: true,
        }
    }
}
