//! What came of a replay.

use std::collections::BTreeMap;
use std::fmt;

use exchange_engine::StateHash;
use marketdata_core::{Candle, CandleSeries, Interval};
use orderbook_core::{Level, Side, Step, Timestamp};
use rust_decimal::Decimal;

use crate::{Comparison, Pair, Recording, Replay, candles};

/// The levels of each side that a summary shows.
const LEVELS: usize = 5;
/// The candles of each interval that a summary shows.
const CANDLES: usize = 3;

/// What came of a replay; its [`Display`](fmt::Display) is for people.
#[derive(Debug, Clone)]
pub struct Summary {
    /// What was replayed.
    pub format: &'static str,
    /// What was traded.
    pub pair: Pair,
    /// How many messages the recording has.
    pub messages: u64,
    /// Orders that the exchange took in.
    pub accepted: u64,
    /// How often the exchange refused something, by its reason.
    pub refused: BTreeMap<String, u64>,
    /// How many messages were not for the exchange, by reason.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Trades made.
    pub trades: u64,
    /// What changed hands, in lots.
    pub lots: u128,
    /// What was paid for it, in tick-lots.
    pub tick_lots: i128,
    /// The best bids in the end.
    pub bids: Vec<Level>,
    /// The best asks in the end.
    pub asks: Vec<Level>,
    /// The last candles of some intervals, oldest first.
    pub candles: Vec<(Interval, Vec<Candle>)>,
    /// How it compares to what was recorded.
    pub comparisons: Vec<Comparison>,
    /// The hash of the exchange in the end.
    pub state_hash: StateHash,
}

impl Summary {
    pub(crate) fn new(
        recording: &Recording,
        replay: &Replay,
        comparisons: Vec<Comparison>,
    ) -> Self {
        let best = |side| replay.book().levels(side).take(LEVELS).collect();
        let shown = [
            Interval::ONE_MINUTE,
            Interval::FIVE_MINUTES,
            Interval::ONE_HOUR,
        ];
        let candles = replay.market_data().all_candles();
        let candles = candles.filter(|series| shown.contains(&series.interval()));
        let newest = |series: CandleSeries<'_>| {
            let mut candles: Vec<_> = series.candles().rev().take(CANDLES).collect();
            candles.reverse();
            (series.interval(), candles)
        };
        let tally = &replay.tally;
        Self {
            format: recording.format(),
            pair: recording.pair().clone(),
            messages: u64::try_from(recording.len()).unwrap_or(u64::MAX),
            accepted: tally.accepted,
            refused: tally.refused.clone(),
            ignored: tally.ignored.clone(),
            trades: tally.trades,
            lots: tally.lots,
            tick_lots: tally.tick_lots,
            bids: best(Side::Buy),
            asks: best(Side::Sell),
            candles: candles.map(newest).collect(),
            comparisons,
            state_hash: replay.exchange().state_hash(),
        }
    }

    /// What changed hands, in base.
    pub fn base_volume(&self) -> String {
        self.pair.volume(self.lots)
    }

    /// What was paid for it, in quote.
    pub fn quote_volume(&self) -> String {
        self.pair.quote_volume(self.tick_lots)
    }

    fn level(&self, level: Option<&Level>) -> (String, String) {
        level.map_or_else(Default::default, |level| {
            (
                self.pair.price(level.price),
                self.pair.volume(level.quantity.get().into()),
            )
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "format        {}", self.format)?;
        writeln!(f, "messages      {}", self.messages)?;
        for (why, count) in &self.ignored {
            writeln!(f, "  not sent    {count} {why}")?;
        }
        writeln!(f, "orders        {} accepted", self.accepted)?;
        for (why, count) in &self.refused {
            writeln!(f, "  refused     {count} because {why}")?;
        }
        writeln!(f, "trades        {}", self.trades)?;
        writeln!(
            f,
            "volume        {} {}",
            self.base_volume(),
            self.pair.base()
        )?;
        writeln!(
            f,
            "              {} {}",
            self.quote_volume(),
            self.pair.quote()
        )?;
        for Comparison { what, equal, of } in &self.comparisons {
            writeln!(f, "as recorded   {equal} of {of} {what}")?;
        }

        writeln!(f, "\nbook{:>24} {:>12} | {:<12} ask", "", "bid", "")?;
        if self.bids.is_empty() && self.asks.is_empty() {
            writeln!(f, "  (empty)")?;
        }
        for row in 0..self.bids.len().max(self.asks.len()) {
            let (bid, bid_quantity) = self.level(self.bids.get(row));
            let (ask, ask_quantity) = self.level(self.asks.get(row));
            writeln!(f, "{bid_quantity:>28} {bid:>12} | {ask:<12} {ask_quantity}")?;
        }

        writeln!(f, "\n{}", candles::HEADER)?;
        for (interval, candles) in &self.candles {
            for candle in candles {
                writeln!(f, "{}", candles::row(&self.pair, *interval, candle))?;
            }
        }
        write!(f, "\nstate hash    {}", self.state_hash)
    }
}

/// `count` steps as decimal text, exactly.
pub fn decimal(count: i128, step: Step) -> String {
    let number = count
        .checked_mul(i128::from(step.mantissa()))
        .and_then(|number| Decimal::try_from_i128_with_scale(number, u32::from(step.scale())).ok());
    // Beyond what a decimal can hold, the unit is stated instead.
    number.map_or_else(
        || format!("{count} × {}e-{}", step.mantissa(), step.scale()),
        |number| number.to_string(),
    )
}

/// A time as `2024-08-08 23:55:00`, rounded down to the second.
pub fn utc(time: Timestamp) -> String {
    let seconds = time.get() / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut day) = (1970, days);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // 400 years are always 146,097 days, which keeps the loop short for any time at all.
    year += day / 146_097 * 400;
    day %= 146_097;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!(
        "{year}-{month:02}-{:02} {:02}:{:02}:{:02}",
        day + 1,
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_200, "2024-03-01 00:00:00"),
            (1_723_161_255, "2024-08-08 23:54:15"),
            (1_735_689_599, "2024-12-31 23:59:59"),
        ];
        for (seconds, text) in cases {
            assert_eq!(utc(Timestamp::from_millis(seconds * 1_000)), text);
        }
    }

    #[test]
    fn counts_are_decimals() {
        let cent = Step::new(1, 2).expect("a step");
        assert_eq!(decimal(12_345, cent), "123.45");
        assert_eq!(decimal(0, cent), "0.00");
        assert!(decimal(i128::MAX, cent).ends_with("1e-2"));
    }
}
