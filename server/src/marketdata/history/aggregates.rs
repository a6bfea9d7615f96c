//! Aggregate trades of any age. Those that are forgotten are made anew of the stored trades, which
//! say who took.

use marketdata_core::{AggregateTrade, TradeAggregator};
use orderbook_core::{Timestamp, TradeId};

use super::super::MarketModel;
use super::super::aggregates::Aggregates;
use super::trades::first_at;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;

/// How many trades are asked of the store at a time.
const PAGE: usize = 1_000;

/// Which aggregates are asked for. Times are half open.
#[derive(Debug, Clone, Copy)]
pub(in crate::marketdata) enum Which {
    /// The oldest with this id or a later one.
    From(TradeId),
    /// The oldest in a while.
    Between(Timestamp, Timestamp),
    /// The newest before a time.
    Before(Timestamp),
    /// The newest.
    Newest,
}

/// At most `limit` of them, oldest first.
pub(in crate::marketdata) async fn aggregates(
    app: &App,
    symbol: &Symbol,
    which: Which,
    limit: usize,
) -> Result<Vec<AggregateTrade>, ApiError> {
    match which {
        Which::From(id) => since(app, symbol, id, None, limit).await,
        Which::Between(from, to) => {
            let first = first_at(app, symbol, from).await?;
            let end = first_at(app, symbol, to).await?;
            since(app, symbol, first, Some(end), limit).await
        }
        Which::Before(time) => {
            let end = first_at(app, symbol, time).await?;
            newest(app, symbol, Some(end), limit).await
        }
        Which::Newest => newest(app, symbol, None, limit).await,
    }
}

/// The newest before a trade. How many trades they are made of is not known, so ever more are looked at.
async fn newest(
    app: &App,
    symbol: &Symbol,
    end: Option<TradeId>,
    limit: usize,
) -> Result<Vec<AggregateTrade>, ApiError> {
    let next = if let Some(end) = end {
        end.get()
    } else {
        let model = app.markets.at(app.entry.published()).await;
        let remembered = remembered(&model, symbol)?;
        let all = remembered.since(TradeId::new(0));
        if all.len() >= limit || remembered.before().get() == 0 {
            let skipped = all.len().saturating_sub(limit);
            return Ok(all.skip(skipped).copied().collect());
        }
        let newest = all.last().map(|newest| newest.last_trade_id);
        newest.unwrap_or(remembered.before()).get() + 1
    };
    let mut trades = 2 * limit as u64;
    loop {
        let from = next.saturating_sub(trades).max(1);
        let mut found = since(app, symbol, TradeId::new(from), end, usize::MAX).await?;
        if found.len() >= limit || from == 1 {
            found.drain(..found.len().saturating_sub(limit));
            return Ok(found);
        }
        trades = trades.saturating_mul(2);
    }
}

/// The oldest that begin with this trade or a later one, before `end`.
async fn since(
    app: &App,
    symbol: &Symbol,
    from: TradeId,
    end: Option<TradeId>,
    limit: usize,
) -> Result<Vec<AggregateTrade>, ApiError> {
    let is_asked_for = |aggregate: &AggregateTrade| {
        from <= aggregate.first_trade_id && end.is_none_or(|end| aggregate.first_trade_id < end)
    };
    let mut found = Vec::new();
    let mut stored = Stored::from(from);
    loop {
        {
            let model = app.markets.at(app.entry.published()).await;
            let remembered = remembered(&model, symbol)?;
            if stored.begun <= remembered.before() && remembered.before() < stored.next {
                // What is remembered begins with an aggregate, so the one before it is complete.
                found.extend(stored.aggregator.finish().filter(is_asked_for));
                stored.begun = stored.next;
            }
            if stored.begun > remembered.before() {
                let rest = remembered.since(stored.begun);
                found.extend(rest.filter(|it| is_asked_for(it)).copied());
                found.truncate(limit);
                return Ok(found);
            }
        }
        let page = app.store.taken(symbol.id, stored.next, PAGE).await?.rows;
        // It has not come as far as what is remembered.
        if page.is_empty() {
            return Err(ApiError::HISTORY_BEHIND);
        }
        for (trade, taker) in page {
            let is_first = stored.aggregator.newest() == 0;
            let complete = stored.aggregator.apply(&trade, Some(taker));
            if complete.is_some() || is_first {
                stored.begun = trade.id;
            }
            stored.next = TradeId::new(trade.id.get() + 1);
            found.extend(complete.filter(is_asked_for));
            if found.len() >= limit || end.is_some_and(|end| end <= stored.begun) {
                return Ok(found);
            }
        }
    }
}

fn remembered<'a>(model: &'a MarketModel, symbol: &Symbol) -> Result<&'a Aggregates, ApiError> {
    model.aggregates(symbol.id).ok_or(ApiError::INVALID_SYMBOL)
}

/// How far the stored trades have been read.
struct Stored {
    aggregator: TradeAggregator,
    /// The trade that the newest aggregate begins with; the one to begin with, where there is none.
    begun: TradeId,
    next: TradeId,
}

impl Stored {
    /// Nothing has been read. The trade before tells whether `from` begins an aggregate.
    fn from(from: TradeId) -> Self {
        // Trades are numbered from 1 on.
        let begun = from.max(TradeId::new(1));
        Self {
            aggregator: TradeAggregator::new(),
            begun,
            next: TradeId::new((begun.get() - 1).max(1)),
        }
    }
}
