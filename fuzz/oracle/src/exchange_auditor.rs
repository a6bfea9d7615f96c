//! What the events of an exchange alone say: balances, depth and open orders.
//!
//! The auditor never sees an exchange. It arrives at what everybody owns in two ways, from the
//! postings and from the money that the other events say has moved: behind each event come the
//! postings that it leads to, and those move what it says and nothing else. Per asset all that a
//! command moves adds up to zero, counting the world outside. And the auditor follows the orders of
//! each instrument with the [auditor of a book](crate::auditor).

use std::collections::BTreeMap;

use accounts_core::{AccountId, Amount, AssetId, Event as LedgerEvent, Fee, Party, Posting};
use exchange_engine::{Event, FEE_ACCOUNT, InstrumentId};
use num_bigint::BigInt;
use orderbook_core::{Event as BookEvent, Side, Trade};

use crate::auditor::Auditor;
use crate::ledger::Balances;

/// Folds the events of an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExchangeAuditor {
    pairs: BTreeMap<InstrumentId, (AssetId, AssetId)>,
    books: BTreeMap<InstrumentId, Auditor>,
    /// What the postings add up to.
    posted: Balances,
    /// What everybody owns by what the other events say.
    moved: BTreeMap<(AccountId, AssetId), BigInt>,
    /// What the world outside has: less than nothing, or nothing.
    external: BTreeMap<AssetId, BigInt>,
}

/// What has been added to whose assets.
type Moves = Vec<((AccountId, AssetId), BigInt)>;

/// An event and the postings behind it.
#[derive(Default)]
struct Step {
    /// What the event says has moved.
    said: Moves,
    /// What the postings move.
    posted: Moves,
    /// Whether it is one command of a ledger, which posts once for each balance. Else there may be
    /// several, a hold and a release.
    at_once: bool,
}

impl ExchangeAuditor {
    /// Takes in the events of one command.
    ///
    /// # Errors
    ///
    /// What does not add up, in words.
    pub fn fold(&mut self, events: &[Event]) -> Result<(), String> {
        let mut of_books: BTreeMap<InstrumentId, Vec<BookEvent>> = BTreeMap::new();
        let mut sums: Vec<(AssetId, BigInt)> = Vec::new();
        let mut step = Step::default();
        for event in events {
            if let Some((instrument, event)) = event.of_book() {
                of_books.entry(instrument).or_default().push(event);
            }
            let posting = match *event {
                Event::Ledger(event) => {
                    if let Some(entry) = event.entry() {
                        add(&mut sums, entry.asset, entry.change.get().into());
                        if entry.party == Party::External {
                            let external = self.external.entry(entry.asset).or_default();
                            *external += entry.change.get();
                        }
                    }
                    match event {
                        LedgerEvent::Posted(posting) => Some(posting),
                        _ => None,
                    }
                }
                _ => None,
            };
            if let Some(posting) = posting {
                self.post(&mut step, &posting)
                    .map_err(|what| format!("{what}, at {event:?}"))?;
            } else {
                self.finish(&step)?;
                step = self.said(event)?;
            }
            if let Event::InstrumentListed {
                instrument,
                base,
                quote,
            } = *event
            {
                self.pairs.insert(instrument, (base, quote));
            }
            if let Event::InstrumentDelisted { instrument } = *event {
                of_books.remove(&instrument).map_or(Ok(()), |events| {
                    let mut book = self.books.remove(&instrument).unwrap_or_default();
                    book.fold(&events)
                })?;
                self.pairs.remove(&instrument);
            }
        }
        self.finish(&step)?;
        if let Some(sum) = sums.iter().find(|(_, sum)| *sum != BigInt::ZERO) {
            return Err(format!("the entries do not add up to zero: {sum:?}"));
        }
        for (instrument, events) in of_books {
            self.books.entry(instrument).or_default().fold(&events)?;
        }
        Ok(())
    }

    fn post(&mut self, step: &mut Step, posting: &Posting) -> Result<(), String> {
        let key = (posting.account, posting.asset);
        let (available, held) = (posting.available.get(), posting.held.get());
        if (available, held) == (0, 0) {
            return Err("nothing is posted".into());
        }
        if step.at_once && step.posted.iter().any(|(seen, _)| *seen == key) {
            return Err("posted twice".into());
        }
        let before = self.posted.remove(&key).unwrap_or_default();
        let after = (posting.balance.available.get(), posting.balance.held.get());
        let sum = (
            before.0.checked_add_signed(available),
            before.1.checked_add_signed(held),
        );
        if sum != (Some(after.0), Some(after.1)) {
            return Err(format!("the balance was {before:?}"));
        }
        if after != (0, 0) {
            self.posted.insert(key, after);
        }
        add(&mut step.posted, key, BigInt::from(available) + held);
        Ok(())
    }

    /// Whether an event and the postings behind it say the same.
    fn finish(&mut self, step: &Step) -> Result<(), String> {
        for (key, said) in &step.said {
            let owned = self.moved.entry(*key).or_default();
            *owned += said;
        }
        for (key, _) in step.said.iter().chain(&step.posted) {
            let (available, held) = self.posted.get(key).copied().unwrap_or_default();
            let owned = self.moved.get(key).cloned().unwrap_or_default();
            if BigInt::from(available) + held != owned {
                return Err(format!(
                    "posted {:?}, but moved {:?}: {key:?} should own {owned}",
                    step.posted, step.said
                ));
            }
        }
        Ok(())
    }

    /// What an event says that has moved.
    fn said(&self, event: &Event) -> Result<Step, String> {
        let mut said = Moves::new();
        let mut at_once = true;
        match *event {
            Event::Ledger(LedgerEvent::Deposited {
                account,
                asset,
                amount,
            }) => add(&mut said, (account, asset), amount.get().into()),
            Event::Ledger(LedgerEvent::Withdrawn {
                account,
                asset,
                amount,
            }) => add(&mut said, (account, asset), -BigInt::from(amount.get())),
            Event::Traded {
                instrument,
                trade,
                base_amount,
                quote_amount,
                maker_fee,
                taker_fee,
            } => {
                let pair = self.pairs.get(&instrument).copied();
                let (base, quote) = pair.ok_or("a trade of what is not listed")?;
                let (base, quote) = ((base, base_amount), (quote, quote_amount));
                said = moved_by(&trade, base, quote, maker_fee, taker_fee);
            }
            _ => at_once = false,
        }
        Ok(Step {
            said,
            at_once,
            ..Step::default()
        })
    }

    /// The balances that the postings add up to, without those that are zero.
    pub const fn balances(&self) -> &Balances {
        &self.posted
    }

    /// What the world outside is owed of an asset: deposits minus withdrawals.
    pub fn owed(&self, asset: AssetId) -> BigInt {
        -self.external.get(&asset).cloned().unwrap_or_default()
    }

    /// What the events say about a book, if anything.
    pub fn book(&self, instrument: InstrumentId) -> Option<&Auditor> {
        self.books.get(&instrument)
    }
}

fn moved_by(
    trade: &Trade,
    base: (AssetId, Amount),
    quote: (AssetId, Amount),
    maker_fee: Fee,
    taker_fee: Fee,
) -> Moves {
    let (maker_gives, taker_gives) = match trade.taker_side {
        Side::Buy => (base, quote),
        Side::Sell => (quote, base),
    };
    let (maker, taker) = (trade.maker_account, trade.taker_account);
    let mut moves = Moves::new();
    for (giver, (asset, amount), receiver) in
        [(maker, maker_gives, taker), (taker, taker_gives, maker)]
    {
        add(&mut moves, (giver, asset), -BigInt::from(amount.get()));
        add(&mut moves, (receiver, asset), amount.get().into());
    }
    for (payer, fee) in [(maker, maker_fee), (taker, taker_fee)] {
        let amount = BigInt::from(fee.amount.get());
        add(&mut moves, (payer, fee.asset), -amount.clone());
        add(&mut moves, (FEE_ACCOUNT, fee.asset), amount);
    }
    moves
}

fn add<K: PartialEq>(sums: &mut Vec<(K, BigInt)>, key: K, amount: BigInt) {
    match sums.iter_mut().find(|(seen, _)| *seen == key) {
        Some((_, sum)) => *sum += amount,
        None => sums.push((key, amount)),
    }
}
