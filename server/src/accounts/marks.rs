//! What instruments are worth, by what the markets say.

use accounts_core::{MarkSource, Marks, Pair};

use crate::api::symbols::{Symbol, Symbols};
use crate::marketdata::MarketModel;

/// What an instrument is worth: what it last traded for, or before the first trade the middle of the
/// market.
pub(super) fn pair(markets: &MarketModel, symbol: &Symbol) -> Option<Pair> {
    let market = markets.market(symbol.id)?;
    let last = market.last_trade();
    let last = last.and_then(|trade| symbol.mark(&[trade.price]));
    let middle = || {
        let quote = market.quote();
        symbol.mark(&[quote.bid?.price, quote.ask?.price])
    };
    let (mark, source) = match last {
        Some(last) => (last, MarkSource::LastTrade),
        None => (middle()?, MarkSource::MidPrice),
    };
    Some(Pair {
        instrument: symbol.id,
        base: symbol.base.id,
        quote: symbol.quote.id,
        mark,
        source,
    })
}

/// What all instruments are worth that have a price.
pub(super) fn marks(markets: &MarketModel, symbols: &Symbols) -> Marks {
    let pairs = symbols.iter().filter_map(|symbol| pair(markets, symbol));
    pairs.collect()
}
