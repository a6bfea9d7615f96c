//! An order as a client asks for it.

use exchange_engine::ClientOrderId;
use orderbook_core::{OrderKind, Quantity, Side, TimeInForce};

use super::names::{client_order_id, random_client_order_id};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;

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
