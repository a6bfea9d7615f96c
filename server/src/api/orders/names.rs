//! The names that owners give to their orders.

use exchange_engine::ClientOrderId;

use crate::api::hex::hex;
use crate::api::params::Params;
use crate::error::ApiError;

const CLIENT_ORDER_ID: &str = "^[a-zA-Z0-9-_.:/]{1,36}$";

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

pub(in crate::api) fn name(client_order_id: Option<ClientOrderId>) -> String {
    client_order_id
        .map(|name| name.to_string())
        .unwrap_or_default()
}
