//! How much an accepted order is answered with.

use super::new_order::OrderType;
use crate::api::params::Params;
use crate::error::ApiError;

/// How much an accepted order is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseType {
    /// That it was taken in.
    Ack,
    /// Also what became of it.
    Result,
    /// Also what it traded.
    Full,
}

impl ResponseType {
    pub(super) fn parse(params: &Params, order_type: OrderType) -> Result<Self, ApiError> {
        match (params.get("newOrderRespType"), order_type) {
            (None, OrderType::LimitMaker) | (Some("ACK"), _) => Ok(Self::Ack),
            (Some("RESULT"), _) => Ok(Self::Result),
            (None, OrderType::Limit | OrderType::Market) | (Some("FULL"), _) => Ok(Self::Full),
            (Some(_), _) => Err(ApiError::invalid_value("newOrderRespType")),
        }
    }
}
