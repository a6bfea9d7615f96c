//! One subscriber, which looks at every message just enough to see when it is of, and that none is
//! missing before it.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::sign::micros;
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

/// The last update and the last trade that were heard of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Last {
    update: Option<u64>,
    trade: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    heard: Heard,
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
    /// Connects. From then on it is subscribed.
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let path = format!("stream?streams={DEPTH}/{TRADE}");
        let mut socket = socket::open(address, &path).await?;
        let state: Arc<Mutex<State>> = Arc::default();
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

    /// How far it has come.
    pub(crate) fn last(&self) -> anyhow::Result<Last> {
        let state = lock(&self.state);
        if let Some(why) = &state.ended {
            bail!("a subscriber lost messages: {why}");
        }
        Ok(state.last)
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
    fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        let number = |field| number(text, field).with_context(|| text.to_owned());
        let late = micros().saturating_sub(number("\"E\":")? * 1_000);
        let late = Duration::from_micros(late);
        if text.contains("\"e\":\"trade\"") {
            let id = number("\"t\":")?;
            follows(self.last.trade, id, text)?;
            self.last.trade = Some(id);
            self.heard.trades.push(late);
        } else {
            follows(self.last.update, number("\"U\":")?, text)?;
            self.last.update = Some(number("\"u\":")?);
            self.heard.depth.push(late);
        }
        self.heard.at = Some(Instant::now());
        Ok(())
    }
}

/// Numbers have no gaps.
fn follows(last: Option<u64>, number: u64, text: &str) -> anyhow::Result<()> {
    let missing = last.filter(|last| last + 1 != number);
    missing.map_or(Ok(()), |last| bail!("after {last} came {text}"))
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
        let trade = r#"{"stream":"a","data":{"e":"trade","E":5,"t":1}}"#;
        state.hear(trade)?;
        assert!(state.hear(trade).is_err());
        Ok(())
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
