//! The highest and lowest price, and the average by volume, of the last so many trades.
//!
//! Trades come a second apart, so that the last so many are those of the last so many seconds.

use marketdata_core::{PublicTrade, RollingTicker, Window};
use ta::Next;
use ta::indicators::{Maximum, Minimum};
use yata::core::Method;
use yata::methods::{Highest, Lowest, VWMA};

use crate::contest::Contestant;
use crate::{float, whole};

/// The window: an hour, and as many trades.
const WINDOW: Window = Window::ONE_HOUR;
/// The same in trades.
pub const LENGTH: u32 = 3_600;

/// Highest and lowest.
pub type Extremes = (i64, i64);

/// Ours; it also keeps volumes, opens, ids and numbers of trades.
pub struct Ours(RollingTicker);

impl Contestant for Ours {
    const NAME: &'static str = "ours";
    const REMARK: &'static str = "integers";
    type Settings = ();
    type Given = PublicTrade;
    type Input = PublicTrade;
    type Answer = Extremes;
    type Row = ();

    fn inputs(given: &[PublicTrade]) -> Vec<PublicTrade> {
        given.to_vec()
    }

    fn new((): &(), _: &PublicTrade) -> Self {
        Self(RollingTicker::new(&[WINDOW], usize::MAX))
    }

    #[inline]
    fn apply(&mut self, trade: PublicTrade) -> Extremes {
        self.0.apply(&trade).expect("it is a new trade");
        let stats = self.0.stats(WINDOW).expect("it has this window");
        let price = |price: Option<orderbook_core::Price>| price.expect("a trade is in it").get();
        (price(stats.high), price(stats.low))
    }

    fn rows(self) -> Vec<()> {
        Vec::new()
    }
}

/// yata's `Highest` and `Lowest`.
pub struct Yata(Highest, Lowest);

impl Contestant for Yata {
    const NAME: &'static str = "yata 0.7.0";
    const REMARK: &'static str = "floats only, knows no times";
    type Settings = ();
    type Given = PublicTrade;
    type Input = f64;
    type Answer = Extremes;
    type Row = ();

    fn inputs(given: &[PublicTrade]) -> Vec<f64> {
        given.iter().map(|trade| float(trade.price.get())).collect()
    }

    fn new((): &(), first: &PublicTrade) -> Self {
        let first = float(first.price.get());
        let highest = Highest::new(LENGTH, &first).expect("a window of some");
        Self(
            highest,
            Lowest::new(LENGTH, &first).expect("a window of some"),
        )
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "prices are whole numbers")]
    fn apply(&mut self, price: f64) -> Extremes {
        (self.0.next(&price) as i64, self.1.next(&price) as i64)
    }

    fn rows(self) -> Vec<()> {
        Vec::new()
    }
}

/// ta's `Maximum` and `Minimum`.
pub struct Ta(Maximum, Minimum);

impl Contestant for Ta {
    const NAME: &'static str = "ta 0.5.0";
    const REMARK: &'static str = "floats only, knows no times";
    type Settings = ();
    type Given = PublicTrade;
    type Input = f64;
    type Answer = Extremes;
    type Row = ();

    fn inputs(given: &[PublicTrade]) -> Vec<f64> {
        Yata::inputs(given)
    }

    fn new((): &(), _: &PublicTrade) -> Self {
        let length = usize::try_from(LENGTH).unwrap_or(usize::MAX);
        let maximum = Maximum::new(length).expect("a window of some");
        Self(maximum, Minimum::new(length).expect("a window of some"))
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "prices are whole numbers")]
    fn apply(&mut self, price: f64) -> Extremes {
        (self.0.next(price) as i64, self.1.next(price) as i64)
    }

    fn rows(self) -> Vec<()> {
        Vec::new()
    }
}

/// Ours, asked for the average by volume: down to whole ticks, which is as far as floats agree.
pub struct OursAverage(RollingTicker);

impl Contestant for OursAverage {
    const NAME: &'static str = "ours";
    const REMARK: &'static str = "integers, exact";
    type Settings = ();
    type Given = PublicTrade;
    type Input = PublicTrade;
    type Answer = i64;
    type Row = ();

    fn inputs(given: &[PublicTrade]) -> Vec<PublicTrade> {
        given.to_vec()
    }

    fn new((): &(), _: &PublicTrade) -> Self {
        Self(RollingTicker::new(&[WINDOW], usize::MAX))
    }

    #[inline]
    fn apply(&mut self, trade: PublicTrade) -> i64 {
        self.0.apply(&trade).expect("it is a new trade");
        let stats = self.0.stats(WINDOW).expect("it has this window");
        let average = stats.weighted_average().expect("a trade is in it");
        // As a venue that publishes integers would.
        let ticks = average.truncated(0).expect("it fits");
        i64::try_from(ticks).expect("between the lowest and the highest price")
    }

    fn rows(self) -> Vec<()> {
        Vec::new()
    }
}

/// yata's `VWMA`.
pub struct YataAverage(VWMA);

impl Contestant for YataAverage {
    const NAME: &'static str = "yata 0.7.0";
    const REMARK: &'static str = "floats only, knows no times";
    type Settings = ();
    type Given = PublicTrade;
    type Input = (f64, f64);
    type Answer = i64;
    type Row = ();

    fn inputs(given: &[PublicTrade]) -> Vec<(f64, f64)> {
        let input =
            |trade: &PublicTrade| (float(trade.price.get()), float(whole(trade.quantity.get())));
        given.iter().map(input).collect()
    }

    fn new((): &(), _: &PublicTrade) -> Self {
        // It starts with a window full of its first input, here of nothing.
        Self(VWMA::new(LENGTH, &(0.0, 0.0)).expect("a window of some"))
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "down to whole ticks")]
    fn apply(&mut self, input: (f64, f64)) -> i64 {
        self.0.next(&input) as i64
    }

    fn rows(self) -> Vec<()> {
        Vec::new()
    }
}
