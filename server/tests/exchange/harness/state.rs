//! Everything that an exchange answers, to be compared before and after.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::{Server, Trader, now_millis};

const SYMBOLS: [&str; 3] = ["BTCUSDT", "ETHUSDT", "ETHBTC"];
const INTERVALS: [&str; 6] = ["1m", "5m", "15m", "1h", "4h", "1d"];

/// Answers by what was asked.
pub(crate) type State = BTreeMap<String, Value>;

/// What to ask for: the traders, their orders, and candles up to now.
#[derive(Debug)]
pub(crate) struct Questions {
    traders: Vec<Trader>,
    /// Whose order, its symbol and its id.
    orders: Vec<(usize, &'static str, u64)>,
    until: u64,
}

impl Questions {
    pub(crate) fn about(traders: &[&Trader], orders: &[(usize, &'static str, u64)]) -> Self {
        Self {
            traders: traders.iter().copied().cloned().collect(),
            orders: orders.to_vec(),
            until: now_millis(),
        }
    }

    /// Asks all of it. What depends on the time of asking is left out.
    pub(crate) async fn ask(&self, server: &Server) -> State {
        let mut state = State::new();
        let http = server.http();
        let mut public = vec!["exchangeInfo".into(), "ticker/24hr".into()];
        public.extend(["ticker/price".into(), "ticker/bookTicker".into()]);
        for symbol in SYMBOLS {
            public.push(format!("depth?symbol={symbol}&limit=5000"));
            public.push(format!("trades?symbol={symbol}&limit=1000"));
            public.extend(INTERVALS.map(|interval| {
                let until = self.until;
                format!("klines?symbol={symbol}&interval={interval}&endTime={until}&limit=1000")
            }));
        }
        for path in public {
            let mut answer = http.json(&format!("/api/v3/{path}")).await;
            forget_times_of_asking(&mut answer);
            state.insert(path, answer);
        }
        for trader in &self.traders {
            let trader = trader.at(server);
            let name = &trader.name;
            // This shows that the session stands, too.
            let mut keys = trader.own(Method::GET, "/v1/api-keys", None).await.ok();
            forget_times_of_asking(&mut keys);
            state.insert(format!("{name}: keys"), keys);
            state.insert(format!("{name}: account"), trader.account().await);
            for path in ["positions", "fees", "portfolio?asset=USDT"] {
                let answer = trader.own(Method::GET, &format!("/v1/{path}"), None).await;
                state.insert(format!("{name}: {path}"), answer.ok());
            }
            state.insert(format!("{name}: open orders"), trader.open_orders().await);
            for symbol in SYMBOLS {
                let fills = trader.fills(symbol).await.into();
                state.insert(format!("{name}: fills of {symbol}"), fills);
            }
        }
        for (owner, symbol, id) in &self.orders {
            let order = self.traders[*owner].at(server).order(symbol, *id).await;
            state.insert(format!("order {id}"), order);
        }
        state
    }
}

fn forget_times_of_asking(answer: &mut Value) {
    match answer {
        Value::Object(fields) => {
            for field in ["serverTime", "openTime", "closeTime", "lastUsed"] {
                fields.remove(field);
            }
        }
        Value::Array(entries) => {
            // Candles are arrays and keep their times.
            let objects = entries.iter_mut().filter(|entry| entry.is_object());
            objects.for_each(forget_times_of_asking);
        }
        _ => {}
    }
}

/// Asserts that nothing has changed, and names what has.
pub(crate) fn assert_same(before: &State, after: &State) {
    let (asked, answered): (Vec<_>, Vec<_>) = (before.keys().collect(), after.keys().collect());
    assert_eq!(asked, answered);
    for (question, answer) in before {
        assert_eq!(answer, &after[question], "{question}");
    }
}
