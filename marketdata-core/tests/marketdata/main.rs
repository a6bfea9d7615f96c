//! Scenarios a trader can check by eye, and properties checked against naive recomputation.

mod candles;
mod depth;
mod extremes;
mod given;
mod intervals;
mod market_data;
mod tape;
mod ticker;
