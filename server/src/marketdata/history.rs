//! Candles and trades of any age: what is remembered, and what only the store has.
//!
//! As for [orders](crate::orders), memory and store make up the whole only where the store has come
//! as far as what memory has forgotten. Who looks at recent things never waits for the store.

use marketdata_core::{Candle, CandleSeries, GapPolicy, Interval, PublicTrade};
use orderbook_core::{Timestamp, TradeId};

use super::MarketModel;
use super::routes::market;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;
use crate::orders::now;

/// Which candles are asked for: those whose open time is within the bounds, both inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
    pub(super) limit: usize,
}

impl Range {
    fn of(self, series: &CandleSeries<'_>) -> Vec<Candle> {
        let Self { from, to, limit } = self;
        series.range(from, to, limit, now(), GapPolicy::PreviousClose)
    }

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
    let begin = range.begin(interval);
    {
        let model = app.markets.at(app.entry.published()).await;
        let series = series(&model, symbol, interval)?;
        let oldest = series.candles().next().map(|candle| candle.open_time);
        let is_remembered = oldest.is_none_or(|oldest| oldest <= begin);
        if is_remembered || series.forgotten().is_none() {
            return Ok(range.of(&series));
        }
    }
    let Range { from, to, limit } = range;
    let stored = app.store.candles(symbol.id, interval, from, to, limit);
    let mut stored = stored.await?;
    // What is quiet at the beginning shows the close of the candle before.
    if stored
        .rows
        .first()
        .is_none_or(|first| first.open_time > begin)
    {
        let before = app.store.candle_before(symbol.id, interval, begin).await?;
        stored.rows.splice(0..0, before.rows);
    }
    let model = app.markets.at(app.entry.published()).await;
    let series = series(&model, symbol, interval)?;
    // A later candle exists, so inputs after the end of the newest one that is forgotten do.
    let forgotten_until = series.forgotten().map(|open| interval.close_time(open));
    if forgotten_until.is_some_and(|end| stored.cursor.time < end) {
        return Err(ApiError::HISTORY_BEHIND);
    }
    Ok(range.of(&series.with_older(stored.rows)))
}

fn series<'a>(
    model: &'a MarketModel,
    symbol: &Symbol,
    interval: Interval,
) -> Result<CandleSeries<'a>, ApiError> {
    let series = market(model, symbol)?.candles(interval);
    series.ok_or(ApiError::INVALID_INTERVAL)
}

/// The oldest trades with this id or a later one.
pub(super) async fn trades_since(
    app: &App,
    symbol: &Symbol,
    from: TradeId,
    limit: usize,
) -> Result<Vec<PublicTrade>, ApiError> {
    let remembered: Vec<_> = {
        let model = app.markets.at(app.entry.published()).await;
        let tape = market(&model, symbol)?.tape();
        tape.since(from, limit).copied().collect()
    };
    // Trades are numbered from 1 on without gaps.
    let from = from.max(TradeId::new(1));
    match remembered.first() {
        None => return Ok(remembered),
        Some(first) if first.id <= from => return Ok(remembered),
        Some(_) => {}
    }
    let stored = app.store.trades(symbol.id, from, limit).await?.rows;
    join(stored, &remembered, from, limit)
}

/// Stored trades from an id on, and what is remembered after them. `remembered` has the newest
/// trade.
fn join(
    stored: Vec<PublicTrade>,
    remembered: &[PublicTrade],
    from: TradeId,
    limit: usize,
) -> Result<Vec<PublicTrade>, ApiError> {
    let next = stored
        .last()
        .map_or(from, |last| TradeId::new(last.id.get() + 1));
    let known = remembered.partition_point(|trade| trade.id < next);
    let rest = &remembered[known..];
    let missing = limit.saturating_sub(stored.len());
    if missing > 0 && rest.first().is_some_and(|first| first.id > next) {
        return Err(ApiError::HISTORY_BEHIND);
    }
    let rest = rest.iter().copied().take(missing);
    Ok(stored.into_iter().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use orderbook_core::{Price, Quantity, Side};

    use super::*;

    fn trades(ids: std::ops::Range<u64>) -> Vec<PublicTrade> {
        let trade = |id| PublicTrade {
            id: TradeId::new(id),
            time: Timestamp::new(id),
            price: Price::new(1),
            quantity: Quantity::new(1),
            taker_side: Side::Buy,
        };
        ids.map(trade).collect()
    }

    #[test]
    fn stored_and_remembered_trades_are_joined_without_a_gap() {
        let join = |stored, remembered, from, limit| {
            join(
                trades(stored),
                &trades(remembered),
                TradeId::new(from),
                limit,
            )
        };
        // The store is ahead of what memory has forgotten, as far as it, or has it all.
        for stored in [1..6, 1..4, 1..9] {
            assert_eq!(join(stored, 4..9, 1, 100), Ok(trades(1..9)));
        }
        assert_eq!(join(2..4, 4..9, 2, 3), Ok(trades(2..5)));
        assert_eq!(join(2..4, 4..9, 2, 2), Ok(trades(2..4)));
        // The store lacks trade 3, or everything.
        assert_eq!(join(1..3, 4..9, 1, 100), Err(ApiError::HISTORY_BEHIND));
        assert_eq!(join(1..1, 4..9, 1, 100), Err(ApiError::HISTORY_BEHIND));
    }
}
