//! Candles, tickers, depth and tape of every instrument: a fold over the events of the exchange.

use std::collections::BTreeMap;

use exchange_engine::{Event, InstrumentId};
use marketdata_core::{DepthError, Limits, MarketData, MarketEvent};
use orderbook_core::Timestamp;

use crate::bus::Outcome;
use crate::config::Memory;

/// The market data of all instruments.
#[derive(Debug)]
pub(crate) struct MarketModel {
    limits: Limits,
    markets: BTreeMap<InstrumentId, MarketData>,
}

impl MarketModel {
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            limits: Limits {
                candles: memory.candles,
                trades: memory.trades,
            },
            markets: BTreeMap::new(),
        }
    }

    /// Folds an outcome and appends what it changed in which market.
    pub(crate) fn apply(
        &mut self,
        outcome: &Outcome,
        changes: &mut Vec<(InstrumentId, MarketEvent)>,
    ) -> Result<(), DepthError> {
        let mut market_events = Vec::new();
        for event in &outcome.events {
            if let Event::InstrumentListed { instrument } = event {
                self.markets
                    .insert(*instrument, MarketData::new(self.limits));
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

    pub(crate) fn market(&self, instrument: InstrumentId) -> Option<&MarketData> {
        self.markets.get(&instrument)
    }
}
