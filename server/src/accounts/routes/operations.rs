//! The operations on one's own account that the public API has no names for.

use axum::http::Method;

use super::{audit, faucet, keys, login, second_factor, sessions};
use crate::gateway::auth::Access;
use crate::gateway::operation::{Kind, Operation, Param};

const BEFORE: Param = Param::new(
    "before",
    Kind::Integer,
    "The id of an entry; only earlier ones are listed.",
);
const LIMIT: Param = Param::new("limit", Kind::Integer, "How many entries at most.");

pub(crate) fn operations() -> impl Iterator<Item = Operation> {
    let parts = [logins(), of_sessions(), api_keys(), others()];
    parts.into_iter().flatten()
}

fn logins() -> Vec<Operation> {
    let (anybody, session) = (Access::Public, Access::Session);
    vec![
        Operation::new(anybody, "Register a user", login::register)
            .rest(Method::POST, "/v1/register")
            .takes_json::<login::Registration>()
            .weight(|_| 10),
        Operation::new(anybody, "Log in", login::login)
            .rest(Method::POST, "/v1/login")
            .takes_json::<login::Login>()
            .weight(|_| 10),
        Operation::new(session, "Log out", login::logout).rest(Method::POST, "/v1/logout"),
        Operation::new(
            session,
            "Change the password, and end all other sessions",
            login::change_password,
        )
        .rest(Method::POST, "/v1/password")
        .takes_json::<login::PasswordChange>()
        .weight(|_| 20),
    ]
}

fn of_sessions() -> Vec<Operation> {
    let session = Access::Session;
    vec![
        Operation::new(session, "Tell who is logged in", sessions::session)
            .rest(Method::GET, "/v1/session"),
        Operation::new(session, "Give the session another token", sessions::rotate)
            .rest(Method::POST, "/v1/session/rotate"),
        Operation::new(session, "List sessions, the newest first", sessions::list)
            .rest(Method::GET, "/v1/sessions"),
        Operation::new(session, "End a session", sessions::revoke)
            .rest(Method::DELETE, "/v1/sessions/{id}"),
        Operation::new(session, "End all other sessions", sessions::revoke_others)
            .rest(Method::DELETE, "/v1/sessions"),
    ]
}

fn api_keys() -> Vec<Operation> {
    let session = Access::Session;
    vec![
        Operation::new(session, "Make an API key", keys::create)
            .rest(Method::POST, "/v1/api-keys")
            .takes_json::<keys::KeyRequest>(),
        Operation::new(session, "List API keys, the oldest first", keys::list)
            .rest(Method::GET, "/v1/api-keys"),
        Operation::new(session, "Revoke an API key", keys::revoke)
            .rest(Method::DELETE, "/v1/api-keys/{key}"),
    ]
}

fn others() -> Vec<Operation> {
    let session = Access::Session;
    vec![
        Operation::new(session, "Propose a second factor", second_factor::propose)
            .rest(Method::POST, "/v1/totp"),
        Operation::new(
            session,
            "Turn the proposed second factor on",
            second_factor::confirm,
        )
        .rest(Method::POST, "/v1/totp/confirm")
        .takes_json::<second_factor::Code>(),
        Operation::new(
            session,
            "Turn the second factor off",
            second_factor::disable,
        )
        .rest(Method::POST, "/v1/totp/disable")
        .takes_json::<second_factor::Code>(),
        Operation::new(
            session,
            "List what happened to sessions, keys and passwords, the newest first",
            audit::audit,
        )
        .rest(Method::GET, "/v1/audit")
        .takes(&[BEFORE, LIMIT])
        .weight(|_| 5),
        Operation::new(session, "Take play money", faucet::faucet)
            .rest(Method::POST, "/v1/faucet")
            .takes_json::<faucet::FaucetRequest>(),
    ]
}
