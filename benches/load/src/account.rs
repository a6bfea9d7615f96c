//! Accounts to trade with.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::{Value, json};

use crate::flow::Side;
use crate::http::Http;
use crate::sign::{Key, micros};

/// How many pairs of accounts the connections share.
const PAIRS: u64 = 8;

/// One who buys and one who sells.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    buyer: Key,
    seller: Key,
}

impl Pair {
    pub(crate) fn key(&self, side: Side) -> &Key {
        match side {
            Side::Buy => &self.buyer,
            Side::Sell => &self.seller,
        }
    }
}

/// Accounts that have taken all they need from the faucet.
#[derive(Debug)]
pub(crate) struct Accounts {
    pairs: Vec<Pair>,
}

impl Accounts {
    /// Opens so many as are of use to so many connections.
    pub(crate) async fn open(address: SocketAddr, connections: u64) -> anyhow::Result<Self> {
        let mut http = Http::connect(address).await?;
        // An exchange that is already running may know those of another run.
        let run = micros();
        let mut pairs = Vec::new();
        for number in 0..connections.min(PAIRS) {
            pairs.push(Pair {
                buyer: open(&mut http, &format!("buyer-{run}-{number}"), "USDT").await?,
                seller: open(&mut http, &format!("seller-{run}-{number}"), "BTC").await?,
            });
        }
        Ok(Self { pairs })
    }

    /// Those that a connection trades with.
    pub(crate) fn of(&self, connection: u64) -> Pair {
        let index = connection % self.pairs.len() as u64;
        let mut pairs = self.pairs.iter().cycle();
        let pair = pairs.nth(usize::try_from(index).unwrap_or_default());
        pair.expect("at least one pair has been opened").clone()
    }

    /// Takes all of their orders off the book, so that every round begins with the same.
    pub(crate) async fn clear(&self, address: SocketAddr) -> anyhow::Result<()> {
        let mut http = Http::connect(address).await?;
        for pair in &self.pairs {
            for key in [&pair.buyer, &pair.seller] {
                let answer = http.send(key.cancel_all().as_bytes()).await?;
                // Whoever has none is told so.
                let none = String::from_utf8_lossy(answer.body).contains("-2011");
                anyhow::ensure!(answer.status == 200 || none, "cancelling all: {answer}");
            }
        }
        Ok(())
    }
}

/// Registers, logs in, makes an API key, and takes from the faucet.
async fn open(http: &mut Http, name: &str, asset: &str) -> anyhow::Result<Key> {
    let who = json!({ "username": name, "password": "correct horse of the load" });
    http.post("/v1/register", None, &who).await?;
    let session = http.post("/v1/login", None, &who).await?;
    let token = Some(text(&session, "token")?);
    let money = json!({ "asset": asset, "amount": "1000000000" });
    http.post("/v1/faucet", token, &money).await?;
    let key = http.post("/v1/api-keys", token, &json!({})).await?;
    Key::new(text(&key, "apiKey")?, text(&key, "secretKey")?)
}

fn text<'a>(value: &'a Value, field: &str) -> anyhow::Result<&'a str> {
    let text = value[field].as_str();
    text.with_context(|| format!("no {field} in an answer"))
}
