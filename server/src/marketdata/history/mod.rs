//! Candles and trades of any age: what is remembered, and what only the store has.
//!
//! As for [orders](crate::orders), memory and store make up the whole only where the store has come
//! as far as what memory has forgotten. Who looks at recent things never waits for the store.

pub(super) mod aggregates;
mod trades;

pub(super) use trades::trades_since;

use marketdata_core::{Candle, CandleSeries, GapPolicy, Interval};
use orderbook_core::Timestamp;

use super::MarketModel;
use super::intervals::{MOST_PARTS, parts, source};
use super::routes::market;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;
use crate::orders::now;
use crate::store::AsOf;

/// Which candles are asked for: those whose open time is within the bounds, both inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) limit: usize,
}

impl Range {
    /// Where the first of the candles begins at the earliest.
    fn begin(self, interval: Interval) -> Timestamp {
        if let Some(from) = self.from {
            return from;
        }
        let end = self.to.map_or_else(now, |to| to.min(now()));
        let before = u64::try_from(self.limit.saturating_sub(1)).unwrap_or(u64::MAX);
        interval.earlier(end, before)
    }
}

/// The candles of a range, the quiet intervals among them.
pub(super) async fn candles(
    app: &App,
    symbol: &Symbol,
    interval: Interval,
    range: Range,
) -> Result<Vec<Candle>, ApiError> {
    let Range { from, to, limit } = range;
    let begin = range.begin(interval);
    looking_back(app, symbol, interval, begin, range, |series| {
        series.range(from, to, limit, now(), GapPolicy::PreviousClose)
    })
    .await
}

/// The candles that opened in `from..to`, without the quiet intervals.
pub(super) async fn candles_between(
    app: &App,
    symbol: &Symbol,
    interval: Interval,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Candle>, ApiError> {
    if to <= from {
        return Ok(Vec::new());
    }
    let range = Range {
        from: Some(from),
        to: Some(Timestamp::new(to.get() - 1)),
        limit: usize::MAX / MOST_PARTS,
    };
    looking_back(app, symbol, interval, from, range, |series| {
        series.range(range.from, range.to, range.limit, now(), GapPolicy::Skip)
    })
    .await
}

/// Looks at the candles of an interval from `begin` on, those that only the store has among them.
async fn looking_back(
    app: &App,
    symbol: &Symbol,
    interval: Interval,
    begin: Timestamp,
    range: Range,
    look: impl Fn(&CandleSeries<'_>) -> Vec<Candle>,
) -> Result<Vec<Candle>, ApiError> {
    let is_folded = source(interval) == interval;
    {
        let model = app.markets.at(app.entry.published()).await;
        let parts = series(&model, symbol, interval)?;
        let series = if is_folded {
            parts
        } else {
            widened(&parts, interval)?
        };
        let oldest = series.candles().next().map(|candle| candle.open_time);
        if series.forgotten().is_none() || oldest.is_some_and(|oldest| oldest <= begin) {
            return Ok(look(&series));
        }
    }
    let older = stored(app, symbol, interval, begin, range).await?;
    let model = app.markets.at(app.entry.published()).await;
    let parts = series(&model, symbol, interval)?;
    // A later candle exists, so inputs after the end of the newest one that is forgotten do.
    let forgotten_until = parts
        .forgotten()
        .map(|open| source(interval).close_time(open));
    if forgotten_until.is_some_and(|end| older.cursor.time < end) {
        return Err(ApiError::HISTORY_BEHIND);
    }
    let parts = parts.with_older(older.rows);
    if is_folded {
        return Ok(look(&parts));
    }
    Ok(look(&widened(&parts, interval)?))
}

/// What the store has of the candles that those of a range are made of, and the one before them: what
/// is quiet at the beginning shows its close.
async fn stored(
    app: &App,
    symbol: &Symbol,
    interval: Interval,
    begin: Timestamp,
    range: Range,
) -> Result<AsOf<Vec<Candle>>, ApiError> {
    let part = source(interval);
    let from = interval.open_time(begin);
    let to = range
        .to
        .map(|to| Timestamp::new(interval.close_time(to).get() - 1));
    let most = if part == interval { 1 } else { MOST_PARTS };
    let limit = range.limit.saturating_mul(most);
    let stored = app.store.candles(symbol.id, part, Some(from), to, limit);
    let mut stored = stored.await?;
    let first = stored.rows.first().map(|first| first.open_time);
    if first.is_none_or(|first| from < first) {
        let before = app.store.candle_before(symbol.id, part, from).await?;
        stored.rows.splice(0..0, before.rows);
    }
    Ok(stored)
}

/// The candles that those of an interval are made of.
fn series<'a>(
    model: &'a MarketModel,
    symbol: &Symbol,
    interval: Interval,
) -> Result<CandleSeries<'a>, ApiError> {
    parts(market(model, symbol)?, interval).ok_or(ApiError::INVALID_INTERVAL)
}

fn widened(
    parts: &CandleSeries<'_>,
    interval: Interval,
) -> Result<CandleSeries<'static>, ApiError> {
    parts.widened(interval).ok_or(ApiError::INTERNAL)
}
