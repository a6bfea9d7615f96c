//! The wire format: how numbers, orders and market data look to clients, and how their requests
//! are read. Nothing in here decides anything.

pub(crate) mod decimal;
pub(crate) mod frames;
pub(crate) mod hex;
pub(crate) mod market;
pub(crate) mod object;
pub(crate) mod openapi;
pub(crate) mod orders;
pub(crate) mod params;
pub(crate) mod portfolio;
pub(crate) mod rate_limits;
pub(crate) mod streams;
pub(crate) mod symbols;
pub(crate) mod user_events;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).expect("plain data always encodes");
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], body).into_response()
    }
}
