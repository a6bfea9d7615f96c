//! Positions as somebody kept them, to go on from.

use alloc::vec::Vec;

use super::{Listing, Positions};
use crate::{AccountId, AssetId, CostMethod, Delta, InstrumentId, Mark, Position, StoredPosition};

/// [`Positions`] as plain data. Two with equal data are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredPositions {
    /// How accounts count costs that have not chosen.
    pub method: CostMethod,
    /// What accounts have chosen, by ascending account.
    pub chosen: Vec<(AccountId, CostMethod)>,
    /// By ascending instrument.
    pub listings: Vec<StoredListing>,
    /// What is owned, by ascending asset and then account; nothing is zero.
    pub owned: Vec<(AssetId, AccountId, Delta)>,
    /// By ascending account and then instrument.
    pub positions: Vec<(AccountId, InstrumentId, StoredPosition)>,
}

/// An instrument of [`StoredPositions`] and its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredListing {
    /// Which one.
    pub instrument: InstrumentId,
    /// What is traded.
    pub base: AssetId,
    /// What it is paid with.
    pub quote: AssetId,
    /// The mark with which it was listed.
    pub listed: Option<Mark>,
    /// The price of its last trade.
    pub traded: Option<Mark>,
    /// The mark that was set.
    pub set: Option<Mark>,
}

/// No events lead to what was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no events lead to such positions")]
pub struct ImpossiblePositions;

impl Positions {
    /// What it takes to [go on](Self::restore) from here. O(positions + balances + open lots).
    pub fn stored(&self) -> StoredPositions {
        let listing = |(instrument, listing): (InstrumentId, &Listing)| StoredListing {
            instrument,
            base: listing.base,
            quote: listing.quote,
            listed: listing.listed,
            traded: listing.traded,
            set: listing.set,
        };
        let owned = self.owned.iter();
        let positions = self.iter();
        StoredPositions {
            method: self.method,
            chosen: self.chosen.iter().map(|(of, how)| (*of, *how)).collect(),
            listings: self.listings.iter().map(listing).collect(),
            owned: owned
                .map(|((asset, account), owned)| (*asset, *account, Delta::new(*owned)))
                .collect(),
            positions: positions
                .map(|(account, instrument, position)| (account, instrument, position.stored()))
                .collect(),
        }
    }

    /// Positions that go on from what was stored.
    ///
    /// # Errors
    ///
    /// [`ImpossiblePositions`] where no events lead to it.
    pub fn restore(stored: &StoredPositions) -> Result<Self, ImpossiblePositions> {
        let mut restored = Self::new(stored.method);
        restored.chosen.extend(stored.chosen.iter().copied());
        for listing in &stored.listings {
            let &StoredListing {
                instrument,
                base,
                quote,
                listed,
                traded,
                set,
            } = listing;
            restored.by_base.insert((base, instrument));
            let listing = Listing {
                base,
                quote,
                listed,
                traded,
                set,
            };
            restored.listings.insert(instrument, listing);
        }
        for &(asset, account, owned) in &stored.owned {
            restored.owned.insert((asset, account), owned.get());
        }
        for (account, instrument, position) in &stored.positions {
            let position = Position::restore(position).ok_or(ImpossiblePositions)?;
            restored.positions.insert((*account, *instrument), position);
        }
        // Unsorted lists and duplicates do not survive the way there and back.
        if !restored.is_possible() || restored.stored() != *stored {
            return Err(ImpossiblePositions);
        }
        Ok(restored)
    }

    /// Whether positions are what is owned, and counted as their owners want.
    fn is_possible(&self) -> bool {
        let mut positions = self.iter();
        let of_listed = positions.all(|(account, instrument, position)| {
            let listing = self.listings.get(instrument);
            let owned = listing.map(|listing| self.owned(account, listing.base));
            owned == Some(position.quantity()) && position.method() == self.method(account)
        });
        let mut owned = self.owned.iter();
        let all_there = owned.all(|(&(asset, account), owned)| {
            let mut instruments = self.instruments_of(asset);
            *owned != 0 && instruments.all(|it| self.get(account, it).is_some())
        });
        let mut listings = self.listings.values();
        of_listed && all_there && listings.all(|listing| listing.base != listing.quote)
    }
}
