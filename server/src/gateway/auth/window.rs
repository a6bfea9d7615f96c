//! When a signed request was made and how long it is good for.

use orderbook_core::Timestamp;

use crate::api::params::Params;
use crate::error::ApiError;

/// How long a signed request is good for, in milliseconds, unless it says otherwise.
const DEFAULT_RECV_WINDOW: u64 = 5_000;
const MAX_RECV_WINDOW: u64 = 60_000;
/// How far ahead of ours a client's clock may be.
const MAX_AHEAD: u64 = 1_000;

/// When a signed request was made and how long it is good for, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    timestamp: u64,
    recv_window: u64,
}

impl Window {
    pub(super) fn parse(params: &Params) -> Result<Self, ApiError> {
        let timestamp = params.require("timestamp")?;
        let timestamp: u64 = timestamp
            .parse()
            .map_err(|_| ApiError::mandatory("timestamp"))?;
        let recv_window = match params.get("recvWindow") {
            None => DEFAULT_RECV_WINDOW * 1_000,
            Some(text) => recv_window(text)?,
        };
        Ok(Self {
            timestamp: micros(timestamp),
            recv_window,
        })
    }

    pub(super) fn check(self, now: Timestamp) -> Result<(), ApiError> {
        let now = now.get();
        if self.timestamp >= now.saturating_add(MAX_AHEAD * 1_000) {
            return Err(ApiError::TIMESTAMP_AHEAD);
        }
        if now.saturating_sub(self.timestamp) > self.recv_window {
            return Err(ApiError::BAD_TIMESTAMP);
        }
        Ok(())
    }
}

/// Milliseconds and microseconds are told apart by their size, as clients may send either.
fn micros(timestamp: u64) -> u64 {
    const YEAR_5138_IN_MILLIS: u64 = 100_000_000_000_000;
    if timestamp < YEAR_5138_IN_MILLIS {
        timestamp * 1_000
    } else {
        timestamp
    }
}

/// Milliseconds with up to three decimal places, in microseconds.
fn recv_window(text: &str) -> Result<u64, ApiError> {
    let malformed = || ApiError::mandatory("recvWindow");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return Err(malformed());
    }
    let whole: u64 = whole.parse().map_err(|_| ApiError::BAD_RECV_WINDOW)?;
    let fraction: u64 = format!("{fraction:0<3}").parse().map_err(|_| malformed())?;
    let micros = whole.saturating_mul(1_000).saturating_add(fraction);
    if micros > MAX_RECV_WINDOW * 1_000 {
        return Err(ApiError::BAD_RECV_WINDOW);
    }
    Ok(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_good_within_its_window_only() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let check =
            |query: &str| Window::parse(&Params::parse(query, b"")).and_then(|w| w.check(now));
        let good = [
            "timestamp=1700000000000",
            "timestamp=1699999995000",
            "timestamp=1700000000999",
            "timestamp=1700000000000000",
            "timestamp=1699999940000&recvWindow=60000",
            "timestamp=1699999999999&recvWindow=1.5",
        ];
        for query in good {
            assert_eq!(check(query), Ok(()), "{query}");
        }
        let bad = [
            ("", -1102),
            ("timestamp=x", -1102),
            ("timestamp=-1", -1102),
            ("timestamp=1699999994999", -1021),
            ("timestamp=1700000001000", -1021),
            ("timestamp=0", -1021),
            ("timestamp=18446744073709551615", -1021),
            ("timestamp=1700000000000&recvWindow=60001", -1131),
            (
                "timestamp=1700000000000&recvWindow=99999999999999999999",
                -1131,
            ),
            ("timestamp=1700000000000&recvWindow=1.5555", -1102),
            ("timestamp=1700000000000&recvWindow=-5", -1102),
        ];
        for (query, code) in bad {
            assert_eq!(check(query).expect_err(query).code, code, "{query}");
        }
    }
}
