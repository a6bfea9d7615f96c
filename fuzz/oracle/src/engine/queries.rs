//! What can be asked of the model.

use std::collections::BTreeMap;

use accounts_core::{AccountId, AssetId, InstrumentId};
use exchange_engine::{OpenOrder, Scope};
use num_bigint::BigInt;
use orderbook_core::{OrderId, Side, Timestamp};

use super::{Exchange, Market};
use crate::ledger::{Balances, amount};

impl Exchange {
    pub(super) fn owns(&self, account: AccountId, asset: AssetId) -> BigInt {
        let owned = self.owned.get(&(account, asset));
        owned.cloned().unwrap_or_default()
    }

    /// What the open orders of an account keep of an asset.
    fn held(&self, account: AccountId, asset: AssetId) -> BigInt {
        let mut held = BigInt::ZERO;
        for market in self.markets.values() {
            for side in [Side::Buy, Side::Sell] {
                if market.paid_by(side) == asset {
                    let orders = market.book.orders(side).iter();
                    for it in orders.filter(|order| order.account == account) {
                        held += market.hold(side, it.price, it.remaining, self.rate_of(it.id));
                    }
                }
            }
        }
        held
    }

    pub(super) fn rate_of(&self, order: OrderId) -> i32 {
        self.details.get(&order).map_or(0, |details| details.rate)
    }

    /// What an account may spend of an asset.
    pub fn available(&self, account: AccountId, asset: AssetId) -> BigInt {
        self.owns(account, asset) - self.held(account, asset)
    }

    /// Available and held, where they are not both zero.
    pub fn balances(&self) -> Balances {
        let mut held: BTreeMap<(AccountId, AssetId), BigInt> = BTreeMap::new();
        for market in self.markets.values() {
            for it in market.orders() {
                let of = (it.account, market.paid_by(it.side));
                *held.entry(of).or_default() +=
                    market.hold(it.side, it.price, it.remaining, self.rate_of(it.id));
            }
        }
        let mut balances = Balances::new();
        for (key, owned) in &self.owned {
            let held = held.remove(key).unwrap_or_default();
            if *owned != BigInt::ZERO || held != BigInt::ZERO {
                let pair = (amount(&(owned - &held)).get(), amount(&held).get());
                balances.insert(*key, pair);
            }
        }
        assert!(held.is_empty(), "held, but not owned: {held:?}");
        balances
    }

    /// Deposits minus withdrawals of an asset.
    pub fn brought_in(&self, asset: AssetId) -> BigInt {
        self.brought_in.get(&asset).cloned().unwrap_or_default()
    }

    /// The accounts, closed ones too, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.accounts.keys().copied()
    }

    /// The assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.assets.keys().copied()
    }

    /// What is listed, by ascending id.
    pub fn markets(&self) -> impl Iterator<Item = (InstrumentId, &Market)> {
        self.markets.iter().map(|(id, market)| (*id, market))
    }

    /// The lowest number above all that instruments have or had.
    pub fn next_instrument(&self) -> InstrumentId {
        let (listed, delisted) = (self.markets.keys().last(), self.delisted.last());
        let highest = listed.max(delisted).map_or(0, |id| id.get());
        InstrumentId::new(highest.saturating_add(1))
    }

    /// All that is halted.
    pub fn halted(&self) -> Vec<Scope> {
        let mut halted = Vec::new();
        halted.extend(self.halted.then_some(Scope::Venue));
        let markets = self.markets().filter(|(_, market)| market.halted);
        halted.extend(markets.map(|(id, _)| Scope::Instrument(id)));
        for (id, account) in &self.accounts {
            if account.as_ref().is_some_and(|account| account.halted) {
                halted.push(Scope::Account(*id));
            }
        }
        halted
    }

    /// The open orders, oldest first.
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        let mut open = Vec::new();
        for (instrument, market) in &self.markets {
            open.extend(market.orders().map(|order| OpenOrder {
                id: order.id,
                account: order.account,
                instrument: *instrument,
                client_order_id: self.details[&order.id].name,
            }));
        }
        open.sort_by_key(|order| order.id);
        open
    }

    /// How many orders were taken in, which is the id of the newest.
    pub const fn placed(&self) -> u64 {
        self.placed
    }

    /// The time of the newest input that was not refused.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// What was special about the newest input, in words.
    pub fn situations(&self) -> &[&'static str] {
        &self.situations
    }
}
