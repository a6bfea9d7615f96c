//! What anybody may see: instruments, depth, trades, candles, tickers.

mod candles;
mod info;
mod selection;
mod tickers;
mod trades;

pub(crate) use candles::klines;
pub(crate) use info::{exchange_info, ping, time};
pub(crate) use tickers::{book_ticker, ticker_day, ticker_price, ticker_window, trading_day};
pub(crate) use trades::{aggregate_trades, average_price, depth, trades};

use marketdata_core::MarketData;
use orderbook_core::Timestamp;

use super::MarketModel;
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;

pub(super) fn market<'a>(
    model: &'a MarketModel,
    symbol: &Symbol,
) -> Result<&'a MarketData, ApiError> {
    model.market(symbol.id).ok_or(ApiError::INVALID_SYMBOL)
}

/// A time in milliseconds, where one was sent.
fn moment(params: &Params, name: &str) -> Result<Option<Timestamp>, ApiError> {
    Ok(params.parsed::<u64>(name)?.map(Timestamp::from_millis))
}

/// Days begin at midnight UTC here, whatever the client would like.
fn utc_only(params: &Params) -> Result<(), ApiError> {
    match params.get("timeZone") {
        None | Some("0" | "00:00" | "+00:00" | "-00:00") => Ok(()),
        Some(_) => Err(ApiError::invalid_value("timeZone")),
    }
}
