//! Which side presses: by what rests, by how the best prices change, and by who takes.

use core::cmp::Reverse;

use orderbook_core::{Level, Side};

use crate::{Depth, PublicTrade, Quote, Ratio, Volume};

impl Depth {
    /// `(bids - asks) / (bids + asks)` of what is displayed on the best `levels` levels of each
    /// side: 1 where there are bids only, -1 where there are asks only, `None` where there is
    /// neither. O(`levels`).
    pub fn imbalance(&self, levels: usize) -> Option<Ratio> {
        let displayed = |side| {
            let levels = self.levels(side).take(levels);
            levels.fold(Volume::ZERO, |sum, level| {
                sum.saturating_add(level.quantity.into())
            })
        };
        imbalance(displayed(Side::Buy), displayed(Side::Sell))
    }
}

/// How much more was bought by takers than sold, as a share of what traded.
///
/// [`ratio`](Self::ratio) is `(buys - sells) / (buys + sells)`. Everything is O(1).
///
/// ```
/// use marketdata_core::{PublicTrade, Ratio, TradeImbalance};
/// use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};
///
/// let mut imbalance = TradeImbalance::new();
/// for (id, quantity, taker_side) in [(1, 6, Side::Buy), (2, 2, Side::Sell)] {
///     imbalance.apply(&PublicTrade {
///         id: TradeId::new(id),
///         time: Timestamp::new(id),
///         price: Price::new(100),
///         quantity: Quantity::new(quantity),
///         taker_side,
///     });
/// }
/// assert_eq!(imbalance.ratio(), Ratio::new(1, 2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TradeImbalance {
    /// What takers bought, in lots.
    pub buys: Volume,
    /// What takers sold, in lots.
    pub sells: Volume,
}

impl TradeImbalance {
    /// Nothing has traded.
    pub const fn new() -> Self {
        Self {
            buys: Volume::ZERO,
            sells: Volume::ZERO,
        }
    }

    /// Counts a trade.
    pub fn apply(&mut self, trade: &PublicTrade) {
        let volume = self.volume_mut(trade.taker_side);
        *volume = volume.saturating_add(trade.quantity.into());
    }

    /// Takes off a trade that was counted before, one that was busted or is too old. Says whether
    /// it could: where not that much was taken on its side, nothing changes.
    pub fn bust(&mut self, trade: &PublicTrade) -> bool {
        let volume = self.volume_mut(trade.taker_side);
        let rest = volume.get().checked_sub(u128::from(trade.quantity.get()));
        *volume = rest.map_or(*volume, Volume::new);
        rest.is_some()
    }

    /// `(buys - sells) / (buys + sells)`; `None` where nothing traded.
    pub fn ratio(&self) -> Option<Ratio> {
        imbalance(self.buys, self.sells)
    }

    fn volume_mut(&mut self, taker_side: Side) -> &mut Volume {
        match taker_side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }
}

/// `(buys - sells) / (buys + sells)`. Sums of quantities that can be counted fit.
fn imbalance(buys: Volume, sells: Volume) -> Option<Ratio> {
    let more = 0_i128.checked_add_unsigned(buys.get())?;
    Ratio::new(
        more.checked_sub_unsigned(sells.get())?,
        buys.get().checked_add(sells.get())?,
    )
}

/// How much more came to the bids than to the asks, told from how the best prices change.
///
/// From one quote to the next, the bid side gains its new quantity where its price did not fall,
/// and loses its old quantity where its price did not rise; the ask side likewise, with the
/// directions reversed. The gain of the bids less that of the asks is, in lots,
///
/// ```text
/// e = [Pb' >= Pb] qb' - [Pb' <= Pb] qb - [Pa' <= Pa] qa' + [Pa' >= Pa] qa
/// ```
///
/// and the order flow imbalance of a period is its sum over the quotes of the period (Cont, Kukanov
/// and Stoikov, "The Price Impact of Order Book Events", Journal of Financial Econometrics 12(1),
/// 2014). A side that is missing is worse than any price and has a quantity of zero: what appears
/// on it is all gain, and what vanishes all loss. Everything is O(1), the sum saturates after 2^62
/// quotes at the earliest.
///
/// ```
/// use marketdata_core::{OrderFlowImbalance, Quote};
/// use orderbook_core::{Level, Price, Quantity};
///
/// let quote = |bid, bid_quantity, ask, ask_quantity| {
///     let level = |price, quantity| {
///         Some(Level { price: Price::new(price), quantity: Quantity::new(quantity) })
///     };
///     Quote { bid: level(bid, bid_quantity), ask: level(ask, ask_quantity) }
/// };
/// let mut flow = OrderFlowImbalance::new();
/// flow.apply(quote(100, 5, 102, 7));
/// // Three more lots are bid, two are no longer offered.
/// flow.apply(quote(100, 8, 102, 5));
/// // Somebody bids more.
/// flow.apply(quote(101, 2, 102, 5));
/// assert_eq!(flow.take(), 3 + 2 + 2);
/// assert_eq!(flow.lots(), 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderFlowImbalance {
    last: Option<Quote>,
    lots: i128,
}

impl OrderFlowImbalance {
    /// No quote yet.
    pub const fn new() -> Self {
        Self {
            last: None,
            lots: 0,
        }
    }

    /// Counts what changed from the quote before; the first one is only something to compare with.
    pub fn apply(&mut self, quote: Quote) {
        let Some(last) = self.last.replace(quote) else {
            return;
        };
        let price = |level: Level| level.price;
        let bids = gain(last.bid, quote.bid, price);
        let asks = gain(last.ask, quote.ask, |level| Reverse(price(level)));
        self.lots = self.lots.saturating_add(bids - asks);
    }

    /// The order flow imbalance since the last [`take`](Self::take), in lots; above zero where the
    /// bids gained more.
    pub const fn lots(&self) -> i128 {
        self.lots
    }

    /// The order flow imbalance since the last take; a new period begins, with the last quote to
    /// compare with.
    pub const fn take(&mut self) -> i128 {
        core::mem::replace(&mut self.lots, 0)
    }
}

/// What one side gained, in lots. The `rank` of a level is the greater, the better its price is.
fn gain<R: Ord>(before: Option<Level>, after: Option<Level>, rank: impl Fn(Level) -> R) -> i128 {
    let quantity = |level: Option<Level>| level.map_or(0, |level| i128::from(level.quantity.get()));
    // What is missing ranks below all that is there.
    let (rank_before, rank_after) = (before.map(&rank), after.map(&rank));
    let mut gain = 0;
    if rank_after >= rank_before {
        gain += quantity(after);
    }
    if rank_after <= rank_before {
        gain -= quantity(before);
    }
    gain
}
