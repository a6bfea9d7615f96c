//! Who pays how much of what for a trade; [`FeeAssetChosen`](crate::Event::FeeAssetChosen) has the
//! rules.

use accounts_core::{Amount, AssetId, Delta, Fee, FeeRate};
use orderbook_core::{AccountId, Side};

use crate::settlement::Settling;

/// One side of a trade.
pub(crate) struct Payer {
    pub(crate) account: AccountId,
    pub(crate) side: Side,
    /// The rate that its order holds fees on top for; zero where it does not.
    pub(crate) reserved: FeeRate,
}

/// A fee, and what it is a share of.
struct Share {
    asset: AssetId,
    basis: Amount,
    fee: Amount,
}

/// The fees of the maker and the taker of a trade of so much base for so much quote.
#[inline]
pub(crate) fn commissions(
    settling: &Settling<'_>,
    maker: &Payer,
    taker: &Payer,
    amounts: (Amount, Amount),
    day: u32,
) -> (Fee, Fee) {
    let fees = &settling.market.fees;
    let (maker_rate, taker_rate) = if fees.is_flat() {
        let tier = fees.tier(Amount::ZERO);
        (tier.maker, tier.taker)
    } else {
        let tier = |account| fees.tier(volume(settling, account, day));
        (tier(maker.account).maker, tier(taker.account).taker)
    };
    // First, because a rebate comes out of it.
    let taken = share(settling, taker, taker_rate, amounts, None);
    let made = if maker_rate.is_rebate() {
        let rebate = maker_rate.of(taken.basis).min(taken.fee);
        Fee {
            asset: taken.asset,
            amount: -delta(rebate),
        }
    } else {
        let spent = (taker.account == maker.account).then_some(&taken);
        let made = share(settling, maker, maker_rate, amounts, spent);
        Fee {
            asset: made.asset,
            amount: delta(made.fee),
        }
    };
    let taken = Fee {
        asset: taken.asset,
        amount: delta(taken.fee),
    };
    (made, taken)
}

#[cold]
fn volume(settling: &Settling<'_>, account: AccountId, day: u32) -> Amount {
    let trader = settling.traders.get(account);
    trader.map_or(Amount::ZERO, |trader| {
        trader.volume(settling.market.quote, day)
    })
}

/// The fee of one side at its rate; `spent` is what its account pays for the same trade already.
#[inline(always)]
fn share(
    settling: &Settling<'_>,
    payer: &Payer,
    rate: FeeRate,
    (base, quote): (Amount, Amount),
    spent: Option<&Share>,
) -> Share {
    let market = settling.market;
    let (pays, receives) = match payer.side {
        Side::Buy => (quote, base),
        Side::Sell => (base, quote),
    };
    if payer.reserved != FeeRate::ZERO {
        return Share {
            asset: market.pays(payer.side),
            basis: pays,
            fee: rate.min(payer.reserved).of(pays),
        };
    }
    let trader = settling.traders.get(payer.account);
    let chosen = trader.and_then(|trader| trader.fee_asset);
    if let Some(asset) = chosen
        && asset != market.base
        && asset != market.quote
        && let Some(share) = third(settling, payer.account, asset, rate, quote, spent)
    {
        return share;
    }
    Share {
        asset: market.receives(payer.side),
        basis: receives,
        fee: rate.of(receives),
    }
}

/// The fee in a third asset, where that can be told and there is enough of it.
#[cold]
fn third(
    settling: &Settling<'_>,
    account: AccountId,
    asset: AssetId,
    rate: FeeRate,
    quote: Amount,
    spent: Option<&Share>,
) -> Option<Share> {
    let basis = settling
        .prices
        .converted(quote, settling.market.quote, asset)?;
    let fee = rate.of(basis);
    let available = settling.ledger.balance(account, asset)?.available;
    let spent = spent.filter(|share| share.asset == asset);
    let left = available.checked_sub(spent.map_or(Amount::ZERO, |share| share.fee))?;
    (fee <= left).then_some(Share { asset, basis, fee })
}

fn delta(fee: Amount) -> Delta {
    fee.gain()
        .expect("a fee is no more than there is of its asset")
}
