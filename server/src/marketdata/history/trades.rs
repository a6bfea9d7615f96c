//! Trades of any age.

use marketdata_core::PublicTrade;
use orderbook_core::{Timestamp, TradeId};

use super::super::routes::market;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;

/// The oldest trades with this id or a later one.
pub(in crate::marketdata) async fn trades_since(
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

/// The first trade at this time or later; where there is none, the next one there will be.
///
/// Trades are numbered in the order of their times, so it is looked for by halving: a store is asked
/// about as often as the number of its trades has binary digits.
pub(super) async fn first_at(
    app: &App,
    symbol: &Symbol,
    time: Timestamp,
) -> Result<TradeId, ApiError> {
    let mut end = {
        let model = app.markets.at(app.entry.published()).await;
        let market = market(&model, symbol)?;
        let tape = market.tape();
        let remembered = tape.since(TradeId::new(0), usize::MAX);
        let later = remembered.rev().take_while(|trade| time <= trade.time);
        let first = later.last().map(|trade| trade.id);
        let next = market.last_trade().map_or(1, |newest| newest.id.get() + 1);
        let first = first.map_or(next, TradeId::get);
        if tape
            .forgotten()
            .is_none_or(|forgotten| forgotten.get() + 1 < first)
        {
            return Ok(TradeId::new(first));
        }
        first
    };
    let mut begin = 1;
    while begin < end {
        let middle = begin.midpoint(end);
        let stored = app.store.trades(symbol.id, TradeId::new(middle), 1).await?;
        let trade = stored.rows.first().ok_or(ApiError::HISTORY_BEHIND)?;
        if trade.time < time {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(TradeId::new(begin))
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
