//! Tells the public streams what happened on the markets.
//!
//! Trades and best prices go out as they happen. What changes faster than anybody can look is
//! conflated: depth over a tenth of a second and over a second, candles and tickers over a
//! second. A candle that ends goes out at the next tenth of a second.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use exchange_engine::InstrumentId;
use marketdata_core::{CandleEvent, DepthDiffBuilder, MarketEvent};
use orderbook_core::Timestamp;
use serde_json::Value;

use super::day;
use super::model::MarketModel;
use crate::api::streams::{self, Topic, stream_name};
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::{Body, ConsumerGone, Keep, Message, Outlet, Packet, Position, Stream};
use crate::gateway::Hub;

/// Who the messages are for.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// The subscribers of this process: what none of them wants need not be written.
    Subscribers(Hub),
    /// Other processes, too, and nobody knows what their subscribers want.
    Everybody,
}

/// What waits to be published of one instrument.
#[derive(Debug, Default)]
struct Pending {
    fast_depth: DepthDiffBuilder,
    depth: DepthDiffBuilder,
}

/// Writes the messages of the public streams.
#[derive(Debug)]
pub(crate) struct Publisher {
    symbols: Arc<Symbols>,
    names: HashMap<(InstrumentId, Topic), Arc<str>>,
    outlet: Outlet,
    audience: Audience,
    position: Position,
    pending: BTreeMap<InstrumentId, Pending>,
    /// What has traded since its candles were told.
    traded: BTreeSet<InstrumentId>,
    /// What the next packet will hold.
    messages: Vec<Message>,
}

impl Publisher {
    /// A publisher of one epoch.
    pub(crate) fn new(
        symbols: Arc<Symbols>,
        outlet: Outlet,
        audience: Audience,
        epoch: u64,
    ) -> Self {
        let position = Position { epoch, seq: 0 };
        outlet.begin(position);
        let names = symbols.iter().flat_map(|symbol| {
            Topic::all().map(|topic| ((symbol.id, topic), stream_name(symbol, topic).into()))
        });
        Self {
            names: names.collect(),
            symbols,
            outlet,
            audience,
            position,
            pending: BTreeMap::new(),
            traded: BTreeSet::new(),
            messages: Vec::new(),
        }
    }

    /// Sends what has gathered. It goes back to the input `as_of`.
    ///
    /// # Errors
    ///
    /// As [`Outlet::publish`].
    pub(super) fn send(&mut self, as_of: u64) -> Result<(), ConsumerGone> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let prev_seq = self.position.seq;
        self.position.seq += 1;
        self.outlet.publish(Packet {
            stream: Stream::Market,
            epoch: self.position.epoch,
            prev_seq,
            seq: self.position.seq,
            body: Body::Messages {
                as_of,
                messages: std::mem::take(&mut self.messages),
            },
        })
    }

    /// Tells how far the stream has come, for those who missed its last packet.
    ///
    /// # Errors
    ///
    /// As [`Outlet::beat`].
    pub(super) fn beat(&self, time: Timestamp) -> Result<(), ConsumerGone> {
        self.outlet
            .beat(Packet::heartbeat(Stream::Market, self.position, time))
    }

    /// Gives the streams of states their first messages, so that subscribers need not wait for a
    /// change after a restart.
    pub(super) fn tell_how_things_are(&mut self, model: &MarketModel, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for symbol in symbols.iter() {
            let Some(market) = model.market(symbol.id) else {
                continue;
            };
            let update_id = market.depth().update_id();
            if update_id > 0 {
                self.add(symbol, Topic::BookTicker, || {
                    streams::book_ticker(update_id, market.quote(), symbol)
                });
            }
            self.traded.insert(symbol.id);
        }
        self.add_candles(model, now);
        self.add_tickers(model, now);
    }

    /// Adds what happened; what is conflated waits.
    pub(super) fn add_changes(&mut self, changes: &[(InstrumentId, MarketEvent)], now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for (instrument, change) in changes {
            let Some(symbol) = symbols.get(*instrument) else {
                continue;
            };
            match change {
                MarketEvent::Traded(trade) => {
                    self.traded.insert(*instrument);
                    self.add(symbol, Topic::Trade, || streams::trade(trade, symbol));
                }
                MarketEvent::LevelChanged(change) => {
                    let pending = self.pending.entry(*instrument).or_default();
                    pending.fast_depth.record(change);
                    pending.depth.record(change);
                }
                MarketEvent::BestChanged { update_id, quote } => {
                    self.add(symbol, Topic::BookTicker, || {
                        streams::book_ticker(*update_id, *quote, symbol)
                    });
                }
                MarketEvent::Candle(CandleEvent::Closed { interval, candle }) => {
                    // Said once: who subscribes later would take it for news.
                    self.add_as(symbol, Topic::Kline(*interval), Keep::Forget, || {
                        streams::kline(candle, *interval, true, now.millis(), symbol)
                    });
                }
                // There is no stream of aggregates, and no command that busts a trade.
                MarketEvent::Aggregated(_)
                | MarketEvent::TradeBusted(_)
                | MarketEvent::Candle(_) => {}
            }
        }
    }

    /// Adds the levels that changed since the last time, if any.
    pub(super) fn add_depth(&mut self, topic: Topic, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for symbol in symbols.iter() {
            let Some(pending) = self.pending.get_mut(&symbol.id) else {
                continue;
            };
            let diff = match topic {
                Topic::FastDepth => pending.fast_depth.take(),
                _ => pending.depth.take(),
            };
            if let Some(diff) = diff {
                self.add(symbol, topic, || {
                    streams::depth(&diff, now.millis(), symbol)
                });
            }
        }
    }

    /// Adds the open candles that changed since the last time.
    pub(super) fn add_candles(&mut self, model: &MarketModel, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for instrument in std::mem::take(&mut self.traded) {
            let (symbol, market) = (symbols.get(instrument), model.market(instrument));
            let Some((symbol, market)) = symbol.zip(market) else {
                continue;
            };
            for series in market.all_candles() {
                let interval = series.interval();
                if let Some(candle) = series.latest().filter(|candle| now < candle.close_time) {
                    self.add(symbol, Topic::Kline(interval), || {
                        streams::kline(candle, interval, false, now.millis(), symbol)
                    });
                }
            }
        }
    }

    /// Adds the tickers. They change even if nothing happens: what is a day old drops out.
    pub(super) fn add_tickers(&mut self, model: &MarketModel, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for symbol in symbols.iter() {
            let Some(market) = model.market(symbol.id) else {
                continue;
            };
            self.add(symbol, Topic::Ticker, || {
                streams::ticker(&day(market), now, symbol)
            });
        }
    }

    fn add(&mut self, symbol: &Symbol, topic: Topic, message: impl FnOnce() -> Value) {
        let keep = match topic {
            Topic::BookTicker | Topic::Ticker | Topic::Kline(_) => Keep::ForLater,
            // Of a trade or of a difference, the last one says nothing about how things are.
            Topic::Trade | Topic::Depth | Topic::FastDepth => Keep::Nothing,
        };
        self.add_as(symbol, topic, keep, message);
    }

    fn add_as(
        &mut self,
        symbol: &Symbol,
        topic: Topic,
        keep: Keep,
        message: impl FnOnce() -> Value,
    ) {
        let Some(name) = self.names.get(&(symbol.id, topic)) else {
            return;
        };
        if let (Audience::Subscribers(hub), Keep::Nothing) = (&self.audience, keep)
            && !hub.has_subscribers(name)
        {
            return;
        }
        self.messages.push(Message {
            name: Arc::clone(name),
            keep,
            text: message().to_string(),
        });
    }
}
