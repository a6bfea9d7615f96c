//! Tickers: the last price, the best prices, and what traded in a while.

use marketdata_core::{Interval, TickerStats, Window};
use orderbook_core::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::selection::Selection;
use super::{market, utc_only};
use crate::api::market::{
    BookTicker, DayTicker, MiniTicker, OneOrMany, PriceTicker, Span, WindowTicker, window_begin,
};
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::operation::Call;
use crate::marketdata::windows::{begin_of, stats_since};
use crate::marketdata::{day, intervals, windows};
use crate::orders::now;

/// The most instruments that one request may name where each takes some work.
const MOST_NAMED: usize = 100;

/// A ticker in full or in few words.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "the full form is larger still")]
pub(crate) enum EitherForm<T> {
    Full(T),
    Mini(MiniTicker),
}

type Tickers<T> = Result<OneOrMany<EitherForm<T>>, ApiError>;

/// Whether few words will do.
fn is_mini(params: &Params) -> Result<bool, ApiError> {
    match params.get("type") {
        None | Some("FULL") => Ok(false),
        Some("MINI") => Ok(true),
        Some(_) => Err(ApiError::INVALID_TICKER_TYPE),
    }
}

/// `GET /api/v3/ticker/24hr`
pub(crate) async fn ticker_day(call: Call) -> Tickers<DayTicker> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse(params, &listed)?;
    let is_mini = is_mini(params)?;
    let model = app.markets.at(app.entry.published()).await;
    let now = now();
    selection.answer(&model, |symbol, market| {
        let ticker = day(market);
        let span = Span {
            open: window_begin(ticker.window, now),
            close: now.millis(),
        };
        if is_mini {
            EitherForm::Mini(MiniTicker::new(&ticker.stats, span, symbol))
        } else {
            EitherForm::Full(DayTicker::new(&ticker, span, symbol))
        }
    })
}

/// `GET /api/v3/ticker/tradingDay`
pub(crate) async fn trading_day(call: Call) -> Tickers<WindowTicker> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse_named(params, &listed)?;
    let is_mini = is_mini(params)?;
    utc_only(params)?;
    let model = app.markets.at(app.entry.published()).await;
    let now = now();
    let span = Span {
        open: Interval::ONE_DAY.open_time(now).millis(),
        close: Interval::ONE_DAY.close_time(now).millis() - 1,
    };
    selection.answer(&model, |symbol, market| {
        let today = intervals::candle_at(market, Interval::ONE_DAY, now);
        let stats = windows::stats(today, market.last_trade());
        in_form(is_mini, &stats, span, symbol)
    })
}

/// `GET /api/v3/ticker`
pub(crate) async fn ticker_window(call: Call) -> Tickers<WindowTicker> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse_named(params, &listed)?;
    let is_mini = is_mini(params)?;
    let window = match params.get("windowSize") {
        None => Window::ONE_DAY,
        Some(name) => windows::named(name).ok_or_else(|| ApiError::invalid_value("windowSize"))?,
    };
    let symbols = selection.symbols();
    if symbols.len() > MOST_NAMED {
        return Err(ApiError::invalid_value("symbols"));
    }
    let now = now();
    let begin = begin_of(window, now);
    let span = Span {
        open: begin.millis(),
        close: now.millis(),
    };
    let mut all = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        let stats = since(app, symbol, begin).await?;
        all.push(in_form(is_mini, &stats, span, symbol));
    }
    Ok(selection.shaped(all))
}

async fn since(app: &App, symbol: &Symbol, begin: Timestamp) -> Result<TickerStats, ApiError> {
    let candle = stats_since(app, symbol, begin).await?;
    let model = app.markets.at(app.entry.published()).await;
    Ok(windows::stats(candle, market(&model, symbol)?.last_trade()))
}

fn in_form(
    is_mini: bool,
    stats: &TickerStats,
    span: Span,
    symbol: &Symbol,
) -> EitherForm<WindowTicker> {
    if is_mini {
        EitherForm::Mini(MiniTicker::new(stats, span, symbol))
    } else {
        EitherForm::Full(WindowTicker::new(stats, span, symbol))
    }
}

/// `GET /api/v3/ticker/price`
pub(crate) async fn ticker_price(call: Call) -> Result<OneOrMany<PriceTicker>, ApiError> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse(params, &listed)?;
    let model = app.markets.at(app.entry.published()).await;
    selection.answer(&model, |symbol, market| {
        PriceTicker::new(market.last_trade().map(|trade| trade.price), symbol)
    })
}

/// `GET /api/v3/ticker/bookTicker`
pub(crate) async fn book_ticker(call: Call) -> Result<OneOrMany<BookTicker>, ApiError> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse(params, &listed)?;
    let model = app.markets.at(app.entry.published()).await;
    selection.answer(&model, |symbol, market| {
        BookTicker::new(market.quote(), symbol)
    })
}
