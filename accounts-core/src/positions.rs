//! The positions of all accounts of an exchange.
//!
//! [`Positions`] is a fold over what an exchange reports: trades, deposits and withdrawals in, one
//! [`Position`] per account and instrument out. What a position is and how it counts is in
//! `position.rs`; who may trade at all, and what balances consist of, is known to the
//! [`Ledger`](crate::Ledger).
//!
//! # Complexity
//!
//! A trade, a deposit or a withdrawal: O(log n) for each instrument whose base is an asset of which a
//! balance changed. Listing an instrument: O(log n) for each account that owns its base. Memory is
//! linear in positions, in balances, and in open lots where they are counted first in, first out.

mod stored;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

pub use self::stored::{ImpossiblePositions, StoredListing, StoredPositions};
use crate::id_map::IdMap;
use crate::position::Draft;
use crate::{
    AccountId, Amount, AssetId, CostMethod, Delta, Fee, InstrumentId, Mark, Position,
    PositionChange, PositionFee, PositionReject,
};

/// Something that happened on an exchange and changes positions, or how they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PositionEvent {
    /// A pair became tradable. Who owns some of its base already has a position from now on.
    Listed {
        /// Its id, not in use yet.
        instrument: InstrumentId,
        /// What is traded.
        base: AssetId,
        /// What it is paid with.
        quote: AssetId,
        /// What it is worth before it has traded, where somebody can tell.
        mark: Option<Mark>,
    },
    /// An account counts costs in another way from now on, in all instruments. What is open stays
    /// open at what it cost.
    MethodChosen {
        /// Which account.
        account: AccountId,
        /// How.
        method: CostMethod,
    },
    /// Transfers are valued at this mark from now on, or with `None` at the last trade again.
    Marked {
        /// Of which instrument.
        instrument: InstrumentId,
        /// The mark.
        mark: Option<Mark>,
    },
    /// Two accounts traded.
    Traded(PositionTrade),
    /// Units came in.
    Deposited {
        /// Who received them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1.
        amount: Amount,
    },
    /// Units went out.
    Withdrawn {
        /// Who gave them.
        account: AccountId,
        /// Units of what.
        asset: AssetId,
        /// How many, at least 1.
        amount: Amount,
    },
}

/// A trade and who took part in it. Buyer and seller may be one account: it has bought first then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PositionTrade {
    /// Where.
    pub instrument: InstrumentId,
    /// Who received base for quote.
    pub buyer: AccountId,
    /// Who received quote for base.
    pub seller: AccountId,
    /// What the buyer received before fees, in smallest units of base, at least 1.
    pub base_amount: Amount,
    /// What the seller received before fees, in smallest units of quote.
    pub quote_amount: Amount,
    /// What the buyer paid, or was paid as a rebate.
    pub buyer_fee: Fee,
    /// What the seller paid, or was paid as a rebate.
    pub seller_fee: Fee,
    /// Who received the fees; `None` where its positions are of no interest.
    pub fee_account: Option<AccountId>,
}

/// The positions of all accounts in all instruments.
///
/// ```
/// use accounts_core::*;
///
/// let (btc, usd, pair) = (AssetId::new(0), AssetId::new(1), InstrumentId::new(7));
/// let (ann, bob) = (AccountId::new(1), AccountId::new(2));
/// let nothing = Fee { asset: usd, amount: Delta::ZERO };
/// let trade = |base_amount, quote_amount| PositionEvent::Traded(PositionTrade {
///     instrument: pair,
///     buyer: ann,
///     seller: bob,
///     base_amount: Amount::new(base_amount),
///     quote_amount: Amount::new(quote_amount),
///     buyer_fee: nothing,
///     seller_fee: nothing,
///     fee_account: None,
/// });
///
/// let mut positions = Positions::new(CostMethod::AverageCost);
/// for event in [
///     PositionEvent::Listed { instrument: pair, base: btc, quote: usd, mark: Mark::new(Amount::new(20), Amount::new(1)) },
///     PositionEvent::Deposited { account: bob, asset: btc, amount: Amount::new(50) },
///     PositionEvent::Deposited { account: ann, asset: usd, amount: Amount::new(1_000) },
///     trade(10, 220), // at 22
///     trade(10, 300), // at 30, and so is what is left
/// ] {
///     positions.apply(&event)?;
/// }
///
/// let of = |account| positions.get(account, pair).unwrap();
/// let mark = positions.mark(pair).unwrap();
/// assert_eq!(of(ann).quantity(), positions.owned(ann, btc));
/// assert_eq!(of(ann).unrealised(mark), Some(Delta::new(80)));
/// // Bob's came in at 20.
/// assert_eq!(of(bob).realised(Fees::Excluded), Delta::new(120));
/// assert_eq!(of(bob).unrealised(mark), Some(Delta::new(300)));
/// # Ok::<(), PositionReject>(())
/// ```
///
/// # Rules
///
/// * **Spot.** The quantity of a position is what the account owns of the base of the instrument, at
///   all times. A trade in the instrument changes it at the price of the trade, its fee in base
///   [included](PositionFee). Whatever else changes that balance enters or leaves the position at the
///   mark of its instrument: a deposit or a withdrawal, a trade in another instrument, a fee paid
///   there or received.
/// * **One base, several instruments.** Their positions are the same units, each seen in its own
///   quote: what they have earned is not to be added up.
/// * **Marks.** The mark is the one that was [set](PositionEvent::Marked), else the price of the last
///   trade, this one included, else the one with which the instrument was listed. Without a mark, or
///   where the value does not fit, what enters or leaves counts as
///   [worth nothing](Position::unvalued).
///   An instrument that is not traded any more keeps its mark and its positions.
/// * **One change.** What a trade changes of one balance outside the positions of the trade is one
///   change: what comes in and goes out again has not moved.
/// * **Refused means untouched.**
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Positions {
    /// Of accounts that have not chosen.
    method: CostMethod,
    chosen: BTreeMap<AccountId, CostMethod>,
    listings: IdMap<InstrumentId, Listing>,
    by_base: BTreeSet<(AssetId, InstrumentId)>,
    /// Balances, so that an instrument that is listed later begins with what there is. By asset
    /// first: that is how they are asked for then.
    owned: BTreeMap<(AssetId, AccountId), i128>,
    positions: BTreeMap<(AccountId, InstrumentId), Position>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listing {
    base: AssetId,
    quote: AssetId,
    listed: Option<Mark>,
    traded: Option<Mark>,
    set: Option<Mark>,
}

impl Listing {
    fn mark(&self) -> Option<Mark> {
        self.set.or(self.traded).or(self.listed)
    }
}

impl Positions {
    /// No instruments and no positions. Accounts that do not choose count costs by `method`.
    pub fn new(method: CostMethod) -> Self {
        Self {
            method,
            ..Self::default()
        }
    }

    /// Takes in what has happened.
    ///
    /// # Errors
    ///
    /// A [`PositionReject`]; nothing has changed then.
    pub fn apply(&mut self, event: &PositionEvent) -> Result<(), PositionReject> {
        let step = match *event {
            PositionEvent::Listed {
                instrument,
                base,
                quote,
                mark,
            } => {
                let listing = Listing {
                    base,
                    quote,
                    listed: mark,
                    traded: None,
                    set: None,
                };
                self.list(instrument, listing)?
            }
            PositionEvent::MethodChosen { account, method } => {
                let change = PositionChange::MethodChosen(method);
                let mut step = Step {
                    chosen: Some((account, method)),
                    ..Step::default()
                };
                for (instrument, _) in self.of(account) {
                    self.then(&mut step, (account, instrument), &change)?;
                }
                step
            }
            PositionEvent::Marked { instrument, mark } => {
                let listing = self.listing(instrument)?;
                let listing = Listing {
                    set: mark,
                    ..*listing
                };
                Step::listing(instrument, listing)
            }
            PositionEvent::Traded(ref trade) => self.trade(trade)?,
            PositionEvent::Deposited {
                account,
                asset,
                amount,
            } => self.transfer(account, asset, amount, 1)?,
            PositionEvent::Withdrawn {
                account,
                asset,
                amount,
            } => self.transfer(account, asset, amount, -1)?,
        };
        self.adopt(step);
        Ok(())
    }

    /// The position of an account in an instrument, or `None` where it never had one.
    pub fn get(&self, account: AccountId, instrument: InstrumentId) -> Option<&Position> {
        self.positions.get(&(account, instrument))
    }

    /// All positions that an account has or had, by ascending instrument.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = (InstrumentId, &Position)> {
        let all = (account, InstrumentId::new(0))..=(account, InstrumentId::new(u32::MAX));
        let positions = self.positions.range(all);
        positions.map(|((_, instrument), position)| (*instrument, position))
    }

    /// All positions, by ascending account and then instrument.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, InstrumentId, &Position)> {
        let positions = self.positions.iter();
        positions.map(|((account, instrument), position)| (*account, *instrument, position))
    }

    /// The mark of an instrument, or `None` where it has none yet.
    pub fn mark(&self, instrument: InstrumentId) -> Option<Mark> {
        self.listings.get(instrument)?.mark()
    }

    /// Base and quote of an instrument that is, or was, listed.
    pub fn pair(&self, instrument: InstrumentId) -> Option<(AssetId, AssetId)> {
        let listing = self.listings.get(instrument)?;
        Some((listing.base, listing.quote))
    }

    /// How an account counts costs.
    pub fn method(&self, account: AccountId) -> CostMethod {
        self.chosen.get(&account).copied().unwrap_or(self.method)
    }

    /// What an account owns of an asset, in smallest units: what has come in less what has gone out.
    pub fn owned(&self, account: AccountId, asset: AssetId) -> Delta {
        let owned = self.owned.get(&(asset, account));
        Delta::new(owned.copied().unwrap_or_default())
    }

    fn list(&self, instrument: InstrumentId, listing: Listing) -> Result<Step, PositionReject> {
        if self.listings.contains(instrument) {
            return Err(PositionReject::DuplicateInstrument);
        }
        if listing.base == listing.quote {
            return Err(PositionReject::SameAsset);
        }
        let mut step = Step::listing(instrument, listing);
        let (first, last) = (AccountId::new(0), AccountId::new(u64::MAX));
        let owners = self
            .owned
            .range((listing.base, first)..=(listing.base, last));
        for ((_, account), owned) in owners {
            self.carry(&mut step, (*account, instrument), *owned, listing.mark())?;
        }
        Ok(step)
    }

    fn trade(&self, trade: &PositionTrade) -> Result<Step, PositionReject> {
        let &PositionTrade {
            instrument,
            buyer,
            seller,
            base_amount,
            quote_amount,
            buyer_fee,
            seller_fee,
            fee_account,
        } = trade;
        let &listing = self.listing(instrument)?;
        let price = Mark::new(quote_amount, base_amount).ok_or(PositionReject::ZeroAmount)?;
        let mut step = Step::listing(
            instrument,
            Listing {
                traded: Some(price),
                ..listing
            },
        );
        let (base, quote) = (base_amount, quote_amount);
        let fee = PositionFee::new(buyer_fee, listing.base, listing.quote);
        let bought = PositionChange::Bought { base, quote, fee };
        self.then(&mut step, (buyer, instrument), &bought)?;
        let fee = PositionFee::new(seller_fee, listing.base, listing.quote);
        let sold = PositionChange::Sold { base, quote, fee };
        self.then(&mut step, (seller, instrument), &sold)?;

        let mut moves = Moves::default();
        let (base, quote) = (signed(base)?, signed(quote)?);
        for (account, base, quote, fee) in [
            (buyer, base, -quote, buyer_fee),
            (seller, -base, quote, seller_fee),
        ] {
            // What the two positions of the trade have counted already.
            let counted = |asset| asset == listing.base;
            let paid = fee.amount.get().checked_neg();
            let paid = paid.ok_or(PositionReject::Overflow)?;
            for (asset, change) in [
                (listing.base, base),
                (listing.quote, quote),
                (fee.asset, paid),
            ] {
                moves.add((account, asset), change, counted(asset))?;
            }
            if let Some(fee_account) = fee_account {
                moves.add((fee_account, fee.asset), fee.amount.get(), false)?;
            }
        }
        self.carry_all(&mut step, instrument, &moves)?;
        Ok(step)
    }

    fn transfer(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        sign: i128,
    ) -> Result<Step, PositionReject> {
        if amount.is_zero() {
            return Err(PositionReject::ZeroAmount);
        }
        let mut step = Step::default();
        let owned = sum(self.owned(account, asset).get(), signed(amount)? * sign)?;
        step.owned.push(((asset, account), owned));
        for instrument in self.instruments_of(asset) {
            let key = (account, instrument);
            self.carry(
                &mut step,
                key,
                signed(amount)? * sign,
                self.mark(instrument),
            )?;
        }
        Ok(step)
    }

    /// Lets the balances follow a trade, and with them the positions that are not its own.
    fn carry_all(
        &self,
        step: &mut Step,
        traded: InstrumentId,
        moves: &Moves,
    ) -> Result<(), PositionReject> {
        for (&(account, asset), moved) in &moves.0 {
            let owned = sum(self.owned(account, asset).get(), moved.all)?;
            step.owned.push(((asset, account), owned));
            for instrument in self.instruments_of(asset) {
                let own = instrument == traded;
                let quantity = if own { moved.apart } else { moved.all };
                let listing = step.listing.filter(|_| own).map(|(_, listing)| listing);
                let mark = listing.map_or_else(|| self.mark(instrument), |own| own.mark());
                self.carry(step, (account, instrument), quantity, mark)?;
            }
        }
        Ok(())
    }

    /// Lets a quantity enter a position at its mark, or leave it where it is below zero.
    fn carry(
        &self,
        step: &mut Step,
        key: (AccountId, InstrumentId),
        quantity: i128,
        mark: Option<Mark>,
    ) -> Result<(), PositionReject> {
        if quantity == 0 {
            return Ok(());
        }
        let base = Delta::new(quantity).magnitude();
        let change = |value| {
            if quantity > 0 {
                PositionChange::Deposited { base, value }
            } else {
                PositionChange::Withdrawn { base, value }
            }
        };
        // Somebody else's trade is not refused for a mark that is out of all proportion.
        let value = mark.and_then(|mark| mark.value(base));
        if value.is_some() && self.then(step, key, &change(value)).is_ok() {
            return Ok(());
        }
        self.then(step, key, &change(None))
    }

    /// One more change of a position; nothing has changed where it is refused.
    fn then(
        &self,
        step: &mut Step,
        key: (AccountId, InstrumentId),
        change: &PositionChange,
    ) -> Result<(), PositionReject> {
        let new;
        let position = if let Some(position) = self.positions.get(&key) {
            position
        } else {
            new = Position::new(self.method(key.0));
            &new
        };
        let so_far = step.drafts.get(&key).cloned();
        let so_far = so_far.unwrap_or_else(|| position.draft());
        let draft = position.after(so_far, change)?;
        step.drafts.insert(key, draft);
        Ok(())
    }

    fn adopt(&mut self, step: Step) {
        self.chosen.extend(step.chosen);
        if let Some((instrument, listing)) = step.listing {
            self.by_base.insert((listing.base, instrument));
            self.listings.insert(instrument, listing);
        }
        for (key, owned) in step.owned {
            if owned == 0 {
                self.owned.remove(&key);
            } else {
                self.owned.insert(key, owned);
            }
        }
        for (key, draft) in step.drafts {
            self.positions.entry(key).or_default().adopt(draft);
        }
    }

    fn listing(&self, instrument: InstrumentId) -> Result<&Listing, PositionReject> {
        let listing = self.listings.get(instrument);
        listing.ok_or(PositionReject::UnknownInstrument)
    }

    fn instruments_of(&self, base: AssetId) -> impl Iterator<Item = InstrumentId> {
        let all = (base, InstrumentId::new(0))..=(base, InstrumentId::new(u32::MAX));
        self.by_base.range(all).map(|(_, instrument)| *instrument)
    }
}

/// What an event changes, until it is certain that nothing of it is refused.
#[derive(Default)]
struct Step {
    chosen: Option<(AccountId, CostMethod)>,
    listing: Option<(InstrumentId, Listing)>,
    owned: Vec<((AssetId, AccountId), i128)>,
    drafts: BTreeMap<(AccountId, InstrumentId), Draft>,
}

impl Step {
    fn listing(instrument: InstrumentId, listing: Listing) -> Self {
        Self {
            listing: Some((instrument, listing)),
            ..Self::default()
        }
    }
}

/// How the balances change in a trade.
#[derive(Default)]
struct Moves(BTreeMap<(AccountId, AssetId), Moved>);

#[derive(Default)]
struct Moved {
    all: i128,
    /// Of that, what the position in the traded instrument has not counted with the trade.
    apart: i128,
}

impl Moves {
    fn add(
        &mut self,
        balance: (AccountId, AssetId),
        change: i128,
        counted: bool,
    ) -> Result<(), PositionReject> {
        let moved = self.0.entry(balance).or_default();
        moved.all = sum(moved.all, change)?;
        if !counted {
            moved.apart = sum(moved.apart, change)?;
        }
        Ok(())
    }
}

fn signed(amount: Amount) -> Result<i128, PositionReject> {
    amount
        .gain()
        .map(Delta::get)
        .ok_or(PositionReject::Overflow)
}

fn sum(a: i128, b: i128) -> Result<i128, PositionReject> {
    a.checked_add(b).ok_or(PositionReject::Overflow)
}
