//! Candles: those that are open as they change, and each once more when it ends.

use std::collections::{BTreeMap, BTreeSet};

use exchange_engine::InstrumentId;
use marketdata_core::{Candle, Interval, PublicTrade};
use orderbook_core::Timestamp;

use super::messages::Messages;
use crate::api::streams::{PublicStream, Topic, events};
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::Keep;
use crate::marketdata::MarketModel;
use crate::marketdata::intervals::{INTERVALS, candle_at, derived};

/// What has to be told of candles.
#[derive(Debug, Default)]
pub(super) struct Klines {
    /// What has traded since its candles were told.
    traded: BTreeSet<InstrumentId>,
    /// The candles of derived intervals that anything traded in, by their ends. Nobody else says that
    /// they are over.
    open: BTreeSet<(Timestamp, InstrumentId, Interval)>,
    /// Until when trades of an instrument are in candles that are known to be open.
    noted: BTreeMap<InstrumentId, Timestamp>,
}

impl Klines {
    /// Takes note of a trade.
    pub(super) fn traded(&mut self, instrument: InstrumentId, trade: &PublicTrade) {
        self.traded.insert(instrument);
        let noted = self.noted.entry(instrument).or_default();
        if trade.time < *noted {
            return;
        }
        *noted = Interval::ONE_MINUTE.close_time(trade.time);
        let open = derived().map(|it| (it.close_time(trade.time), instrument, it));
        self.open.extend(open);
    }

    /// Takes note of the candles that are open at a start.
    pub(super) fn resume(
        &mut self,
        instrument: InstrumentId,
        newest: &PublicTrade,
        now: Timestamp,
    ) {
        self.traded(instrument, newest);
        // What ended before the start was told then.
        self.open.retain(|(end, ..)| now < *end);
    }

    /// Adds the candles that ended by now, but for those whose end is an event by itself.
    pub(super) fn tell_ended(
        &mut self,
        model: &MarketModel,
        symbols: &Symbols,
        now: Timestamp,
        messages: &mut Messages,
    ) {
        while let Some((end, instrument, interval)) = self.open.first().copied()
            && end <= now
        {
            self.open.pop_first();
            let known = symbols.get(instrument).zip(model.market(instrument));
            let Some((symbol, market)) = known else {
                continue;
            };
            let last_moment = Timestamp::new(end.get() - 1);
            if let Some(candle) = candle_at(market, interval, last_moment) {
                tell_end(&candle, interval, symbol, now, messages);
            }
        }
    }

    /// Adds the open candles that changed since the last time.
    pub(super) fn tell_open(
        &mut self,
        model: &MarketModel,
        symbols: &Symbols,
        now: Timestamp,
        messages: &mut Messages,
    ) {
        for instrument in std::mem::take(&mut self.traded) {
            if let Some(symbol) = symbols.get(instrument) {
                for interval in INTERVALS {
                    tell_now(interval, model, symbol, now, messages);
                }
            }
        }
    }
}

/// Adds the candle of the present, if anything traded in it.
pub(super) fn tell_now(
    interval: Interval,
    model: &MarketModel,
    symbol: &Symbol,
    now: Timestamp,
    messages: &mut Messages,
) {
    let stream = PublicStream::One(symbol.id, Topic::Kline(interval));
    if !messages.are_wanted(stream) {
        return;
    }
    let market = model.market(symbol.id);
    if let Some(candle) = market.and_then(|market| candle_at(market, interval, now)) {
        messages.add(stream, || {
            events::kline(&candle, interval, false, now, symbol)
        });
    }
}

/// Adds a candle that is over. Said once: who subscribes later would take it for news.
pub(super) fn tell_end(
    candle: &Candle,
    interval: Interval,
    symbol: &Symbol,
    now: Timestamp,
    messages: &mut Messages,
) {
    let stream = PublicStream::One(symbol.id, Topic::Kline(interval));
    messages.add_as(stream, Keep::Forget, || {
        events::kline(candle, interval, true, now, symbol)
    });
}
