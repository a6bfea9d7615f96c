//! Routes of services that this exchange has none of. Clients ask for them when they load the markets,
//! and give up on all of it where one is missing; so the answer is that there is nothing.

use schemars::JsonSchema;
use serde::Serialize;

use super::operation::Call;
use crate::error::ApiError;

/// A list with nothing in it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Nothing([(); 0]);

/// The instruments of a market that is not there.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct NoInstruments {
    symbols: Nothing,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SystemStatus {
    /// 0: in order; 1: under maintenance.
    status: u8,
    msg: &'static str,
}

/// Wallets, margin: none.
pub(super) async fn nothing(_: Call) -> Result<Nothing, ApiError> {
    Ok(Nothing::default())
}

/// Futures: none.
pub(super) async fn no_instruments(_: Call) -> Result<NoInstruments, ApiError> {
    Ok(NoInstruments::default())
}

/// `GET /sapi/v1/system/status`
pub(super) async fn system_status(call: Call) -> Result<SystemStatus, ApiError> {
    let (app, _) = call.of_anybody();
    let in_order = app.entry.is_running() && app.entry.suspension().is_none();
    Ok(if in_order {
        SystemStatus {
            status: 0,
            msg: "normal",
        }
    } else {
        SystemStatus {
            status: 1,
            msg: "system maintenance",
        }
    })
}
