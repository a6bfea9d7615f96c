//! Operations: what clients can ask for, over REST and over the WebSocket API alike.
//!
//! An operation is a name in one or both of them, who may ask, what it costs, which parameters it
//! takes, and a function from a [`Call`] to plain data. Everything that all have in common (proof of
//! who asks, limits, encoding, the description of the API) is done from that, in one place each.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use orderbook_core::AccountId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use super::App;
use super::auth::{Access, Caller};
use super::limits::{ClientLimits, OrderCount};
use crate::api::object::Object;
use crate::api::params::Params;
use crate::error::ApiError;

/// How long a request may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// Somebody asks for something. Who it is has been proven as far as the operation demands.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    pub(crate) params: Params,
    pub(crate) caller: Caller,
    /// Where the request comes from.
    pub(crate) client: IpAddr,
    /// Empty over the WebSocket API.
    pub(crate) headers: HeaderMap,
    /// As it came; empty over the WebSocket API.
    pub(crate) body: Bytes,
    /// The parameters in the path.
    pub(crate) path: Vec<(String, String)>,
    /// That this is one order too many, where it counts as one.
    pub(crate) one_too_many: Option<ApiError>,
}

impl Call {
    /// In whose name this is asked.
    ///
    /// # Panics
    ///
    /// Where the operation lets anybody ask.
    pub(crate) fn account(&self) -> AccountId {
        let account = self.caller.account();
        account.expect("an operation that needs an account does not let anybody ask")
    }

    /// What an operation for anybody needs.
    pub(crate) fn of_anybody(&self) -> (&App, &Params) {
        (&self.app, &self.params)
    }

    /// What an operation for an account needs.
    ///
    /// # Panics
    ///
    /// As [`Self::account`].
    pub(crate) fn of_account(&self) -> (&App, AccountId, &Params) {
        (&self.app, self.account(), &self.params)
    }

    /// A parameter in the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body, as JSON. What it says is not repeated in the error: it may hold a password.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let read = serde_json::from_slice(&self.body).map(|Object(body)| body);
        read.map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "does not have the fields it must have",
                _ => "is not valid JSON",
            };
            ApiError::bad_request(format!("The request body {what}."))
        })
    }
}

/// What an operation answers with: plain data, and perhaps headers.
pub(crate) trait Answer {
    type Data: Serialize + JsonSchema;

    fn into_parts(self) -> (Self::Data, HeaderMap);
}

impl<T: Serialize + JsonSchema> Answer for T {
    type Data = T;

    fn into_parts(self) -> (T, HeaderMap) {
        (self, HeaderMap::new())
    }
}

/// Data with headers, for example a cookie.
pub(crate) struct WithHeaders<T>(pub(crate) T, pub(crate) HeaderMap);

impl<T: Serialize + JsonSchema> Answer for WithHeaders<T> {
    type Data = T;

    fn into_parts(self) -> (T, HeaderMap) {
        (self.0, self.1)
    }
}

/// A successful answer, written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) json: String,
    pub(crate) headers: HeaderMap,
}

type Running = Pin<Box<dyn Future<Output = Result<Written, ApiError>> + Send>>;
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What the text of a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Decimal,
    Flag,
    OneOf(&'static [&'static str]),
}

/// A parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

impl Param {
    pub(crate) const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            about,
        }
    }

    /// The same, where it has to be sent.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// Something that clients can ask for.
pub(crate) struct Operation {
    /// Method and path of the REST route.
    pub(crate) rest: Option<(Method, &'static str)>,
    /// Method of the WebSocket API.
    pub(crate) socket: Option<&'static str>,
    pub(crate) access: Access,
    weight: fn(&Params) -> u32,
    /// Whether it counts as a new order.
    pub(crate) counts_as_order: bool,
    /// Whether it does something even where it is one order too many.
    does_without_order: bool,
    /// What it does, in a few words.
    pub(crate) about: &'static str,
    pub(crate) params: Vec<Param>,
    /// What a JSON body looks like, where there is one.
    pub(crate) body: Option<SchemaOf>,
    pub(crate) answer: SchemaOf,
    handler: Box<dyn Fn(Call) -> Running + Send + Sync>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation")
            .field("rest", &self.rest)
            .field("socket", &self.socket)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Operation {
    /// What `handler` does, for those that `access` lets in. It has no name yet.
    pub(crate) fn new<A, F>(
        access: Access,
        about: &'static str,
        handler: impl Fn(Call) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        A: Answer,
        F: Future<Output = Result<A, ApiError>> + Send + 'static,
    {
        Self {
            rest: None,
            socket: None,
            access,
            weight: |_| 1,
            counts_as_order: false,
            does_without_order: false,
            about,
            params: Vec::new(),
            body: None,
            answer: SchemaGenerator::subschema_for::<A::Data>,
            handler: Box::new(move |call| {
                Box::pin(async move {
                    let (data, headers) = handler(call).await?.into_parts();
                    let json = serde_json::to_string(&data).map_err(|_| ApiError::INTERNAL)?;
                    Ok(Written { json, headers })
                })
            }),
        }
    }

    /// Its REST route. Parameters in the path are in braces.
    pub(crate) fn rest(mut self, method: Method, path: &'static str) -> Self {
        self.rest = Some((method, path));
        self
    }

    /// Its method of the WebSocket API.
    pub(crate) fn socket(mut self, method: &'static str) -> Self {
        self.socket = Some(method);
        self
    }

    /// What a request for it costs, where that is not 1.
    pub(crate) fn weight(mut self, weight: fn(&Params) -> u32) -> Self {
        self.weight = weight;
        self
    }

    /// It places an order, and those are counted.
    pub(crate) fn counts_as_order(mut self) -> Self {
        self.counts_as_order = true;
        self
    }

    /// As [`counts_as_order`](Self::counts_as_order), where it sees for itself what to do about one
    /// order too many.
    pub(crate) fn does_more_than_order(mut self) -> Self {
        self.does_without_order = true;
        self.counts_as_order()
    }

    pub(crate) fn takes(mut self, params: &[Param]) -> Self {
        self.params.extend_from_slice(params);
        self
    }

    /// It takes a JSON body of that form.
    pub(crate) fn takes_json<T: JsonSchema>(mut self) -> Self {
        self.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// What a request with these parameters costs.
    pub(crate) fn weight_of(&self, params: &Params) -> u32 {
        (self.weight)(params)
    }

    /// Counts an order, where it is one; how many there were so far, and what to say where it is one
    /// too many.
    pub(crate) fn count(
        &self,
        limits: &ClientLimits,
        caller: &Caller,
    ) -> (Option<OrderCount>, Option<ApiError>) {
        let account = caller.account().filter(|_| self.counts_as_order);
        let counted = account.map(|account| limits.order(account));
        let (count, allowed) = counted.unzip();
        (count, allowed.and_then(Result::err))
    }

    /// Carries it out, unless it is one order too many.
    pub(crate) fn run(&self, mut call: Call) -> Running {
        match call.one_too_many.take() {
            Some(refusal) if !self.does_without_order => Box::pin(async { Err(refusal) }),
            one_too_many => (self.handler)(Call {
                one_too_many,
                ..call
            }),
        }
    }
}
