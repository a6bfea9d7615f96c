//! What one connection has asked for, and who it has proven to be.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::io::{self, Write};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Bytes;
use axum::http::HeaderMap;
use orderbook_core::{AccountId, Timestamp};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::request::{Request, parse};
use super::signing::payloads;
use crate::api::frames::RequestId;
use crate::api::rate_limits::{self, RateLimit};
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::{Access, Caller, Scope, identify_key, identify_signed};
use crate::gateway::limits::OrderCount;
use crate::gateway::operation::{Call, DEADLINE, Operation};
use crate::gateway::outbox::Outbox;
use crate::gateway::registry::REGISTRY;
use crate::gateway::users::{Authority, Wrap};
use crate::gateway::websocket::Session;
use crate::orders::now;

/// How many requests of a connection may be under way; no more are read meanwhile.
const UNDER_WAY: usize = 256;
/// How many user streams a connection may subscribe to.
const MOST_SUBSCRIPTIONS: usize = 100;
/// How many bytes a reply mostly has besides what it answers.
const BESIDES: usize = 512;
/// What a request costs that only this connection knows of.
const OWN_WEIGHT: u32 = 2;

/// The conversation with one client.
pub(super) struct Conversation {
    app: Arc<App>,
    client: IpAddr,
    outbox: Outbox,
    since: Timestamp,
    logon: Option<Logon>,
    subscriptions: BTreeSet<(u64, AccountId)>,
    /// What was subscribed to and begins once that is answered.
    pending: Option<(u64, AccountId, String)>,
    next_subscription: u64,
    under_way: Arc<Semaphore>,
}

/// Who has logged on, so that requests need no signature.
#[derive(Debug, Clone)]
struct Logon {
    key: String,
    since: Timestamp,
}

impl Session for Conversation {
    /// Each has its weight.
    const METERED: bool = false;

    async fn hear(&mut self, text: Option<&str>) {
        let request = match text {
            Some(text) => parse(text),
            None => Err((RequestId::Null, ApiError::INVALID_JSON)),
        };
        match request {
            Ok(request) => self.take(request).await,
            Err((id, error)) => {
                let (used, allowed) = self.app.limits.request(self.client, 1);
                let limits = rate_limits::used(&self.app.config.limits, used, None);
                self.say(&reply(
                    &id,
                    Err(allowed.err().unwrap_or(error)),
                    Some(limits),
                ));
            }
        }
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        for (_, account) in &self.subscriptions {
            self.app.users.unsubscribe(*account, self.outbox.id(), None);
        }
    }
}

impl Conversation {
    pub(super) fn new(app: Arc<App>, client: IpAddr, outbox: Outbox) -> Self {
        Self {
            app,
            client,
            outbox,
            since: now(),
            logon: None,
            subscriptions: BTreeSet::new(),
            pending: None,
            next_subscription: 0,
            under_way: Arc::new(Semaphore::new(UNDER_WAY)),
        }
    }

    fn say(&self, text: &str) {
        // Who has gone hears nothing.
        drop(self.outbox.push(text.into()));
    }

    async fn take(&mut self, request: Request) {
        let operation = REGISTRY.method(&request.method);
        let weight = operation.map_or(OWN_WEIGHT, |it| it.weight_of(&request.params));
        let (used, allowed) = self.app.limits.request(self.client, weight);
        if let Err(refusal) = allowed {
            let limits = rate_limits::used(&self.app.config.limits, used, None);
            let limits = request.tells_limits.then_some(limits);
            self.say(&reply(&request.id, Err(refusal), limits));
            return;
        }
        if let Some(operation) = operation {
            self.begin(operation, request, used).await;
            return;
        }
        let answer = self.carry_out(&request).await;
        let limits = rate_limits::used(&self.app.config.limits, used, None);
        let limits = request.tells_limits.then_some(limits);
        self.say(&reply(&request.id, answer, limits));
        self.listen();
    }

    /// Begins an operation. It is answered when it is done, and goes on if the client has left.
    async fn begin(&self, operation: &'static Operation, request: Request, used: u32) {
        let Ok(place) = Arc::clone(&self.under_way).acquire_owned().await else {
            return;
        };
        let (app, outbox) = (Arc::clone(&self.app), self.outbox.clone());
        let (client, logon) = (self.client, self.logon.clone());
        let mut running = Box::pin(async move {
            let tells_limits = request.tells_limits;
            let id = request.id.clone();
            // It stays where it is while it waits.
            let run = pin!(run(Arc::clone(&app), operation, request, client, logon));
            let (answer, count) = match tokio::time::timeout(DEADLINE, run).await {
                Ok(done) => done,
                Err(_) => (Err(ApiError::TIMEOUT), None),
            };
            let limits = tells_limits.then(|| rate_limits::used(&app.config.limits, used, count));
            drop(outbox.push(reply(&id, answer, limits).into()));
            drop(place);
        });
        // What can be handed in at once is, so that the next request comes behind it.
        let done = poll_fn(|context| Poll::Ready(running.as_mut().poll(context).is_ready()));
        if !done.await {
            tokio::spawn(running);
        }
    }

    /// What concerns the connection itself.
    async fn carry_out(&mut self, request: &Request) -> Result<String, ApiError> {
        let params = &request.params;
        match request.method.as_str() {
            "session.logon" => {
                let caller = self.signed(request).await?;
                let Caller::Key { name, .. } = caller else {
                    return Err(ApiError::UNKNOWN_KEY);
                };
                self.logon = Some(Logon {
                    key: name,
                    since: now(),
                });
                write(&self.status(request))
            }
            "session.status" => write(&self.status(request)),
            "session.logout" => {
                self.logon = None;
                write(&self.status(request))
            }
            "session.subscriptions" => {
                let all = self.subscriptions.iter();
                let all = all.map(|(subscription_id, _)| Subscribed {
                    subscription_id: *subscription_id,
                });
                write(&all.collect::<Vec<_>>())
            }
            "userDataStream.subscribe.signature" => {
                let caller = self.signed(request).await?;
                self.subscribe(caller)
            }
            "userDataStream.subscribe" => {
                let logon = self.logon.as_ref().ok_or(ApiError::NOT_LOGGED_ON)?;
                let caller = identify_key(&self.app, &logon.key, Scope::Read, self.client).await?;
                self.subscribe(caller)
            }
            "userDataStream.unsubscribe" => {
                self.unsubscribe(params.parsed("subscriptionId")?)?;
                Ok("{}".into())
            }
            _ => Err(ApiError::UNKNOWN_METHOD),
        }
    }

    async fn signed(&self, request: &Request) -> Result<Caller, ApiError> {
        let params = &request.params;
        identify_signed(
            &self.app,
            params,
            payloads(params),
            Scope::Read,
            self.client,
        )
        .await
    }

    fn subscribe(&mut self, caller: Caller) -> Result<String, ApiError> {
        let Caller::Key { account, name } = caller else {
            return Err(ApiError::UNKNOWN_KEY);
        };
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS {
            return Err(ApiError::TOO_MANY_SUBSCRIPTIONS);
        }
        let subscription_id = self.next_subscription;
        self.next_subscription += 1;
        self.pending = Some((subscription_id, account, name));
        write(&Subscribed { subscription_id })
    }

    /// Begins what was subscribed to: the answer goes ahead of the first event.
    fn listen(&mut self) {
        if let Some((id, account, key)) = self.pending.take() {
            self.subscriptions.insert((id, account));
            self.app.users.subscribe(
                account,
                self.outbox.clone(),
                Wrap::Subscription(id),
                Authority::Key(key.into()),
            );
        }
    }

    fn unsubscribe(&mut self, only: Option<u64>) -> Result<(), ApiError> {
        let meant = |id: u64| only.is_none_or(|only| only == id);
        let mut over: Vec<_> = self.subscriptions.iter().copied().collect();
        over.retain(|(id, _)| meant(*id));
        if over.is_empty() && only.is_some() {
            return Err(ApiError::NO_SUCH_SUBSCRIPTION);
        }
        for (id, account) in over {
            self.subscriptions.remove(&(id, account));
            self.app
                .users
                .unsubscribe(account, self.outbox.id(), Some(id));
        }
        Ok(())
    }

    fn status(&self, request: &Request) -> Status {
        Status {
            api_key: self.logon.as_ref().map(|logon| logon.key.clone()),
            authorized_since: self.logon.as_ref().map(|logon| logon.since.millis()),
            connected_since: self.since.millis(),
            return_rate_limits: request.tells_limits,
            server_time: now().millis(),
            user_data_stream: !self.subscriptions.is_empty(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscribed {
    subscription_id: u64,
}

/// Where a connection stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    api_key: Option<String>,
    authorized_since: Option<u64>,
    connected_since: u64,
    return_rate_limits: bool,
    server_time: u64,
    user_data_stream: bool,
}

type Done = (Result<String, ApiError>, Option<OrderCount>);

/// Carries out an operation for whoever it is that asks.
async fn run(
    app: Arc<App>,
    operation: &Operation,
    request: Request,
    client: IpAddr,
    logon: Option<Logon>,
) -> Done {
    let caller = match identify(&app, operation.access, &request, client, logon).await {
        Ok(caller) => caller,
        Err(error) => return (Err(error), None),
    };
    let (count, one_too_many) = operation.count(&app.limits, &caller);
    let call = Call {
        app,
        params: request.params,
        caller,
        client,
        headers: HeaderMap::new(),
        body: Bytes::new(),
        path: Vec::new(),
        one_too_many,
    };
    let written = operation.run(call).await;
    (written.map(|written| written.json), count)
}

async fn identify(
    app: &App,
    access: Access,
    request: &Request,
    client: IpAddr,
    logon: Option<Logon>,
) -> Result<Caller, ApiError> {
    let params = &request.params;
    match (access, logon) {
        (Access::Public, _) => Ok(Caller::Nobody),
        (Access::Key, _) => {
            let name = params.require("apiKey")?;
            identify_key(app, name, Scope::Read, client).await
        }
        (Access::Account(scope), Some(logon)) if params.get("apiKey").is_none() => {
            identify_key(app, &logon.key, scope, client).await
        }
        (Access::Account(scope), _) => {
            identify_signed(app, params, payloads(params), scope, client).await
        }
        // What a session is for has no methods here.
        (Access::Session | Access::Operator, _) => Err(ApiError::INVALID_SESSION),
    }
}

fn write(data: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(data).map_err(|_| ApiError::INTERNAL)
}

/// An answer: the status that it would have over HTTP, and the same content.
fn reply(
    id: &RequestId,
    answer: Result<String, ApiError>,
    rate_limits: Option<Vec<RateLimit>>,
) -> String {
    let (status, name, content) = match answer {
        Ok(result) => (200, "result", result),
        Err(error) => (error.status.as_u16(), "error", error.body().to_string()),
    };
    let mut reply = Vec::with_capacity(content.len() + BESIDES);
    let written = write_reply(&mut reply, id, status, (name, &content), rate_limits);
    written.expect("plain data always encodes");
    String::from_utf8(reply).expect("JSON is text")
}

fn write_reply(
    reply: &mut Vec<u8>,
    id: &RequestId,
    status: u16,
    (name, content): (&str, &str),
    rate_limits: Option<Vec<RateLimit>>,
) -> io::Result<()> {
    write!(reply, "{{\"id\":")?;
    serde_json::to_writer(&mut *reply, id)?;
    write!(reply, ",\"status\":{status},\"{name}\":")?;
    reply.extend_from_slice(content.as_bytes());
    if let Some(limits) = rate_limits {
        write!(reply, ",\"rateLimits\":")?;
        serde_json::to_writer(&mut *reply, &limits)?;
    }
    reply.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn answers_echo_the_id_and_tell_the_limits_where_wanted() {
        let read = |text: String| serde_json::from_str::<Value>(&text).expect("JSON");
        let limits = || rate_limits::used(&crate::config::Limits::default(), 7, None);
        let id = RequestId::Text("a\"b".into());
        let told = read(reply(&id, Ok("{}".into()), Some(limits())));
        assert_eq!(told["id"], "a\"b");
        assert_eq!(
            (&told["status"], &told["result"]),
            (&json!(200), &json!({}))
        );
        assert_eq!(told["rateLimits"][0]["count"], 7);
        let told = read(reply(&RequestId::Null, Err(ApiError::BAD_SIGNATURE), None));
        assert_eq!(told["id"], Value::Null);
        assert_eq!(
            (&told["status"], &told["error"]["code"]),
            (&json!(400), &json!(-1022))
        );
        assert_eq!(told.get("rateLimits"), None);
    }
}
