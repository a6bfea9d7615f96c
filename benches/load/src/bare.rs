//! What an exchange is compared with: a route of the same web framework that reads a request, and
//! writes an answer as long as that to an order.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use serde::Serialize;
use tokio::net::TcpListener;

/// An answer.
#[derive(Serialize)]
struct Answer {
    read: usize,
    padding: String,
}

/// What an answer has besides its padding.
const WITHOUT_PADDING: usize = r#"{"read":200,"padding":""}"#.len();

/// Tells where it listens, and answers until its standard input ends.
pub(crate) async fn run(bytes: usize, out: &mut impl Write) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(out, "{}", listener.local_addr()?)?;
    out.flush()?;
    let route = post(order).delete(order);
    let router = Router::new().route("/api/v3/order", route);
    let serving = axum::serve(listener, router.with_state(bytes));
    let orphaned = tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        served = serving => served?,
        ended = orphaned => drop(ended?),
    }
    Ok(())
}

async fn order(State(bytes): State<usize>, query: RawQuery, body: Bytes) -> impl IntoResponse {
    let answer = Answer {
        read: query.0.map_or(0, |query| query.len()) + body.len(),
        padding: "x".repeat(bytes.saturating_sub(WITHOUT_PADDING)),
    };
    let written = serde_json::to_string(&answer);
    let written = written.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR);
    written.map(|written| ([(header::CONTENT_TYPE, "application/json")], written))
}
