//! Market data of one instrument, folded from the events of its order book.
//!
//! [`MarketData`] eats the [`Event`](orderbook_core::Event)s of one
//! [`OrderBook`](orderbook_core::OrderBook), each with the time of the command that caused it, and
//! keeps what the public may know: [candles](Candles), [rolling tickers](RollingTicker), the
//! [depth](Depth) and the [tape](Tape) of recent trades. What changed comes out as
//! [`MarketEvent`]s, ready to be published. The same events give the same market data, always and
//! everywhere: there is no clock, no I/O, no thread, no float and no randomness in this crate.
//!
//! ```
//! use marketdata_core::{Interval, MarketData, MarketEvent, Settings, Window};
//! use orderbook_core::*;
//!
//! let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
//! let mut book = OrderBook::new(instrument);
//! let mut market = MarketData::new(&Settings::default());
//!
//! // Somebody offers 5 lots at 100 ticks; somebody else buys 2 of them.
//! let mut events = Vec::new();
//! for (id, side, quantity) in [(1, Side::Sell, 5), (2, Side::Buy, 2)] {
//!     let (id, account) = (OrderId::new(id), AccountId::new(id));
//!     let order = Order::limit(id, account, side, Quantity::new(quantity), Price::new(100));
//!     book.apply(&Command::Place(order), &mut events)?;
//! }
//!
//! let now = Timestamp::from_millis(1_700_000_000_000);
//! let mut changes = Vec::new();
//! for event in &events {
//!     market.apply(now, event, &mut changes)?;
//! }
//!
//! assert_eq!(market.depth().best(Side::Sell).unwrap().quantity, Quantity::new(3));
//! assert_eq!(market.ticker(Window::ONE_DAY).unwrap().stats.last, Some(Price::new(100)));
//! assert_eq!(market.candles(Interval::ONE_MINUTE).unwrap().latest().unwrap().volume.get(), 2);
//! assert!(changes.iter().any(|change| matches!(
//!     change,
//!     MarketEvent::Traded(trade) if trade.quantity == Quantity::new(2)
//! )));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is here
//!
//! Each part can be used alone, with trades or book events from anywhere:
//!
//! | | |
//! |---|---|
//! | [`Candles`] | trades into candles of any intervals, with corrections for late and busted trades |
//! | [`RollingTicker`] | trades into statistics of the last minute, day or week, exact to the trade |
//! | [`Depth`] | book events into what is displayed at each price; [`DepthDiffBuilder`] and [`DepthConflator`] for what changed, [`Grouping`] for fewer prices, [`ChecksumForm`] for a checksum |
//! | [`OrderFeed`] | book events into an order by order feed that names no account |
//! | [`ClientBook`], [`ClientOrderBook`] | the other end of both feeds, and of those of other venues: a copy of the book that knows when it can be trusted |
//! | [`Tape`], [`TradeAggregator`] | recent trades; those of one order at one price as one |
//! | [`Quote`], [`AverageSpread`] | spread, mid, micro-price, effective spread; the spread averaged over time |
//! | [`Depth::imbalance`], [`OrderFlowImbalance`], [`TradeImbalance`] | which side is stronger |
//! | [`RealisedVolatility`], [`log_return`] | how much a price moves |
//! | [`Vwap`], [`Twap`], [`VolumeProfile`] | average prices; what traded at which price |
//! | [`OrderActivity`] | how many orders there are to a trade |
//!
//! # Units
//!
//! Prices are ticks, quantities and volumes lots, quote volumes tick-lots, times microseconds
//! since the Unix epoch, UTC. What a tick and a lot are worth is stated by the
//! [`Instrument`](orderbook_core::Instrument). What is not whole is a [`Ratio`].
//!
//! # What trades and events may look like
//!
//! Nothing panics, and no input takes longer than what is stored, however large its numbers.
//!
//! | | |
//! |---|---|
//! | a trade of nothing | is refused |
//! | a trade that was there before | is refused by [`RollingTicker`] and [`MarketData`]; [`Tape`] keeps the first |
//! | trades at the same time | keep the order of their ids |
//! | trades out of order | count where their times belong: candles that have closed are [corrected](CandleEvent::Corrected), or [said to be outdated](CandleEvent::Outdated) |
//! | events of a book with a time that runs backwards | count at the newest time seen: they happened in the order in which they come |
//! | a gap of years | costs as much as one of a minute; quiet intervals are made up when they are asked for |
//! | prices of zero or below | are prices; what has no meaning for them is `None` |
//! | prices, quantities and times at the ends of their ranges | sums are exact, or say that they saturate; the last interval never ends |
//! | events that no book reports | are refused, and nothing is changed |
//!
//! # What is not here
//!
//! Which client hears what, decimal strings and stream names are the business of the server;
//! storage of more candles than fit in memory as well.
//!
//! # Features
//!
//! * `serde`: plain data (trades, candles, statistics, snapshots, diffs, market events) can be
//!   serialised.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod aggregate;
mod candles;
mod client;
mod depth;
mod event;
mod interval;
mod market_data;
mod notional_sum;
mod orders;
mod ratio;
mod statistics;
mod tape;
mod ticker;
mod trade;
mod window;

pub use aggregate::{AggregateTrade, TradeAggregator};
pub use candles::{
    Candle, CandleError, CandleEvent, CandleSeries, Candles, GapPolicy, StoredCandles,
};
pub use client::{
    BookState, BookUpdate, ClientBook, ClientOrderBook, ClientOrderSettings, ClientSettings,
    Desync, OrderDesync, Progress, UpdateIds,
};
pub use depth::{
    ChecksumForm, ChecksumLayout, Depth, DepthConflator, DepthDiff, DepthDiffBuilder, DepthError,
    DepthSnapshot, GroupedDepth, GroupedLevel, Grouping, LevelChange, NumberText, SnapshotError,
};
pub use event::MarketEvent;
pub use interval::{Interval, IntervalError};
pub use market_data::{MarketData, MarketError, Settings, StoredMarket, Ticker};
pub use orders::{
    DisplayedOrder, OrderChange, OrderError, OrderFeed, OrderMessage, OrderSnapshot, QueuePosition,
};
pub use ratio::Ratio;
pub use statistics::{
    AverageSpread, OrderActivity, OrderCounts, OrderFlowImbalance, PriceBucket, Quote,
    RealisedVolatility, TradeImbalance, Twap, ValueArea, VolumeProfile, Vwap, log_return,
};
pub use tape::Tape;
pub use ticker::{RollingTicker, TickerStats};
pub use trade::{PublicTrade, TradeError, Volume};
pub use window::{Window, WindowError};
