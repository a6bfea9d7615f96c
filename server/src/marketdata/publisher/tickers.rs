//! Tickers: of each instrument that changed, alone and in lists.
//!
//! They change even if nothing happens: what is a day old drops out.

use std::collections::{BTreeMap, BTreeSet};

use exchange_engine::InstrumentId;
use marketdata_core::{Quote, Ticker, TickerStats};
use orderbook_core::Timestamp;

use super::messages::Messages;
use crate::api::streams::{Every, Overview, PublicStream, Topic, events};
use crate::api::symbols::{Symbol, Symbols};
use crate::marketdata::{MarketModel, day};

/// Every how many seconds the rarer lists are sent.
const RARELY: u32 = 3;

/// What has been told of tickers.
#[derive(Debug, Default)]
pub(super) struct Tickers {
    told: BTreeMap<InstrumentId, (TickerStats, Quote)>,
    seconds: u32,
    /// What changed since the rarer lists were sent.
    full: BTreeSet<InstrumentId>,
    mini: BTreeSet<InstrumentId>,
}

/// The two forms of a ticker.
#[derive(Debug, Clone, Copy)]
enum Form {
    Full,
    Mini,
}

impl Form {
    fn topic(self) -> Topic {
        match self {
            Self::Full => Topic::Ticker,
            Self::Mini => Topic::MiniTicker,
        }
    }

    fn list(self, every: Every) -> PublicStream {
        PublicStream::All(match self {
            Self::Full => Overview::Tickers(every),
            Self::Mini => Overview::MiniTickers(every),
        })
    }

    fn text(self, ticker: &Ticker, now: Timestamp, symbol: &Symbol) -> String {
        match self {
            Self::Full => events::ticker(ticker, now, symbol),
            Self::Mini => events::mini_ticker(ticker, now, symbol),
        }
    }
}

impl Tickers {
    /// Adds the tickers that changed since the second before.
    pub(super) fn tell(
        &mut self,
        model: &MarketModel,
        symbols: &Symbols,
        now: Timestamp,
        messages: &mut Messages,
    ) {
        let (mut full, mut mini) = (Vec::new(), Vec::new());
        for (symbol, ticker) in all(model, symbols) {
            let is = (ticker.stats, ticker.quote);
            let was = self.told.insert(symbol.id, is);
            if was == Some(is) {
                continue;
            }
            full.push((symbol, ticker));
            self.full.insert(symbol.id);
            if was.is_none_or(|(stats, _)| stats != ticker.stats) {
                mini.push((symbol, ticker));
                self.mini.insert(symbol.id);
            }
        }
        let often = [Every::Unsaid, Every::Second];
        for (form, changed) in [(Form::Full, &full), (Form::Mini, &mini)] {
            for (symbol, ticker) in changed {
                let stream = PublicStream::One(symbol.id, form.topic());
                messages.add(stream, || form.text(ticker, now, symbol));
            }
            tell_list(form, &often, changed, now, messages);
        }
        self.seconds = (self.seconds + 1) % RARELY;
        if self.seconds == 0 {
            for (form, changed) in [(Form::Full, &mut self.full), (Form::Mini, &mut self.mini)] {
                let changed = std::mem::take(changed);
                let changed =
                    all(model, symbols).filter(|(symbol, _)| changed.contains(&symbol.id));
                let changed: Vec<_> = changed.collect();
                tell_list(form, &[Every::ThreeSeconds], &changed, now, messages);
            }
        }
    }
}

fn all<'a>(
    model: &'a MarketModel,
    symbols: &'a Symbols,
) -> impl Iterator<Item = (&'a Symbol, Ticker)> {
    symbols
        .iter()
        .filter_map(|symbol| Some((symbol, day(model.market(symbol.id)?))))
}

fn tell_list(
    form: Form,
    every: &[Every],
    tickers: &[(&Symbol, Ticker)],
    now: Timestamp,
    messages: &mut Messages,
) {
    let streams = every.iter().map(|every| form.list(*every));
    let wanted: Vec<_> = streams.filter(|it| messages.are_wanted(*it)).collect();
    if wanted.is_empty() || tickers.is_empty() {
        return;
    }
    let texts = tickers
        .iter()
        .map(|(symbol, ticker)| form.text(ticker, now, symbol));
    let text = events::list(&texts.collect::<Vec<_>>());
    for stream in wanted {
        messages.add(stream, || text.clone());
    }
}

/// Adds how the ticker of an instrument is.
pub(super) fn tell_one(
    topic: Topic,
    model: &MarketModel,
    symbol: &Symbol,
    now: Timestamp,
    messages: &mut Messages,
) {
    let form = match topic {
        Topic::MiniTicker => Form::Mini,
        _ => Form::Full,
    };
    if let Some(market) = model.market(symbol.id) {
        let stream = PublicStream::One(symbol.id, form.topic());
        messages.add(stream, || form.text(&day(market), now, symbol));
    }
}

/// Adds how all tickers are that have anything to tell.
pub(super) fn tell_all(
    overview: Overview,
    model: &MarketModel,
    symbols: &Symbols,
    now: Timestamp,
    messages: &mut Messages,
) {
    let (form, every) = match overview {
        Overview::Tickers(every) => (Form::Full, every),
        Overview::MiniTickers(every) => (Form::Mini, every),
        Overview::BookTickers => return,
    };
    let traded = all(model, symbols).filter(|(_, ticker)| ticker.stats.last.is_some());
    tell_list(form, &[every], &traded.collect::<Vec<_>>(), now, messages);
}
