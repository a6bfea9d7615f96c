//! The depth of a book, and trades: alone, aggregated, and their average price.

use orderbook_core::{Timestamp, TradeId};

use super::{market, moment};
use crate::api::market::{Aggregate, AveragePrice, BookDepth, RecentTrade};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::gateway::operation::Call;
use crate::marketdata::history;
use crate::marketdata::history::aggregates::Which;
use crate::marketdata::model::FIVE_MINUTES;

/// `GET /api/v3/depth`
pub(crate) async fn depth(call: Call) -> Result<BookDepth, ApiError> {
    let (app, params) = call.of_anybody();
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let limit = params.limit(100, 5_000)?;
    let model = app.markets.at(app.entry.published()).await;
    let depth = market(&model, symbol)?.depth().snapshot(limit);
    Ok(BookDepth::new(&depth, symbol))
}

/// `GET /api/v3/trades`, `GET /api/v3/historicalTrades`
pub(crate) async fn trades(call: Call) -> Result<Vec<RecentTrade>, ApiError> {
    let (app, params) = call.of_anybody();
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let limit = params.limit(500, 1_000)?;
    if let Some(from) = params.parsed("fromId")? {
        let trades = history::trades_since(app, symbol, TradeId::new(from), limit).await?;
        let trades = trades.iter().map(|trade| RecentTrade::new(trade, symbol));
        return Ok(trades.collect());
    }
    let model = app.markets.at(app.entry.published()).await;
    let trades = market(&model, symbol)?.tape().recent(limit);
    let trades = trades.map(|trade| RecentTrade::new(trade, symbol));
    Ok(trades.collect())
}

/// `GET /api/v3/aggTrades`
pub(crate) async fn aggregate_trades(call: Call) -> Result<Vec<Aggregate>, ApiError> {
    let (app, params) = call.of_anybody();
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let limit = params.limit(500, 1_000)?;
    let which = which(params)?;
    let found = history::aggregates::aggregates(app, symbol, which, limit).await?;
    Ok(found.iter().map(|it| Aggregate::new(it, symbol)).collect())
}

fn which(params: &Params) -> Result<Which, ApiError> {
    let from = params.parsed("fromId")?.map(TradeId::new);
    let start = moment(params, "startTime")?;
    // The last millisecond is included, and it has a thousand microseconds.
    let end = params.parsed::<u64>("endTime")?;
    let end = end.map(|last| Timestamp::from_millis(last.saturating_add(1)));
    match (from, start, end) {
        (Some(from), None, None) => Ok(Which::From(from)),
        (Some(_), _, _) => Err(ApiError::COMBINATION),
        (None, None, None) => Ok(Which::Newest),
        (None, None, Some(end)) => Ok(Which::Before(end)),
        (None, Some(start), end) => Ok(Which::Between(
            start,
            end.unwrap_or(Timestamp::new(u64::MAX)),
        )),
    }
}

/// `GET /api/v3/avgPrice`
pub(crate) async fn average_price(call: Call) -> Result<AveragePrice, ApiError> {
    const MINUTE: u64 = 60_000_000;
    let (app, params) = call.of_anybody();
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let model = app.markets.at(app.entry.published()).await;
    let market = market(&model, symbol)?;
    let ticker = market.ticker(FIVE_MINUTES).ok_or(ApiError::INTERNAL)?;
    let mins = FIVE_MINUTES.micros() / MINUTE;
    let last = market.last_trade();
    Ok(AveragePrice::new(mins, &ticker.stats, last, symbol))
}
