//! What operators do: halting and resuming, money that comes in and goes out, what is listed and its
//! fees.
//!
//! Their routes are on a listener of their own, which is bound to this machine only, and ask for a
//! key besides: a browser on the same machine can reach the listener, too. Every action is a command
//! in the log like any other; who did what and why is in the trail of the account that it is about,
//! and of the exchange itself where it is about all.

mod instruments;
mod routes;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::Method;
use axum::routing::get;

use super::App;
use super::auth::Access;
use super::operation::{Kind, Operation, Param};
use super::parameters::LIMIT;
use super::registry::Registry;
use super::router::Gateway;
use crate::api::Json;
use crate::api::openapi::describe;

static OPERATIONS: LazyLock<Registry> = LazyLock::new(|| {
    let post = |path, operation: Operation| operation.rest(Method::POST, path);
    Registry::new(vec![
        Operation::new(
            Access::Operator,
            "Tell how far everything has come and what is halted",
            routes::status,
        )
        .rest(Method::GET, "/v1/operator/status"),
        Operation::new(
            Access::Operator,
            "Find the account of a user",
            routes::find_account,
        )
        .rest(Method::GET, "/v1/operator/accounts")
        .takes(&[USERNAME.required()]),
        Operation::new(
            Access::Operator,
            "Tell what operators did to an account, or to the exchange",
            routes::trail,
        )
        .rest(Method::GET, "/v1/operator/audit")
        .takes(&[ACCOUNT, BEFORE, LIMIT]),
        post(
            "/v1/operator/halt",
            Operation::new(
                Access::Operator,
                "Stop trading, and cancel open orders where that is wanted",
                routes::halt,
            )
            .takes_json::<routes::Halt>(),
        ),
        post(
            "/v1/operator/resume",
            Operation::new(Access::Operator, "Let trading go on", routes::resume)
                .takes_json::<routes::Resume>(),
        ),
        post(
            "/v1/operator/kill-switch",
            Operation::new(
                Access::Operator,
                "Stop all trading and cancel every open order",
                routes::kill_switch,
            )
            .takes_json::<routes::KillSwitch>(),
        ),
        post(
            "/v1/operator/credit",
            Operation::new(Access::Operator, "Bring money in", routes::credit)
                .takes_json::<routes::Transfer>(),
        ),
        post(
            "/v1/operator/debit",
            Operation::new(Access::Operator, "Take available money out", routes::debit)
                .takes_json::<routes::Transfer>(),
        ),
        post(
            "/v1/operator/assets",
            Operation::new(
                Access::Operator,
                "Make an asset known",
                instruments::add_asset,
            )
            .takes_json::<instruments::NewAsset>(),
        ),
        post(
            "/v1/operator/instruments",
            Operation::new(
                Access::Operator,
                "Make a pair of assets tradable",
                instruments::list,
            )
            .takes_json::<instruments::NewInstrument>(),
        ),
        Operation::new(
            Access::Operator,
            "Cancel all orders in an instrument and list it no more",
            instruments::delist,
        )
        .rest(Method::DELETE, "/v1/operator/instruments/{symbol}")
        .takes_json::<instruments::Delisting>(),
        post(
            "/v1/operator/fees",
            Operation::new(
                Access::Operator,
                "Change the fees of an instrument",
                instruments::set_fees,
            )
            .takes_json::<instruments::NewFees>(),
        ),
    ])
});

const USERNAME: Param = Param::new("username", Kind::Text, "What a user is called.");
const ACCOUNT: Param = Param::new(
    "accountId",
    Kind::Integer,
    "An account; the exchange itself where none is named.",
);

const BEFORE: Param = Param::new(
    "before",
    Kind::Integer,
    "The id of an entry; those before it are listed.",
);

/// What operators reach. They have no limits.
pub(crate) fn gateway(app: Arc<App>) -> Gateway {
    let description = get(async || Json(describe(OPERATIONS.iter())));
    let others = Router::new().route("/openapi.json", description);
    Gateway::unlimited(app, &OPERATIONS, others)
}
