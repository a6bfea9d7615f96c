//! Candles: what traded in an interval, of several intervals at once.

mod buckets;
mod candle;
mod event;
mod fold;
mod series;
mod stored;

pub use candle::Candle;
pub use event::CandleEvent;
pub use fold::Candles;
pub use series::{CandleSeries, GapPolicy};
pub use stored::{CandleError, StoredCandles};
