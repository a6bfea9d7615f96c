//! Orders, fills and balances on the wire.

mod amended;
mod cancel_replace;
mod cancellation;
mod names;
mod new_order;
mod own_trade;
mod placed;
mod queried;
mod rates;
mod response;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use amended::Amendment;
pub(crate) use cancel_replace::{CancelReplace, Replacement};
pub(crate) use cancellation::{Cancellation, Wanted};
pub(crate) use names::client_order_id;
pub(in crate::api) use names::name;
pub(crate) use new_order::NewOrder;
pub(crate) use own_trade::OwnTrade;
pub(in crate::api) use own_trade::commission_asset;
pub(crate) use placed::PlacedOrder;
pub(crate) use queried::{CancelledOrder, QueriedOrder};
pub(crate) use rates::{Allocation, Commission, OrderCommission, TradeFee, Trial};
pub(crate) use response::ResponseType;
pub(crate) use state::self_trade_text;
pub(in crate::api) use state::{OrderState, shown};
