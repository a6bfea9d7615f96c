//! Depth: what changed over a while, the best levels, and the best prices.

use std::collections::BTreeMap;

use exchange_engine::InstrumentId;
use marketdata_core::{DepthDiffBuilder, LevelChange, MarketData, Quote};
use orderbook_core::Timestamp;

use super::messages::Messages;
use crate::api::market::BookDepth;
use crate::api::streams::{BEST_LEVELS, Overview, Pace, PublicStream, Topic, events};
use crate::api::symbols::{Symbol, Symbols};
use crate::marketdata::MarketModel;

/// The changes of every book that have not been told.
#[derive(Debug, Default)]
pub(super) struct Books {
    fast: BTreeMap<InstrumentId, DepthDiffBuilder>,
    slow: BTreeMap<InstrumentId, DepthDiffBuilder>,
}

impl Books {
    pub(super) fn record(&mut self, instrument: InstrumentId, change: &LevelChange) {
        for pending in [&mut self.fast, &mut self.slow] {
            pending.entry(instrument).or_default().record(change);
        }
    }

    /// Adds the levels that changed since the last time at this pace, if any, and how the best of
    /// them are now. Each difference starts where the one before it ended, whoever wanted that.
    pub(super) fn tell(
        &mut self,
        pace: Pace,
        model: &MarketModel,
        symbols: &Symbols,
        now: Timestamp,
        messages: &mut Messages,
    ) {
        let pending = match pace {
            Pace::Fast => &mut self.fast,
            Pace::Slow => &mut self.slow,
        };
        for (instrument, pending) in pending {
            let known = symbols.get(*instrument).zip(model.market(*instrument));
            let Some((diff, (symbol, market))) = pending.take().zip(known) else {
                continue;
            };
            let stream = PublicStream::One(symbol.id, Topic::Depth(pace));
            messages.add(stream, || events::depth(&diff, now, symbol));
            for levels in BEST_LEVELS {
                tell_best(levels, pace, market, symbol, messages);
            }
        }
    }
}

/// Adds how the best levels are.
pub(super) fn tell_best(
    levels: usize,
    pace: Pace,
    market: &MarketData,
    symbol: &Symbol,
    messages: &mut Messages,
) {
    let stream = PublicStream::One(symbol.id, Topic::BestLevels(levels, pace));
    messages.add(stream, || {
        events::best_levels(&BookDepth::new(&market.depth().snapshot(levels), symbol))
    });
}

/// Adds how the best prices are, to the stream of the instrument and to the one of all.
pub(super) fn tell_quote(update_id: u64, quote: Quote, symbol: &Symbol, messages: &mut Messages) {
    let streams = [
        PublicStream::One(symbol.id, Topic::BookTicker),
        PublicStream::All(Overview::BookTickers),
    ];
    if streams.iter().any(|stream| messages.are_wanted(*stream)) {
        let text = events::book_ticker(update_id, quote, symbol);
        for stream in streams {
            messages.add(stream, || text.clone());
        }
    }
}
