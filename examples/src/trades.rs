//! The trades of a Binance market.
//!
//! A CSV with at least the columns `trade_id`, `trade_time_ms`, `price`, `qty` and
//! `is_buyer_maker`, wherever they are. Each trade becomes the two orders that it takes: the maker
//! places a limit order, the taker an immediate-or-cancel one of the other side that meets it. So
//! the book is empty before and after, and the candles that come out are those of the venue.

use orderbook_core::{Price, Quantity, Side, TimeInForce, Timestamp};

use crate::text::{Text, grid};
use crate::{Comparison, Error, LimitOrder, Pair, Replay};

pub(crate) fn is_csv(first_line: &str) -> bool {
    let is_column = |name| first_line.split(',').any(|column| column == name);
    is_column("trade_id") && is_column("is_buyer_maker")
}

/// One trade of the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trade {
    /// When it happened.
    pub time: Timestamp,
    /// At which price, in ticks.
    pub price: Price,
    /// How much, in lots.
    pub quantity: Quantity,
    /// The side that came in; the other had been resting.
    pub taker_side: Side,
}

/// The trades of a market, as they happened.
#[derive(Debug)]
pub struct Trades {
    pair: Pair,
    trades: Vec<Trade>,
}

impl Trades {
    pub(crate) fn read(text: &Text) -> Result<Self, Error> {
        let mut lines = text.lines();
        let Some(header) = lines.next() else {
            return Err(Error::UnknownFormat {
                path: text.path().to_owned(),
            });
        };
        let header = header.fields();
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
            rows.push((
                line,
                Timestamp::from_millis(fields.parse(time, "trade_time_ms")?),
                fields.decimal(price, "price")?,
                fields.decimal(quantity, "qty")?,
                taker_side,
            ));
        }
        // The file does not state the grid, but its numbers are on it.
        let pair = Pair::new(
            "BASE",
            "QUOTE",
            grid(rows.iter().map(|row| row.2))?,
            grid(rows.iter().map(|row| row.3))?,
        )?;
        let trade =
            |(line, time, price, quantity, taker_side): &(crate::text::Line<'_>, _, _, _, _)| {
                Ok(Trade {
                    time: *time,
                    price: line.price(&pair, *price)?,
                    quantity: line.quantity(&pair, *quantity)?,
                    taker_side: *taker_side,
                })
            };
        let trades = rows.iter().map(trade).collect::<Result<_, Error>>()?;
        Ok(Self { pair, trades })
    }

    /// What was traded.
    pub const fn pair(&self) -> &Pair {
        &self.pair
    }

    /// The trades, as they happened.
    pub fn trades(&self) -> &[Trade] {
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
