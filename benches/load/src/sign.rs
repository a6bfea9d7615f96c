//! Signed requests, written by hand so that the client takes little of the machine.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::flow::Ask;

/// What is traded.
pub(crate) const SYMBOL: &str = "BTCUSDT";
/// How much of it in each order.
const QUANTITY: &str = "0.00100";

/// Microseconds since 1970.
pub(crate) fn micros() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = elapsed.unwrap_or_default().as_micros();
    u64::try_from(micros).unwrap_or(u64::MAX)
}

/// An API key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    name: String,
    secret: Hmac<Sha256>,
}

impl Key {
    pub(crate) fn new(name: &str, secret: &str) -> anyhow::Result<Self> {
        Ok(Self {
            name: name.into(),
            secret: Hmac::new_from_slice(secret.as_bytes())?,
        })
    }

    /// HMAC-SHA256 in hexadecimal.
    fn sign(&self, payload: &str) -> String {
        let mut mac = self.secret.clone();
        mac.update(payload.as_bytes());
        let digits = b"0123456789abcdef";
        let bytes = mac.finalize().into_bytes();
        let of_byte =
            |byte: u8| [byte >> 4, byte & 15].map(|it| char::from(digits[usize::from(it)]));
        bytes.into_iter().flat_map(of_byte).collect()
    }

    /// A request over REST, as it goes out: all parameters in the query.
    pub(crate) fn rest(&self, ask: &Ask, out: &mut String) {
        let (symbol, now) = (SYMBOL, micros() / 1_000);
        let (method, query) = match ask {
            Ask::Place {
                side, price, id, ..
            } => (
                "POST",
                format!(
                    "symbol={symbol}&side={side}&type=LIMIT&timeInForce=GTC&quantity={QUANTITY}\
                     &price={price}&newClientOrderId={id}&timestamp={now}"
                ),
            ),
            Ask::Cancel { id, .. } => (
                "DELETE",
                format!("symbol={symbol}&origClientOrderId={id}&timestamp={now}"),
            ),
        };
        self.signed(method, "/api/v3/order", &query, out);
    }

    /// A request that takes everything off the book.
    pub(crate) fn cancel_all(&self) -> String {
        let query = format!("symbol={SYMBOL}&timestamp={}", micros() / 1_000);
        let mut out = String::new();
        self.signed("DELETE", "/api/v3/openOrders", &query, &mut out);
        out
    }

    fn signed(&self, method: &str, path: &str, query: &str, out: &mut String) {
        let (name, signature) = (&self.name, self.sign(query));
        let written = write!(
            out,
            "{method} {path}?{query}&signature={signature} HTTP/1.1\r\nhost: 127.0.0.1\r\n\
             x-mbx-apikey: {name}\r\ncontent-length: 0\r\n\r\n"
        );
        written.expect("a string takes all that is written");
    }

    /// A request over the WebSocket API; it signs its parameters by their names.
    pub(crate) fn socket(&self, number: u64, ask: &Ask) -> String {
        let (symbol, name, now) = (SYMBOL, &self.name, micros() / 1_000);
        let (method, payload, params) = match ask {
            Ask::Place {
                side, price, id, ..
            } => (
                "order.place",
                format!(
                    "apiKey={name}&newClientOrderId={id}&price={price}&quantity={QUANTITY}\
                     &side={side}&symbol={symbol}&timeInForce=GTC&timestamp={now}&type=LIMIT"
                ),
                format!(
                    r#""newClientOrderId":"{id}","price":"{price}","quantity":"{QUANTITY}","side":"{side}","symbol":"{symbol}","timeInForce":"GTC","type":"LIMIT""#
                ),
            ),
            Ask::Cancel { id, .. } => (
                "order.cancel",
                format!("apiKey={name}&origClientOrderId={id}&symbol={symbol}&timestamp={now}"),
                format!(r#""origClientOrderId":"{id}","symbol":"{symbol}""#),
            ),
        };
        let signature = self.sign(&payload);
        format!(
            r#"{{"id":{number},"method":"{method}","params":{{"apiKey":"{name}",{params},"timestamp":{now},"signature":"{signature}"}}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answer of the conventions.
    #[test]
    fn a_payload_is_signed_as_everybody_signs_it() {
        let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1\
                       &recvWindow=5000&timestamp=1499827319559";
        let key = Key::new("", secret).expect("a key of any length will do");
        assert_eq!(
            key.sign(payload),
            "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
        );
    }
}
