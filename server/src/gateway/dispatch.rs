//! From a request over HTTP to an operation, and from its answer to a response.

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};

use super::App;
use super::auth::{Proof, identify};
use super::client::Client;
use super::limits::OrderCount;
use super::operation::{Call, DEADLINE, Operation, Written};
use super::registry::Registry;
use crate::api::params::Params;
use crate::error::ApiError;

/// Largest request body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// The REST routes of the operations.
pub(super) fn routes(registry: &'static Registry) -> Router<Arc<App>> {
    registry
        .iter()
        .filter_map(|operation| Some((operation.rest.as_ref()?, operation)))
        .fold(Router::new(), |router, ((method, path), operation)| {
            let filter = MethodFilter::try_from(method.clone());
            let filter = filter.expect("the methods of routes are those of HTTP");
            let route =
                async move |State(app): State<Arc<App>>, path: RawPathParams, request: Request| {
                    answer(app, operation, &path, request).await
                };
            router.route(path, on(filter, route))
        })
}

/// Nobody waits longer than the deadline. What was handed in by then may still be carried out.
async fn answer(
    app: Arc<App>,
    operation: &'static Operation,
    path: &RawPathParams,
    request: Request,
) -> Response {
    let path = path.iter();
    let path = path.map(|(name, value)| (name.into(), value.into()));
    let answer = carry_out(app, operation, path.collect(), request);
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(response) => response,
        Err(_) => ApiError::TIMEOUT.into_response(),
    }
}

async fn carry_out(
    app: Arc<App>,
    operation: &Operation,
    path: Vec<(String, String)>,
    request: Request,
) -> Response {
    let (call, count) = match admit(app, operation, path, request).await {
        Ok(admitted) => admitted,
        Err(error) => return error.into_response(),
    };
    let mut response = match operation.run(call).await {
        Ok(written) => respond(written),
        Err(error) => error.into_response(),
    };
    if let Some(count) = count {
        tell(count, response.headers_mut());
    }
    response
}

/// Finds out who asks for what, and counts orders.
async fn admit(
    app: Arc<App>,
    operation: &Operation,
    path: Vec<(String, String)>,
    request: Request,
) -> Result<(Call, Option<OrderCount>), ApiError> {
    let (parts, body) = request.into_parts();
    let client = parts.extensions.get::<Client>();
    let client = client.ok_or(ApiError::INTERNAL)?.0;
    // A GET has no parameters in its body, whatever a client puts there.
    let body = if parts.method == Method::GET {
        Bytes::new()
    } else {
        let body = to_bytes(body, MAX_BODY).await;
        body.map_err(|_| ApiError::BODY_TOO_LARGE)?
    };
    // A body in JSON holds no parameters.
    let form: &[u8] = if operation.body.is_some() { b"" } else { &body };
    let query = parts.uri.query().unwrap_or("");
    let params = Params::parse(query, form);
    let proof = Proof {
        method: &parts.method,
        headers: &parts.headers,
        query,
        body: form,
        params: &params,
        client,
    };
    let caller = identify(&app, operation.access, proof).await?;
    let (count, one_too_many) = operation.count(&app.limits, &caller);
    let call = Call {
        app,
        params,
        caller,
        client,
        headers: parts.headers,
        body,
        path,
        one_too_many,
    };
    Ok((call, count))
}

fn respond(written: Written) -> Response {
    let json = HeaderValue::from_static("application/json");
    let mut response = ([(header::CONTENT_TYPE, json)], written.json).into_response();
    response.headers_mut().extend(written.headers);
    response
}

/// Tells how many orders an account has sent.
fn tell(count: OrderCount, headers: &mut HeaderMap) {
    headers.insert("X-MBX-ORDER-COUNT-10S", count.in_10_seconds.into());
    headers.insert("X-MBX-ORDER-COUNT-1D", count.in_day.into());
}
