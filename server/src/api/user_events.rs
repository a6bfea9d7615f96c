//! What an account hears of its own orders and money.

use accounts_core::{Amount, AssetId, Balance, Delta};
use exchange_engine::ClientOrderId;
use orderbook_core::{Quantity, Timestamp};
use serde::Serialize;

use super::orders::{OrderState, commission_asset, name, shown};
use super::symbols::Symbols;
use crate::orders::{Execution, ExecutionKind, Fill};

/// Something that happened to an order, and the order right after it.
#[derive(Debug, Serialize)]
pub(crate) struct ExecutionReport {
    #[serde(rename = "e")]
    event: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "s")]
    symbol: String,
    /// That of the order, or of its cancellation.
    #[serde(rename = "c")]
    client_order_id: String,
    #[serde(rename = "S")]
    side: &'static str,
    #[serde(rename = "o")]
    order_type: &'static str,
    #[serde(rename = "f")]
    time_in_force: &'static str,
    #[serde(rename = "q")]
    quantity: String,
    #[serde(rename = "p")]
    price: String,
    #[serde(rename = "P")]
    stop_price: String,
    #[serde(rename = "F")]
    iceberg_quantity: String,
    #[serde(rename = "g")]
    order_list_id: i64,
    /// That of the order where it was cancelled, else empty.
    #[serde(rename = "C")]
    original_client_order_id: String,
    #[serde(rename = "x")]
    execution_type: &'static str,
    #[serde(rename = "X")]
    status: &'static str,
    #[serde(rename = "r")]
    reject_reason: &'static str,
    #[serde(rename = "i")]
    order_id: u64,
    #[serde(rename = "l")]
    last_quantity: String,
    #[serde(rename = "z")]
    executed_quantity: String,
    #[serde(rename = "L")]
    last_price: String,
    #[serde(rename = "n")]
    commission: String,
    #[serde(rename = "N")]
    commission_asset: Option<String>,
    #[serde(rename = "T")]
    transaction_time: u64,
    /// -1 is how clients are told that there was no trade.
    #[serde(rename = "t")]
    trade_id: i64,
    #[serde(rename = "I")]
    execution_id: u64,
    #[serde(rename = "w")]
    is_working: bool,
    #[serde(rename = "m")]
    is_maker: bool,
    /// Of no meaning; clients expect it.
    #[serde(rename = "M")]
    is_trade: bool,
    #[serde(rename = "O")]
    order_time: u64,
    #[serde(rename = "Z")]
    executed_quote: String,
    #[serde(rename = "Y")]
    last_quote: String,
    #[serde(rename = "Q")]
    quote_quantity: String,
    #[serde(rename = "W")]
    working_time: u64,
    #[serde(rename = "V")]
    self_trade_prevention: &'static str,
}

impl ExecutionReport {
    /// `None` where the instrument, or what the commission was paid in, is not known here.
    pub(crate) fn new(execution: &Execution, symbols: &Symbols) -> Option<Self> {
        let order = &execution.order;
        let symbol = symbols.get(order.instrument)?;
        let state = OrderState::new(order, symbol);
        let fill = match &execution.kind {
            ExecutionKind::Traded(fill) => Some(fill),
            _ => None,
        };
        let (commission, commission_asset) = match fill {
            Some(fill) => {
                let asset = commission_asset(fill, symbols, symbol)?;
                (asset.delta(fill.commission), Some(asset.code.clone()))
            }
            None => ("0".into(), None),
        };
        let (client_order_id, original_client_order_id) = match execution.kind {
            ExecutionKind::Cancelled(named) => (
                cancellation_name(named, execution.seq),
                name(order.client_order_id),
            ),
            _ => (name(order.client_order_id), String::new()),
        };
        let last_quantity = fill.map_or(Quantity::ZERO, |fill| fill.quantity);
        let last_quote = fill.map_or(Amount::ZERO, |fill| fill.quote_amount);
        let time = order.update_time.millis();
        Some(Self {
            event: "executionReport",
            event_time: time,
            symbol: symbol.name().into(),
            client_order_id,
            side: state.side,
            order_type: state.kind,
            time_in_force: state.time_in_force,
            quantity: state.orig_qty,
            price: state.price,
            stop_price: symbol.price_or_zero(None),
            iceberg_quantity: symbol.quantity(shown(order.kind)),
            order_list_id: -1,
            original_client_order_id,
            execution_type: execution_type(&execution.kind),
            status: state.status,
            reject_reason: "NONE",
            order_id: order.id.get(),
            last_quantity: symbol.quantity(last_quantity),
            executed_quantity: state.executed_qty,
            last_price: symbol.price_or_zero(fill.map(|fill| fill.price)),
            commission,
            commission_asset,
            transaction_time: time,
            trade_id: fill.map_or(-1, |fill| fill.trade_id.get().cast_signed()),
            execution_id: execution.id,
            is_working: order.is_open(),
            is_maker: fill.is_some_and(|fill| fill.is_maker),
            is_trade: fill.is_some(),
            order_time: order.time.millis(),
            executed_quote: state.cummulative_quote_qty,
            last_quote: symbol.quote.amount(last_quote),
            quote_quantity: state.orig_quote_order_qty,
            working_time: order.time.millis(),
            self_trade_prevention: state.self_trade_prevention_mode,
        })
    }
}

const fn execution_type(kind: &ExecutionKind) -> &'static str {
    match kind {
        ExecutionKind::Placed => "NEW",
        ExecutionKind::Traded(Fill { .. }) => "TRADE",
        ExecutionKind::Amended => "REPLACED",
        ExecutionKind::Cancelled(_) => "CANCELED",
        ExecutionKind::Expired => "EXPIRED",
        ExecutionKind::Prevented => "TRADE_PREVENTION",
    }
}

/// The name of a cancellation. Where it was given none, the input that it was makes one: so everybody who
/// tells of it tells the same.
pub(crate) fn cancellation_name(given: Option<ClientOrderId>, seq: u64) -> String {
    match given {
        Some(name) => name.to_string(),
        None => format!("cancel-{seq}"),
    }
}

/// The balances of an account that something may have changed.
#[derive(Debug, Serialize)]
pub(crate) struct AccountPosition {
    #[serde(rename = "e")]
    event: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "u")]
    update_time: u64,
    #[serde(rename = "B")]
    balances: Vec<AssetBalance>,
}

#[derive(Debug, Serialize)]
struct AssetBalance {
    #[serde(rename = "a")]
    asset: String,
    #[serde(rename = "f")]
    free: String,
    #[serde(rename = "l")]
    locked: String,
}

impl AccountPosition {
    /// `None` where an asset is not known here.
    pub(crate) fn new<'a>(
        time: Timestamp,
        balances: impl IntoIterator<Item = (&'a AssetId, &'a Balance)>,
        symbols: &Symbols,
    ) -> Option<Self> {
        let balances = balances.into_iter().map(|(asset, balance)| {
            let asset = symbols.asset(*asset)?;
            Some(AssetBalance {
                asset: asset.code.clone(),
                free: asset.amount(balance.available),
                locked: asset.amount(balance.held),
            })
        });
        Some(Self {
            event: "outboundAccountPosition",
            event_time: time.millis(),
            update_time: time.millis(),
            balances: balances.collect::<Option<_>>()?,
        })
    }
}

/// Money came in or went out.
#[derive(Debug, Serialize)]
pub(crate) struct BalanceUpdate {
    #[serde(rename = "e")]
    event: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "a")]
    asset: String,
    #[serde(rename = "d")]
    change: String,
    #[serde(rename = "T")]
    clear_time: u64,
}

impl BalanceUpdate {
    /// `None` where the asset is not known here.
    pub(crate) fn new(
        time: Timestamp,
        asset: AssetId,
        change: Delta,
        symbols: &Symbols,
    ) -> Option<Self> {
        let asset = symbols.asset(asset)?;
        Some(Self {
            event: "balanceUpdate",
            event_time: time.millis(),
            asset: asset.code.clone(),
            change: asset.delta(change),
            clear_time: time.millis(),
        })
    }
}

/// A listen key has not been kept alive. Nothing follows.
#[derive(Debug, Serialize)]
pub(crate) struct ListenKeyExpired<'a> {
    #[serde(rename = "e")]
    event: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "listenKey")]
    listen_key: &'a str,
}

impl<'a> ListenKeyExpired<'a> {
    pub(crate) const fn new(time: Timestamp, listen_key: &'a str) -> Self {
        Self {
            event: "listenKeyExpired",
            event_time: time.millis(),
            listen_key,
        }
    }
}

/// A subscription has ended. Nothing follows.
#[derive(Debug, Serialize)]
pub(crate) struct EventStreamTerminated {
    #[serde(rename = "e")]
    event: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
}

impl EventStreamTerminated {
    pub(crate) const fn new(time: Timestamp) -> Self {
        Self {
            event: "eventStreamTerminated",
            event_time: time.millis(),
        }
    }
}
