//! What the scenarios are told with: a server process, traders, sockets, and shapes of answers.

pub(crate) mod backend;
pub(crate) mod cluster;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod operator;
pub(crate) mod server;
pub(crate) mod shape;
pub(crate) mod socket;
pub(crate) mod state;
pub(crate) mod trader;

use std::time::Duration;

pub(crate) use backend::Backend;
pub(crate) use cluster::Cluster;
pub(crate) use http::{Http, Reply};
pub(crate) use server::Server;
pub(crate) use socket::Socket;
pub(crate) use trader::{Trader, Where};

use rust_decimal::Decimal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// How long anything may take. Far more than it does, for the sake of slow machines.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// A directory that goes away with the test.
pub(crate) fn new_dir() -> TempDir {
    TempDir::new().expect("the system has a place for temporary files")
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "it did not come to pass: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The wall clock in milliseconds since the Unix epoch.
pub(crate) fn now_millis() -> u64 {
    let elapsed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("it is past 1970");
    u64::try_from(elapsed.as_millis()).expect("it is not that late")
}

/// The text in a field.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}

/// The whole number in a field.
pub(crate) fn number(value: &Value, field: &str) -> u64 {
    value[field]
        .as_u64()
        .unwrap_or_else(|| panic!("no whole number {field} in {value}"))
}

/// The decimal number in a field.
pub(crate) fn decimal(value: &Value, field: &str) -> Decimal {
    let decimal = text(value, field).parse();
    decimal.unwrap_or_else(|error| panic!("{field} in {value}: {error}"))
}

/// The entries of a list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}
