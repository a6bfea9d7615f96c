//! Candles, tickers, depth and tape of every instrument: a fold over the events of the exchange.

use std::collections::{BTreeMap, BTreeSet};

use exchange_engine::{Event, InstrumentId, Scope};
use marketdata_core::{MarketData, MarketError, MarketEvent, Settings, StoredMarket, Window};
use orderbook_core::{Timestamp, TradeId};
use serde::{Deserialize, Serialize};

use super::aggregates::Aggregates;
use crate::bus::Outcome;
use crate::config::Memory;

/// The five minutes of the average price.
pub(crate) const FIVE_MINUTES: Window = match Window::of_micros(300_000_000) {
    Ok(window) => window,
    Err(_) => unreachable!(),
};

/// How far tickers look back.
const WINDOWS: [Window; 2] = [Window::ONE_DAY, FIVE_MINUTES];

/// The market data of all instruments.
#[derive(Debug)]
pub(crate) struct MarketModel {
    settings: Settings,
    /// Of those that are listed.
    markets: BTreeMap<InstrumentId, Market>,
    halted: bool,
    halted_instruments: BTreeSet<InstrumentId>,
}

/// The market data of one instrument.
#[derive(Debug)]
struct Market {
    data: MarketData,
    aggregates: Aggregates,
}

impl Market {
    fn new(data: MarketData, settings: &Settings) -> Self {
        let newest = data.last_trade().map(|trade| trade.id);
        Self {
            data,
            aggregates: Aggregates::after(newest.unwrap_or(TradeId::new(0)), settings.trades),
        }
    }

    /// Takes note of what changed, and passes it on.
    fn note(
        &mut self,
        instrument: InstrumentId,
        market_events: &mut Vec<MarketEvent>,
        changes: &mut Vec<(InstrumentId, MarketEvent)>,
    ) {
        for event in market_events.drain(..) {
            if let MarketEvent::Aggregated(aggregate) = event {
                self.aggregates.push(aggregate);
            }
            changes.push((instrument, event));
        }
    }
}

/// What a [`MarketModel`] keeps. Equal models give equal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredMarkets {
    /// By ascending instrument.
    markets: Vec<(InstrumentId, StoredMarket)>,
    halted: bool,
    halted_instruments: BTreeSet<InstrumentId>,
}

impl MarketModel {
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            settings: Settings {
                candles: memory.candles,
                trades: memory.trades,
                window_trades: memory.ticker_trades,
                windows: WINDOWS.to_vec(),
                ..Settings::default()
            },
            markets: BTreeMap::new(),
            halted: false,
            halted_instruments: BTreeSet::new(),
        }
    }

    /// Folds an outcome and appends what it changed in which market.
    pub(crate) fn apply(
        &mut self,
        outcome: &Outcome,
        changes: &mut Vec<(InstrumentId, MarketEvent)>,
    ) -> Result<(), MarketError> {
        let mut market_events = Vec::new();
        let mut traded = BTreeSet::new();
        for event in &outcome.events {
            match *event {
                Event::InstrumentListed { instrument, .. } => {
                    let data = MarketData::new(&self.settings);
                    let market = Market::new(data, &self.settings);
                    self.markets.insert(instrument, market);
                }
                Event::InstrumentDelisted { instrument } => {
                    self.markets.remove(&instrument);
                    self.halted_instruments.remove(&instrument);
                }
                Event::Halted { scope } => self.halt(scope, true),
                Event::Resumed { scope } => self.halt(scope, false),
                _ => {}
            }
            // Money and order names are nothing the public sees.
            if let Some((instrument, event)) = event.of_book()
                && let Some(market) = self.markets.get_mut(&instrument)
            {
                market
                    .data
                    .apply(outcome.time, &event, &mut market_events)?;
                if market_events
                    .iter()
                    .any(|event| matches!(event, MarketEvent::Traded(_)))
                {
                    traded.insert(instrument);
                }
                market.note(instrument, &mut market_events, changes);
            }
        }
        for instrument in traded {
            if let Some(market) = self.markets.get_mut(&instrument) {
                market.data.end_command(&mut market_events);
                market.note(instrument, &mut market_events, changes);
            }
        }
        Ok(())
    }

    fn halt(&mut self, scope: Scope, halted: bool) {
        match scope {
            Scope::Venue => self.halted = halted,
            Scope::Instrument(instrument) if halted => {
                self.halted_instruments.insert(instrument);
            }
            Scope::Instrument(instrument) => {
                self.halted_instruments.remove(&instrument);
            }
            // That is nobody else's business.
            Scope::Account(_) => {}
        }
    }

    /// Lets time pass without an event: candles close, tickers forget.
    pub(crate) fn advance(
        &mut self,
        now: Timestamp,
        changes: &mut Vec<(InstrumentId, MarketEvent)>,
    ) {
        let mut market_events = Vec::new();
        for (instrument, market) in &mut self.markets {
            market.data.advance(now, &mut market_events);
            market.note(*instrument, &mut market_events, changes);
        }
    }

    /// What it takes to [go on](Self::restore) from here. O(trades + candles + levels).
    pub(crate) fn stored(&self) -> StoredMarkets {
        let markets = self.markets.iter();
        StoredMarkets {
            markets: markets
                .map(|(id, market)| (*id, market.data.stored()))
                .collect(),
            halted: self.halted,
            halted_instruments: self.halted_instruments.clone(),
        }
    }

    /// A model that goes on from what was stored. Where less is to be kept than was then, the oldest
    /// goes; where more is, what is missing is still said to be.
    ///
    /// # Errors
    ///
    /// A [`MarketError`] where no fold over events leads to what was stored.
    pub(crate) fn restore(memory: &Memory, stored: StoredMarkets) -> Result<Self, MarketError> {
        let mut model = Self::new(memory);
        for (instrument, market) in stored.markets {
            let data = MarketData::restore(&model.settings, market)?;
            let market = Market::new(data, &model.settings);
            model.markets.insert(instrument, market);
        }
        model.halted = stored.halted;
        model.halted_instruments = stored.halted_instruments;
        Ok(model)
    }

    /// The market data of an instrument that is listed.
    pub(crate) fn market(&self, instrument: InstrumentId) -> Option<&MarketData> {
        Some(&self.markets.get(&instrument)?.data)
    }

    /// The newest aggregate trades of an instrument that is listed.
    pub(super) fn aggregates(&self, instrument: InstrumentId) -> Option<&Aggregates> {
        Some(&self.markets.get(&instrument)?.aggregates)
    }

    /// Whether orders are not taken there at the moment.
    pub(crate) fn is_halted(&self, instrument: InstrumentId) -> bool {
        self.halted || self.halted_instruments.contains(&instrument)
    }
}

#[cfg(test)]
mod tests {
    use accounts_core::AssetId;

    use super::*;

    const BTC: InstrumentId = InstrumentId::new(1);
    const ETH: InstrumentId = InstrumentId::new(2);

    #[test]
    fn halts_are_followed_until_they_end() {
        let instrument = Scope::Instrument(BTC);
        let mut model = MarketModel::new(&Memory::default());
        let mut halted = |event| {
            let outcome = Outcome {
                time: Timestamp::default(),
                result: Ok(()),
                events: vec![event],
            };
            let applied = model.apply(&outcome, &mut Vec::new());
            applied.expect("there is no depth in it");
            let halted = |model: &MarketModel| (model.is_halted(BTC), model.is_halted(ETH));
            let restored = MarketModel::restore(&Memory::default(), model.stored());
            assert_eq!(restored.as_ref().map(halted), Ok(halted(&model)));
            halted(&model)
        };
        for instrument in [BTC, ETH] {
            let (base, quote) = (AssetId::new(1), AssetId::new(2));
            let listed = halted(Event::InstrumentListed {
                instrument,
                base,
                quote,
            });
            assert_eq!(listed, (false, false));
        }
        assert_eq!(halted(Event::Halted { scope: instrument }), (true, false));
        let venue = Scope::Venue;
        assert_eq!(halted(Event::Halted { scope: venue }), (true, true));
        assert_eq!(halted(Event::Resumed { scope: venue }), (true, false));
        let account = Scope::Account(orderbook_core::AccountId::new(1));
        assert_eq!(halted(Event::Halted { scope: account }), (true, false));
        assert_eq!(halted(Event::Resumed { scope: instrument }), (false, false));
        let delisted = halted(Event::InstrumentDelisted { instrument: ETH });
        assert_eq!(delisted, (false, false));
        assert!(model.market(BTC).is_some());
        assert!(model.market(ETH).is_none());
    }
}
