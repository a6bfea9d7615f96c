//! How a process is: for load balancers, orchestrators and dashboards.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::api::Json;
use crate::bus::redis::RedisBus;
use crate::orders::OrderEntry;
use crate::snapshots::KeeperStatus;
use crate::store::writer::{WriterProgress, WriterStatus};

/// The parts of a process that can be unwell.
#[derive(Debug)]
pub(crate) struct Health {
    pub(crate) entry: OrderEntry,
    /// Where this process writes history.
    pub(crate) writer: Option<WriterStatus>,
    /// Where this process makes snapshots.
    pub(crate) keeper: Option<KeeperStatus>,
    /// Where this process publishes over Redis.
    pub(crate) redis: Option<RedisBus>,
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(health: Arc<Health>) -> Router<S> {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

/// Whether orders are taken. What else is unwell is told, but keeps nobody out: the log has what
/// the database does not have yet.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let suspension = health.entry.suspension();
    let (code, status) = match (&health.entry, health.entry.is_running()) {
        _ if suspension.is_some() => (StatusCode::SERVICE_UNAVAILABLE, "suspended"),
        (_, true) => (StatusCode::OK, "ready"),
        (OrderEntry::Local(_), false) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the sequencer has stopped")
        }
        (OrderEntry::Remote(_), false) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the process that orders commands is not heard of",
        ),
    };
    let mut body = json!({ "status": status });
    if let Some(suspension) = suspension {
        body["seconds"] = suspension.since.elapsed().as_secs().into();
        body["cause"] = suspension.cause.into();
    }
    if let Some(writer) = &health.writer {
        body["store"] = store(&writer.progress(), health.entry.published());
    }
    if let Some(cause) = health.keeper.as_ref().and_then(|it| it.progress().failing) {
        body["snapshots"] = json!({ "status": "failing", "cause": cause });
    }
    if let Some(redis) = &health.redis {
        body["redis"] = if redis.is_connected() {
            json!("connected")
        } else {
            json!("not connected: gateways use their direct links")
        };
    }
    (code, Json(body)).into_response()
}

fn store(progress: &WriterProgress, published: u64) -> Value {
    let behind = published.saturating_sub(progress.cursor.seq);
    match &progress.failing {
        None => json!({ "status": "writing", "inputsBehind": behind }),
        Some(failing) => json!({
            "status": "failing",
            "inputsBehind": behind,
            "seconds": failing.since.elapsed().as_secs(),
            "cause": failing.error,
        }),
    }
}

/// What Prometheus reads.
async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let mut lines = Vec::new();
    let mut metric = |name: &str, kind: &str, help: &str, value: u64| {
        lines.push(format!(
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        ));
    };
    let is_suspended = health.entry.suspension().is_some();
    metric(
        "exchange_ready",
        "gauge",
        "Whether orders are taken.",
        (health.entry.is_running() && !is_suspended).into(),
    );
    if let Some(suspensions) = health.entry.suspensions() {
        metric(
            "exchange_suspended",
            "gauge",
            "Whether no orders are taken because the command log cannot be written.",
            is_suspended.into(),
        );
        metric(
            "exchange_suspensions_total",
            "counter",
            "How often the command log could not be written.",
            suspensions,
        );
    }
    let published = health.entry.published();
    metric(
        "exchange_inputs_total",
        "counter",
        "The sequence number of the newest input that anybody was told of.",
        published,
    );
    if let Some(writer) = &health.writer {
        let writer = writer.progress();
        metric(
            "exchange_store_inputs_behind",
            "gauge",
            "Inputs whose outcome is not in the store yet.",
            published.saturating_sub(writer.cursor.seq),
        );
        metric(
            "exchange_store_failing",
            "gauge",
            "Whether the store could not be written the last time.",
            writer.failing.is_some().into(),
        );
        metric(
            "exchange_store_retries_total",
            "counter",
            "How often writing the store was tried again.",
            writer.retries,
        );
        metric(
            "exchange_store_rows_total",
            "counter",
            "Rows written into the store.",
            writer.rows,
        );
    }
    if let Some(keeper) = &health.keeper {
        let keeper = keeper.progress();
        metric(
            "exchange_snapshot_inputs_behind",
            "gauge",
            "Inputs that a start has to catch up with behind the newest snapshot.",
            published.saturating_sub(keeper.made),
        );
        metric(
            "exchange_snapshot_failing",
            "gauge",
            "Whether a snapshot could not be made the last time.",
            keeper.failing.is_some().into(),
        );
    }
    if let Some(redis) = &health.redis {
        metric(
            "exchange_redis_connected",
            "gauge",
            "Whether Redis took the last packet.",
            redis.is_connected().into(),
        );
        metric(
            "exchange_redis_dropped_total",
            "counter",
            "Packets that went to followers over their direct links instead of Redis.",
            redis.dropped(),
        );
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], lines.concat()).into_response()
}
