//! What can be asked of candles and tickers.

use std::fmt::Debug;

use marketdata_core::{
    Candle, CandleError, CandleEvent, CandleSeries, Candles, GapPolicy, Interval, Ratio,
    TickerStats, Window,
};
use orderbook_core::{Notional, Timestamp};

use super::super::At;
use crate::market::{self, Buckets, Range, Stats, Told};
use crate::market_commands::Settings;

/// What the real thing calls the intervals and windows of the model.
pub(super) struct Names {
    /// In the order of the settings.
    intervals: Vec<(Interval, Buckets)>,
    windows: Vec<(Window, u64)>,
    /// Whether quote volumes may have saturated, which is compared no more then: where that happens
    /// on the way depends on the order in which trades are added.
    pub(super) is_loose: bool,
}

impl Names {
    pub(super) fn new(settings: &Settings) -> Self {
        let interval = |buckets: &Buckets| {
            let interval = match *buckets {
                Buckets::Micros(length) => Interval::of_micros(length),
                Buckets::Week => Ok(Interval::ONE_WEEK),
                Buckets::Month => Ok(Interval::ONE_MONTH),
            };
            (interval.expect("a divisor of a day"), *buckets)
        };
        let window = |micros: &u64| {
            let window = Window::of_micros(*micros).expect("not zero");
            (window, *micros)
        };
        let names = Self {
            intervals: settings.buckets.iter().map(interval).collect(),
            windows: settings.windows.iter().map(window).collect(),
            is_loose: false,
        };
        names.check();
        names
    }

    /// Lengths, names and what is made of what.
    fn check(&self) {
        for (interval, buckets) in &self.intervals {
            let name = buckets.to_string();
            assert_eq!(interval.to_string(), name);
            assert_eq!(name.parse(), Ok(*interval));
            for (other, longer) in &self.intervals {
                let divides = buckets.divides(*longer);
                assert_eq!(interval.divides(*other), divides, "{name} and {longer}");
                assert_eq!(
                    interval.cmp(other),
                    buckets.cmp(longer),
                    "{name} and {longer}"
                );
            }
        }
    }

    pub(super) fn intervals(&self) -> Vec<Interval> {
        self.intervals
            .iter()
            .map(|(interval, _)| *interval)
            .collect()
    }

    pub(super) fn windows(&self) -> Vec<Window> {
        self.windows.iter().map(|(window, _)| *window).collect()
    }

    pub(super) fn interval(&self, buckets: Buckets) -> Interval {
        let found = self.intervals.iter().find(|(_, it)| *it == buckets);
        found.expect("one of the intervals").0
    }

    /// An event in the words of the model.
    pub(super) fn told(&self, event: &CandleEvent) -> Told {
        let told = Told::of(event, |interval| {
            let found = self.intervals.iter().find(|(it, _)| *it == interval);
            found.expect("an event of one of the intervals").1
        });
        self.loosen(told)
    }

    /// What of an event is compared.
    pub(super) fn loosen(&self, told: Told) -> Told {
        told.map(|candle| self.compared(candle))
    }

    /// What of a candle is compared.
    pub(super) fn compared(&self, candle: Candle) -> Candle {
        if self.is_loose {
            Candle {
                quote_volume: Notional::ZERO,
                taker_buy_quote_volume: Notional::ZERO,
                ..candle
            }
        } else {
            candle
        }
    }

    fn all_compared(&self, candles: Vec<Candle>) -> Vec<Candle> {
        candles.into_iter().map(|it| self.compared(it)).collect()
    }
}

/// New candles from what others tell of themselves.
pub(super) fn restored(
    candles: &Candles,
    names: &Names,
    settings: &Settings,
    now: u64,
) -> Result<Candles, CandleError> {
    Candles::restore(
        &names.intervals(),
        settings.candles,
        Timestamp::new(now),
        candles.stored(),
    )
}

/// The candles of every interval, and those that somebody asks for.
pub(super) fn compare_candles<'a, C: Debug>(
    at: &At<'_, C>,
    names: &Names,
    get: &dyn Fn(Interval) -> Option<CandleSeries<'a>>,
    model: &market::Candles,
    range: Range,
) {
    for (interval, buckets) in &names.intervals {
        let Some(series) = get(*interval) else {
            panic!("{at}\nthere are no candles of {buckets}");
        };
        let candles = names.all_compared(model.candles(*buckets));
        let real = names.all_compared(series.candles().collect());
        at.same_list(&format!("candles of {buckets}"), real, &candles);
        let latest = candles.last().copied();
        at.same(
            &format!("newest candles of {buckets}"),
            &series.latest().map(|it| names.compared(*it)),
            &latest,
        );
        let forgotten = model.forgotten(*buckets);
        at.same(
            &format!("what is forgotten of {buckets}"),
            &series.forgotten(),
            &forgotten,
        );
        for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
            let Range {
                from,
                to,
                limit,
                now,
            } = range;
            let real = names.all_compared(series.range(from, to, limit, now, gaps));
            let expected = names.all_compared(model.range(*buckets, range, gaps));
            let what = format!("ranges of {buckets} with {gaps:?}");
            at.same_list(&what, real, &expected);
        }
        compare_with_older(at, names, *buckets, series, model, range);
        let ends = range.from.into_iter().chain(range.to);
        for time in ends.chain([range.now, Timestamp::new(model.now())]) {
            let open = buckets.open(time.get());
            at.same(
                "openings of buckets",
                &interval.open_time(time).get(),
                &open,
            );
            let close = buckets.close(time.get());
            at.same("ends of buckets", &interval.close_time(time).get(), &close);
            let mut earlier = open;
            for _ in 0..range.limit % 16 {
                earlier = buckets.open(earlier.saturating_sub(1));
            }
            let count = range.limit as u64 % 16;
            let real = interval.earlier(time, count).get();
            at.same("earlier buckets", &real, &earlier);
        }
    }
}

/// The candles together with one from before, and with those that are there anyway.
fn compare_with_older<C: Debug>(
    at: &At<'_, C>,
    names: &Names,
    buckets: Buckets,
    series: CandleSeries<'_>,
    model: &market::Candles,
    range: Range,
) {
    let candles = model.candles(buckets);
    let Some(oldest) = candles.first() else {
        return;
    };
    let Some(before) = oldest.open_time.get().checked_sub(1) else {
        return;
    };
    let older = Candle {
        open_time: Timestamp::new(buckets.open(before)),
        close_time: oldest.open_time,
        ..*oldest
    };
    let all = [&[older], &candles[..]].concat();
    let series = series.with_older(all.clone());
    let compared = |candles: Vec<Candle>| names.all_compared(candles);
    let real = compared(series.candles().collect());
    at.same("candles with an older one", &real, &compared(all.clone()));
    for gaps in [GapPolicy::Skip, GapPolicy::PreviousClose] {
        let Range {
            from,
            to,
            limit,
            now,
        } = range;
        let real = compared(series.range(from, to, limit, now, gaps));
        let expected = compared(model.range_of(buckets, all.clone(), range, gaps));
        at.same("ranges with an older one", &real, &expected);
    }
}

/// The statistics of every window.
pub(super) fn compare_ticker<C: Debug>(
    at: &At<'_, C>,
    names: &Names,
    stats: &dyn Fn(Window) -> Option<TickerStats>,
    model: &market::Ticker,
) {
    for (window, micros) in &names.windows {
        let expected = model.stats(*micros);
        let real = stats(*window).map(|real| {
            compare_derived(at, &real);
            Stats {
                open: real.open,
                high: real.high,
                low: real.low,
                last: real.last,
                last_quantity: real.last_quantity,
                previous_close: expected
                    .and_then(|it| it.previous_close)
                    .map(|_| real.previous_close),
                volume: real.volume,
                quote_volume: real.quote_volume,
                trade_count: real.trade_count,
                first_trade_id: real.first_trade_id,
                last_trade_id: real.last_trade_id,
                is_truncated: real.is_truncated,
            }
        });
        at.same(&format!("statistics of {micros} us"), &real, &expected);
    }
    let other = Window::of_micros(77).expect("not zero");
    at.same("statistics of no window", &stats(other).is_some(), &false);
}

/// What follows from the other statistics.
fn compare_derived<C: Debug>(at: &At<'_, C>, stats: &TickerStats) {
    let volume = stats.volume.get();
    let average = Ratio::new(stats.quote_volume.get(), volume);
    at.same("averages", &stats.weighted_average(), &average);
    let change = stats.open.zip(stats.last);
    let change = change.map(|(open, last)| i128::from(last.get()) - i128::from(open.get()));
    at.same("changes", &stats.change(), &change);
    let ratio = change.zip(stats.open).and_then(|(change, open)| {
        let open = i128::from(open.get());
        Ratio::new(change * open.signum(), open.unsigned_abs())
    });
    at.same("ratios of change", &stats.change_ratio(), &ratio);
}
