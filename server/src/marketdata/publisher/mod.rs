//! Tells the public streams what happened on the markets.
//!
//! Trades and best prices go out as they happen. What changes faster than anybody can look is
//! conflated: depth over a tenth of a second and over a second, candles and tickers over a
//! second. A candle that ends goes out at the next tenth of a second.
//!
//! Where it is known who listens, nothing is written that nobody has subscribed to. Whoever
//! subscribes to a state that nobody was told of hears of it at the next tenth of a second.

mod books;
mod klines;
mod messages;
mod tickers;

use std::sync::Arc;

use exchange_engine::InstrumentId;
use marketdata_core::{CandleEvent, MarketEvent};
use orderbook_core::Timestamp;

use self::books::Books;
use self::klines::Klines;
use self::messages::Messages;
use self::tickers::Tickers;
use super::model::MarketModel;
use crate::api::streams::{BEST_LEVELS, Pace, PublicStream, Topic, events};
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::{Body, ConsumerGone, Outlet, Packet, Position, Stream};
use crate::gateway::Hub;
use crate::listed::Listed;

/// Who the messages are for.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// The subscribers of this process: what none of them wants need not be written.
    Subscribers(Hub),
    /// Other processes, too, and nobody knows what their subscribers want.
    Everybody,
}

/// Writes the messages of the public streams.
#[derive(Debug)]
pub(crate) struct Publisher {
    listed: Listed,
    /// What was listed when something was said last.
    symbols: Arc<Symbols>,
    /// What was listed since, and whose states nobody has been told of yet.
    untold: Vec<InstrumentId>,
    outlet: Outlet,
    position: Position,
    books: Books,
    klines: Klines,
    tickers: Tickers,
    messages: Messages,
}

impl Publisher {
    /// A publisher of one epoch.
    pub(crate) fn new(listed: Listed, outlet: Outlet, audience: Audience, epoch: u64) -> Self {
        let position = Position { epoch, seq: 0 };
        outlet.begin(position);
        let symbols = listed.symbols();
        Self {
            messages: Messages::new(&symbols, audience),
            listed,
            symbols,
            untold: Vec::new(),
            outlet,
            position,
            books: Books::default(),
            klines: Klines::default(),
            tickers: Tickers::default(),
        }
    }

    /// Takes notice of what has been listed meanwhile.
    fn look_around(&mut self) {
        let symbols = self.listed.symbols();
        if Arc::ptr_eq(&symbols, &self.symbols) {
            return;
        }
        self.messages.know(&symbols);
        let new = symbols.iter().map(|symbol| symbol.id);
        let new = new.filter(|id| self.symbols.get(*id).is_none());
        self.untold.extend(new);
        self.symbols = symbols;
    }

    /// Sends what has gathered. It goes back to the input `as_of`.
    ///
    /// # Errors
    ///
    /// As [`Outlet::publish`].
    pub(super) fn send(&mut self, as_of: u64) -> Result<(), ConsumerGone> {
        let messages = self.messages.take();
        if messages.is_empty() {
            return Ok(());
        }
        let prev_seq = self.position.seq;
        self.position.seq += 1;
        self.outlet.publish(Packet {
            stream: Stream::Market,
            epoch: self.position.epoch,
            prev_seq,
            seq: self.position.seq,
            body: Body::Messages { as_of, messages },
        })
    }

    /// Tells how far the stream has come, for those who missed its last packet.
    ///
    /// # Errors
    ///
    /// As [`Outlet::beat`].
    pub(super) fn beat(&self, time: Timestamp) -> Result<(), ConsumerGone> {
        self.outlet
            .beat(Packet::heartbeat(Stream::Market, self.position, time))
    }

    /// Gives the streams of states their first messages, so that subscribers need not wait for a
    /// change after a restart.
    pub(super) fn tell_how_things_are(&mut self, model: &MarketModel, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for symbol in symbols.iter() {
            self.tell_book(model, symbol);
            let newest = model.market(symbol.id).and_then(|it| it.last_trade());
            if let Some(newest) = newest {
                self.klines.resume(symbol.id, newest, now);
            }
        }
        self.add_second(model, now);
    }

    /// Adds how things are with what has been listed, as soon as the model has it.
    fn tell_of_new(&mut self, model: &MarketModel) {
        let symbols = Arc::clone(&self.symbols);
        for id in std::mem::take(&mut self.untold) {
            match symbols.get(id) {
                Some(symbol) if model.market(id).is_some() => self.tell_book(model, symbol),
                // It may be delisted by now.
                Some(_) if symbols.iter().any(|it| it.id == id) => self.untold.push(id),
                _ => {}
            }
        }
    }

    /// Adds the best levels and prices of a book.
    fn tell_book(&mut self, model: &MarketModel, symbol: &Symbol) {
        for pace in [Pace::Fast, Pace::Slow] {
            for levels in BEST_LEVELS {
                self.tell_state(
                    Topic::BestLevels(levels, pace),
                    model,
                    symbol,
                    Timestamp::default(),
                );
            }
        }
        self.tell_state(Topic::BookTicker, model, symbol, Timestamp::default());
    }

    /// Adds what happened; what is conflated waits.
    pub(super) fn add_changes(&mut self, changes: &[(InstrumentId, MarketEvent)], now: Timestamp) {
        self.look_around();
        let symbols = Arc::clone(&self.symbols);
        for (instrument, change) in changes {
            if let Some(symbol) = symbols.get(*instrument) {
                self.add_change(symbol, change, now);
            }
        }
    }

    fn add_change(&mut self, symbol: &Symbol, change: &MarketEvent, now: Timestamp) {
        let messages = &mut self.messages;
        match change {
            MarketEvent::Traded(trade) => {
                self.klines.traded(symbol.id, trade);
                let stream = PublicStream::One(symbol.id, Topic::Trade);
                messages.add(stream, || events::trade(trade, symbol));
            }
            MarketEvent::Aggregated(trade) => {
                let stream = PublicStream::One(symbol.id, Topic::AggregateTrade);
                messages.add(stream, || events::aggregate_trade(trade, symbol));
            }
            MarketEvent::LevelChanged(change) => self.books.record(symbol.id, change),
            MarketEvent::BestChanged { update_id, quote } => {
                books::tell_quote(*update_id, *quote, symbol, messages);
            }
            MarketEvent::Candle(CandleEvent::Closed { interval, candle }) => {
                klines::tell_end(candle, *interval, symbol, now, messages);
            }
            // No command busts a trade, and none comes late.
            MarketEvent::TradeBusted(_) | MarketEvent::Candle(_) => {}
        }
    }

    /// Adds what is told every tenth of a second.
    pub(super) fn add_tenth(&mut self, model: &MarketModel, now: Timestamp) {
        self.tell_of_new(model);
        let (symbols, messages) = (&self.symbols, &mut self.messages);
        self.books.tell(Pace::Fast, model, symbols, now, messages);
        self.klines.tell_ended(model, symbols, now, messages);
    }

    /// Adds what is told every second.
    pub(super) fn add_second(&mut self, model: &MarketModel, now: Timestamp) {
        let (symbols, messages) = (&self.symbols, &mut self.messages);
        self.books.tell(Pace::Slow, model, symbols, now, messages);
        self.klines.tell_open(model, symbols, now, messages);
        self.tickers.tell(model, symbols, now, messages);
    }

    /// Adds how things are for subscribers who have not been told.
    pub(super) fn add_for_new_subscribers(&mut self, model: &MarketModel, now: Timestamp) {
        let symbols = Arc::clone(&self.symbols);
        for stream in self.messages.new_subscriptions() {
            match stream {
                PublicStream::One(instrument, topic) => {
                    if let Some(symbol) = symbols.get(instrument) {
                        self.tell_state(topic, model, symbol, now);
                    }
                }
                PublicStream::All(overview) => {
                    tickers::tell_all(overview, model, &symbols, now, &mut self.messages);
                }
            }
        }
    }

    /// Adds how things are, where the topic is about that.
    fn tell_state(&mut self, topic: Topic, model: &MarketModel, symbol: &Symbol, now: Timestamp) {
        let messages = &mut self.messages;
        let Some(market) = model.market(symbol.id) else {
            return;
        };
        let update_id = market.depth().update_id();
        match topic {
            // Nothing has ever been there.
            Topic::BookTicker if update_id == 0 => {}
            Topic::BookTicker => {
                let stream = PublicStream::One(symbol.id, topic);
                messages.add(stream, || {
                    events::book_ticker(update_id, market.quote(), symbol)
                });
            }
            Topic::BestLevels(levels, pace) => {
                books::tell_best(levels, pace, market, symbol, messages);
            }
            Topic::Kline(interval) => klines::tell_now(interval, model, symbol, now, messages),
            Topic::Ticker | Topic::MiniTicker => {
                tickers::tell_one(topic, model, symbol, now, messages);
            }
            Topic::Trade | Topic::AggregateTrade | Topic::Depth(_) => {}
        }
    }
}
