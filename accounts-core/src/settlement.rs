//! What a trade moves, leg by leg.

use alloc::vec::Vec;

use smallvec::SmallVec;

use crate::ledger::{FITS, gain};
use crate::{
    AccountId, Amount, AssetId, Delta, Event, Fee, Ledger, LedgerReject, Posting, Settlement,
};

/// The change of one balance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leg {
    pub(crate) account: AccountId,
    pub(crate) asset: AssetId,
    pub(crate) available: Delta,
    pub(crate) held: Delta,
}

/// One side of a trade.
pub(crate) struct Party {
    account: AccountId,
    /// What it pays with, how much, and how much of it is not held any more.
    pays: (AssetId, Amount),
    frees: Amount,
    receives: (AssetId, Amount),
    fee: Fee,
}

impl Party {
    /// What it pays; nothing where it is paid a rebate.
    #[inline]
    fn fee(&self) -> Amount {
        Amount::new(self.fee.amount.get().max(0).cast_unsigned())
    }

    /// Whether its fee is in a third asset.
    #[inline]
    fn pays_elsewhere(&self) -> bool {
        self.fee.asset != self.pays.0 && self.fee.asset != self.receives.0
    }

    /// Whether the hold covers what is paid and a fee on top of it, and the receipt a fee out of it.
    fn is_covered(&self) -> bool {
        let fee = self.fee();
        let on_top = if self.fee.asset == self.pays.0 {
            fee
        } else {
            Amount::ZERO
        };
        let pays = self.pays.1.checked_add(on_top);
        let within = self.fee.asset != self.receives.0 || fee <= self.receives.1;
        within && pays.is_some_and(|pays| pays <= self.frees)
    }

    /// The fee, where it is in that asset.
    fn fee_in(&self, asset: AssetId) -> i128 {
        if self.fee.asset == asset {
            self.fee.amount.get()
        } else {
            0
        }
    }

    /// What becomes of what it held.
    #[inline]
    fn paying(&self) -> Leg {
        let (asset, amount) = self.pays;
        let frees = units(self.frees);
        Leg {
            account: self.account,
            asset,
            available: Delta::new(frees - units(amount) - self.fee_in(asset)),
            held: Delta::new(-frees),
        }
    }

    #[inline]
    fn receiving(&self) -> Leg {
        let (asset, amount) = self.receives;
        Leg {
            account: self.account,
            asset,
            available: Delta::new(units(amount) - self.fee_in(asset)),
            held: Delta::ZERO,
        }
    }
}

/// Of an amount that somebody holds or has available.
#[inline]
fn units(amount: Amount) -> i128 {
    amount.get().cast_signed()
}

impl Ledger {
    /// Carries out a settlement, or refuses it. Most have nothing special about them and are done
    /// quickly; all others go the general way, which starts anew.
    #[inline(always)]
    pub(crate) fn settle<E: From<Event>>(
        &mut self,
        settlement: &Settlement,
        events: &mut Vec<E>,
    ) -> Result<(), LedgerReject> {
        match self.settle_plainly(settlement, events) {
            Some(()) => Ok(()),
            None => self.settle_generally(settlement, events),
        }
    }

    /// Carries out a settlement between three accounts that have had both assets before, each side of
    /// which pays its fee out of what it receives. `None` where it is another one, or there is
    /// something wrong with it.
    #[inline(always)]
    fn settle_plainly<E: From<Event>>(
        &mut self,
        settlement: &Settlement,
        events: &mut Vec<E>,
    ) -> Option<()> {
        let &Settlement {
            base,
            quote,
            base_amount,
            quote_amount,
            buyer_frees,
            seller_frees,
            ..
        } = settlement;
        let buyer_fee = plain_fee(settlement.buyer_fee, base)?;
        let seller_fee = plain_fee(settlement.seller_fee, quote)?;
        let (buyer_id, seller_id) = (settlement.buyer, settlement.seller);
        let fees_id = settlement.fee_account;
        let [buyer, seller, fee_account] =
            self.accounts.three_mut([buyer_id, seller_id, fees_id])?;
        if fee_account.closed || base_amount.is_zero() || quote_amount.is_zero() {
            return None;
        }
        // Whoever holds something is open, and of what it holds the asset is known.
        let [buyer_base, buyer_quote] = buyer.two_mut(base, quote)?;
        let [seller_base, seller_quote] = seller.two_mut(base, quote)?;
        let [fees_base, fees_quote] = fee_account.two_mut(base, quote)?;
        let buyer_saves = buyer_frees.checked_sub(quote_amount)?;
        let seller_saves = seller_frees.checked_sub(base_amount)?;
        let buyer_receives = base_amount.checked_sub(buyer_fee)?;
        let seller_receives = quote_amount.checked_sub(seller_fee)?;
        let buyer_holds = buyer_quote.held.checked_sub(buyer_frees)?;
        let seller_holds = seller_base.held.checked_sub(seller_frees)?;
        buyer_quote.held = buyer_holds;
        seller_base.held = seller_holds;
        let none = Amount::ZERO;
        for (account, asset, balance, gains, frees) in [
            (buyer_id, quote, buyer_quote, buyer_saves, buyer_frees),
            (seller_id, base, seller_base, seller_saves, seller_frees),
            (buyer_id, base, buyer_base, buyer_receives, none),
            (seller_id, quote, seller_quote, seller_receives, none),
            (fees_id, base, fees_base, buyer_fee, none),
            (fees_id, quote, fees_quote, seller_fee, none),
        ] {
            if gains.is_zero() && frees.is_zero() {
                continue;
            }
            balance.available = balance.available.checked_add(gains).expect(FITS);
            let posting = Posting {
                account,
                asset,
                available: gain(gains),
                held: -gain(frees),
                balance: *balance,
            };
            events.push(Event::Posted(posting).into());
        }
        Some(())
    }

    /// Carries out any settlement, or refuses it.
    ///
    /// Every number in here fits: what a side frees, pays and receives is held by somebody, so is the
    /// most that a fee can be, and a rebate is no larger than a fee.
    #[inline(never)]
    fn settle_generally<E: From<Event>>(
        &mut self,
        settlement: &Settlement,
        events: &mut Vec<E>,
    ) -> Result<(), LedgerReject> {
        let (buyer, seller) = self.sides(settlement)?;
        let fee_account = settlement.fee_account;
        let distinct = buyer.account != seller.account
            && fee_account != buyer.account
            && fee_account != seller.account
            && buyer.fee.asset != seller.fee.asset;
        if distinct {
            each_leg(&buyer, &seller, fee_account, |leg| self.post(&leg, events));
        } else {
            for leg in merged(&buyer, &seller, fee_account) {
                self.post(&leg, events);
            }
        }
        Ok(())
    }

    /// The two sides of a settlement, where it may be done.
    ///
    /// # Errors
    ///
    /// The [`LedgerReject`] with which it is refused.
    #[inline]
    pub(crate) fn sides(&self, settlement: &Settlement) -> Result<(Party, Party), LedgerReject> {
        let &Settlement {
            base,
            quote,
            buyer,
            seller,
            base_amount,
            quote_amount,
            buyer_frees,
            seller_frees,
            buyer_fee,
            seller_fee,
            fee_account,
        } = settlement;
        for asset in [base, quote, buyer_fee.asset, seller_fee.asset] {
            self.known_asset(asset)?;
        }
        let pays_quote = self.open(buyer)?.balance(quote);
        let pays_base = self.open(seller)?.balance(base);
        self.open(fee_account)?;
        if base_amount.is_zero() || quote_amount.is_zero() {
            return Err(LedgerReject::ZeroAmount);
        }
        let buyer = Party {
            account: buyer,
            pays: (quote, quote_amount),
            frees: buyer_frees,
            receives: (base, base_amount),
            fee: buyer_fee,
        };
        let seller = Party {
            account: seller,
            pays: (base, base_amount),
            frees: seller_frees,
            receives: (quote, quote_amount),
            fee: seller_fee,
        };
        let covered = buyer.is_covered() && seller.is_covered();
        if base == quote
            || !covered
            || !pays_rebate(&buyer, &seller)
            || !pays_rebate(&seller, &buyer)
        {
            return Err(LedgerReject::InvalidSettlement);
        }
        // Two balances even of one account, since the assets differ: no unit is counted twice.
        if pays_quote.held < buyer_frees || pays_base.held < seller_frees {
            return Err(LedgerReject::InsufficientHeld);
        }
        if buyer.pays_elsewhere() || seller.pays_elsewhere() {
            self.check_third_assets(&buyer, &seller)?;
        }
        Ok((buyer, seller))
    }

    /// Whether fees in a third asset can be paid out of what is available.
    #[cold]
    fn check_third_assets(&self, buyer: &Party, seller: &Party) -> Result<(), LedgerReject> {
        for (party, other) in [(buyer, seller), (seller, buyer)] {
            let asset = party.fee.asset;
            let mut fees = if party.pays_elsewhere() {
                party.fee()
            } else {
                Amount::ZERO
            };
            if other.account == party.account && other.fee.asset == asset {
                let both = fees.checked_add(other.fee());
                fees = both.ok_or(LedgerReject::InsufficientAvailable)?;
            }
            if party.pays_elsewhere() && self.open(party.account)?.balance(asset).available < fees {
                return Err(LedgerReject::InsufficientAvailable);
            }
        }
        Ok(())
    }
}

/// The fee, where it is in that asset and no rebate.
#[inline(always)]
fn plain_fee(fee: Fee, asset: AssetId) -> Option<Amount> {
    let amount = u128::try_from(fee.amount.get()).ok()?;
    (fee.asset == asset).then_some(Amount::new(amount))
}

/// Whether a rebate of one party, if it has one, comes out of the fee of the other.
fn pays_rebate(party: &Party, other: &Party) -> bool {
    let rebate = party.fee.amount.get() < 0;
    !rebate || other.fee.asset == party.fee.asset && other.fee() >= party.fee.amount.magnitude()
}

/// One leg for each balance, in the order in which they are told.
#[inline]
fn each_leg(buyer: &Party, seller: &Party, fee_account: AccountId, mut post: impl FnMut(Leg)) {
    post(buyer.paying());
    post(seller.paying());
    post(buyer.receiving());
    post(seller.receiving());
    for party in [buyer, seller] {
        if party.pays_elsewhere() {
            post(Leg {
                account: party.account,
                asset: party.fee.asset,
                available: -party.fee.amount,
                held: Delta::ZERO,
            });
        }
    }
    for party in [buyer, seller] {
        post(Leg {
            account: fee_account,
            asset: party.fee.asset,
            available: party.fee.amount,
            held: Delta::ZERO,
        });
    }
}

/// The same where several may be of one balance.
#[cold]
fn merged(buyer: &Party, seller: &Party, fee_account: AccountId) -> SmallVec<[Leg; 8]> {
    let mut legs: SmallVec<[Leg; 8]> = SmallVec::new();
    each_leg(buyer, seller, fee_account, |leg| {
        let of = |leg: &Leg| (leg.account, leg.asset);
        match legs.iter_mut().find(|other| of(other) == of(&leg)) {
            Some(same) => {
                same.available = sum(same.available, leg.available);
                same.held = sum(same.held, leg.held);
            }
            None => legs.push(leg),
        }
    });
    legs
}

/// Of changes of one balance, each of which may go beyond what fits until the next goes back.
fn sum(one: Delta, other: Delta) -> Delta {
    Delta::new(one.get().wrapping_add(other.get()))
}
