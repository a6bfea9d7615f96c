//! Every instrument that was ever listed: a fold over the log.
//!
//! An exchange forgets the name of what it lists no more, but a configuration may still have it.

use std::collections::BTreeMap;

use exchange_engine::{Command, InstrumentId};
use serde::{Deserialize, Serialize};

use crate::bus::Batch;
use crate::log::Frame;

/// The instruments that were ever listed, and what they were called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listings(BTreeMap<InstrumentId, String>);

impl Listings {
    /// Folds a frame and what became of it.
    pub(crate) fn apply(&mut self, frame: &Frame, batch: &Batch) {
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

    /// Whether several instruments have had this name, one after the other.
    pub(crate) fn has_listed_again(&self, symbol: &str) -> bool {
        let mut of_that_name = self.0.values().filter(|listed| *listed == symbol);
        of_that_name.nth(1).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_is_known_after_being_stored() {
        let listed = [(3, "BTCUSDT"), (5, "ETHUSDT"), (7, "ETHUSDT")];
        let listed = listed.map(|(id, symbol)| (InstrumentId::new(id), symbol.into()));
        let listings = Listings(listed.into());
        let stored = postcard::to_stdvec(&listings).expect("plain data");
        let restored: Listings = postcard::from_bytes(&stored).expect("what was encoded");
        assert_eq!(restored, listings);
        assert_eq!(restored.next_id(), InstrumentId::new(8));
        assert!(restored.has_listed("BTCUSDT") && !restored.has_listed_again("BTCUSDT"));
        assert!(restored.has_listed_again("ETHUSDT"));
    }
}
