//! Trades that market data is measured on: made up, but always the same.

use marketdata_core::{CandleEvent, Candles, Interval, PublicTrade, RollingTicker, Window};
use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};

use crate::{MIDDLE, Random};

/// When the first trade happens: a Monday, 00:00 UTC, in microseconds.
pub const BEGIN: u64 = 1_722_816_000_000_000;

/// What most people want to know of an instrument: candles of the standard intervals, a thousand of
/// each, and the statistics of the last 24 hours.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The candles.
    pub candles: Candles,
    /// The statistics.
    pub ticker: RollingTicker,
}

impl Feed {
    /// That of an instrument which nobody has traded yet.
    pub fn new() -> Self {
        Self {
            candles: Candles::new(&Interval::STANDARD, 1_000),
            ticker: RollingTicker::new(&[Window::ONE_DAY], 5_000_000),
        }
    }

    /// Counts a trade.
    ///
    /// # Panics
    ///
    /// For a trade of nothing, or one that was there already.
    #[inline]
    pub fn apply(&mut self, trade: &PublicTrade, events: &mut Vec<CandleEvent>) {
        let counted = self.ticker.apply(trade);
        let counted = counted.and_then(|()| self.candles.apply(trade, events));
        counted.expect("it is a new trade");
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self::new()
    }
}

/// How the price gets from one trade to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// A tick up, a tick down or nothing, as chance has it.
    Wandering,
    /// A tick down each time: no high lasts, which is the worst that a window can be given.
    Falling,
}

/// Trades of one instrument with ids from 1 on, `micros` apart on average or, where they are
/// `regular`, exactly. The same arguments give the same trades.
///
/// # Panics
///
/// Never, for fewer than [`MIDDLE`] trades.
pub fn trades(
    seed: u64,
    count: u64,
    micros: u64,
    regular: bool,
    course: Course,
) -> Vec<PublicTrade> {
    let mut random = Random::new(seed);
    let (mut price, mut time) = (MIDDLE, BEGIN);
    let mut trade = |id| {
        price += match course {
            Course::Wandering => [-1, 0, 1][usize::try_from(random.below(3)).unwrap_or_default()],
            Course::Falling => -1,
        };
        time += if regular {
            micros
        } else {
            random.below(2 * micros + 1)
        };
        PublicTrade {
            id: TradeId::new(id),
            time: Timestamp::new(time),
            price: Price::new(price),
            quantity: Quantity::new(1 + random.below(1_000)),
            taker_side: [Side::Buy, Side::Sell][usize::from(random.below(2) == 1)],
        }
    };
    (1..=count).map(&mut trade).collect()
}

/// To which of `instruments` each of `count` trades belongs: to the *k*-th with a probability of
/// one to *k* (Zipf's law), as markets have a few that everybody trades and many that hardly
/// anybody does.
///
/// # Panics
///
/// Where there are no instruments.
pub fn zipf(seed: u64, instruments: usize, count: usize) -> Vec<usize> {
    let mut random = Random::new(seed);
    // Shares in parts of 2^32, so that the rarest of ten thousand still has some.
    let shares = (1..=instruments).map(|rank| (1 << 32) / u64::try_from(rank).unwrap_or(u64::MAX));
    let ends: Vec<u64> = shares
        .scan(0, |end, share| {
            *end += share;
            Some(*end)
        })
        .collect();
    let all = *ends.last().expect("there are instruments");
    let mut pick = |_| {
        let number = random.below(all);
        ends.partition_point(|end| *end <= number)
    };
    (0..count).map(&mut pick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trades_are_what_they_are_said_to_be() {
        let wandering = trades(7, 10_000, 50_000, false, Course::Wandering);
        assert_eq!(
            wandering,
            trades(7, 10_000, 50_000, false, Course::Wandering)
        );
        assert_ne!(
            wandering,
            trades(8, 10_000, 50_000, false, Course::Wandering)
        );
        let seconds = (wandering[9_999].time.get() - BEGIN) / 1_000_000;
        assert!((490..510).contains(&seconds), "{seconds}");
        assert!(wandering.is_sorted_by_key(|trade| (trade.time, trade.id)));

        let falling = trades(7, 100, 1_000, true, Course::Falling);
        assert!(falling.is_sorted_by(|a, b| a.price > b.price));
        assert_eq!(falling[99].time.get(), BEGIN + 100_000);
    }

    #[test]
    fn the_first_instrument_trades_most() {
        let picked = zipf(7, 10_000, 100_000);
        let count = |rank| picked.iter().filter(|picked| **picked == rank).count();
        // The sum of 1 / k up to 10,000 is 9.79.
        assert!((9_900..10_500).contains(&count(0)), "{}", count(0));
        assert!((900..1_150).contains(&count(9)), "{}", count(9));
        assert!(picked.iter().all(|picked| *picked < 10_000));
    }
}
