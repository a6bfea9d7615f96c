//! How much a price moves.

use alloc::collections::VecDeque;
use core::num::NonZeroU64;

use orderbook_core::{Price, Timestamp};

use crate::Ratio;
use crate::statistics::logarithm::{TRILLION, log_return_trillionths};

/// The realised volatility of a price over the last so many samples.
///
/// A sample is taken at the end of each interval of time, aligned to the Unix epoch: the last price
/// before it (previous-tick sampling), which is the close of a candle of that interval. From one
/// sample to the next there is a logarithmic return, `r = ln(price / price before)`; a quiet
/// interval gives one of zero. Over the last `n` returns,
///
/// * the realised variance is `sum(r^2)`,
/// * the realised volatility is its root, `sqrt(sum(r^2))`,
/// * and the annualised one `sqrt(sum(r^2) / n * samples per year)`.
///
/// No mean is taken off, as is usual for returns over short times (Andersen, Bollerslev, Diebold
/// and Labys, "Modeling and Forecasting Realized Volatility", Econometrica 71(2), 2003).
///
/// A sample at zero or below has no logarithm. It is skipped and counted: the next return is from
/// the last sample that has one.
///
/// # Error
///
/// Returns are multiples of 10^-12 that are off by less than 0.6 * 10^-12 each. So the volatility of
/// `n` returns, rounded down to a multiple of 10^-12, is off by less than `(0.6 * sqrt(n) + 1)` of
/// these, and the annualised one by less than `(0.6 * sqrt(samples per year) + 1)`.
///
/// # Cost
///
/// Amortised O(1) per price and per advance, whatever time it skips: a run of quiet intervals is one
/// entry. Memory is up to one entry of 16 bytes per return. A trade that is busted later stays in
/// the samples.
///
/// ```
/// use core::num::NonZeroU64;
/// use marketdata_core::RealisedVolatility;
/// use orderbook_core::{Price, Timestamp};
///
/// // The last 60 returns of a minute each.
/// let minute = NonZeroU64::new(60_000_000).unwrap();
/// let mut volatility = RealisedVolatility::new(minute, 60);
/// for (minutes, price) in [(0, 10_000), (1, 10_100), (2, 10_000)] {
///     volatility.apply(Timestamp::new(minutes * 60_000_000), Price::new(price));
/// }
/// volatility.advance(Timestamp::new(3 * 60_000_000));
///
/// assert_eq!(volatility.returns(), 2);
/// // Twice 0.00995033..., squared, summed up, and the root of that.
/// assert_eq!(volatility.volatility().unwrap().rounded(6), Some(14_072));
/// let minutes_per_year = 365 * 24 * 60;
/// assert_eq!(volatility.annualised(minutes_per_year).unwrap().rounded(2), Some(721));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealisedVolatility {
    interval_micros: NonZeroU64,
    capacity: u32,
    now: Timestamp,
    /// The newest price; `None` before the first.
    price: Option<Price>,
    /// The last sample above zero.
    sample: Option<Price>,
    /// The returns, oldest first, in runs: a return in units of 10^-12, and how often it follows
    /// itself, which is once except for zero.
    runs: VecDeque<(i64, u32)>,
    /// The lengths of the runs, added up; never more than the capacity.
    returns: u32,
    /// In units of 10^-24. Each square has 91 bits and there are fewer than 2^32.
    sum_of_squares: u128,
    skipped: u64,
}

impl RealisedVolatility {
    /// The volatility of the last `returns` returns from one sample to the next, an interval of so
    /// many microseconds apart. Of no returns there is never a volatility.
    pub const fn new(interval_micros: NonZeroU64, returns: u32) -> Self {
        Self {
            interval_micros,
            capacity: returns,
            now: Timestamp::new(0),
            price: None,
            sample: None,
            runs: VecDeque::new(),
            returns: 0,
            sum_of_squares: 0,
            skipped: 0,
        }
    }

    /// Takes note of a price at `time`: that of a trade, a mid, or the close of a candle at the
    /// candle's open time. An earlier time than the newest seen counts as the newest seen.
    pub fn apply(&mut self, time: Timestamp, price: Price) {
        self.advance(time);
        self.price = Some(price);
    }

    /// Lets time pass until `time` and takes the samples of the intervals that this ends. An
    /// earlier time than the newest seen changes nothing.
    pub fn advance(&mut self, time: Timestamp) {
        let interval = |time: Timestamp| time.get() / self.interval_micros;
        let ended = interval(time).saturating_sub(interval(self.now));
        self.now = self.now.max(time);
        let Some(price) = self.price.filter(|_| ended > 0) else {
            return;
        };
        if price.get() <= 0 {
            self.skipped = self.skipped.saturating_add(ended);
            return;
        }
        let before = self.sample.replace(price);
        if let Some(ln) = before.and_then(|before| log_return_trillionths(before, price)) {
            self.push(ln, 1);
        }
        self.push(0, ended - 1);
    }

    /// Adds a return that follows itself so many times, which is once unless it is zero, and drops
    /// what is too much.
    fn push(&mut self, ln: i64, times: u64) {
        let times = u32::try_from(times).map_or(self.capacity, |times| times.min(self.capacity));
        if times == 0 {
            return;
        }
        self.drop_oldest(times.saturating_sub(self.capacity - self.returns));
        match self.runs.back_mut() {
            Some((0, run)) if ln == 0 => *run += times,
            _ => self.runs.push_back((ln, times)),
        }
        self.returns += times;
        self.sum_of_squares += square(ln);
    }

    fn drop_oldest(&mut self, mut surplus: u32) {
        self.returns -= surplus;
        while let Some((ln, run)) = self.runs.front_mut().filter(|_| surplus > 0) {
            let dropped = surplus.min(*run);
            surplus -= dropped;
            *run -= dropped;
            self.sum_of_squares -= square(*ln);
            if *run == 0 {
                self.runs.pop_front();
            }
        }
    }

    /// The number of returns in the window.
    pub const fn returns(&self) -> u32 {
        self.returns
    }

    /// The number of samples ever that were skipped because the price was not above zero.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The realised variance, `sum(r^2)`; `None` where there is no return. O(1).
    pub fn variance(&self) -> Option<Ratio> {
        self.some_returns()?;
        let sum = i128::try_from(self.sum_of_squares).ok()?;
        Ratio::new(sum, TRILLION * TRILLION)
    }

    /// The realised volatility, `sqrt(sum(r^2))`, rounded down to a multiple of 10^-12; `None`
    /// where there is no return. O(1).
    pub fn volatility(&self) -> Option<Ratio> {
        self.some_returns()?;
        root(self.sum_of_squares)
    }

    /// The volatility as a year of such returns would have it,
    /// `sqrt(sum(r^2) / n * samples_per_year)`, rounded down to a multiple of 10^-12. A market that
    /// never closes has 525,600 samples of a minute in a year of 365 days.
    ///
    /// `None` where there is no return, and where the product does not fit 128 bits, which takes a
    /// price that leaps to and fro between the ends of its range. O(1).
    pub fn annualised(&self, samples_per_year: u64) -> Option<Ratio> {
        let returns = self.some_returns()?;
        let scaled = self
            .sum_of_squares
            .checked_mul(u128::from(samples_per_year))?;
        root(scaled / u128::from(returns))
    }

    fn some_returns(&self) -> Option<u32> {
        (self.returns > 0).then_some(self.returns)
    }
}

/// In units of 10^-24.
fn square(ln: i64) -> u128 {
    let magnitude = u128::from(ln.unsigned_abs());
    magnitude * magnitude
}

/// The root of what is given in units of 10^-24.
fn root(square: u128) -> Option<Ratio> {
    Ratio::new(i128::try_from(square.isqrt()).ok()?, TRILLION)
}
