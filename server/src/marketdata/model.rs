//! Candles, tickers, depth and tape of every instrument: a fold over the events of the exchange.

use std::collections::{BTreeMap, BTreeSet};

use exchange_engine::{Event, InstrumentId, Scope};
use marketdata_core::{MarketData, MarketError, MarketEvent, Settings, StoredMarket};
use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bus::Outcome;
use crate::config::Memory;

/// The market data of all instruments.
#[derive(Debug)]
pub(crate) struct MarketModel {
    settings: Settings,
    /// Of those that are listed.
    markets: BTreeMap<InstrumentId, MarketData>,
    halted: bool,
    halted_instruments: BTreeSet<InstrumentId>,
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
        for event in &outcome.events {
            match *event {
                Event::InstrumentListed { instrument } => {
                    self.markets
                        .insert(instrument, MarketData::new(&self.settings));
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
                market.apply(outcome.time, &event, &mut market_events)?;
                changes.extend(market_events.drain(..).map(|event| (instrument, event)));
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
            market.advance(now, &mut market_events);
            changes.extend(market_events.drain(..).map(|event| (*instrument, event)));
        }
    }

    /// What it takes to [go on](Self::restore) from here. O(trades + candles + levels).
    pub(crate) fn stored(&self) -> StoredMarkets {
        let markets = self.markets.iter();
        StoredMarkets {
            markets: markets.map(|(id, market)| (*id, market.stored())).collect(),
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
            let market = MarketData::restore(&model.settings, market)?;
            model.markets.insert(instrument, market);
        }
        model.halted = stored.halted;
        model.halted_instruments = stored.halted_instruments;
        Ok(model)
    }

    /// The market data of an instrument that is listed.
    pub(crate) fn market(&self, instrument: InstrumentId) -> Option<&MarketData> {
        self.markets.get(&instrument)
    }

    /// Whether orders are not taken there at the moment.
    pub(crate) fn is_halted(&self, instrument: InstrumentId) -> bool {
        self.halted || self.halted_instruments.contains(&instrument)
    }
}

#[cfg(test)]
mod tests {
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
            let listed = halted(Event::InstrumentListed { instrument });
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
