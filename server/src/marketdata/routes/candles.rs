//! Candles.

use super::{moment, utc_only};
use crate::api::market::{Kline, kline};
use crate::error::ApiError;
use crate::gateway::operation::Call;
use crate::marketdata::history::{self, Range};
use crate::marketdata::intervals;

/// `GET /api/v3/klines`, `GET /api/v3/uiKlines`
pub(crate) async fn klines(call: Call) -> Result<Vec<Kline>, ApiError> {
    let (app, params) = call.of_anybody();
    let symbols = app.symbols();
    let symbol = symbols.named(params.require("symbol")?)?;
    let interval = intervals::named(params.require("interval")?);
    let interval = interval.ok_or(ApiError::INVALID_INTERVAL)?;
    utc_only(params)?;
    let range = Range {
        from: moment(params, "startTime")?,
        to: moment(params, "endTime")?,
        limit: params.limit(500, 1_000)?,
    };
    let candles = history::candles(app, symbol, interval, range).await?;
    Ok(candles.iter().map(|candle| kline(candle, symbol)).collect())
}
