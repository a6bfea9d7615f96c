//! What is told to all: frames with what became of them, and what can be folded from that alone.

use std::collections::BTreeMap;
use std::rc::Rc;

use exchange_engine::frame::Frame;
use exchange_engine::{Event, Exchange, Input, InstrumentId, Reject};
use marketdata_core::{MarketData, Settings};

use crate::exchange_auditor::ExchangeAuditor;

/// What became of one input.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: Result<(), Reject>,
    pub(super) events: Vec<Event>,
}

/// A frame and what became of it, as it is told to all.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) frame: Frame,
    pub(super) outcomes: Vec<Outcome>,
}

impl Packet {
    /// The inputs and what became of them.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&Input, &Outcome)> {
        self.frame.inputs.iter().zip(&self.outcomes)
    }
}

/// Carries out a frame.
pub(super) fn carry_out(
    exchange: &mut Exchange,
    frame: Frame,
    mut seen: impl FnMut(&Input, &Outcome),
) -> Rc<Packet> {
    let mut outcomes = Vec::with_capacity(frame.inputs.len());
    for input in &frame.inputs {
        let mut events = Vec::new();
        let result = exchange.apply(input, &mut events);
        let outcome = Outcome { result, events };
        seen(input, &outcome);
        outcomes.push(outcome);
    }
    Rc::new(Packet { frame, outcomes })
}

/// What is folded from the feed alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folds {
    pub(super) auditor: ExchangeAuditor,
    markets: BTreeMap<InstrumentId, MarketData>,
}

impl Folds {
    pub(super) fn apply(&mut self, input: &Input, outcome: &Outcome) {
        if let Err(what) = self.auditor.fold(&outcome.events) {
            panic!("the events of {input:?} do not add up (I3, I7): {what}");
        }
        let mut changes = Vec::new();
        for event in &outcome.events {
            match *event {
                Event::InstrumentListed { instrument, .. } => {
                    let market = MarketData::new(&Settings {
                        candles: 20,
                        trades: 20,
                        window_trades: 200,
                        ..Settings::default()
                    });
                    self.markets.insert(instrument, market);
                }
                Event::InstrumentDelisted { instrument } => {
                    self.markets.remove(&instrument);
                }
                _ => {}
            }
            if let Some((instrument, event)) = event.of_book()
                && let Some(market) = self.markets.get_mut(&instrument)
                && let Err(error) = market.apply(input.time, &event, &mut changes)
            {
                panic!("market data does not take {event:?} of {input:?}: {error}");
            }
        }
    }
}
