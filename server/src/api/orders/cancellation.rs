//! Which order a request is about, and on which conditions it is cancelled.

use exchange_engine::{ClientOrderId, OrderRef};
use orderbook_core::OrderId;

use super::names::client_order_id;
use crate::api::params::Params;
use crate::error::ApiError;
use crate::orders::{OrderRecord, OrderStatus};

/// The order that a request is about: by its id or by its name. Where both are sent, the order of that
/// id has to have that name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) order: OrderRef,
    named: Option<ClientOrderId>,
}

impl Wanted {
    /// Reads `orderId` and `origClientOrderId`.
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        Self::parse_from(params, "orderId", "origClientOrderId")
    }

    fn parse_from(params: &Params, id: &str, name: &str) -> Result<Self, ApiError> {
        let named = client_order_id(params, name)?;
        match (params.parsed::<u64>(id)?, named) {
            (Some(id), named) => Ok(Self {
                order: OrderRef::Id(OrderId::new(id)),
                named,
            }),
            (None, Some(name)) => Ok(Self {
                order: OrderRef::Client(name),
                named: None,
            }),
            (None, None) => Err(ApiError::one_of(name, id)),
        }
    }

    /// Refuses an order that has another name.
    pub(crate) fn check(&self, order: &OrderRecord) -> Result<(), ApiError> {
        match self.named {
            Some(_) if self.named != order.client_order_id => Err(ApiError::OTHER_NAME),
            _ => Ok(()),
        }
    }
}

/// A cancellation as a client asks for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cancellation {
    pub(crate) wanted: Wanted,
    /// The name of the cancellation itself, where it is given one.
    pub(crate) name: Option<ClientOrderId>,
    only: Option<OrderStatus>,
}

impl Cancellation {
    /// Reads a cancellation that is all that a request asks for.
    pub(crate) fn parse(params: &Params) -> Result<Self, ApiError> {
        Self::parse_from(params, "orderId", "origClientOrderId", "newClientOrderId")
    }

    /// Reads the cancellation of an order that another one takes the place of.
    pub(crate) fn parse_to_replace(params: &Params) -> Result<Self, ApiError> {
        Self::parse_from(
            params,
            "cancelOrderId",
            "cancelOrigClientOrderId",
            "cancelNewClientOrderId",
        )
    }

    fn parse_from(params: &Params, id: &str, orig: &str, new: &str) -> Result<Self, ApiError> {
        Ok(Self {
            wanted: Wanted::parse_from(params, id, orig)?,
            name: client_order_id(params, new)?,
            only: match params.get("cancelRestrictions") {
                None => None,
                Some("ONLY_NEW") => Some(OrderStatus::New),
                Some("ONLY_PARTIALLY_FILLED") => Some(OrderStatus::PartiallyFilled),
                Some(_) => return Err(ApiError::BAD_CANCEL_RESTRICTIONS),
            },
        })
    }

    /// Whether it depends on what the order is like.
    pub(crate) const fn is_conditional(&self) -> bool {
        self.only.is_some() || self.wanted.named.is_some()
    }

    /// Refuses an open order that is not like that.
    pub(crate) fn check(&self, order: &OrderRecord) -> Result<(), ApiError> {
        self.wanted.check(order)?;
        match self.only {
            Some(only) if only != order.status => Err(ApiError::CANCEL_RESTRICTED),
            _ => Ok(()),
        }
    }
}
