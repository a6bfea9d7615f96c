//! Places in front of the sequencer: how many commands may be on their way, and which of them are
//! let in while there is little room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use exchange_engine::Command;

use super::sequencer::SubmitError;

/// A bounded number of places. A quarter is kept for commands that [only relieve](relieves): whoever
/// wants out must not be kept in by the crowd that wants in. Clones share the places.
#[derive(Debug, Clone)]
pub(super) struct Places {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<AtomicUsize>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most,
        }
    }

    /// A place for a command.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Overloaded`] where there is none left for such a command.
    pub(super) fn take(&self, command: &Command) -> Result<Place, SubmitError> {
        let most = if relieves(command) {
            self.most
        } else {
            self.most - self.most / 4
        };
        // The count guards nothing but itself.
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < most).then_some(taken + 1)
            })
            .map_err(|_| SubmitError::Overloaded)?;
        Ok(Place {
            taken: Arc::clone(&self.taken),
        })
    }

    /// How many are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a command only relieves: it ends or shrinks what is open, or restrains what may be taken
/// on, and takes nothing on itself. These get through while all others are refused for want of
/// places, because a trader who cannot cancel, or an operator who cannot halt, is worse off with each
/// second. What may just as well be sent later is not among them, however harmless it is.
const fn relieves(command: &Command) -> bool {
    match command {
        Command::Cancel { .. }
        | Command::CancelAll { .. }
        | Command::CancelAs { .. }
        | Command::CancelAllAs { .. }
        | Command::Reduce { .. }
        | Command::AdvanceTime
        | Command::Halt { .. }
        | Command::DelistInstrument { .. }
        | Command::LimitInstrument { .. }
        | Command::LimitAccount { .. }
        | Command::LimitAccountIn { .. } => true,
        // An amended or replaced order may be larger, or trade at once.
        Command::Place { .. }
        | Command::Replace { .. }
        | Command::Amend { .. }
        | Command::Resume { .. }
        | Command::AddAsset { .. }
        | Command::ListInstrument(_)
        | Command::SetFees { .. }
        | Command::OpenAccount { .. }
        | Command::CloseAccount { .. }
        | Command::Deposit { .. }
        | Command::Withdraw { .. }
        | Command::ChooseFeeAsset { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use exchange_engine::{InstrumentId, OrderRef, Scope};
    use orderbook_core::{AccountId, OrderId, Price, Quantity};

    use super::*;

    const ACCOUNT: AccountId = AccountId::new(1);
    const INSTRUMENT: InstrumentId = InstrumentId::new(1);
    const ORDER: OrderRef = OrderRef::Id(OrderId::new(1));

    fn cancel() -> Command {
        Command::CancelAll {
            account: ACCOUNT,
            instrument: INSTRUMENT,
        }
    }

    fn enter() -> Command {
        Command::OpenAccount { account: ACCOUNT }
    }

    #[test]
    fn the_last_quarter_is_for_those_who_want_out() {
        let places = Places::new(8);
        let mut taken: Vec<_> = (0..6).map(|_| places.take(&enter())).collect();
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(places.take(&enter()).err(), Some(SubmitError::Overloaded));
        taken.extend((0..2).map(|_| places.take(&cancel())));
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(places.take(&cancel()).err(), Some(SubmitError::Overloaded));
        // A place that is free again may be one that is kept.
        drop(taken.pop());
        assert!(places.take(&enter()).is_err());
        drop(taken.drain(..2));
        assert!(places.take(&enter()).is_ok());
    }

    #[test]
    fn what_ends_shrinks_or_restrains_relieves() {
        let (account, instrument, order) = (ACCOUNT, INSTRUMENT, ORDER);
        let scope = Scope::Venue;
        let quantity = Quantity::new(1);
        let name = "away".parse().expect("a legal name");
        let out = [
            cancel(),
            Command::Cancel {
                account,
                instrument,
                order,
            },
            Command::CancelAs {
                account,
                instrument,
                order,
                name,
            },
            Command::CancelAllAs {
                account,
                instrument,
                name,
            },
            Command::Reduce {
                account,
                instrument,
                order,
                by: quantity,
            },
            Command::Halt {
                scope,
                cancel_orders: false,
            },
        ];
        let amend = Command::Amend {
            account,
            instrument,
            order,
            quantity,
            price: Price::new(1),
        };
        assert!(out.iter().all(relieves));
        for command in [enter(), amend, Command::Resume { scope }] {
            assert!(!relieves(&command), "{command:?}");
        }
    }
}
