//! What accounts have of each instrument, what that has cost and earned, and how much they have
//! traded: a fold over the events of the exchange.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{
    Amount, AssetId, Event as LedgerEvent, FeeTier, ImpossiblePositions, Position, PositionEvent,
    Positions, StoredPositions, TradedVolume,
};
use exchange_engine::{Event, InstrumentId};
use orderbook_core::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::symbols::Symbol;
use crate::bus::Outcome;

type Volumes = BTreeMap<AccountId, BTreeMap<AssetId, TradedVolume>>;

/// The positions and traded volumes of all accounts. Costs are averaged.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PositionModel {
    positions: Positions,
    /// By quote asset.
    volumes: Volumes,
    /// Whose numbers have become larger than can be counted. They are not told, rather than wrong.
    uncounted: BTreeSet<AccountId>,
}

/// What a [`PositionModel`] says. Equal models give equal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredPositionModel {
    positions: StoredPositions,
    volumes: Volumes,
    uncounted: BTreeSet<AccountId>,
}

/// A position, and what it is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) instrument: InstrumentId,
    pub(crate) base: AssetId,
    pub(crate) quote: AssetId,
    pub(crate) position: &'a Position,
}

impl PositionModel {
    pub(crate) fn apply(&mut self, outcome: &Outcome) {
        for event in &outcome.events {
            if let Some(event) = event.of_positions()
                && let Err(reject) = self.positions.apply(&event)
            {
                tracing::error!(%reject, ?event, "positions are not told any more");
                self.uncounted.extend(accounts_of(&event));
            }
            match *event {
                Event::Traded {
                    instrument,
                    ref trade,
                    quote_amount,
                    ..
                } if trade.maker_account != trade.taker_account => {
                    let day = TradedVolume::day(outcome.time);
                    for account in [trade.maker_account, trade.taker_account] {
                        self.count(account, instrument, day, quote_amount);
                    }
                }
                Event::Ledger(LedgerEvent::AccountClosed { account }) => {
                    self.volumes.remove(&account);
                }
                _ => {}
            }
        }
    }

    fn count(&mut self, account: AccountId, instrument: InstrumentId, day: u32, amount: Amount) {
        if let Some((_, quote)) = self.positions.pair(instrument) {
            let volumes = self.volumes.entry(account).or_default();
            volumes.entry(quote).or_default().add(day, amount);
        }
    }

    /// All positions that an account has or had, by ascending instrument; `None` where they are larger
    /// than can be counted.
    pub(crate) fn of(&self, account: AccountId) -> Option<impl Iterator<Item = Held<'_>>> {
        let positions = self.positions.of(account);
        let held = positions.filter_map(|(instrument, position)| {
            let (base, quote) = self.positions.pair(instrument)?;
            Some(Held {
                instrument,
                base,
                quote,
                position,
            })
        });
        (!self.uncounted.contains(&account)).then_some(held)
    }

    /// What an account has traded for a quote asset in the thirty days before today.
    pub(crate) fn volume(&self, account: AccountId, quote: AssetId, now: Timestamp) -> Amount {
        let volume = self.volumes.get(&account);
        let volume = volume.and_then(|volumes| volumes.get(&quote));
        volume.map_or(Amount::ZERO, |volume| volume.before(TradedVolume::day(now)))
    }

    /// What trades of an account in an instrument cost today.
    pub(crate) fn tier(&self, account: AccountId, symbol: &Symbol, now: Timestamp) -> FeeTier {
        let volume = self.volume(account, symbol.quote.id, now);
        *symbol.fees.tier(volume)
    }

    /// What it takes to [go on](Self::restore) from here. O(positions + balances + volumes).
    pub(crate) fn stored(&self) -> StoredPositionModel {
        StoredPositionModel {
            positions: self.positions.stored(),
            volumes: self.volumes.clone(),
            uncounted: self.uncounted.clone(),
        }
    }

    /// A model that goes on from what was stored.
    ///
    /// # Errors
    ///
    /// [`ImpossiblePositions`] where no fold over events leads to it.
    pub(crate) fn restore(stored: StoredPositionModel) -> Result<Self, ImpossiblePositions> {
        let mut volumes = stored.volumes.values().flat_map(BTreeMap::values);
        if !volumes.all(TradedVolume::is_possible) {
            return Err(ImpossiblePositions);
        }
        Ok(Self {
            positions: Positions::restore(&stored.positions)?,
            volumes: stored.volumes,
            uncounted: stored.uncounted,
        })
    }
}

/// Whom an event is about.
fn accounts_of(event: &PositionEvent) -> impl Iterator<Item = AccountId> {
    let accounts = match *event {
        PositionEvent::Traded(trade) => [Some(trade.buyer), Some(trade.seller), trade.fee_account],
        PositionEvent::Deposited { account, .. }
        | PositionEvent::Withdrawn { account, .. }
        | PositionEvent::MethodChosen { account, .. } => [Some(account), None, None],
        PositionEvent::Listed { .. } | PositionEvent::Marked { .. } => [None; 3],
    };
    accounts.into_iter().flatten()
}
