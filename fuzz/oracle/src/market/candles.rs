//! Candles, worked out from all trades that are in them.

use std::collections::{BTreeMap, BTreeSet};

use marketdata_core::{Candle, CandleEvent, GapPolicy, PublicTrade, Volume};
use orderbook_core::{Price, Side, Timestamp};

use super::{Buckets, Refusal, nearest, paid};

/// The model of a `Candles`.
#[derive(Debug, Clone)]
pub struct Candles {
    /// The newest time seen.
    now: u64,
    series: Vec<Series>,
}

/// The candles of one interval.
#[derive(Debug, Clone)]
struct Series {
    buckets: Buckets,
    /// How many candles are kept besides the newest.
    capacity: usize,
    /// The trades in each candle that is kept, by the beginning of its bucket.
    trades: BTreeMap<u64, Vec<PublicTrade>>,
    /// Those that are busted, and counted all the same as long as the candle is outdated.
    stale: BTreeMap<u64, Vec<PublicTrade>>,
    /// The beginning of the newest bucket whose candle was dropped.
    forgotten: Option<u64>,
}

/// What is told of a candle: an event, with the interval as the model knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// [`CandleEvent::Closed`].
    Closed(Buckets, Candle),
    /// [`CandleEvent::Corrected`].
    Corrected(Buckets, Candle),
    /// [`CandleEvent::Emptied`].
    Emptied(Buckets, Timestamp),
    /// [`CandleEvent::Outdated`].
    Outdated(Buckets, Timestamp),
}

impl Told {
    /// An event in the words of the model.
    pub fn of(event: &CandleEvent, named: impl Fn(marketdata_core::Interval) -> Buckets) -> Self {
        match *event {
            CandleEvent::Closed { interval, candle } => Self::Closed(named(interval), candle),
            CandleEvent::Corrected { interval, candle } => Self::Corrected(named(interval), candle),
            CandleEvent::Emptied {
                interval,
                open_time,
            } => Self::Emptied(named(interval), open_time),
            CandleEvent::Outdated {
                interval,
                open_time,
            } => Self::Outdated(named(interval), open_time),
        }
    }
}

impl Told {
    /// With another candle where there is one.
    #[must_use]
    pub fn map(self, other: impl Fn(Candle) -> Candle) -> Self {
        match self {
            Self::Closed(buckets, candle) => Self::Closed(buckets, other(candle)),
            Self::Corrected(buckets, candle) => Self::Corrected(buckets, other(candle)),
            Self::Emptied(..) | Self::Outdated(..) => self,
        }
    }
}

/// What is asked of the candles of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The earliest beginning of a candle.
    pub from: Option<Timestamp>,
    /// The latest beginning of a candle.
    pub to: Option<Timestamp>,
    /// How many candles at most.
    pub limit: usize,
    /// What time it is.
    pub now: Timestamp,
}

/// What a bust of a trade does to the candle of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bust {
    /// There is only one thing to say.
    Certain(Told),
    /// Not all other trades of the candle are known, or it has been outdated before: either it can
    /// be worked out all the same, or it stays as it is.
    Either(Told, Told),
}

impl Candles {
    /// No candles yet.
    pub fn new(buckets: &[Buckets], capacity: usize) -> Self {
        let mut buckets = buckets.to_vec();
        buckets.sort();
        buckets.dedup();
        let series = buckets.into_iter().map(|buckets| Series {
            buckets,
            capacity,
            trades: BTreeMap::new(),
            stale: BTreeMap::new(),
            forgotten: None,
        });
        Self {
            now: 0,
            series: series.collect(),
        }
    }

    /// The newest time seen.
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// The intervals, shortest first.
    pub fn buckets(&self) -> impl Iterator<Item = Buckets> + '_ {
        self.series.iter().map(|series| series.buckets)
    }

    /// Counts a trade, wherever in time it belongs.
    ///
    /// # Errors
    ///
    /// Where nothing changed hands.
    pub fn apply(&mut self, trade: &PublicTrade) -> Result<Vec<Told>, Refusal> {
        if trade.quantity.is_zero() {
            return Err(Refusal::NoQuantity);
        }
        let mut told = self.advance(trade.time);
        let now = self.now;
        for series in &mut self.series {
            let buckets = series.buckets;
            let open = buckets.open(trade.time.get());
            let is_over = open < buckets.open(now);
            if series.forgotten.is_some_and(|forgotten| open <= forgotten) {
                told.push(Told::Outdated(buckets, Timestamp::new(open)));
                continue;
            }
            series.trades.entry(open).or_default().push(*trade);
            series.forget();
            if is_over {
                // Older than all that are kept, it may not be kept itself.
                let is_outdated = series.stale.contains_key(&open);
                told.push(match series.candle(open) {
                    Some(candle) if !is_outdated => Told::Corrected(buckets, candle),
                    _ => Told::Outdated(buckets, Timestamp::new(open)),
                });
            }
        }
        Ok(told)
    }

    /// Lets time pass: where this ends the bucket that it is in, its candle closes.
    pub fn advance(&mut self, time: Timestamp) -> Vec<Told> {
        let before = self.now;
        self.now = before.max(time.get());
        let mut told = Vec::new();
        for series in &self.series {
            let buckets = series.buckets;
            let open = buckets.open(before);
            if open < buckets.open(self.now) {
                let candle = series.candle(open);
                told.extend(candle.map(|candle| Told::Closed(buckets, candle)));
            }
        }
        told
    }

    /// What a bust of a trade that was counted would do, where somebody still has all other trades
    /// but the `unknown` ones. Changes nothing: [`settle`](Self::settle) does.
    pub fn bust(&self, trade: &PublicTrade, unknown: &[PublicTrade]) -> Vec<Bust> {
        let each = self.series.iter().filter_map(|series| {
            let buckets = series.buckets;
            let open = buckets.open(trade.time.get());
            let outdated = Told::Outdated(buckets, Timestamp::new(open));
            if series.forgotten.is_some_and(|forgotten| open <= forgotten) {
                return Some(Bust::Certain(outdated));
            }
            let mut others = series.trades.get(&open)?.clone();
            let place = others.iter().position(|other| other == trade)?;
            others.remove(place);
            let is_outdated = series.stale.contains_key(&open);
            let is_last = others.is_empty();
            let right = match candle(buckets, open, &others) {
                Some(candle) => Told::Corrected(buckets, candle),
                None => Told::Emptied(buckets, Timestamp::new(open)),
            };
            let is_known = |trade: &PublicTrade| buckets.open(trade.time.get()) != open;
            // Whether what happened at the end of time is in a bucket that ends there cannot be asked.
            let is_at_the_end = buckets.close(open) == u64::MAX && buckets.open(u64::MAX) != open;
            let is_certain = is_last || unknown.iter().all(is_known) && !is_at_the_end;
            Some(if is_certain && !is_outdated {
                Bust::Certain(right)
            } else {
                Bust::Either(right, outdated)
            })
        });
        each.collect()
    }

    /// Takes a trade out of the candles of those intervals where that was told; where it was told
    /// that they are outdated, they stay as they are.
    pub fn settle(&mut self, trade: &PublicTrade, told: &[Told]) {
        for told in told {
            let (buckets, is_right) = match told {
                Told::Corrected(buckets, _) | Told::Emptied(buckets, _) => (*buckets, true),
                Told::Closed(buckets, _) | Told::Outdated(buckets, _) => (*buckets, false),
            };
            let mut series = self.series.iter_mut();
            let Some(series) = series.find(|series| series.buckets == buckets) else {
                continue;
            };
            let open = buckets.open(trade.time.get());
            let Some(trades) = series.trades.get_mut(&open) else {
                continue;
            };
            let place = trades.iter().position(|other| other == trade);
            trades.remove(place.expect("what is told of is there"));
            if trades.is_empty() {
                series.trades.remove(&open);
            }
            if is_right {
                series.stale.remove(&open);
            } else {
                series.stale.entry(open).or_default().push(*trade);
            }
        }
    }

    /// The outdated candles that are kept, as they should be.
    pub fn outdated(&self) -> Vec<(Buckets, Timestamp, Option<Candle>)> {
        let of_series = |series: &Series| {
            let opens: Vec<u64> = series.stale.keys().copied().collect();
            let right = |open: u64| {
                let trades = series.trades.get(&open);
                let candle = trades.and_then(|it| candle(series.buckets, open, it));
                (series.buckets, Timestamp::new(open), candle)
            };
            opens.into_iter().map(right).collect::<Vec<_>>()
        };
        self.series.iter().flat_map(of_series).collect()
    }

    /// Puts a candle right.
    pub fn repair(&mut self, buckets: Buckets, open: Timestamp) {
        for series in &mut self.series {
            if series.buckets == buckets {
                series.stale.remove(&open.get());
            }
        }
    }

    /// The candles of an interval, oldest first.
    pub fn candles(&self, buckets: Buckets) -> Vec<Candle> {
        self.of(buckets).candles()
    }

    /// The beginning of the newest candle that is no longer kept.
    pub fn forgotten(&self, buckets: Buckets) -> Option<Timestamp> {
        self.of(buckets).forgotten.map(Timestamp::new)
    }

    /// The candles that somebody asks for.
    pub fn range(&self, buckets: Buckets, asked: Range, gaps: GapPolicy) -> Vec<Candle> {
        self.range_of(buckets, self.candles(buckets), asked, gaps)
    }

    /// The same, where these are the candles.
    pub fn range_of(
        &self,
        buckets: Buckets,
        candles: Vec<Candle>,
        asked: Range,
        gaps: GapPolicy,
    ) -> Vec<Candle> {
        let is_within = |open: Timestamp| {
            asked.from.is_none_or(|from| open >= from) && asked.to.is_none_or(|to| open <= to)
        };
        match gaps {
            GapPolicy::Skip => {
                let within = candles.into_iter().filter(|it| is_within(it.open_time));
                cut(within.collect(), asked)
            }
            GapPolicy::PreviousClose => {
                let now = asked.now.get().max(self.now);
                filled(buckets, &candles, asked, now)
            }
        }
    }

    fn of(&self, buckets: Buckets) -> &Series {
        let mut series = self.series.iter();
        let found = series.find(|series| series.buckets == buckets);
        found.expect("one of the intervals")
    }
}

impl Series {
    /// The candle of the bucket that begins at `open`, if anything traded in it.
    fn candle(&self, open: u64) -> Option<Candle> {
        let counted = [self.trades.get(&open), self.stale.get(&open)];
        let counted: Vec<PublicTrade> = counted.into_iter().flatten().flatten().copied().collect();
        candle(self.buckets, open, &counted)
    }

    fn candles(&self) -> Vec<Candle> {
        let opens = self.opens().into_iter();
        opens.filter_map(|open| self.candle(open)).collect()
    }

    /// The beginnings of the buckets in which something traded.
    fn opens(&self) -> BTreeSet<u64> {
        self.trades
            .keys()
            .chain(self.stale.keys())
            .copied()
            .collect()
    }

    /// Drops the oldest candles as long as there are too many.
    fn forget(&mut self) {
        let opens = self.opens();
        let kept = self.capacity.saturating_add(1);
        for oldest in opens.iter().take(opens.len().saturating_sub(kept)) {
            self.forgotten = Some(*oldest);
            self.trades.remove(oldest);
            self.stale.remove(oldest);
        }
    }
}

/// The candle of some trades, in whatever order they are given.
fn candle(buckets: Buckets, open: u64, trades: &[PublicTrade]) -> Option<Candle> {
    let mut trades = trades.to_vec();
    trades.sort_by_key(|trade| trade.id);
    let (first, last) = (trades.first()?, trades.last()?);
    let bought = |trade: &&PublicTrade| trade.taker_side == Side::Buy;
    let volume = |trade: &PublicTrade| -> u128 { u128::from(trade.quantity.get()) };
    let prices = || trades.iter().map(|trade| trade.price);
    Some(Candle {
        open_time: Timestamp::new(open),
        close_time: Timestamp::new(buckets.close(open)),
        open: first.price,
        high: prices().max()?,
        low: prices().min()?,
        close: last.price,
        volume: Volume::new(trades.iter().map(volume).sum()),
        quote_volume: nearest(&paid(&trades)),
        taker_buy_volume: Volume::new(trades.iter().filter(bought).map(volume).sum()),
        taker_buy_quote_volume: nearest(&paid(trades.iter().filter(bought))),
        trade_count: trades.len() as u64,
        first_trade_id: Some(first.id),
        last_trade_id: Some(last.id),
    })
}

/// As many as are asked for: the oldest where it is said from when on, else the newest.
fn cut(mut candles: Vec<Candle>, asked: Range) -> Vec<Candle> {
    let too_many = candles.len().saturating_sub(asked.limit);
    if asked.from.is_some() {
        candles.truncate(asked.limit);
    } else {
        candles.drain(..too_many);
    }
    candles
}

/// One candle for each bucket from the first candle to the present one. Goes from bucket to bucket
/// for as long as there are too few.
fn filled(buckets: Buckets, candles: &[Candle], asked: Range, now: u64) -> Vec<Candle> {
    let Some(oldest) = candles.first() else {
        return Vec::new();
    };
    let oldest = oldest.open_time.get();
    let last = buckets.open(asked.to.map_or(now, |to| to.get().min(now)));
    let mut opens = Vec::new();
    if let Some(from) = asked.from {
        let mut open = buckets.open(from.get().max(oldest));
        if open < from.get() {
            let Some(next) = next(buckets, open) else {
                return Vec::new();
            };
            open = next;
        }
        while open <= last && opens.len() < asked.limit {
            opens.push(open);
            let Some(next) = next(buckets, open) else {
                break;
            };
            open = next;
        }
    } else {
        let mut open = last;
        while open >= oldest && opens.len() < asked.limit {
            opens.push(open);
            if open == 0 {
                break;
            }
            open = buckets.open(open - 1);
        }
        opens.reverse();
    }
    let at = |open: u64| -> Candle {
        let open_time = Timestamp::new(open);
        let before = candles.iter().rfind(|it| it.open_time <= open_time);
        let before = before.expect("none is before the oldest");
        if before.open_time == open_time {
            *before
        } else {
            flat(open_time, Timestamp::new(buckets.close(open)), before.close)
        }
    };
    opens.into_iter().map(at).collect()
}

/// The beginning of the next bucket, if there is one before the end of time.
fn next(buckets: Buckets, open: u64) -> Option<u64> {
    let next = buckets.close(open);
    (next > open && buckets.open(next) == next).then_some(next)
}

fn flat(open_time: Timestamp, close_time: Timestamp, price: Price) -> Candle {
    Candle {
        open_time,
        close_time,
        open: price,
        high: price,
        low: price,
        close: price,
        volume: Volume::ZERO,
        quote_volume: orderbook_core::Notional::ZERO,
        taker_buy_volume: Volume::ZERO,
        taker_buy_quote_volume: orderbook_core::Notional::ZERO,
        trade_count: 0,
        first_trade_id: None,
        last_trade_id: None,
    }
}
