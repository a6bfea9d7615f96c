//! How many orders it takes to trade.

use alloc::collections::VecDeque;
use core::num::NonZeroU64;

use orderbook_core::{AccountId, CloseReason, Event, Quantity, Timestamp};

use crate::{Ratio, Volume};

/// Counts of what came to a book, from the start and over a rolling window.
///
/// They count for one account where one is [named](Self::of_account), and else for everybody.
/// Supervision asks for them by account, since limits are by member: Commission Delegated Regulation
/// (EU) 2017/566 under Directive 2014/65/EU ("RTS 9"), articles 1 to 3 and annex. What
/// [`OrderCounts`] counts as what follows that rule as far as events tell.
///
/// The window consists of buckets of time, aligned to the Unix epoch: the running one and so many
/// before it that they are `buckets` in all. What it holds is so between `buckets - 1` and `buckets`
/// resolutions old at most. RTS 9 asks for the figures of a session or of less.
///
/// Applying and advancing is amortised O(1), whatever time is skipped. Memory is one entry (80 bytes)
/// per bucket of the window in which something came.
///
/// ```
/// use core::num::NonZeroU64;
/// use marketdata_core::{OrderActivity, Ratio};
/// use orderbook_core::*;
///
/// let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
/// let mut book = OrderBook::new(instrument);
/// // The last minute, to the second.
/// let mut activity = OrderActivity::new(NonZeroU64::new(1_000_000).unwrap(), 60);
///
/// // Somebody offers 5 lots at 100 ticks, somebody else buys 2, the rest is cancelled.
/// let mut events = Vec::new();
/// for (id, side, quantity) in [(1, Side::Sell, 5), (2, Side::Buy, 2)] {
///     let (id, account) = (OrderId::new(id), AccountId::new(id));
///     let order = Order::limit(id, account, side, Quantity::new(quantity), Price::new(100));
///     book.apply(&Command::Place(order), &mut events)?;
/// }
/// book.apply(&Command::Cancel { order_id: OrderId::new(1) }, &mut events)?;
/// for event in &events {
///     activity.apply(Timestamp::from_millis(1_700_000_000_000), event);
/// }
///
/// let counts = activity.total();
/// assert_eq!((counts.orders(), counts.trades), (3, 1));
/// assert_eq!(counts.order_to_trade(), Ratio::new(2, 1));
/// // 5 and 2 came, 3 were taken back, 2 traded.
/// assert_eq!(counts.order_to_trade_by_volume(), Ratio::new(4, 1));
/// assert_eq!(activity.window(), counts);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderActivity {
    account: Option<AccountId>,
    resolution_micros: NonZeroU64,
    buckets: usize,
    now: Timestamp,
    total: OrderCounts,
    window: OrderCounts,
    /// The buckets of the window in which something came, by the number of their resolution since
    /// the epoch, oldest first. Their sum is the window.
    recent: VecDeque<(u64, OrderCounts)>,
}

/// What came to a book in some time.
///
/// | event | counts as |
/// |---|---|
/// | `Accepted` | a submission of its quantity |
/// | `Amended` | an amendment: of what was displayed before, and of what remains after |
/// | `Reduced` | an amendment: of what remained before, and of what remains after |
/// | `Closed`: cancelled, replaced | a cancellation of what never traded |
/// | `Closed`: expired without having been on the book, as the rest of an IOC | a cancellation of what never traded |
/// | `Traded` | a trade of its quantity |
///
/// An amendment counts as two orders, since it is a cancellation and a new insertion (RTS 9, annex);
/// a replacement reports both and so does too. What the book does by itself counts as nothing: orders
/// that are filled, that expire at their date, or that meet one of their own owner. Nor does what
/// the book refused, which leaves no event. Three things the events do not tell: what an amended
/// iceberg had in reserve, which is missing in the volume; whether a mass cancellation was a kill
/// switch, which RTS 9 leaves out and which is in here; and whether what expired at once was a market
/// order, which RTS 9 counts once and not twice.
///
/// A trade counts once for the whole market; for an account, once for each side that is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderCounts {
    /// Orders that came in.
    pub submissions: u64,
    /// Orders that got other terms.
    pub amendments: u64,
    /// Orders that were taken back.
    pub cancellations: u64,
    /// The volume of all these, in lots.
    pub order_volume: Volume,
    /// Trades.
    pub trades: u64,
    /// The volume of the trades, in lots.
    pub trade_volume: Volume,
}

impl OrderCounts {
    /// The orders in the sense of RTS 9: submissions, cancellations, and amendments twice.
    /// Saturates.
    pub const fn orders(&self) -> u64 {
        let amendments = self.amendments.saturating_mul(2);
        let messages = self.submissions.saturating_add(self.cancellations);
        messages.saturating_add(amendments)
    }

    /// The ratio of unexecuted orders to transactions in number terms, `orders / trades - 1`
    /// (RTS 9, article 3); `None` where nothing traded, for which the rule has no ratio.
    pub fn order_to_trade(&self) -> Option<Ratio> {
        let trades = i128::from(self.trades);
        Ratio::new(i128::from(self.orders()) - trades, self.trades.into())
    }

    /// The ratio of unexecuted orders to transactions in volume terms,
    /// `order volume / trade volume - 1` (RTS 9, article 3); `None` where nothing traded.
    pub fn order_to_trade_by_volume(&self) -> Option<Ratio> {
        let orders = 0_i128.checked_add_unsigned(self.order_volume.get())?;
        let trades = self.trade_volume.get();
        Ratio::new(orders.checked_sub_unsigned(trades)?, trades)
    }

    fn add(&mut self, other: &Self) {
        self.submissions += other.submissions;
        self.amendments += other.amendments;
        self.cancellations += other.cancellations;
        self.trades += other.trades;
        self.order_volume = self.order_volume.saturating_add(other.order_volume);
        self.trade_volume = self.trade_volume.saturating_add(other.trade_volume);
    }

    /// Takes off what was added before.
    fn subtract(&mut self, other: &Self) {
        let less = |held: Volume, by: Volume| Volume::new(held.get().saturating_sub(by.get()));
        self.submissions -= other.submissions;
        self.amendments -= other.amendments;
        self.cancellations -= other.cancellations;
        self.trades -= other.trades;
        self.order_volume = less(self.order_volume, other.order_volume);
        self.trade_volume = less(self.trade_volume, other.trade_volume);
    }

    /// What one event counts as.
    fn of(event: &Event, account: Option<AccountId>) -> Self {
        let concerns = |owner: AccountId| account.is_none_or(|account| account == owner);
        let none = Self::default();
        match *event {
            Event::Accepted {
                account, quantity, ..
            } if concerns(account) => Self {
                submissions: 1,
                order_volume: quantity.into(),
                ..none
            },
            Event::Amended {
                account,
                left,
                remaining,
                ..
            } if concerns(account) => Self {
                amendments: 1,
                order_volume: sum(left.quantity, remaining),
                ..none
            },
            Event::Reduced {
                account,
                by,
                remaining,
                ..
            } if concerns(account) => Self {
                amendments: 1,
                order_volume: sum(by, remaining).saturating_add(remaining.into()),
                ..none
            },
            Event::Closed {
                account,
                reason,
                unfilled,
                left,
                ..
            } if concerns(account) && is_cancellation(reason, left.is_some()) => Self {
                cancellations: 1,
                order_volume: unfilled.into(),
                ..none
            },
            Event::Traded(trade) => {
                let sides = match account {
                    None => 1,
                    Some(account) => {
                        u64::from(trade.maker_account == account)
                            + u64::from(trade.taker_account == account)
                    }
                };
                let quantity = u128::from(trade.quantity.get());
                Self {
                    trades: sides,
                    trade_volume: Volume::new(quantity * u128::from(sides)),
                    ..none
                }
            }
            _ => none,
        }
    }
}

impl OrderActivity {
    /// No counts of anybody yet, and a window of so many buckets of so many microseconds each. A
    /// window of no buckets never holds anything.
    pub const fn new(resolution_micros: NonZeroU64, buckets: usize) -> Self {
        let none = OrderCounts {
            submissions: 0,
            amendments: 0,
            cancellations: 0,
            order_volume: Volume::ZERO,
            trades: 0,
            trade_volume: Volume::ZERO,
        };
        Self {
            account: None,
            resolution_micros,
            buckets,
            now: Timestamp::new(0),
            total: none,
            window: none,
            recent: VecDeque::new(),
        }
    }

    /// From here on, counts what `account` does only.
    #[must_use]
    pub const fn of_account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// Counts an event of the book, which happened at `time`. An earlier time than the newest seen
    /// counts as the newest seen.
    pub fn apply(&mut self, time: Timestamp, event: &Event) {
        self.advance(time);
        let counts = OrderCounts::of(event, self.account);
        if counts == OrderCounts::default() {
            return;
        }
        self.total.add(&counts);
        if self.buckets == 0 {
            return;
        }
        self.window.add(&counts);
        let number = self.number(self.now);
        match self.recent.back_mut() {
            Some((newest, bucket)) if *newest == number => bucket.add(&counts),
            _ => self.recent.push_back((number, counts)),
        }
    }

    /// Lets time pass until `time`. An earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp) {
        self.now = self.now.max(time);
        let (number, buckets) = (self.number(self.now), self.buckets as u64);
        // No bucket in here is after that of now.
        let has_left = |bucket: &(u64, OrderCounts)| number - bucket.0 >= buckets;
        while let Some((_, counts)) = self.recent.front().copied().filter(has_left) {
            self.recent.pop_front();
            self.window.subtract(&counts);
        }
    }

    /// What came since the start.
    pub const fn total(&self) -> OrderCounts {
        self.total
    }

    /// What came in the window that ends at the newest time seen.
    pub const fn window(&self) -> OrderCounts {
        self.window
    }

    fn number(&self, time: Timestamp) -> u64 {
        time.get() / self.resolution_micros
    }
}

/// Whether it was the owner who wanted the order gone, at once or by the terms of an IOC or FOK.
const fn is_cancellation(reason: CloseReason, was_on_book: bool) -> bool {
    match reason {
        CloseReason::Cancelled | CloseReason::Replaced => true,
        CloseReason::Expired => !was_on_book,
        CloseReason::Filled | CloseReason::SelfTrade | CloseReason::BudgetSpent => false,
    }
}

fn sum(a: Quantity, b: Quantity) -> Volume {
    Volume::from(a).saturating_add(b.into())
}
