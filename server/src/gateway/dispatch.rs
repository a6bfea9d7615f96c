//! From a request over HTTP to an operation, and from its answer to a response.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};

use super::App;
use super::auth::{Proof, identify};
use super::limits::OrderCount;
use super::operation::{Call, DEADLINE, Operation, Written};
use crate::api::params::Params;
use crate::error::ApiError;

/// Largest request body, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A request for an operation.
pub(super) struct Asked<'o> {
    pub(super) operation: &'o Operation,
    /// The parameters in the path.
    pub(super) path: Vec<(String, String)>,
    /// The parameters in the query.
    pub(super) params: Params,
    pub(super) client: IpAddr,
    pub(super) request: Request,
}

/// Nobody waits longer than the deadline. What was handed in by then may still be carried out.
pub(super) async fn answer(app: Arc<App>, asked: Asked<'_>) -> Response {
    // It stays where it is while it waits.
    let answer = pin!(carry_out(app, asked));
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(response) => response,
        Err(_) => ApiError::TIMEOUT.into_response(),
    }
}

async fn carry_out(app: Arc<App>, asked: Asked<'_>) -> Response {
    let operation = asked.operation;
    let (call, count) = match admit(app, asked).await {
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
    Asked {
        operation,
        path,
        mut params,
        client,
        request,
    }: Asked<'_>,
) -> Result<(Call, Option<OrderCount>), ApiError> {
    let (parts, body) = request.into_parts();
    let body = read(&parts, body).await?;
    // A body in JSON holds no parameters.
    let form: &[u8] = if operation.body.is_some() { b"" } else { &body };
    params.read(form);
    let proof = Proof {
        method: &parts.method,
        headers: &parts.headers,
        query: parts.uri.query().unwrap_or(""),
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

/// The body of a request. A GET has none, whatever a client puts there.
async fn read(parts: &Parts, body: Body) -> Result<Bytes, ApiError> {
    if parts.method == Method::GET || parts.method == Method::HEAD || body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let body = to_bytes(body, MAX_BODY).await;
    body.map_err(|_| ApiError::BODY_TOO_LARGE)
}

fn respond(written: Written) -> Response {
    let mut response = Response::new(Body::from(written.json));
    let headers = response.headers_mut();
    *headers = written.headers;
    // With what is told of the limits, no more room is needed.
    headers.reserve(4);
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    response
}

/// Tells how many orders an account has sent.
fn tell(count: OrderCount, headers: &mut HeaderMap) {
    headers.insert("X-MBX-ORDER-COUNT-10S", count.in_10_seconds.into());
    headers.insert("X-MBX-ORDER-COUNT-1D", count.in_day.into());
}
