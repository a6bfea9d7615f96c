//! What the folds of `accounts-core` need to know of an exchange: what instruments are worth, and what
//! happened to positions.

use accounts_core::{
    Amount, AssetId, Event as LedgerEvent, Mark, MarkSource, Marks, Pair, Portfolio, PositionEvent,
    PositionTrade,
};
use orderbook_core::{AccountId, Price, Side};

use crate::{Event, Exchange, FEE_ACCOUNT, Market};

impl Market {
    /// What a price is, in smallest units of quote for smallest units of base. `None` where the price
    /// is negative, or too large for the instrument.
    pub fn mark_of(&self, price: Price) -> Option<Mark> {
        self.mark_of_ticks(u128::try_from(price.get()).ok()?, 1)
    }

    /// The mark of so many ticks for so many lots.
    fn mark_of_ticks(&self, ticks: u128, lots: u128) -> Option<Mark> {
        let quote = ticks.checked_mul(self.quote_units_per_tick_lot())?;
        let base = lots.checked_mul(self.base_units_per_lot())?;
        Mark::new(Amount::new(quote), Amount::new(base))
    }

    /// The middle of the best bid and the best ask, where there are both.
    fn middle(&self) -> Option<Mark> {
        let ticks = |side| {
            let best = self.book.best(side)?;
            u128::try_from(best.price.get()).ok()
        };
        // The sum for two lots is the mean for one, without a fraction.
        self.mark_of_ticks(ticks(Side::Buy)?.checked_add(ticks(Side::Sell)?)?, 2)
    }
}

impl Exchange {
    /// What an instrument is worth: what it last traded for, or before the first trade the middle of
    /// the market.
    pub fn pair(&self, market: &Market) -> Option<Pair> {
        let last = self.last_price(market.id());
        let last = last.and_then(|price| market.mark_of(price));
        let last = last.map(|mark| (mark, MarkSource::LastTrade));
        let (mark, source) =
            last.or_else(|| market.middle().map(|mark| (mark, MarkSource::MidPrice)))?;
        Some(Pair {
            instrument: market.id(),
            base: market.base(),
            quote: market.quote(),
            mark,
            source,
        })
    }

    /// What all instruments are worth that have a price. O(instruments); to value many accounts, call
    /// it once.
    pub fn marks(&self) -> Marks {
        self.markets()
            .filter_map(|market| self.pair(market))
            .collect()
    }

    /// What an account owns, valued in one asset; `None` where either is unknown.
    ///
    /// ```
    /// use accounts_core::{Amount, AssetId};
    /// use exchange_engine::{Command, Exchange, Input};
    /// use orderbook_core::{AccountId, Timestamp};
    ///
    /// let (usd, ann) = (AssetId::new(0), AccountId::new(1));
    /// let mut exchange = Exchange::new();
    /// for command in [
    ///     Command::AddAsset { asset: usd, code: "USD".into(), decimals: 2 },
    ///     Command::OpenAccount { account: ann },
    ///     Command::Deposit { account: ann, asset: usd, amount: Amount::new(100) },
    /// ] {
    ///     let time = Timestamp::from_millis(1);
    ///     exchange.apply(&Input { time, command }, &mut Vec::new())?;
    /// }
    /// let portfolio = exchange.portfolio(ann, usd).unwrap();
    /// assert_eq!(portfolio.total, Amount::new(100));
    /// # Ok::<(), exchange_engine::Reject>(())
    /// ```
    pub fn portfolio(&self, account: AccountId, target: AssetId) -> Option<Portfolio> {
        self.ledger().total(target)?;
        let balances = self.ledger().balances(account)?;
        Some(self.marks().portfolio(target, balances))
    }
}

impl Event {
    /// What this means for a fold of positions, if anything.
    pub fn of_positions(&self) -> Option<PositionEvent> {
        match *self {
            Self::InstrumentListed {
                instrument,
                base,
                quote,
            } => Some(PositionEvent::Listed {
                instrument,
                base,
                quote,
                mark: None,
            }),
            Self::Traded {
                instrument,
                trade,
                base_amount,
                quote_amount,
                maker_fee,
                taker_fee,
            } => {
                let maker = (trade.maker_account, maker_fee);
                let taker = (trade.taker_account, taker_fee);
                let (buyer, seller) = match trade.taker_side {
                    Side::Buy => (taker, maker),
                    Side::Sell => (maker, taker),
                };
                Some(PositionEvent::Traded(PositionTrade {
                    instrument,
                    buyer: buyer.0,
                    seller: seller.0,
                    base_amount,
                    quote_amount,
                    buyer_fee: buyer.1,
                    seller_fee: seller.1,
                    fee_account: Some(FEE_ACCOUNT),
                }))
            }
            Self::Ledger(LedgerEvent::Deposited {
                account,
                asset,
                amount,
            }) => Some(PositionEvent::Deposited {
                account,
                asset,
                amount,
            }),
            Self::Ledger(LedgerEvent::Withdrawn {
                account,
                asset,
                amount,
            }) => Some(PositionEvent::Withdrawn {
                account,
                asset,
                amount,
            }),
            _ => None,
        }
    }
}
