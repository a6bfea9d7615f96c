//! What anybody may see: instruments, depth, trades, candles, tickers.

use marketdata_core::MarketData;
use orderbook_core::{Timestamp, TradeId};
use serde::Serialize;
use serde_json::{Value, json};

use super::MarketModel;
use super::history::{self, Range};
use super::{day, intervals};
use crate::api::market::{
    BookDepth, BookTicker, RecentTrade, exchange_info as info, kline, symbol_info, ticker_24h,
};
use crate::api::params::Params;
use crate::api::symbols::{Symbol, Symbols};
use crate::error::ApiError;
use crate::gateway::operation::Call;
use crate::orders::now;

/// `GET /api/v3/ping`
pub(crate) async fn ping(_: Call) -> Answer {
    Ok(json!({}))
}

/// `GET /api/v3/time`
pub(crate) async fn time(_: Call) -> Answer {
    Ok(json!({ "serverTime": now().millis() }))
}

/// Which instruments a request is about; about one, the answer is no list.
enum Selection<'a> {
    One(&'a Symbol),
    Named(Vec<&'a Symbol>),
    All(&'a Symbols),
}

impl<'a> Selection<'a> {
    /// `symbol` is one, `symbols` (a JSON array) is a list, neither is a list of all.
    fn parse(params: &Params, symbols: &'a Symbols) -> Result<Self, ApiError> {
        match (params.get("symbol"), params.get("symbols")) {
            (Some(_), Some(_)) => Err(ApiError::SYMBOL_OR_SYMBOLS),
            (Some(name), None) => Ok(Self::One(symbols.named(name)?)),
            (None, Some(names)) => {
                let names: Vec<String> = serde_json::from_str(names).map_err(|_| {
                    ApiError::illegal(
                        "symbols",
                        "^\\[\"[A-Z0-9]{1,20}\"(,\"[A-Z0-9]{1,20}\"){0,}\\]$",
                    )
                })?;
                let named = names.iter().map(|name| symbols.named(name));
                Ok(Self::Named(named.collect::<Result<_, _>>()?))
            }
            (None, None) => Ok(Self::All(symbols)),
        }
    }

    /// What there is to say of each.
    fn each<T>(
        &self,
        model: &MarketModel,
        say: impl Fn(&Symbol, &MarketData) -> T,
    ) -> Result<Vec<T>, ApiError> {
        let one = |symbol: &Symbol| Ok(say(symbol, market(model, symbol)?));
        match self {
            Self::One(symbol) => Ok(vec![one(symbol)?]),
            Self::Named(symbols) => symbols.iter().map(|symbol| one(symbol)).collect(),
            // Some may not be listed any more.
            Self::All(symbols) => Ok(symbols.iter().filter_map(|it| one(it).ok()).collect()),
        }
    }

    fn answer<T: Serialize>(
        &self,
        model: &MarketModel,
        say: impl Fn(&Symbol, &MarketData) -> T,
    ) -> Answer {
        let all = self.each(model, say)?;
        let answer = match self {
            Self::One(_) => serde_json::to_value(all.first()),
            Self::Named(_) | Self::All(_) => serde_json::to_value(all),
        };
        answer.map_err(|_| ApiError::INTERNAL)
    }
}

type Answer = Result<Value, ApiError>;

pub(super) fn market<'a>(
    model: &'a MarketModel,
    symbol: &Symbol,
) -> Result<&'a MarketData, ApiError> {
    model.market(symbol.id).ok_or(ApiError::INVALID_SYMBOL)
}

/// `GET /api/v3/exchangeInfo`
pub(crate) async fn exchange_info(call: Call) -> Answer {
    let (app, params) = call.of_anybody();
    let selection = Selection::parse(params, &app.symbols)?;
    let model = app.markets.at(app.entry.published()).await;
    let symbols = selection.each(&model, |symbol, _| {
        symbol_info(symbol, model.is_halted(symbol.id))
    })?;
    Ok(info(&symbols, &app.config.limits, now().millis()))
}

/// `GET /api/v3/depth`
pub(crate) async fn depth(call: Call) -> Result<BookDepth, ApiError> {
    let (app, params) = call.of_anybody();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let limit = params.limit(100, 5_000)?;
    let model = app.markets.at(app.entry.published()).await;
    let depth = market(&model, symbol)?.depth().snapshot(limit);
    Ok(BookDepth::new(&depth, symbol))
}

/// `GET /api/v3/trades`, `GET /api/v3/historicalTrades`
pub(crate) async fn trades(call: Call) -> Result<Vec<RecentTrade>, ApiError> {
    let (app, params) = call.of_anybody();
    let symbol = app.symbols.named(params.require("symbol")?)?;
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

/// `GET /api/v3/klines`
pub(crate) async fn klines(call: Call) -> Answer {
    let (app, params) = call.of_anybody();
    let symbol = app.symbols.named(params.require("symbol")?)?;
    let interval = intervals::named(params.require("interval")?);
    let interval = interval.ok_or(ApiError::INVALID_INTERVAL)?;
    let limit = params.limit(500, 1_000)?;
    let time = |name| -> Result<Option<Timestamp>, ApiError> {
        Ok(params.parsed::<u64>(name)?.map(Timestamp::from_millis))
    };
    let range = Range {
        from: time("startTime")?,
        to: time("endTime")?,
        limit,
    };
    let candles = history::candles(app, symbol, interval, range).await?;
    let klines = candles.iter().map(|candle| kline(candle, symbol)).collect();
    Ok(klines)
}

/// `GET /api/v3/ticker/24hr`
pub(crate) async fn ticker_day(call: Call) -> Answer {
    let (app, params) = call.of_anybody();
    let selection = Selection::parse(params, &app.symbols)?;
    let model = app.markets.at(app.entry.published()).await;
    let close = now();
    selection.answer(&model, |symbol, market| {
        ticker_24h(&day(market), close, symbol)
    })
}

/// `GET /api/v3/ticker/price`
pub(crate) async fn ticker_price(call: Call) -> Answer {
    let (app, params) = call.of_anybody();
    let selection = Selection::parse(params, &app.symbols)?;
    let model = app.markets.at(app.entry.published()).await;
    selection.answer(&model, |symbol, market| {
        let last = market.last_trade().map(|trade| trade.price);
        json!({ "symbol": symbol.name(), "price": symbol.price_or_zero(last) })
    })
}

/// `GET /api/v3/ticker/bookTicker`
pub(crate) async fn book_ticker(call: Call) -> Answer {
    let (app, params) = call.of_anybody();
    let selection = Selection::parse(params, &app.symbols)?;
    let model = app.markets.at(app.entry.published()).await;
    selection.answer(&model, |symbol, market| {
        BookTicker::new(market.quote(), symbol)
    })
}
