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

#[cfg(test)]
mod tests {
    use accounts_core::{Amount, AssetId, FeeSchedule};
    use exchange_engine::{Command, Exchange, Input, Listing};
    use marketdata_core::MarketEvent;
    use orderbook_core::{
        AccountId, Instrument, OrderKind, Price, Quantity, Side, Step, TimeInForce,
    };
    use serde_json::Value;

    use super::super::Audience;
    use super::*;
    use crate::bus::Outcome;
    use crate::config::Memory;

    const MINUTE: u64 = 60_000_000;
    const BTCUSD: InstrumentId = InstrumentId::new(0);

    /// An exchange, its market data, and what is told of candles.
    struct Market {
        exchange: Exchange,
        model: MarketModel,
        klines: Klines,
    }

    impl Market {
        fn new(memory: &Memory) -> Self {
            let (base, quote) = (AssetId::new(0), AssetId::new(1));
            let step = |scale| Step::new(1, scale).expect("a valid step");
            let instrument = Instrument::new("BTCUSD", step(2), step(1))
                .and_then(|it| it.with_price_limits(Price::new(1), Price::new(100_000)))
                .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)));
            let mut market = Self {
                exchange: Exchange::new(),
                model: MarketModel::new(memory),
                klines: Klines::default(),
            };
            for (asset, code) in [(base, "BTC"), (quote, "USD")] {
                let (code, decimals) = (code.into(), 3);
                let add = Command::AddAsset {
                    asset,
                    code,
                    decimals,
                };
                market.apply(0, add);
            }
            let listing = Listing {
                id: BTCUSD,
                instrument: instrument.expect("a valid instrument"),
                base,
                quote,
                fees: FeeSchedule::default(),
            };
            market.apply(0, Command::ListInstrument(listing));
            let account = AccountId::new(1);
            market.apply(0, Command::OpenAccount { account });
            for asset in [base, quote] {
                let amount = Amount::new(1_000_000_000);
                let deposit = Command::Deposit {
                    account,
                    asset,
                    amount,
                };
                market.apply(0, deposit);
            }
            market
        }

        fn apply(&mut self, time: u64, command: Command) {
            let time = Timestamp::new(time);
            let mut events = Vec::new();
            let input = Input { time, command };
            let result = self.exchange.apply(&input, &mut events);
            assert_eq!(result, Ok(()));
            let outcome = Outcome {
                time,
                result,
                events,
            };
            let mut changes = Vec::new();
            let applied = self.model.apply(&outcome, &mut changes);
            applied.expect("events of a book");
            for (instrument, change) in changes {
                if let MarketEvent::Traded(trade) = change {
                    self.klines.traded(instrument, &trade);
                }
            }
        }

        /// Somebody trades with himself.
        fn trade(&mut self, time: u64, price: i64, quantity: u64) {
            for side in [Side::Sell, Side::Buy] {
                let place = Command::Place {
                    account: AccountId::new(1),
                    instrument: BTCUSD,
                    client_order_id: None,
                    side,
                    quantity: Quantity::new(quantity),
                    kind: OrderKind::Limit {
                        price: Price::new(price),
                        time_in_force: TimeInForce::GTC,
                    },
                    self_trade: None,
                };
                self.apply(time, place);
            }
        }

        /// Which candles are told to have ended by then: interval, number of trades, last price.
        fn ended(&mut self, now: u64) -> Vec<String> {
            let symbols = Symbols::new(&self.exchange);
            let mut messages = Messages::new(&symbols, Audience::Everybody);
            let now = Timestamp::new(now);
            self.model.advance(now, &mut Vec::new());
            self.klines
                .tell_ended(&self.model, &symbols, now, &mut messages);
            let told = messages.take().into_iter().map(|message| {
                assert_eq!(message.keep, Keep::Forget);
                let event: Value = serde_json::from_str(&message.text).expect("an event");
                let candle = &event["k"];
                assert_eq!(candle["x"], true);
                let interval = candle["i"].as_str().expect("a text");
                assert_eq!(&*message.name, format!("btcusd@kline_{interval}"));
                format!("{interval} {} {}", candle["n"], candle["c"])
            });
            told.collect()
        }
    }

    #[test]
    fn derived_candles_end_once_whatever_is_quiet_at_their_end() {
        let mut market = Market::new(&Memory::default());
        assert!(market.ended(10 * MINUTE).is_empty());
        market.trade(10 * MINUTE, 500, 1);
        market.trade(11 * MINUTE, 510, 1);
        // The third minute is quiet, and so is the second quarter of an hour.
        assert!(market.ended(12 * MINUTE - 1).is_empty());
        assert_eq!(market.ended(12 * MINUTE), ["3m 2 \"5.10000000\""]);
        assert!(market.ended(12 * MINUTE).is_empty());
        market.trade(31 * MINUTE, 520, 1);
        assert_eq!(market.ended(31 * MINUTE), ["30m 2 \"5.10000000\""]);
        let rest = market.ended(13 * 60 * MINUTE);
        let expected = ["3m 1", "30m 1", "2h 3", "6h 3", "8h 3", "12h 3"];
        let expected = expected.map(|told| format!("{told} \"5.20000000\""));
        assert_eq!(rest, expected);
    }

    /// Nothing is told rather than half of it.
    #[test]
    fn a_candle_of_which_parts_are_forgotten_is_not_told() {
        let mut market = Market::new(&Memory {
            candles: 1,
            ..Memory::default()
        });
        for minute in 0..4 {
            market.trade(minute * MINUTE, 500, 1);
        }
        assert!(market.ended(3 * MINUTE).is_empty());
    }
}
