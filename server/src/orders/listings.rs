//! Every instrument that was ever listed: a fold over the log.
//!
//! An exchange forgets the name of what it lists no more, but a configuration may still have it.

use std::collections::BTreeMap;

use exchange_engine::{Command, InstrumentId};

use crate::bus::Batch;
use crate::log::Frame;

/// The instruments that were ever listed, and what they were called.
#[derive(Debug, Default)]
pub(crate) struct Listings(BTreeMap<InstrumentId, String>);

impl Listings {
    /// Folds a frame and what became of it.
    pub(super) fn apply(&mut self, frame: &Frame, batch: &Batch) {
        for (input, outcome) in frame.inputs.iter().zip(&batch.outcomes) {
            if let Command::ListInstrument(listing) = &input.command
                && outcome.result.is_ok()
            {
                self.0
                    .insert(listing.id, listing.instrument.symbol().into());
            }
        }
    }

    /// An id that no instrument has ever had, nor any after it.
    pub(crate) fn next_id(&self) -> InstrumentId {
        let last = self.0.last_key_value();
        InstrumentId::new(last.map_or(0, |(id, _)| id.get().saturating_add(1)))
    }

    /// Whether an instrument ever had this name.
    pub(crate) fn has_listed(&self, symbol: &str) -> bool {
        self.0.values().any(|listed| listed == symbol)
    }
}
