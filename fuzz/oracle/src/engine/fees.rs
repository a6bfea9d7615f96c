//! What trades cost: who pays which rate, of what, and in which asset.

use accounts_core::{AccountId, Amount, AssetId, Fee};
use exchange_engine::{Event, FEE_ACCOUNT, InstrumentId, Reject};
use num_bigint::BigInt;
use orderbook_core::{Order, OrderKind, Side, TimeInForce, Timestamp, Trade};

use super::orders::rests;
use super::{Exchange, Market, most};
use crate::ledger::{amount, delta};

/// How many whole days count for fee tiers.
const DAYS: u64 = 30;

const MICROS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// One side of a trade.
struct Trader {
    account: AccountId,
    /// What it holds for a fee, in parts per million of what it pays.
    reserved: i32,
    pays: (AssetId, BigInt),
    receives: (AssetId, BigInt),
}

/// A fee, and what it is a share of.
struct Due {
    asset: AssetId,
    basis: BigInt,
    amount: BigInt,
}

impl Exchange {
    /// What an order holds for its fee besides what it pays, in parts per million of that.
    pub(super) fn rate_on_top(&self, now: Timestamp, market: &Market, order: &Order) -> i32 {
        let chosen = self.account(order.account).ok().and_then(|it| it.fee_asset);
        if chosen != Some(market.paid_by(order.side)) {
            return 0;
        }
        let (maker, taker) = self.rates(now, market, order.account);
        let post_only = match order.kind {
            OrderKind::Limit {
                time_in_force: TimeInForce::Rest(terms),
                ..
            } => terms.post_only.is_some(),
            _ => false,
        };
        let worst = if post_only {
            maker
        } else if rests(order.kind) {
            maker.max(taker)
        } else {
            taker
        };
        worst.max(0)
    }

    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        trade: Trade,
    ) -> Result<Event, Reject> {
        let market = self.market(instrument)?;
        let quote = market.listing.quote;
        let base_amount = market.base_of(trade.quantity);
        let quote_amount = market.quote_of(trade.price, trade.quantity);
        let in_base = (market.listing.base, base_amount.clone());
        let in_quote = (quote, quote_amount.clone());
        let trader = |account, order, side| {
            let (pays, receives) = match side {
                Side::Buy => (in_quote.clone(), in_base.clone()),
                Side::Sell => (in_base.clone(), in_quote.clone()),
            };
            Trader {
                account,
                reserved: self.rate_of(order),
                pays,
                receives,
            }
        };
        let maker_side = match trade.taker_side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        };
        let taker = trader(trade.taker_account, trade.taker_order_id, trade.taker_side);
        let maker = trader(trade.maker_account, trade.maker_order_id, maker_side);
        let (_, taker_rate) = self.rates(now, market, taker.account);
        let (maker_rate, _) = self.rates(now, market, maker.account);

        let mut notes = Vec::new();
        let taker_fee = self.fee(&taker, taker_rate, &in_quote, None, &mut notes);
        let maker_fee = if maker_rate < 0 {
            let rebate = share(-maker_rate, &taker_fee.basis);
            Due {
                asset: taker_fee.asset,
                basis: BigInt::ZERO,
                amount: -rebate.min(taker_fee.amount.clone()),
            }
        } else {
            let same = maker.account == taker.account;
            let spent = same.then_some(&taker_fee);
            self.fee(&maker, maker_rate, &in_quote, spent, &mut notes)
        };
        for (due, trader) in [(&maker_fee, &maker), (&taker_fee, &taker)] {
            notes.push(if due.amount < BigInt::ZERO {
                "rebate"
            } else if due.asset == trader.receives.0 {
                "fee in what is received"
            } else if due.asset == trader.pays.0 {
                "fee on top of what is paid"
            } else {
                "fee in a third asset"
            });
            let volume = self.volume(now, trader.account, quote);
            if market
                .fees
                .tiers()
                .iter()
                .skip(1)
                .any(|tier| tier.volume <= volume)
            {
                notes.push("traded in a later tier");
            }
        }
        self.situations.extend(notes);

        let fee = |due: &Due| Fee {
            asset: due.asset,
            amount: delta(&due.amount),
        };
        let event = Event::Traded {
            instrument,
            trade,
            base_amount: amount(&base_amount),
            quote_amount: amount(&quote_amount),
            maker_fee: fee(&maker_fee),
            taker_fee: fee(&taker_fee),
        };
        for (trader, due) in [(&maker, &maker_fee), (&taker, &taker_fee)] {
            for (account, asset, change) in [
                (trader.account, trader.pays.0, -trader.pays.1.clone()),
                (trader.account, trader.receives.0, trader.receives.1.clone()),
                (trader.account, due.asset, -due.amount.clone()),
                (FEE_ACCOUNT, due.asset, due.amount.clone()),
            ] {
                *self.owned.entry((account, asset)).or_default() += change;
            }
        }
        if maker.account != taker.account {
            for account in [maker.account, taker.account] {
                let volumes = &mut self.account_mut(account)?.volumes;
                *volumes.entry((quote, day(now))).or_default() += &quote_amount;
            }
        }
        self.market_mut(instrument)?.last = Some(trade.price);
        Ok(event)
    }

    /// What one side of a trade pays. `spent` is what its account pays already.
    fn fee(
        &self,
        trader: &Trader,
        rate: i32,
        quote: &(AssetId, BigInt),
        spent: Option<&Due>,
        notes: &mut Vec<&'static str>,
    ) -> Due {
        let due = |asset, basis: BigInt, rate| Due {
            asset,
            amount: share(rate, &basis),
            basis,
        };
        let (pays, receives) = (&trader.pays, &trader.receives);
        if trader.reserved > 0 {
            if trader.reserved < rate {
                notes.push("a reserved rate capped a fee");
            }
            return due(pays.0, pays.1.clone(), rate.min(trader.reserved));
        }
        let chosen = self
            .account(trader.account)
            .ok()
            .and_then(|it| it.fee_asset);
        if let Some(third) = chosen.filter(|asset| *asset != pays.0 && *asset != receives.0) {
            let spent = spent.filter(|spent| spent.asset == third);
            let spent = spent.map_or(BigInt::ZERO, |spent| spent.amount.clone());
            if spent > BigInt::ZERO {
                notes.push("both fees of one account in a third asset");
            }
            let available = self.available(trader.account, third) - spent;
            match self.convert(quote, third, notes) {
                None => notes.push("no price for a fee in a third asset"),
                Some(worth) if share(rate, &worth) > available => {
                    notes.push("not enough for a fee in a third asset");
                }
                Some(worth) => return due(third, worth, rate),
            }
        }
        due(receives.0, receives.1.clone(), rate)
    }

    /// What a quote amount is worth in another asset.
    fn convert(
        &self,
        (quote, amount): &(AssetId, BigInt),
        into: AssetId,
        notes: &mut Vec<&'static str>,
    ) -> Option<BigInt> {
        let priced = |base, quote| {
            let markets = self.markets.values();
            let pairs = markets.filter(|it| it.listing.base == base && it.listing.quote == quote);
            let mut prices = pairs.map(|market| {
                let price = BigInt::from(market.last?.get()) * &market.tick_lot;
                Some((market, price))
            });
            (prices.clone().count(), prices.find_map(|price| price))
        };
        let (pairs, direct) = priced(into, *quote);
        if pairs > 1 {
            notes.push("several pairs to convert with");
        }
        let worth = if let Some((market, price)) = direct {
            notes.push("converted");
            amount * &market.lot / price
        } else {
            let (market, price) = priced(*quote, into).1?;
            notes.push("converted, the other way round");
            amount * price / &market.lot
        };
        if worth.bits() > 128 {
            notes.push("worth more than 128 bits");
            return None;
        }
        Some(worth)
    }

    /// What an account pays in an instrument as a maker and as a taker.
    fn rates(&self, now: Timestamp, market: &Market, account: AccountId) -> (i32, i32) {
        let volume = self.volume(now, account, market.listing.quote);
        let tiers = market.fees.tiers().iter();
        let reached = tiers.rev().find(|tier| tier.volume <= volume);
        let tier = reached.expect("the first tier asks for nothing");
        (tier.maker.get(), tier.taker.get())
    }

    /// What an account has traded for this quote asset in the thirty days before today.
    pub fn volume(&self, now: Timestamp, account: AccountId, quote: AssetId) -> Amount {
        let Ok(account) = self.account(account) else {
            return Amount::ZERO;
        };
        let today = day(now);
        let days = (quote, today.saturating_sub(DAYS))..(quote, today);
        let traded: BigInt = account.volumes.range(days).map(|(_, traded)| traded).sum();
        amount(&traded.min(most()))
    }
}

const fn day(time: Timestamp) -> u64 {
    time.get() / MICROS_A_DAY
}

/// So many parts per million of an amount, rounded down. Neither is below zero.
pub(super) fn share(rate: i32, amount: &BigInt) -> BigInt {
    if rate == 0 {
        return BigInt::ZERO;
    }
    amount * rate / 1_000_000
}
