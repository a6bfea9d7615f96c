//! An order as a client asks for it.

use exchange_engine::ClientOrderId;
use orderbook_core::{
    Notional, OrderKind, Quantity, Resting, SelfTradePrevention, Side, TimeInForce,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::names::{client_order_id, random_client_order_id};
use super::response::ResponseType;
use super::state::self_trade_text;
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;

/// Parameters of orders that there are not: ignoring one would place another order than was meant.
const UNSUPPORTED: [&str; 5] = [
    "stopPrice",
    "trailingDelta",
    "pegPriceType",
    "pegOffsetType",
    "pegOffsetValue",
];
/// Strategies of smaller numbers are reserved.
const FIRST_STRATEGY: u32 = 1_000_000;

/// An order as a client asks for it.
#[derive(Debug, Clone)]
pub(crate) struct NewOrder {
    pub(crate) client_order_id: ClientOrderId,
    /// Whether its owner chose the name.
    pub(crate) is_named: bool,
    pub(crate) side: Side,
    /// How much at most. An order for an amount of quote does not say: then as much as an order may be
    /// for.
    pub(crate) quantity: Quantity,
    pub(crate) kind: OrderKind,
    /// `None`: what the instrument says.
    pub(crate) self_trade: Option<SelfTradePrevention>,
    pub(crate) strategy: Strategy,
    pub(crate) response: ResponseType,
}

/// The types of orders that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderType {
    Limit,
    LimitMaker,
    Market,
}

/// What the owner of an order says that it is part of. It is told in the answer to the order and not
/// remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Strategy {
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_type: Option<u32>,
}

impl NewOrder {
    /// Reads an order, and asks of it what can be asked without a book.
    ///
    /// # Errors
    ///
    /// What is wrong with the parameters first, then what the rules of the instrument say.
    pub(crate) fn parse(params: &Params, symbol: &Symbol) -> Result<Self, ApiError> {
        let side = match params.require("side")? {
            "BUY" => Side::Buy,
            "SELL" => Side::Sell,
            _ => return Err(ApiError::INVALID_SIDE),
        };
        let order_type = OrderType::parse(params.require("type")?)?;
        refuse(params, &UNSUPPORTED)?;
        let (kind, quantity) = match order_type {
            OrderType::Limit | OrderType::LimitMaker => limit(params, symbol, order_type)?,
            OrderType::Market => market(params, symbol)?,
        };
        let name = client_order_id(params, "newClientOrderId")?;
        let order = Self {
            client_order_id: name.unwrap_or_else(random_client_order_id),
            is_named: name.is_some(),
            side,
            quantity,
            kind,
            self_trade: self_trade(params)?,
            strategy: Strategy::parse(params)?,
            response: ResponseType::parse(params, order_type)?,
        };
        order.keeps_the_rules(symbol)?;
        Ok(order)
    }

    /// What is to be spent, or got for what is sold, where the order says that.
    pub(crate) const fn budget(&self) -> Option<Notional> {
        match self.kind {
            OrderKind::Market { budget, .. } => budget,
            OrderKind::Limit { .. } => None,
        }
    }

    /// A trial and an order that takes the place of another are asked for this before a book is.
    fn keeps_the_rules(&self, symbol: &Symbol) -> Result<(), ApiError> {
        let rules = &symbol.instrument;
        let least = rules.min_notional().max(Notional::new(1));
        match self.kind {
            OrderKind::Limit {
                price,
                time_in_force,
            } => {
                if price.notional(self.quantity) < least {
                    return Err(ApiError::NOTIONAL);
                }
                let TimeInForce::Rest(Resting {
                    display: Some(shown),
                    ..
                }) = time_in_force
                else {
                    return Ok(());
                };
                if shown > self.quantity {
                    return Err(ApiError::ICEBERG_TOO_LARGE);
                }
                let parts = self.quantity.get().div_ceil(shown.get());
                if parts > rules.max_slices().into() {
                    return Err(ApiError::ICEBERG_PARTS);
                }
                Ok(())
            }
            OrderKind::Market { budget, .. } if budget.is_some_and(|budget| budget < least) => {
                Err(ApiError::NOTIONAL)
            }
            OrderKind::Market { .. } => Ok(()),
        }
    }
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

impl Strategy {
    fn parse(params: &Params) -> Result<Self, ApiError> {
        let strategy_type = params.parsed("strategyType")?;
        if strategy_type.is_some_and(|number| number < FIRST_STRATEGY) {
            return Err(ApiError::BAD_STRATEGY_TYPE);
        }
        Ok(Self {
            strategy_id: params.parsed("strategyId")?,
            strategy_type,
        })
    }
}

fn refuse(params: &Params, names: &[&str]) -> Result<(), ApiError> {
    match names.iter().find(|name| params.get(name).is_some()) {
        Some(name) => Err(ApiError::not_required(name)),
        None => Ok(()),
    }
}

fn limit(
    params: &Params,
    symbol: &Symbol,
    order_type: OrderType,
) -> Result<(OrderKind, Quantity), ApiError> {
    refuse(params, &["quoteOrderQty"])?;
    let time_in_force = time_in_force(params, symbol, order_type)?;
    let price = symbol.parse_price("price", params.require("price")?)?;
    let kind = OrderKind::Limit {
        price,
        time_in_force,
    };
    let quantity = symbol.parse_quantity("quantity", params.require("quantity")?)?;
    Ok((kind, quantity))
}

fn time_in_force(
    params: &Params,
    symbol: &Symbol,
    order_type: OrderType,
) -> Result<TimeInForce, ApiError> {
    let shown = params
        .get("icebergQty")
        .map(|text| symbol.parse_quantity("icebergQty", text))
        .transpose()?;
    let plain = match (order_type, params.get("timeInForce")) {
        // An iceberg may say how long it rests, whatever its type.
        (OrderType::LimitMaker, Some("GTC")) if shown.is_some() => TimeInForce::POST_ONLY,
        (OrderType::LimitMaker, None) => TimeInForce::POST_ONLY,
        (OrderType::LimitMaker, Some(_)) => return Err(ApiError::not_required("timeInForce")),
        (_, None) => return Err(ApiError::mandatory("timeInForce")),
        (_, Some("GTC")) => TimeInForce::GTC,
        (_, Some("IOC")) => TimeInForce::IOC,
        (_, Some("FOK")) => TimeInForce::FOK,
        (_, Some(_)) => return Err(ApiError::INVALID_TIME_IN_FORCE),
    };
    match (shown, plain) {
        (None, _) => Ok(plain),
        (Some(shown), TimeInForce::GoodTillCancel) => Ok(TimeInForce::iceberg(shown)),
        (display, TimeInForce::Rest(terms)) => Ok(TimeInForce::Rest(Resting { display, ..terms })),
        (Some(_), _) => Err(ApiError::UNSUPPORTED_COMBINATION),
    }
}

fn market(params: &Params, symbol: &Symbol) -> Result<(OrderKind, Quantity), ApiError> {
    refuse(params, &["price", "timeInForce", "icebergQty"])?;
    match (params.get("quantity"), params.get("quoteOrderQty")) {
        (Some(_), Some(_)) => Err(ApiError::QUANTITY_OR_QUOTE),
        (None, None) => Err(ApiError::one_of("quantity", "quoteOrderQty")),
        (Some(text), None) => {
            let quantity = symbol.parse_quantity("quantity", text)?;
            Ok((OrderKind::MARKET, quantity))
        }
        (None, Some(text)) => {
            let kind = OrderKind::Market {
                protection: None,
                budget: Some(symbol.parse_budget("quoteOrderQty", text)?),
            };
            Ok((kind, symbol.largest_order()))
        }
    }
}

fn self_trade(params: &Params) -> Result<Option<SelfTradePrevention>, ApiError> {
    let modes = [
        SelfTradePrevention::Allow,
        SelfTradePrevention::ExpireMaker,
        SelfTradePrevention::ExpireTaker,
        SelfTradePrevention::ExpireBoth,
        SelfTradePrevention::Decrement,
    ];
    let Some(text) = params.get("selfTradePreventionMode") else {
        return Ok(None);
    };
    let named = modes
        .into_iter()
        .find(|mode| self_trade_text(*mode) == text);
    match named {
        Some(mode) => Ok(Some(mode)),
        None => Err(ApiError::invalid_value("selfTradePreventionMode")),
    }
}
