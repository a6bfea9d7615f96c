//! Orders, fills and balances on the wire.

mod names;
mod new_order;
mod own_trade;
mod placed;
mod queried;
mod state;
#[cfg(test)]
mod tests;

pub(in crate::api) use names::name;
pub(crate) use names::{client_order_id, random_client_order_id};
pub(crate) use new_order::{NewOrder, ResponseType};
pub(crate) use own_trade::OwnTrade;
pub(in crate::api) use own_trade::commission_asset;
pub(crate) use placed::PlacedOrder;
pub(crate) use queried::{CancelledOrder, QueriedOrder};
pub(in crate::api) use state::{OrderState, shown};
