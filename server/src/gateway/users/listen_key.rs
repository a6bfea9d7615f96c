//! Listening by a listen key: it is made, kept alive and closed with an API key alone, and whoever
//! connects with it needs no other proof.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Authority, Ending, Wrap};
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::Caller;
use crate::gateway::operation::Call;
use crate::gateway::outbox::Outbox;

/// A key to listen with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListenKey {
    listen_key: String,
}

/// It is done, and there is nothing to say about it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Done {}

/// `POST /api/v3/userDataStream`
pub(crate) async fn create(call: Call) -> Result<ListenKey, ApiError> {
    let Caller::Key { account, name } = &call.caller else {
        return Err(ApiError::BAD_KEY_FORMAT);
    };
    let credentials = &call.app.credentials;
    let listen_key = credentials.create_listen_key(*account, name).await?;
    Ok(ListenKey { listen_key })
}

/// `PUT /api/v3/userDataStream`
pub(crate) async fn keep(call: Call) -> Result<Done, ApiError> {
    let (app, account, params) = call.of_account();
    let key = params.require("listenKey")?;
    app.credentials.keep_listen_key(account, key).await?;
    Ok(Done {})
}

/// `DELETE /api/v3/userDataStream`. Whoever listens by it at another process hears of that as if it
/// had expired.
pub(crate) async fn close(call: Call) -> Result<Done, ApiError> {
    let (app, account, params) = call.of_account();
    let key = params.require("listenKey")?;
    app.credentials.close_listen_key(account, key).await?;
    app.users.end_key(key, Ending::Closed);
    Ok(Done {})
}

/// Lets a connection listen by what may be a listen key; whether it is one.
pub(crate) async fn attach(app: &App, key: &str, outbox: &Outbox, combined: bool) -> bool {
    let found = app.credentials.listen_key(key).await;
    let found = found.unwrap_or_else(|error| {
        tracing::warn!(%error, "it cannot be told whether a listen key is good");
        None
    });
    let Some((account, api_key)) = found else {
        return false;
    };
    let key: Arc<str> = key.into();
    let wrap = if combined {
        Wrap::Stream(Arc::clone(&key))
    } else {
        Wrap::Raw
    };
    let api_key = api_key.into();
    let authority = Authority::ListenKey { key, api_key };
    app.users
        .subscribe(account, outbox.clone(), wrap, authority);
    true
}

/// Undoes [`attach`].
pub(crate) fn detach(app: &App, key: &str, outbox: &Outbox) {
    app.users.unsubscribe_key(key, outbox.id());
}
