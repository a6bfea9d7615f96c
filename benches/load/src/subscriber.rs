//! One subscriber, which looks at every message just enough to see when it is of, and that none is
//! missing before it.
//!
//! Messages are numbered without gaps, and the exchange tells by itself how far the numbers have come,
//! when it is asked. Whoever was told so before it subscribed knows which message it has to hear next,
//! and whoever is told so when nobody trades knows which is the last.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::http::Http;
use crate::sign::{SYMBOL, micros};
use crate::socket::{self, Socket};

/// The streams.
pub(crate) const DEPTH: &str = "btcusdt@depth@100ms";
pub(crate) const TRADE: &str = "btcusdt@trade";

/// How late messages were.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) depth: Vec<Duration>,
    pub(crate) trades: Vec<Duration>,
    /// When the last of them came.
    pub(crate) at: Option<Instant>,
}

/// The last update and the last trade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Last {
    update: Option<u64>,
    trade: Option<u64>,
}

impl Last {
    /// Asks the exchange, which answers with all that anybody has been told of before.
    pub(crate) async fn ask(address: SocketAddr) -> anyhow::Result<Self> {
        let mut http = Http::connect(address).await?;
        let of = |what| format!("/api/v3/{what}?symbol={SYMBOL}&limit=1");
        let (depth, trades) = (
            http.get(&of("depth")).await?,
            http.get(&of("trades")).await?,
        );
        let update = depth["lastUpdateId"].as_u64();
        ensure!(update.is_some(), "the depth is {depth}");
        Ok(Self {
            update,
            // There may be none.
            trade: trades[0]["id"].as_u64(),
        })
    }
}

#[derive(Debug, Default)]
struct State {
    heard: Heard,
    /// What it was told of before it subscribed, and what it has heard of since.
    told: Last,
    last: Last,
    /// Why nothing more will be heard.
    ended: Option<String>,
}

/// A subscriber. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Subscriber {
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Subscriber {
    /// Connects. From then on it is subscribed, and nothing may be missing after what it has been told of.
    pub(crate) async fn connect(address: SocketAddr, told: Last) -> anyhow::Result<Self> {
        let path = format!("stream?streams={DEPTH}/{TRADE}");
        let mut socket = socket::open(address, &path).await?;
        let state = State {
            told,
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        // Whoever is told so has been subscribed.
        let list = r#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#;
        socket.send(Message::text(list)).await?;
        loop {
            let Some(text) = socket::text(socket.next().await)? else {
                continue;
            };
            if text.contains("\"result\"") {
                let both = text.contains(DEPTH) && text.contains(TRADE);
                ensure!(both, "the subscriptions are {text}");
                break;
            }
            lock(&state).hear(&text)?;
        }
        let listening = tokio::spawn(listen(socket, Arc::clone(&state)));
        Ok(Self { state, listening })
    }

    /// Whether it has everything up to these.
    pub(crate) fn has(&self, last: Last) -> anyhow::Result<bool> {
        let state = lock(&self.state);
        if let Some(why) = &state.ended {
            bail!("a subscriber lost messages: {why}");
        }
        Ok(state.has(last))
    }

    /// What it has heard since the last time.
    pub(crate) fn take(&self) -> Heard {
        take(&mut lock(&self.state).heard)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(mut socket: Socket, state: Arc<Mutex<State>>) {
    loop {
        let heard = match socket::text(socket.next().await) {
            Ok(None) => Ok(()),
            Ok(Some(text)) => lock(&state).hear(&text),
            Err(error) => Err(error),
        };
        if let Err(error) = heard {
            lock(&state).ended = Some(format!("{error:#}"));
            return;
        }
    }
}

impl State {
    fn has(&self, last: Last) -> bool {
        let update = self.last.update.or(self.told.update);
        let trade = self.last.trade.or(self.told.trade);
        update >= last.update && trade >= last.trade
    }

    fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        let number = |field| number(text, field).with_context(|| text.to_owned());
        let late = micros().saturating_sub(number("\"E\":")? * 1_000);
        let late = Duration::from_micros(late);
        if text.contains("\"e\":\"trade\"") {
            let id = number("\"t\":")?;
            follows(self.last.trade, self.told.trade, id, text)?;
            self.last.trade = Some(id);
            self.heard.trades.push(late);
        } else {
            let first = number("\"U\":")?;
            follows(self.last.update, self.told.update, first, text)?;
            self.last.update = Some(number("\"u\":")?);
            self.heard.depth.push(late);
        }
        self.heard.at = Some(Instant::now());
        Ok(())
    }
}

/// Numbers have no gaps. What was there before one subscribed may come only then, so the first that is
/// heard may be older than the one that has to be next. It is never newer.
fn follows(last: Option<u64>, told: Option<u64>, number: u64, text: &str) -> anyhow::Result<()> {
    let fits = match (last, told) {
        (Some(last), _) => number == last + 1,
        (None, Some(told)) => number <= told + 1,
        (None, None) => true,
    };
    ensure!(fits, "after {:?} came {text}", last.or(told));
    Ok(())
}

/// The whole number behind the first of these.
fn number(text: &str, field: &str) -> Option<u64> {
    let (_, behind) = text.split_once(field)?;
    let digits = behind.split(|it: char| !it.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"stream":"a","data":{"e":"depthUpdate","E":5,"U":7,"u":9,"b":[]}}"#;
    const TRADE: &str = r#"{"stream":"a","data":{"e":"trade","E":5,"t":1}}"#;

    #[test]
    fn a_gap_is_noticed() -> anyhow::Result<()> {
        let mut state = State::default();
        state.hear(FIRST)?;
        state.hear(&FIRST.replace("\"U\":7,\"u\":9", "\"U\":10,\"u\":10"))?;
        assert_eq!(state.last.update, Some(10));
        assert_eq!(state.heard.depth.len(), 2);
        for first in [10, 12] {
            let gap = FIRST.replace("\"U\":7", &format!("\"U\":{first}"));
            assert!(state.hear(&gap).is_err(), "{first}");
        }
        state.hear(TRADE)?;
        assert!(state.hear(TRADE).is_err());
        Ok(())
    }

    /// One who subscribed while the last changes of before were still on their way hears of them, and
    /// one who did so a moment later does not. Neither misses anything.
    #[test]
    fn what_was_there_before_may_come_and_need_not() -> anyhow::Result<()> {
        let told = Last {
            update: Some(9),
            trade: None,
        };
        let (mut sooner, mut later) = (after(told), after(told));
        sooner.hear(FIRST)?;
        assert!(sooner.has(told) && later.has(told));

        let last = Last {
            update: Some(10),
            trade: Some(1),
        };
        for state in [&mut sooner, &mut later] {
            state.hear(&FIRST.replace("\"U\":7,\"u\":9", "\"U\":10,\"u\":10"))?;
            assert!(!state.has(last), "a trade is missing");
            state.hear(TRADE)?;
            assert!(state.has(last));
        }
        Ok(())
    }

    #[test]
    fn what_comes_first_leaves_nothing_out() {
        let told = Last {
            update: Some(5),
            trade: Some(0),
        };
        assert!(after(told).hear(FIRST).is_err());
        assert!(after(told).hear(TRADE).is_ok());
        assert!(
            after(told)
                .hear(&TRADE.replace("\"t\":1", "\"t\":2"))
                .is_err()
        );
    }

    fn after(told: Last) -> State {
        State {
            told,
            ..State::default()
        }
    }

    #[test]
    fn how_late_a_message_is_counts_from_when_it_is_of() -> anyhow::Result<()> {
        let mut state = State::default();
        let event = micros() / 1_000 - 2_000;
        state.hear(&FIRST.replace("\"E\":5", &format!("\"E\":{event}")))?;
        let late = state.heard.depth[0].as_millis();
        assert!((2_000..30_000).contains(&late), "{late}");
        Ok(())
    }
}
