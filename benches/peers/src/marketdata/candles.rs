//! Trades into candles, and short candles into long ones.

use marketdata_core::{Candle, CandleEvent, Candles, Interval, PublicTrade};
use orderbook_core::Price;
use tickbar::{Bar, BarAggregator, TimeAlignment};
use wickra_data::aggregator::{TickAggregator, Timeframe};
use wickra_data::resample::Resampler;
use yata::core::Method;
use yata::methods::CollapseTimeframe;

use crate::contest::Contestant;
use crate::{float, micros, whole};

/// Length in microseconds, open time, open, high, low, close, volume: what all of them know.
pub type Row = (u64, u64, [i64; 4], u64);

fn row(length: u64, candle: &Candle) -> Row {
    let prices = [candle.open, candle.high, candle.low, candle.close].map(Price::get);
    let volume = u64::try_from(candle.volume.get()).unwrap_or(u64::MAX);
    (length, candle.open_time.get(), prices, volume)
}

/// Ours. It also keeps quote volumes, those of takers who bought, numbers and ids of trades.
pub struct Ours {
    candles: Candles,
    events: Vec<CandleEvent>,
}

impl Contestant for Ours {
    const NAME: &'static str = "ours";
    const REMARK: &'static str = "integers";
    type Settings = [Interval];
    type Given = PublicTrade;
    type Input = PublicTrade;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[PublicTrade]) -> Vec<PublicTrade> {
        given.to_vec()
    }

    fn new(intervals: &[Interval], _: &PublicTrade) -> Self {
        Self {
            candles: Candles::new(intervals, usize::MAX),
            events: Vec::new(),
        }
    }

    #[inline]
    fn apply(&mut self, trade: PublicTrade) {
        self.events.clear();
        let counted = self.candles.apply(&trade, &mut self.events);
        counted.expect("it is a trade");
    }

    fn rows(self) -> Vec<Row> {
        let rows = |series: marketdata_core::CandleSeries<'_>| {
            let length = micros(series.interval());
            series
                .candles()
                .map(|candle| row(length, &candle))
                .collect::<Vec<_>>()
        };
        self.candles.all().flat_map(rows).collect()
    }
}

/// tickbar: one aggregator for an interval; volume-weighted averages and numbers of trades as well.
pub struct Tickbar(Vec<(u64, BarAggregator)>);

impl Contestant for Tickbar {
    const NAME: &'static str = "tickbar 0.2.0";
    const REMARK: &'static str = "integers that wrap";
    type Settings = [Interval];
    type Given = PublicTrade;
    type Input = tickbar::Tick;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[PublicTrade]) -> Vec<tickbar::Tick> {
        let tick = |trade: &PublicTrade| tickbar::Tick {
            timestamp_nanos: whole(trade.time.get()) * 1_000,
            price: trade.price.get(),
            volume: whole(trade.quantity.get()),
            flags: 0,
        };
        given.iter().map(tick).collect()
    }

    fn new(intervals: &[Interval], first: &PublicTrade) -> Self {
        let aggregator = |interval: &Interval| {
            let length = micros(*interval);
            let (nanos, first) = (whole(length) * 1_000, whole(first.time.get()) * 1_000);
            let utc = TimeAlignment::UTC;
            (
                length,
                BarAggregator::new(nanos, utc, 0, 0, false, false, first),
            )
        };
        Self(intervals.iter().map(aggregator).collect())
    }

    #[inline]
    fn apply(&mut self, tick: tickbar::Tick) {
        for (_, aggregator) in &mut self.0 {
            let counted = aggregator.ingest_ticks(std::slice::from_ref(&tick));
            counted.expect("it is in order");
        }
    }

    fn rows(self) -> Vec<Row> {
        let rows = |(length, aggregator): (u64, BarAggregator)| {
            let bars = aggregator.finalize().into_inner();
            bars.into_iter().map(move |bar| of_bar(length, &bar))
        };
        self.0.into_iter().flat_map(rows).collect()
    }
}

fn of_bar(length: u64, bar: &Bar) -> Row {
    let open_time = u64::try_from(bar.timestamp_nanos).unwrap_or_default() / 1_000;
    let volume = u64::try_from(bar.volume).unwrap_or_default();
    (
        length,
        open_time,
        [bar.open, bar.high, bar.low, bar.close],
        volume,
    )
}

/// wickra-data: one aggregator for an interval; whoever calls keeps the candles.
pub struct Wickra(Vec<(u64, TickAggregator, Vec<wickra_core::Candle>)>);

impl Contestant for Wickra {
    const NAME: &'static str = "wickra-data 2.1.1";
    const REMARK: &'static str = "floats only";
    type Settings = [Interval];
    type Given = PublicTrade;
    type Input = wickra_core::Tick;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[PublicTrade]) -> Vec<wickra_core::Tick> {
        let tick = |trade: &PublicTrade| {
            let price = float(trade.price.get());
            let volume = float(whole(trade.quantity.get()));
            let tick = wickra_core::Tick::new(price, volume, whole(trade.time.get()));
            tick.expect("it is a number")
        };
        given.iter().map(tick).collect()
    }

    fn new(intervals: &[Interval], _: &PublicTrade) -> Self {
        let aggregator = |interval: &Interval| {
            let length = micros(*interval);
            let timeframe = Timeframe::new(whole(length)).expect("it is longer than nothing");
            (length, TickAggregator::new(timeframe), Vec::new())
        };
        Self(intervals.iter().map(aggregator).collect())
    }

    #[inline]
    fn apply(&mut self, tick: wickra_core::Tick) {
        for (_, aggregator, candles) in &mut self.0 {
            candles.extend(aggregator.push(tick).expect("it is in order"));
        }
    }

    fn rows(self) -> Vec<Row> {
        let rows = |(length, mut aggregator, mut candles): (u64, TickAggregator, Vec<_>)| {
            candles.extend(aggregator.flush().expect("the volume is a number"));
            candles
                .into_iter()
                .map(move |candle| of_wickra(length, &candle))
        };
        self.0.into_iter().flat_map(rows).collect()
    }
}

fn of_wickra(length: u64, candle: &wickra_core::Candle) -> Row {
    let open_time = u64::try_from(candle.timestamp).unwrap_or_default();
    let prices = [candle.open, candle.high, candle.low, candle.close].map(integer);
    let volume = u64::try_from(integer(candle.volume)).unwrap_or_default();
    (length, open_time, prices, volume)
}

/// Whole numbers this small are exact in floats.
#[expect(
    clippy::cast_possible_truncation,
    reason = "they are whole and below 2^53"
)]
fn integer(number: f64) -> i64 {
    number as i64
}

/// How many candles go into one where candles are rolled up: minutes into hours.
const PARTS: usize = 60;
const HOUR: Interval = Interval::ONE_HOUR;

/// Ours: `Candle::merge`.
pub struct OursRolled(Vec<Candle>);

impl Contestant for OursRolled {
    const NAME: &'static str = "ours";
    const REMARK: &'static str = "integers";
    type Settings = ();
    type Given = Candle;
    type Input = Candle;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[Candle]) -> Vec<Candle> {
        given.to_vec()
    }

    fn new((): &(), _: &Candle) -> Self {
        Self(Vec::new())
    }

    #[inline]
    fn apply(&mut self, part: Candle) {
        match self.0.last_mut() {
            Some(hour) if part.open_time < hour.close_time => hour.merge(&part),
            _ => {
                let empty = Candle::flat(HOUR, part.open_time, part.open);
                self.0.push(empty.plus(&part));
            }
        }
    }

    fn rows(self) -> Vec<Row> {
        let complete = self.0.iter();
        complete.map(|candle| row(micros(HOUR), candle)).collect()
    }
}

/// yata: so many candles into one, whatever their times.
pub struct YataRolled {
    method: CollapseTimeframe,
    open_time: u64,
    rows: Vec<(u64, yata::core::Candle)>,
}

impl Contestant for YataRolled {
    const NAME: &'static str = "yata 0.7.0";
    const REMARK: &'static str = "floats only, knows no times";
    type Settings = ();
    type Given = Candle;
    type Input = yata::core::Candle;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[Candle]) -> Vec<yata::core::Candle> {
        let candle = |candle: &Candle| yata::core::Candle {
            open: float(candle.open.get()),
            high: float(candle.high.get()),
            low: float(candle.low.get()),
            close: float(candle.close.get()),
            volume: float(i64::try_from(candle.volume.get()).unwrap_or(i64::MAX)),
        };
        given.iter().map(candle).collect()
    }

    fn new((): &(), first: &Candle) -> Self {
        let method = CollapseTimeframe::new(PARTS, &yata::core::Candle::default());
        Self {
            method: method.expect("so many are some"),
            open_time: first.open_time.get(),
            rows: Vec::new(),
        }
    }

    #[inline]
    fn apply(&mut self, part: yata::core::Candle) {
        if let Some(candle) = self.method.next(&part) {
            self.rows.push((self.open_time, candle));
            self.open_time += micros(HOUR);
        }
    }

    fn rows(self) -> Vec<Row> {
        let rows = self.rows.into_iter().map(|(open_time, candle)| {
            let prices = [candle.open, candle.high, candle.low, candle.close].map(integer);
            let volume = u64::try_from(integer(candle.volume)).unwrap_or_default();
            (micros(HOUR), open_time, prices, volume)
        });
        rows.collect()
    }
}

/// wickra-data's resampler.
pub struct WickraRolled(Resampler, Vec<wickra_core::Candle>);

impl Contestant for WickraRolled {
    const NAME: &'static str = "wickra-data 2.1.1";
    const REMARK: &'static str = "floats only";
    type Settings = ();
    type Given = Candle;
    type Input = wickra_core::Candle;
    type Answer = ();
    type Row = Row;

    fn inputs(given: &[Candle]) -> Vec<wickra_core::Candle> {
        let candle = |candle: &Candle| {
            let prices = [candle.open, candle.high, candle.low, candle.close];
            let [open, high, low, close] = prices.map(|price| float(price.get()));
            let volume = float(i64::try_from(candle.volume.get()).unwrap_or(i64::MAX));
            let time = whole(candle.open_time.get());
            let candle = wickra_core::Candle::new(open, high, low, close, volume, time);
            candle.expect("it is one")
        };
        given.iter().map(candle).collect()
    }

    fn new((): &(), _: &Candle) -> Self {
        let hour = Timeframe::new(whole(micros(HOUR))).expect("it is longer than nothing");
        Self(Resampler::new(hour), Vec::new())
    }

    #[inline]
    fn apply(&mut self, part: wickra_core::Candle) {
        self.1.extend(self.0.push(part).expect("it is in order"));
    }

    fn rows(mut self) -> Vec<Row> {
        self.1
            .extend(self.0.flush().expect("the volume is a number"));
        let candles = self.1.iter();
        candles
            .map(|candle| of_wickra(micros(HOUR), candle))
            .collect()
    }
}

/// The minutes of as many full hours as the trades are of.
pub fn minutes(trades: &[PublicTrade]) -> Vec<Candle> {
    let mut candles = Candles::new(&[Interval::ONE_MINUTE], usize::MAX);
    let mut events: Vec<CandleEvent> = Vec::new();
    for trade in trades {
        candles.apply(trade, &mut events).expect("it is a trade");
    }
    let series = candles.get(Interval::ONE_MINUTE).expect("it is one");
    let mut minutes: Vec<Candle> = series.candles().collect();
    minutes.truncate(minutes.len() / PARTS * PARTS);
    minutes
}
