//! Orders over the WebSocket API: a connection sends the next requests without waiting for the answers
//! to all of those before.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message};

use crate::account::Pair;
use crate::flow::{Ask, Trader};
use crate::round::{Tally, Until};

/// A WebSocket connection.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Opens one.
pub(crate) async fn open(address: SocketAddr, path: &str) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}/{path}");
    let opened = tokio_tungstenite::client_async(url, stream).await;
    Ok(opened
        .with_context(|| format!("no WebSocket at /{path}"))?
        .0)
}

/// What of an answer matters.
#[derive(Debug, Deserialize)]
struct Answer {
    id: u64,
    status: u16,
}

/// A request that waits for its answer.
struct Waiting {
    number: u64,
    ask: Ask,
    asked: Instant,
}

/// Asks until it is over and everything has been answered.
pub(crate) async fn ask(
    mut socket: Box<Socket>,
    window: usize,
    pair: &Pair,
    mut trader: Trader,
    mut until: Until,
) -> anyhow::Result<Tally> {
    let (mut tally, mut waiting) = (Tally::default(), Vec::with_capacity(window));
    let mut number = 0;
    loop {
        while waiting.len() < window && until.one_more() {
            let ask = trader.next();
            number += 1;
            let request = pair.key(ask.side()).socket(number, &ask);
            let asked = Instant::now();
            socket.feed(Message::text(request)).await?;
            waiting.push(Waiting { number, ask, asked });
        }
        if waiting.is_empty() {
            break;
        }
        socket.flush().await?;
        let mut message = socket.next().await;
        // What has come by now is taken together.
        loop {
            let text = text(message)?;
            if let Some(text) = text {
                take(&text, &mut waiting, &mut trader, &mut tally)?;
            }
            match socket.next().now_or_never() {
                Some(next) if !waiting.is_empty() => message = next,
                _ => break,
            }
        }
    }
    SinkExt::close(&mut *socket).await?;
    Ok(tally)
}

/// The text of a message, where it has one.
pub(crate) fn text(
    message: Option<Result<Message, tungstenite::Error>>,
) -> anyhow::Result<Option<tungstenite::Utf8Bytes>> {
    match message.context("the connection was closed")?? {
        Message::Text(text) => Ok(Some(text)),
        Message::Close(why) => bail!("the connection was closed: {why:?}"),
        _ => Ok(None),
    }
}

/// Finds the request that an answer is to.
fn take(
    text: &str,
    waiting: &mut Vec<Waiting>,
    trader: &mut Trader,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let answer: Answer = serde_json::from_str(text).with_context(|| text.to_owned())?;
    let index = waiting.iter().position(|it| it.number == answer.id);
    let index = index.with_context(|| format!("an answer to nothing: {text}"))?;
    let Waiting { ask, asked, .. } = waiting.swap_remove(index);
    tally.answered(&ask, asked.elapsed());
    if answer.status == 200 {
        trader.done(&ask);
    } else {
        tally.failed(text.to_owned());
    }
    Ok(())
}
