//! What a log leads to.

use std::rc::Rc;

use accounts_core::Positions;
use exchange_engine::Exchange;
use exchange_engine::frame::{Chain, Frame};

use super::feed::{Folds, Packet, carry_out};

/// What the frames up to one of them have led to.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) exchange: Exchange,
    pub(super) folds: Folds,
    pub(super) positions: Positions,
    /// Up to which frame.
    pub(super) chain: Chain,
}

impl State {
    /// Carries out a frame, up to which the log is `chain`.
    pub(super) fn apply(&mut self, frame: Frame, chain: Chain) -> Rc<Packet> {
        let (folds, positions) = (&mut self.folds, &mut self.positions);
        let packet = carry_out(&mut self.exchange, frame, |input, outcome| {
            folds.apply(input, outcome);
            for event in &outcome.events {
                if let Some(event) = event.of_positions() {
                    // What does not fit is refused the same way every time.
                    let _ = positions.apply(&event);
                }
            }
        });
        self.chain = chain;
        packet
    }

    /// The number of the newest frame.
    pub(super) const fn frame(&self) -> u64 {
        self.chain.number()
    }

    /// The number of the newest input.
    pub(super) const fn seq(&self) -> u64 {
        self.chain.last_seq()
    }
}
