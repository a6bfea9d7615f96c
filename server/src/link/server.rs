//! The side that answers: the process that orders commands.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use exchange_engine::Command;
use futures_util::stream;
use orderbook_core::Timestamp;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::{Greeting, LOG, NotSequenced, Sequenced};
use crate::api::params::Params;
use crate::bus::{Feed, Outlet, Packet, Position, Stream, Tail};
use crate::gateway::Hub;
use crate::listed::Listed;
use crate::log::LogId;
use crate::orders::Sequencer;
use crate::shared_key::SharedKey;

/// How often a follower is told how far a stream has come.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// How long a packet may reach a follower before the outlet counts it as published.
const PATIENCE: Duration = Duration::from_secs(1);
/// The largest command, in bytes; names of instruments are the longest thing in one.
const MAX_COMMAND: usize = 16 * 1024;

/// Everything that goes over a link.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) key: SharedKey,
    pub(crate) log: LogId,
    pub(crate) listed: Listed,
    pub(crate) sequencer: Sequencer,
    pub(crate) feed: Feed,
    pub(crate) market: Outlet,
    /// Knows the last messages.
    pub(crate) hub: Hub,
    /// Changes when the process has been asked to stop: what has no end ends then.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Served {
    fn admit(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if !self.key.is_borne_by(headers) {
            return Err((StatusCode::UNAUTHORIZED, "the cluster keys differ"));
        }
        if header(LOG).is_some_and(|log| log != self.log.to_string()) {
            return Err((StatusCode::CONFLICT, "it is another exchange"));
        }
        Ok(())
    }

    /// Refuses those who have been told what this exchange knows nothing of: to go on from here
    /// would be another history than theirs.
    async fn knows(&self, stream: Stream, position: Position) -> Result<(), (StatusCode, String)> {
        let mut newest = match stream {
            Stream::Feed => self.feed.outlet().watch(),
            Stream::Market => self.market.watch(),
        };
        let reaches = |newest: &Position| match stream {
            Stream::Feed => position.epoch <= newest.epoch && position.seq <= newest.seq,
            // It counts anew in each epoch.
            Stream::Market => position <= *newest,
        };
        // Redis may have been faster than the end of publishing.
        if let Ok(Ok(_)) = timeout(PATIENCE, newest.wait_for(reaches)).await {
            return Ok(());
        }
        let (newest, name) = (*newest.borrow(), stream.name());
        let why = format!(
            "the {name} has come to {} of epoch {}, and {} of epoch {} has been told before: it \
             has been put back to an earlier state, or the clock has",
            newest.seq, newest.epoch, position.seq, position.epoch
        );
        Err((StatusCode::CONFLICT, why))
    }

    /// How far the feed has come.
    fn heartbeat(&self) -> Packet {
        self.feed.heartbeat(self.sequencer.progress())
    }
}

/// The routes of the link.
pub(crate) fn router(served: Arc<Served>) -> Router {
    Router::new()
        .route("/link/v1/catalogue", get(catalogue))
        .route("/link/v1/commands", post(submit))
        .route("/link/v1/snapshot", get(snapshot))
        .route("/link/v1/feed", get(feed))
        .route("/link/v1/market", get(market))
        .layer(DefaultBodyLimit::max(MAX_COMMAND))
        .layer(middleware::from_fn_with_state(Arc::clone(&served), guard))
        .with_state(served)
}

/// Lets only processes of this exchange in.
async fn guard(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    match served.admit(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn postcard(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let body = postcard::to_stdvec(body).expect("plain data always encodes");
    (status, body).into_response()
}

async fn catalogue(State(served): State<Arc<Served>>) -> Response {
    let greeting = Greeting {
        log: served.log.bytes(),
        catalogue: served.listed.catalogue(),
    };
    postcard(StatusCode::OK, &greeting)
}

/// The newest good snapshot, if there is any: where a follower without a past begins.
async fn snapshot(State(served): State<Arc<Served>>) -> Response {
    match served.feed.newest_snapshot().await {
        Ok(Some(bytes)) => bytes.into_response(),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::warn!(%error, "a follower gets no snapshot");
            (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
        }
    }
}

async fn submit(State(served): State<Arc<Served>>, body: Bytes) -> Response {
    let Ok(command) = postcard::from_bytes::<Command>(&body) else {
        return (StatusCode::BAD_REQUEST, "this is no command").into_response();
    };
    // Carried on even where the gateway hangs up: the command may be in the log already.
    match served.sequencer.submit(command).await {
        Ok(receipt) => {
            let sequenced = Sequenced {
                seq: receipt.seq(),
                outcome: receipt.outcome().clone(),
            };
            postcard(StatusCode::OK, &sequenced)
        }
        Err(error) => {
            let why = NotSequenced::from(error);
            postcard(StatusCode::SERVICE_UNAVAILABLE, &why)
        }
    }
}

/// From where on a follower wants a stream: from the beginning unless it says so.
fn position(query: Option<String>) -> Position {
    let params = Params::parse(&query.unwrap_or_default(), b"");
    let number = |name| params.parsed(name).ok().flatten().unwrap_or(0);
    Position {
        epoch: number("epoch"),
        seq: number("after"),
    }
}

/// A packet with its length before it.
fn framed(packet: &Packet) -> Bytes {
    let body = packet.encode();
    let length = u32::try_from(body.len()).expect("no packet has gigabytes");
    let mut bytes = Vec::with_capacity(4 + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes.into()
}

fn heartbeats() -> Interval {
    let mut interval = interval(HEARTBEAT);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Until the process is asked to stop.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Where nobody is there to ask any more, it is stopping, too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// The feed from a sequence number on.
async fn feed(State(served): State<Arc<Served>>, RawQuery(query): RawQuery) -> Response {
    struct Feeding {
        tail: Tail,
        heartbeats: Interval,
        /// Is sent once everything that it speaks of has been: only then does it say anything to
        /// the follower.
        due: Option<Packet>,
        stopping: watch::Receiver<bool>,
        served: Arc<Served>,
    }
    let from = position(query);
    if let Err(refusal) = served.knows(Stream::Feed, from).await {
        return refusal.into_response();
    }
    match served.feed.is_on_record_after(from.seq).await {
        Ok(true) => {}
        Ok(false) => {
            let why = "what comes next in the feed has been forgotten: begin with the snapshot";
            return (StatusCode::GONE, why).into_response();
        }
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
    let feeding = Feeding {
        tail: served.feed.tail(from.seq),
        heartbeats: heartbeats(),
        due: None,
        stopping: served.stopping.clone(),
        served,
    };
    let packets = stream::unfold(feeding, async |mut feeding| {
        let packet = loop {
            if let Some(due) = feeding.due.take_if(|due| due.seq <= feeding.tail.seq()) {
                break framed(&due);
            }
            tokio::select! {
                packet = feeding.tail.next_packet() => match packet {
                    Ok(packet) => break framed(&packet),
                    Err(error) => {
                        tracing::warn!(%error, "a follower of the feed is left to itself");
                        return None;
                    }
                },
                _ = feeding.heartbeats.tick() => {
                    let heartbeat = feeding.served.heartbeat();
                    if feeding.due.is_some() {
                        // Nothing may come for a while; this tells at least that we are here.
                        break framed(&heartbeat);
                    }
                    feeding.due = Some(heartbeat);
                }
                () = stopped(&mut feeding.stopping) => return None,
            }
        };
        Some((Ok::<_, std::convert::Infallible>(packet), feeding))
    });
    HttpBody::from_stream(packets).into_response()
}

/// The public streams from a position on. Whoever asks for what is not remembered, or falls behind
/// that far, starts anew with the last messages.
async fn market(State(served): State<Arc<Served>>, RawQuery(query): RawQuery) -> Response {
    struct Marketing {
        market: Outlet,
        hub: Hub,
        at: Option<Position>,
        ready: Vec<Arc<Packet>>,
        heartbeats: Interval,
        stopping: watch::Receiver<bool>,
    }
    let from = position(query);
    if let Err(refusal) = served.knows(Stream::Market, from).await {
        return refusal.into_response();
    }
    let newest = served.market.newest();
    let marketing = Marketing {
        at: (from.epoch == newest.epoch).then_some(from),
        market: served.market.clone(),
        hub: served.hub.clone(),
        ready: Vec::new(),
        heartbeats: heartbeats(),
        stopping: served.stopping.clone(),
    };
    let packets = stream::unfold(marketing, async |mut marketing| {
        let packet = loop {
            if let Some(packet) = marketing.ready.pop() {
                marketing.at = Some(packet.position());
                break framed(&packet);
            }
            let missing = marketing.at.and_then(|at| marketing.market.after(at.seq));
            match missing {
                None => {
                    let snapshot = marketing.hub.snapshot();
                    marketing.at = Some(snapshot.position());
                    break framed(&snapshot);
                }
                Some(packets) if !packets.is_empty() => {
                    marketing.ready = packets;
                    marketing.ready.reverse();
                }
                Some(_) => {
                    let mut newest = marketing.market.watch();
                    let at = marketing.at.unwrap_or_default();
                    tokio::select! {
                        changed = newest.wait_for(|newest| newest.seq > at.seq) => {
                            if changed.is_err() {
                                return None;
                            }
                        }
                        _ = marketing.heartbeats.tick() => {
                            break framed(&Packet::heartbeat(Stream::Market, at, Timestamp::default()));
                        }
                        () = stopped(&mut marketing.stopping) => return None,
                    }
                }
            }
        };
        Some((Ok::<_, std::convert::Infallible>(packet), marketing))
    });
    HttpBody::from_stream(packets).into_response()
}
