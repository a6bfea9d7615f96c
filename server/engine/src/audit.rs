//! Whether everything holds that always must.

use alloc::collections::BTreeMap;
use alloc::format;

use accounts_core::{Amount, AssetId};
use orderbook_core::{AccountId, Side, Violation};

use crate::{Exchange, Market};

/// What open orders hold.
type Holds = BTreeMap<(AccountId, AssetId), Amount>;

impl Exchange {
    /// Checks everything that must always hold; O(orders + balances). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this software.
    pub fn check(&self) -> Result<(), Violation> {
        self.ledger.check()?;
        let mut holds = Holds::new();
        for market in self.markets() {
            market.book.check()?;
            self.add_holds(market, &mut holds)?;
        }
        for account in self.ledger.accounts() {
            if self.traders.contains(account) != self.ledger.has_account(account) {
                let what = format!("account {account} is open in one place only");
                return Err(Violation::new("I5", what));
            }
            for (asset, balance) in self.ledger.balances(account).into_iter().flatten() {
                let held = holds.remove(&(account, asset)).unwrap_or_default();
                if held != balance.held {
                    let what = format!(
                        "account {account} holds {} of asset {asset}, orders {held}",
                        balance.held
                    );
                    return Err(Violation::new("I5", what));
                }
            }
        }
        if !holds.is_empty() {
            return Err(Violation::new("I5", "an order holds nothing"));
        }
        self.check_orders()
    }

    fn add_holds(&self, market: &Market, holds: &mut Holds) -> Result<(), Violation> {
        for side in [Side::Buy, Side::Sell] {
            for order in market.book.orders(side) {
                let owner = self.traders.get(order.account);
                let owner = owner.ok_or_else(|| {
                    Violation::new("I5", format!("nobody owns order {}", order.id))
                })?;
                let reserved = owner.reserved(order.id);
                let hold = market.hold(side, order.price, order.remaining, reserved);
                let held = holds.entry((order.account, market.pays(side))).or_default();
                let sum = hold.and_then(|hold| held.checked_add(hold));
                *held = sum.ok_or_else(|| {
                    Violation::new(
                        "I5",
                        format!("the holds of account {} overflow", order.account),
                    )
                })?;
                let listed = owner.place(market.id);
                if listed.is_none_or(|place| !place.orders.contains(order.id)) {
                    return Err(Violation::new("I3", format!("order {} unlisted", order.id)));
                }
            }
        }
        Ok(())
    }

    fn check_orders(&self) -> Result<(), Violation> {
        for (account, trader) in self.traders.iter() {
            let places = &trader.places;
            let sorted = places.is_sorted_by(|a, b| a.instrument < b.instrument);
            if !sorted || !places.iter().all(|place| place.orders.is_consistent()) {
                let what = format!("the lists of account {account} are out of order");
                return Err(Violation::new("I3", what));
            }
            let open = |order| {
                let mut markets = self.markets();
                markets.any(|market| market.book.owner(order) == Some(account))
            };
            if !trader.reserved.keys().all(|order| open(*order)) {
                let what = format!("account {account} holds fees for an order that is not open");
                return Err(Violation::new("I5", what));
            }
        }
        Ok(())
    }
}
