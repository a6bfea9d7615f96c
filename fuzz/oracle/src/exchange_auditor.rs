//! What the events of an exchange alone say: balances, depth and open orders.
//!
//! The auditor never sees an exchange. It arrives at what everybody owns in two ways, from the
//! balances that the events announce and from the money that they say has moved; and it follows
//! the orders of each instrument with the [auditor of a book](crate::auditor).

use std::collections::BTreeMap;

use accounts_core::{AccountId, AssetId, Event as LedgerEvent};
use exchange_engine::{Event, FEE_ACCOUNT, InstrumentId, Listing};
use orderbook_core::{Event as BookEvent, Side, Trade};

use crate::auditor::Auditor;
use crate::ledger::Balances;

/// Folds the events of an exchange.
#[derive(Debug, Clone, Default)]
pub struct ExchangeAuditor {
    pairs: BTreeMap<InstrumentId, (AssetId, AssetId)>,
    books: BTreeMap<InstrumentId, Auditor>,
    announced: Balances,
    /// Deposits, withdrawals, trades and fees, added up modulo 2^128: a trade takes before it
    /// gives, and the order in which one adds up must not matter.
    moved: BTreeMap<(AccountId, AssetId), u128>,
    unsettled: Option<Trade>,
}

impl ExchangeAuditor {
    /// What the listing of an instrument says and its event does not repeat.
    pub fn listed(&mut self, listing: &Listing) {
        self.pairs.insert(listing.id, (listing.base, listing.quote));
    }

    /// Takes in the events of one command.
    ///
    /// # Errors
    ///
    /// What does not add up, in words.
    pub fn fold(&mut self, events: &[Event]) -> Result<(), String> {
        let mut of_books: BTreeMap<InstrumentId, Vec<BookEvent>> = BTreeMap::new();
        for event in events {
            if let (Some(trade), false) = (self.unsettled, matches!(event, Event::Settled { .. })) {
                return Err(format!("not settled: {trade:?}"));
            }
            if let Some((instrument, event)) = event.of_book() {
                of_books.entry(instrument).or_default().push(event);
                if let BookEvent::Traded(trade) = event {
                    self.unsettled = Some(trade);
                }
            }
            match *event {
                Event::Settled { trade, .. } => {
                    if self.unsettled.take() != Some(trade) {
                        return Err(format!("settled without a trade: {trade:?}"));
                    }
                    self.settle(event)?;
                }
                Event::Ledger(event) => self.fold_ledger(&event),
                _ => {}
            }
        }
        for (instrument, events) in of_books {
            self.books.entry(instrument).or_default().fold(&events)?;
        }
        self.announced.retain(|_, pair| *pair != (0, 0));
        self.moved.retain(|_, owned| *owned != 0);
        let sum = |(available, held): &(u128, u128)| available + held;
        let announced = self.announced.iter().map(|(key, pair)| (*key, sum(pair)));
        if !announced.eq(self.moved.iter().map(|(key, owned)| (*key, *owned))) {
            return Err(format!(
                "announced {:?}, but moved {:?}",
                self.announced, self.moved
            ));
        }
        Ok(())
    }

    fn fold_ledger(&mut self, event: &LedgerEvent) {
        match *event {
            LedgerEvent::Deposited {
                account,
                asset,
                amount,
            } => self.give(account, asset, amount.get()),
            LedgerEvent::Withdrawn {
                account,
                asset,
                amount,
            } => self.take(account, asset, amount.get()),
            LedgerEvent::BalanceChanged {
                account,
                asset,
                available,
                held,
            } => {
                let pair = (available.get(), held.get());
                self.announced.insert((account, asset), pair);
            }
            LedgerEvent::AssetAdded { .. } | LedgerEvent::AccountOpened { .. } => {}
        }
    }

    fn settle(&mut self, event: &Event) -> Result<(), String> {
        let Event::Settled {
            instrument,
            trade,
            base_amount,
            quote_amount,
            maker_fee,
            taker_fee,
        } = *event
        else {
            return Ok(());
        };
        let pair = self.pairs.get(&instrument).copied();
        let (base, quote) = pair.ok_or("a trade of what is not listed")?;
        let (base, quote) = ((base, base_amount), (quote, quote_amount));
        let (maker_gives, taker_gives) = match trade.taker_side {
            Side::Buy => (base, quote),
            Side::Sell => (quote, base),
        };
        for (giver, (asset, amount), receiver, fee) in [
            (
                trade.maker_account,
                maker_gives,
                trade.taker_account,
                taker_fee,
            ),
            (
                trade.taker_account,
                taker_gives,
                trade.maker_account,
                maker_fee,
            ),
        ] {
            let rest = amount.get().checked_sub(fee.get());
            self.take(giver, asset, amount.get());
            self.give(receiver, asset, rest.ok_or("a fee above what it is of")?);
            self.give(FEE_ACCOUNT, asset, fee.get());
        }
        Ok(())
    }

    fn give(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        let owned = self.moved.entry((account, asset)).or_default();
        *owned = owned.wrapping_add(amount);
    }

    fn take(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        let owned = self.moved.entry((account, asset)).or_default();
        *owned = owned.wrapping_sub(amount);
    }

    /// The balances that the events add up to, without those that are zero.
    pub const fn balances(&self) -> &Balances {
        &self.announced
    }

    /// What the events say about a book, if anything.
    pub fn book(&self, instrument: InstrumentId) -> Option<&Auditor> {
        self.books.get(&instrument)
    }
}
