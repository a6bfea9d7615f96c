//! Orders, fills and balances on the wire.

use accounts_core::Fee;
use exchange_engine::{ClientOrderId, Event};
use orderbook_core::{
    OrderKind, Price, Quantity, Resting, SelfTradePrevention, Side, TimeInForce, Trade,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::hex::hex;
use super::params::Params;
use super::symbols::{AssetInfo, Symbol, Symbols};
use crate::bus::Outcome;
use crate::error::ApiError;
use crate::orders::{Fill, OrderRecord, OrderStatus, touched};

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
                limit(params, symbol, TimeInForce::POST_ONLY)?
            }
            OrderType::Market => {
                for name in ["price", "timeInForce"] {
                    if params.get(name).is_some() {
                        return Err(ApiError::not_required(name));
                    }
                }
                OrderKind::MARKET
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
        "GTC" => Ok(TimeInForce::GTC),
        "IOC" => Ok(TimeInForce::IOC),
        "FOK" => Ok(TimeInForce::FOK),
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

/// A name for an order whose owner gave it none. No other order has it: an order is not placed again
/// under a name that is taken, and among so many names chance picks none twice.
pub(crate) fn random_client_order_id() -> ClientOrderId {
    let random: [u8; 16] = rand::random();
    let name = hex(&random).parse();
    name.expect("hexadecimal digits are legal")
}

const fn side_text(side: Side) -> &'static str {
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
pub(super) fn shown(kind: OrderKind) -> Quantity {
    resting(kind).display.unwrap_or_default()
}

const fn type_text(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Limit { .. } if resting(kind).post_only.is_some() => "LIMIT_MAKER",
        OrderKind::Limit { .. } => "LIMIT",
        OrderKind::Market { .. } => "MARKET",
    }
}

const fn time_in_force_text(kind: OrderKind) -> &'static str {
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

const fn status_text(status: OrderStatus) -> &'static str {
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
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrderState {
    pub(super) price: String,
    pub(super) orig_qty: String,
    pub(super) executed_qty: String,
    pub(super) orig_quote_order_qty: String,
    pub(super) cummulative_quote_qty: String,
    pub(super) status: &'static str,
    pub(super) time_in_force: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) side: &'static str,
    pub(super) self_trade_prevention_mode: &'static str,
}

impl OrderState {
    pub(super) fn new(order: &OrderRecord, symbol: &Symbol) -> Self {
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

/// The answer to a new order: as much of it as was asked for.
#[derive(Debug, JsonSchema, Serialize)]
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

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacedFill {
    price: String,
    qty: String,
    commission: String,
    commission_asset: String,
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
    fn of(fill: &Fill, symbols: &Symbols, symbol: &Symbol) -> Option<Self> {
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
    /// The answer to the command that led to `outcome`, told from its events alone.
    pub(crate) fn new(
        outcome: &Outcome,
        response: ResponseType,
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
        Some(Self::told(&placed?, fills, response, symbol))
    }

    /// The answer to an order that was sent before: what was answered then, when the order was as it
    /// is given here and had traded `fills`.
    pub(crate) fn again(
        order: &OrderRecord,
        fills: &[Fill],
        response: ResponseType,
        symbols: &Symbols,
        symbol: &Symbol,
    ) -> Option<Self> {
        let fills = fills
            .iter()
            .map(|fill| PlacedFill::of(fill, symbols, symbol));
        let fills = fills.collect::<Option<_>>()?;
        Some(Self::told(order, fills, response, symbol))
    }

    fn told(
        order: &OrderRecord,
        fills: Vec<PlacedFill>,
        response: ResponseType,
        symbol: &Symbol,
    ) -> Self {
        let state = (response != ResponseType::Ack).then(|| OrderState::new(order, symbol));
        Self {
            symbol: symbol.name().into(),
            order_id: order.id.get(),
            order_list_id: -1,
            client_order_id: name(order.client_order_id),
            transact_time: order.time.millis(),
            working_time: state.is_some().then(|| order.time.millis()),
            state,
            fills: (response == ResponseType::Full).then_some(fills),
        }
    }
}

pub(super) fn name(client_order_id: Option<ClientOrderId>) -> String {
    client_order_id
        .map(|name| name.to_string())
        .unwrap_or_default()
}

/// What the commission of a fill was paid in; `None` where that asset is not known.
pub(super) fn commission_asset<'a>(
    fill: &Fill,
    symbols: &'a Symbols,
    symbol: &'a Symbol,
) -> Option<&'a AssetInfo> {
    match (fill.commission_asset, fill.side) {
        (Some(asset), _) => symbols.asset(asset),
        (None, Side::Buy) => Some(&symbol.base),
        (None, Side::Sell) => Some(&symbol.quote),
    }
}

/// An order as it is.
#[derive(Debug, JsonSchema, Serialize)]
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
#[derive(Debug, JsonSchema, Serialize)]
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
#[derive(Debug, JsonSchema, Serialize)]
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
    /// `None` where the commission was paid in an asset that is not known.
    pub(crate) fn new(fill: &Fill, symbols: &Symbols, symbol: &Symbol) -> Option<Self> {
        let asset = commission_asset(fill, symbols, symbol)?;
        Some(Self {
            symbol: symbol.name().into(),
            id: fill.trade_id.get(),
            order_id: fill.order_id.get(),
            order_list_id: -1,
            price: symbol.price(fill.price),
            qty: symbol.quantity(fill.quantity),
            quote_qty: symbol.quote.amount(fill.quote_amount),
            commission: asset.delta(fill.commission),
            commission_asset: asset.code.clone(),
            time: fill.time.millis(),
            is_buyer: fill.side == Side::Buy,
            is_maker: fill.is_maker,
            is_best_match: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use accounts_core::{Amount, AssetId, Delta, FeeRate, FeeSchedule, FeeTier};
    use exchange_engine::{Command, Exchange, Input, InstrumentId, Listing};
    use orderbook_core::{
        AccountId, Instrument, Notional, OrderId, PostOnly, SelfTradePrevention, Step, Timestamp,
        TradeId,
    };
    use serde_json::Value;

    use super::*;
    use crate::api::symbols::Symbols;

    const SELLER: AccountId = AccountId::new(1);
    const BUYER: AccountId = AccountId::new(2);
    const BTCUSD: InstrumentId = InstrumentId::new(0);
    /// Not of the pair.
    const BNB: AssetId = AssetId::new(2);

    /// A pair with prices of two decimals and quantities of one, asks of 5.0 at 1.00 and at 2.00,
    /// and somebody with plenty of both assets.
    struct Market(Exchange);

    impl Market {
        fn new() -> Self {
            let (base, quote) = (AssetId::new(0), AssetId::new(1));
            let step = |scale| Step::new(1, scale).expect("a valid step");
            let instrument = Instrument::new("BTCUSD", step(2), step(1))
                .and_then(|it| it.with_price_limits(Price::new(1), Price::new(100_000)))
                .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)));
            let mut market = Self(Exchange::new());
            for (asset, code) in [(base, "BTC"), (quote, "USD"), (BNB, "BNB")] {
                market.apply(Command::AddAsset {
                    asset,
                    code: code.into(),
                    decimals: 3,
                });
            }
            market.apply(Command::ListInstrument(Listing {
                id: BTCUSD,
                instrument: instrument.expect("a valid instrument"),
                base,
                quote,
                fees: FeeSchedule::default(),
            }));
            for account in [SELLER, BUYER] {
                market.apply(Command::OpenAccount { account });
                for asset in [base, quote] {
                    let amount = Amount::new(1_000_000_000);
                    market.apply(Command::Deposit {
                        account,
                        asset,
                        amount,
                    });
                }
            }
            for price in [100, 200] {
                let kind = OrderKind::Limit {
                    price: Price::new(price),
                    time_in_force: TimeInForce::GTC,
                };
                market.place(SELLER, Side::Sell, 50, kind, None);
            }
            market
        }

        fn apply(&mut self, command: Command) -> Outcome {
            let time = Timestamp::new(1_000_000);
            let mut events = Vec::new();
            let result = self.0.apply(&Input { time, command }, &mut events);
            assert_eq!(result, Ok(()));
            Outcome {
                time,
                result,
                events,
            }
        }

        fn place(
            &mut self,
            account: AccountId,
            side: Side,
            quantity: u64,
            kind: OrderKind,
            self_trade: Option<SelfTradePrevention>,
        ) -> Outcome {
            self.apply(Command::Place {
                account,
                instrument: BTCUSD,
                client_order_id: None,
                side,
                quantity: Quantity::new(quantity),
                kind,
                self_trade,
            })
        }

        /// What the owner of a new order is told of it.
        fn told(
            &mut self,
            account: AccountId,
            quantity: u64,
            kind: OrderKind,
            self_trade: Option<SelfTradePrevention>,
        ) -> Value {
            let outcome = self.place(account, Side::Buy, quantity, kind, self_trade);
            let symbols = Symbols::new(&self.0);
            let symbol = symbols.get(BTCUSD).expect("listed");
            let placed = PlacedOrder::new(&outcome, ResponseType::Full, &symbols, symbol);
            serde_json::to_value(placed.expect("placed")).expect("plain data")
        }
    }

    fn resting(price: i64, terms: Resting) -> OrderKind {
        OrderKind::Limit {
            price: Price::new(price),
            time_in_force: TimeInForce::Rest(terms),
        }
    }

    #[track_caller]
    fn assert_told(told: &Value, expected: &[(&str, &str)]) {
        for (name, expected) in expected {
            assert_eq!(told[*name], *expected, "{name} of {told}");
        }
    }

    #[test]
    fn an_order_that_slid_is_told_with_the_price_it_rests_at() {
        let slide = Resting {
            until: Some(Timestamp::new(2_000_000)),
            post_only: Some(PostOnly::Slide),
            display: Some(Quantity::new(4)),
        };
        let told = Market::new().told(BUYER, 9, resting(150, slide), None);
        assert_told(
            &told,
            &[
                ("price", "0.99000000"),
                ("origQty", "0.90000000"),
                ("executedQty", "0.00000000"),
                ("status", "NEW"),
                ("type", "LIMIT_MAKER"),
                ("timeInForce", "GTD"),
            ],
        );
    }

    #[test]
    fn an_iceberg_says_what_it_shows() {
        let mut market = Market::new();
        let terms = Resting {
            display: Some(Quantity::new(4)),
            ..Resting::PLAIN
        };
        let outcome = market.place(BUYER, Side::Buy, 9, resting(90, terms), None);
        let Event::OrderAccepted { order, rested, .. } = &outcome.events[0] else {
            panic!("{outcome:?}");
        };
        let record = OrderRecord::accepted(outcome.time, BTCUSD, order, None, *rested);
        let symbols = Symbols::new(&market.0);
        let queried = QueriedOrder::new(&record, symbols.get(BTCUSD).expect("listed"));
        let told = serde_json::to_value(queried).expect("plain data");
        assert_told(
            &told,
            &[
                ("icebergQty", "0.40000000"),
                ("origQty", "0.90000000"),
                ("type", "LIMIT"),
            ],
        );
    }

    #[test]
    fn an_order_for_an_amount_is_as_large_as_what_it_bought() {
        let budget = |units| OrderKind::Market {
            protection: None,
            budget: Some(Notional::new(units)),
        };
        // 5.0 at 1.00 and 1.0 at 2.00 are 7.00; 0.1 are left.
        let told = Market::new().told(BUYER, 100_000, budget(7_100), None);
        assert_told(
            &told,
            &[
                ("origQuoteOrderQty", "7.10000000"),
                ("cummulativeQuoteQty", "7.00000000"),
                ("origQty", "6.00000000"),
                ("executedQty", "6.00000000"),
                ("price", "0.00000000"),
                ("status", "FILLED"),
                ("type", "MARKET"),
            ],
        );
        let told = Market::new().told(BUYER, 100_000, budget(99), None);
        assert_told(&told, &[("origQty", "0.00000000"), ("status", "EXPIRED")]);
    }

    #[test]
    fn a_commission_is_told_in_what_it_was_paid_in() {
        let symbols = Symbols::new(&Market::new().0);
        let symbol = symbols.get(BTCUSD).expect("listed");
        let told = |side, asset: Option<u32>, commission| {
            let fill = Fill {
                trade_id: TradeId::new(1),
                order_id: OrderId::new(1),
                instrument: BTCUSD,
                side,
                price: Price::new(100),
                quantity: Quantity::new(10),
                quote_amount: Amount::new(1_000),
                commission: Delta::new(commission),
                commission_asset: asset.map(AssetId::new),
                is_maker: false,
                time: Timestamp::new(1),
            };
            let trade = OwnTrade::new(&fill, &symbols, symbol)?;
            let placed = PlacedFill::of(&fill, &symbols, symbol)?;
            assert_eq!(trade.commission, placed.commission);
            assert_eq!(trade.commission_asset, placed.commission_asset);
            Some(format!("{} {}", trade.commission, trade.commission_asset))
        };
        for (side, asset, commission, expected) in [
            (Side::Buy, Some(0), 12, "0.01200000 BTC"),
            (Side::Buy, Some(1), 12, "0.01200000 USD"),
            (Side::Sell, Some(2), 1_500, "1.50000000 BNB"),
            // A rebate.
            (Side::Sell, Some(1), -7, "-0.00700000 USD"),
            // Of a history from before fees had an asset.
            (Side::Buy, None, 12, "0.01200000 BTC"),
            (Side::Sell, None, 12, "0.01200000 USD"),
        ] {
            assert_eq!(told(side, asset, commission).as_deref(), Some(expected));
        }
        assert_eq!(told(Side::Buy, Some(9), 12), None);
    }

    /// The buyer has chosen to pay what it pays with: 1 % of 3.00, where 1 % of 3.0 would be received.
    #[test]
    fn a_new_order_tells_its_fees_in_what_they_were_paid_in() {
        let mut market = Market::new();
        let tier = FeeTier {
            volume: Amount::ZERO,
            maker: FeeRate::ZERO,
            taker: FeeRate::new(10_000).expect("a rate"),
        };
        market.apply(Command::SetFees {
            instrument: BTCUSD,
            fees: FeeSchedule::new([tier]).expect("a schedule"),
        });
        let gtc = resting(100, Resting::PLAIN);
        for (asset, code) in [(None, "BTC"), (Some(AssetId::new(1)), "USD")] {
            let account = BUYER;
            market.apply(Command::ChooseFeeAsset { account, asset });
            let told = market.told(BUYER, 3, gtc, None);
            let fill = &told["fills"][0];
            assert_eq!(fill["commissionAsset"], code);
            assert_eq!(fill["commission"], "0.00300000");
        }
    }

    #[test]
    fn an_order_that_meets_its_owner_says_so() {
        let gtc = resting(100, Resting::PLAIN);
        for (prevention, status, quantity, mode) in [
            (SelfTradePrevention::Allow, "FILLED", "3.00000000", "NONE"),
            (
                SelfTradePrevention::ExpireMaker,
                "NEW",
                "3.00000000",
                "EXPIRE_MAKER",
            ),
            (
                SelfTradePrevention::ExpireTaker,
                "EXPIRED_IN_MATCH",
                "3.00000000",
                "EXPIRE_TAKER",
            ),
            (
                SelfTradePrevention::ExpireBoth,
                "EXPIRED_IN_MATCH",
                "3.00000000",
                "EXPIRE_BOTH",
            ),
            // Nothing of it is left to trade, and nothing of it has traded.
            (
                SelfTradePrevention::Decrement,
                "EXPIRED_IN_MATCH",
                "0.00000000",
                "DECREMENT",
            ),
        ] {
            let told = Market::new().told(SELLER, 30, gtc, Some(prevention));
            assert_told(
                &told,
                &[
                    ("status", status),
                    ("origQty", quantity),
                    ("selfTradePreventionMode", mode),
                ],
            );
        }
    }
}
