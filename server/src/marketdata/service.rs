//! The task that folds the feed into market data and publishes it to the streams.
//!
//! Trades and best prices go out as they happen. What changes faster than anybody can look is
//! conflated: depth over a tenth of a second and over a second, candles and tickers over a
//! second. A candle that ends goes out at the next tenth of a second.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use exchange_engine::InstrumentId;
use marketdata_core::{DAY_MICROS, DepthDiffBuilder, Interval, MarketEvent};
use orderbook_core::{Side, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::model::MarketModel;
use crate::api::streams::{self, Topic};
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::{Batch, ReadModel};
use crate::gateway::{Hub, Keep};
use crate::orders::{Sequencer, now};

const TICK: Duration = Duration::from_millis(100);
const TICKS_PER_SECOND: u32 = 10;

/// What the task needs once the exchange has started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) symbols: Arc<Symbols>,
    pub(crate) sequencer: Sequencer,
    /// The last sequence number that was there before this start. Nobody is told of it again.
    pub(crate) recovered: u64,
}

/// Folds until the feed ends; publishes from the start of the exchange on.
pub(crate) async fn run(
    model: ReadModel<MarketModel>,
    mut feed: mpsc::Receiver<Arc<Batch>>,
    started: oneshot::Receiver<Started>,
    hub: Hub,
) {
    let mut fold = Fold {
        model,
        seq: 0,
        told: u64::MAX,
        changes: Vec::new(),
    };
    let mut started = std::pin::pin!(started);
    let started = loop {
        tokio::select! {
            biased;
            batch = feed.recv() => {
                let Some(batch) = batch else { return };
                fold.apply(&batch);
            }
            started = &mut started => {
                let Ok(started) = started else { return };
                break started;
            }
        }
    };
    fold.told = started.recovered;
    let mut publisher = Publisher {
        symbols: started.symbols,
        hub,
        streams: BTreeMap::new(),
    };
    publisher.tell_how_things_are(&fold.model.read(), started.sequencer.progress().time);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick = 0_u32;
    loop {
        let due = tokio::select! {
            batch = feed.recv() => {
                let Some(batch) = batch else { return };
                fold.apply(&batch);
                publisher.publish(&fold.changes, now());
                fold.changes.clear();
                continue;
            }
            _ = ticks.tick() => started.sequencer.progress(),
        };
        // Time passes only up to where every input is known.
        while fold.seq < due.seq {
            let Some(batch) = feed.recv().await else {
                return;
            };
            fold.apply(&batch);
        }
        fold.advance(due.time);
        publisher.publish(&fold.changes, due.time);
        fold.changes.clear();
        publisher.flush(Topic::FastDepth, due.time);
        tick = (tick + 1) % TICKS_PER_SECOND;
        if tick == 0 {
            publisher.flush(Topic::Depth, due.time);
            publisher.flush_candles(due.time);
            publisher.flush_tickers(&fold.model.read(), due.time);
        }
    }
}

/// The model, how far it is, and what the last step changed.
struct Fold {
    model: ReadModel<MarketModel>,
    seq: u64,
    /// What changed up to here is old news.
    told: u64,
    changes: Vec<(InstrumentId, MarketEvent)>,
}

impl Fold {
    fn apply(&mut self, batch: &Batch) {
        {
            let mut markets = self.model.write();
            for outcome in &batch.outcomes {
                markets
                    .apply(outcome, &mut self.changes)
                    .expect("the feed has every event of every book, so depth follows (I7)");
            }
        }
        self.seq = batch.last_seq();
        self.model.advance(self.seq);
        if self.seq <= self.told {
            self.changes.clear();
        }
    }

    fn advance(&mut self, time: Timestamp) {
        self.model.write().advance(time, &mut self.changes);
    }
}

/// What waits to be published of one instrument.
#[derive(Debug, Default)]
struct Pending {
    fast_depth: DepthDiffBuilder,
    depth: DepthDiffBuilder,
    candles: BTreeMap<Interval, marketdata_core::Candle>,
}

struct Publisher {
    symbols: Arc<Symbols>,
    hub: Hub,
    streams: BTreeMap<InstrumentId, Pending>,
}

impl Publisher {
    /// Gives the streams of states their first messages, so that subscribers need not wait for a
    /// change after a restart.
    fn tell_how_things_are(&self, model: &MarketModel, now: Timestamp) {
        for symbol in self.symbols.iter() {
            let Some(market) = model.market(symbol.id) else {
                continue;
            };
            let depth = market.depth();
            let (bid, ask) = (depth.best(Side::Buy), depth.best(Side::Sell));
            if depth.update_id() > 0 {
                let message = || streams::book_ticker(depth.update_id(), bid, ask, symbol);
                send(&self.hub, symbol, Topic::BookTicker, message);
            }
            for interval in Interval::ALL {
                let Some(candle) = market.candles(interval).latest() else {
                    continue;
                };
                if interval.close_time(candle.open_time) <= now {
                    continue;
                }
                let message = || streams::kline(candle, interval, false, now.millis(), symbol);
                send(&self.hub, symbol, Topic::Kline(interval), message);
            }
        }
        self.flush_tickers(model, now);
    }

    fn publish(&mut self, changes: &[(InstrumentId, MarketEvent)], now: Timestamp) {
        for (instrument, change) in changes {
            let Some(symbol) = self.symbols.get(*instrument) else {
                continue;
            };
            let pending = self.streams.entry(*instrument).or_default();
            match change {
                MarketEvent::Traded(trade) => {
                    let message = || streams::trade(trade, symbol);
                    send(&self.hub, symbol, Topic::Trade, message);
                }
                MarketEvent::LevelChanged(change) => {
                    pending.fast_depth.record(change);
                    pending.depth.record(change);
                }
                MarketEvent::BestChanged {
                    update_id,
                    bid,
                    ask,
                } => {
                    let message = || streams::book_ticker(*update_id, *bid, *ask, symbol);
                    send(&self.hub, symbol, Topic::BookTicker, message);
                }
                MarketEvent::CandleUpdated { interval, candle } => {
                    pending.candles.insert(*interval, *candle);
                }
                MarketEvent::CandleClosed { interval, candle } => {
                    pending.candles.remove(interval);
                    let message = || streams::kline(candle, *interval, true, now.millis(), symbol);
                    let stream = streams::stream_name(symbol, Topic::Kline(*interval));
                    // Said once: who subscribes later would take it for news.
                    self.hub.publish(&stream, Keep::Forget, message);
                }
            }
        }
    }

    /// Publishes the levels that changed since the last time, if any.
    fn flush(&mut self, topic: Topic, now: Timestamp) {
        for (instrument, pending) in &mut self.streams {
            let Some(symbol) = self.symbols.get(*instrument) else {
                continue;
            };
            let diff = match topic {
                Topic::FastDepth => pending.fast_depth.take(),
                _ => pending.depth.take(),
            };
            if let Some(diff) = diff {
                let message = || streams::depth(&diff, now.millis(), symbol);
                send(&self.hub, symbol, topic, message);
            }
        }
    }

    fn flush_candles(&mut self, now: Timestamp) {
        for (instrument, pending) in &mut self.streams {
            let Some(symbol) = self.symbols.get(*instrument) else {
                continue;
            };
            for (interval, candle) in std::mem::take(&mut pending.candles) {
                let message = || streams::kline(&candle, interval, false, now.millis(), symbol);
                send(&self.hub, symbol, Topic::Kline(interval), message);
            }
        }
    }

    /// Publishes the tickers. They change even if nothing happens: what is a day old drops out.
    fn flush_tickers(&self, model: &MarketModel, now: Timestamp) {
        for symbol in self.symbols.iter() {
            let Some(market) = model.market(symbol.id) else {
                continue;
            };
            let message = || {
                let close = now.millis();
                streams::ticker(
                    &market.ticker().stats(),
                    market.depth().best(Side::Buy),
                    market.depth().best(Side::Sell),
                    close.saturating_sub(DAY_MICROS / 1_000),
                    close,
                    symbol,
                )
            };
            send(&self.hub, symbol, Topic::Ticker, message);
        }
    }
}

fn send(hub: &Hub, symbol: &Symbol, topic: Topic, message: impl FnOnce() -> Value) {
    let keep = match topic {
        Topic::BookTicker | Topic::Ticker | Topic::Kline(_) => Keep::ForLater,
        // Of a trade or of a difference, the last one says nothing about how things are.
        Topic::Trade | Topic::Depth | Topic::FastDepth => Keep::Nothing,
    };
    hub.publish(&streams::stream_name(symbol, topic), keep, message);
}
