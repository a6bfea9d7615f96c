//! The trades of a Binance market.
//!
//! A CSV with at least the columns `trade_id`, `trade_time_ms`, `price`, `qty` and
//! `is_buyer_maker`, wherever they are. Each trade becomes the two orders that it takes: the maker
//! places a limit order, the taker an immediate-or-cancel one of the other side that meets it. So
//! the book is empty before and after, and the candles that come out are those of the venue.

use std::path::Path;

use marketdata_core::PublicTrade;
use orderbook_core::{Side, TimeInForce, Timestamp, TradeId};

use crate::text::{Text, grid};
use crate::{Comparison, Error, LimitOrder, Pair, Replay};

pub(crate) fn is_csv(first_line: &str) -> bool {
    let is_column = |name| first_line.split(',').any(|column| column == name);
    is_column("trade_id") && is_column("is_buyer_maker")
}

/// The trades of a market, as they happened.
#[derive(Debug)]
pub struct Trades {
    pair: Pair,
    trades: Vec<PublicTrade>,
}

impl Trades {
    /// Reads a CSV of trades; one whose name ends in `.zst` is decompressed.
    ///
    /// # Errors
    ///
    /// An [`Error`] that names the line where a column is missing or a value is not one.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::read(&Text::read(path)?)
    }

    pub(crate) fn read(text: &Text) -> Result<Self, Error> {
        let mut lines = text.lines();
        let Some(header) = lines.next() else {
            return Err(Error::UnknownFormat {
                path: text.path().to_owned(),
            });
        };
        let header = header.fields();
        let id = header.position("trade_id")?;
        let time = header.position("trade_time_ms")?;
        let price = header.position("price")?;
        let quantity = header.position("qty")?;
        let is_buyer_maker = header.position("is_buyer_maker")?;

        let mut rows = Vec::new();
        for line in lines {
            let fields = line.fields();
            let taker_side = match fields.text(is_buyer_maker, "is_buyer_maker")? {
                "true" | "True" => Side::Sell,
                "false" | "False" => Side::Buy,
                other => {
                    return Err(line.malformed(format!("is_buyer_maker cannot be {other:?}")));
                }
            };
            let time: u64 = fields.parse(time, "trade_time_ms")?;
            let Some(micros) = time.checked_mul(1_000) else {
                return Err(line.malformed(format!("trade_time_ms cannot be {time}")));
            };
            rows.push((
                line,
                TradeId::new(fields.parse(id, "trade_id")?),
                Timestamp::new(micros),
                fields.decimal(price, "price")?,
                fields.decimal(quantity, "qty")?,
                taker_side,
            ));
        }
        let mut ids: Vec<_> = rows.iter().map(|row| (row.1, row.0)).collect();
        ids.sort_by_key(|(id, _)| *id);
        if let Some(pair) = ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let (id, line) = pair[1];
            return Err(line.malformed(format!("trade_id {id} was there before")));
        }
        // The file does not state the grid, but its numbers are on it.
        let pair = Pair::new(
            "BASE",
            "QUOTE",
            grid(rows.iter().map(|row| row.3))?,
            grid(rows.iter().map(|row| row.4))?,
        )?;
        let mut trades = Vec::with_capacity(rows.len());
        for (line, id, time, price, quantity, taker_side) in rows {
            trades.push(PublicTrade {
                id,
                time,
                price: line.price(&pair, price)?,
                quantity: line.quantity(&pair, quantity)?,
                taker_side,
            });
        }
        Ok(Self { pair, trades })
    }

    /// What was traded.
    pub const fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The trades, as they happened.
    pub fn trades(&self) -> &[PublicTrade] {
        &self.trades
    }

    pub(crate) fn replay(
        &self,
        replay: &mut Replay,
        watch: &mut impl FnMut(&Replay, u64),
    ) -> Result<Vec<Comparison>, Error> {
        let mut comparison = Comparison {
            what: "trades with the recorded price, quantity and taker",
            equal: 0,
            of: 0,
        };
        for trade in &self.trades {
            let maker = LimitOrder {
                side: trade.taker_side.opposite(),
                price: trade.price,
                quantity: trade.quantity,
                time_in_force: TimeInForce::GTC,
            };
            let taker = LimitOrder {
                side: trade.taker_side,
                time_in_force: TimeInForce::IOC,
                ..maker
            };
            replay.place(trade.time, maker, None)?;
            replay.place(trade.time, taker, None)?;
            let expected = (trade.price, trade.quantity, trade.taker_side);
            let is_expected = replay
                .trades()
                .map(|trade| (trade.price, trade.quantity, trade.taker_side))
                .eq([expected]);
            comparison.equal += u64::from(is_expected);
            comparison.of += 1;
            watch(replay, comparison.of);
        }
        Ok(vec![comparison])
    }
}
