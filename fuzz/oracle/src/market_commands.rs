//! Arbitrary bytes as settings of market data, and what happens to it.
//!
//! After a header each twelve bytes are a command, and an incomplete command at the end is dropped.
//!
//! | byte | of the header means |
//! |---|---|
//! | 0 | the intervals: one of sixteen sets, some of them chosen by bytes 6 and 7; divided by 16, bit 0: trades that were there before come again with another time |
//! | 1 | the windows: one of eight sets; divided by 8, modulo 8: the unit of time in which trades follow each other |
//! | 2 | how many candles are kept, modulo 8; divided by 8: what time it is at first |
//! | 3 | how many trades the ticker keeps, modulo 8; divided by 8, modulo 8: how many the tape keeps |
//! | 4 | in which order ids come, modulo 8; divided by 8, modulo 4: what prices and quantities are like |
//! | 5 | 192 and above: the commands are those of an order book, whose header are bytes 8 to 11 |
//! | 6, 7 | what divisors of a day the sets of intervals with a choice have |
//!
//! | byte | of a command means |
//! |---|---|
//! | 0 | what happens, modulo 64: 0-43 a trade, now or later, 44-49 one that comes late, 50 one that was there already, 51-55 time passes, 56 it runs backwards or to its end, 57-62 a bust, 63 everything is restored; divided by 64: 3 what is outdated is put right afterwards |
//! | 1, 2 | when; of a bust which trade |
//! | 3 | the id, of a bust which trades are known besides |
//! | 4, 5 | price and quantity |
//! | 6 | bit 0: who was the taker; else whether what is extreme is so indeed |
//! | 7 | at which place of the intervals, windows and trades to look for a boundary |
//! | 8-11 | which candles are asked for afterwards: from, to, how many, now |
//!
//! Among the commands of a book time passes before each, as its bytes 8 and 11 say. The two topmost
//! bits of byte 0, of which a book makes nothing, tell where a trade is busted (3, and byte 10 below
//! 96), time goes backwards (2, and byte 10 below 16) or all is restored (1, and byte 10 below 16).

use marketdata_core::PublicTrade;
use orderbook_core::{Price, Quantity, Side, Timestamp, TradeId};

use crate::commands::{self, random_bytes};
use crate::market::{Buckets, Range};

/// The length of the part before the commands.
pub const HEADER: usize = 8 + commands::HEADER;

/// The length of a command.
pub const COMMAND: usize = commands::COMMAND;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Random bytes for so many commands; see [`commands::seeded`].
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

/// What market data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The intervals, in any order and maybe some of them twice.
    pub buckets: Vec<Buckets>,
    /// The windows, likewise.
    pub windows: Vec<u64>,
    /// How many candles per interval besides the newest.
    pub candles: usize,
    /// How many trades on the tape.
    pub trades: usize,
    /// How many trades in the ticker.
    pub window_trades: usize,
}

/// What happens to candles and tickers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A trade is reported.
    Trade(PublicTrade),
    /// Time passes.
    Advance(Timestamp),
    /// A trade is taken back.
    Bust {
        /// It may be one that never was.
        trade: PublicTrade,
        /// How many of the newest trades are known besides.
        known: usize,
    },
    /// All is restored from what is kept elsewhere.
    Restore,
}

/// An input, and what is asked afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command {
    /// What happens.
    pub input: Input,
    /// Which candles are asked for.
    pub range: Range,
    /// Whether candles that are outdated are put right.
    pub repair: bool,
}

/// What happens around a command of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// When the command comes; it may be earlier than the one before.
    pub time: Timestamp,
    /// How many trades ago the one was that is taken back first.
    pub bust: Option<u64>,
    /// Whether time passes before by itself.
    pub advance: bool,
    /// Whether the market data is restored first from what is kept elsewhere.
    pub restore: bool,
    /// Which candles are asked for afterwards.
    pub range: Range,
}

/// What some bytes ask for.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    settings: Settings,
    /// The unit of time in which trades follow each other.
    unit: u64,
    /// The newest time so far.
    clock: u64,
    /// In which order ids come.
    shape: u8,
    /// What prices and quantities are like.
    sizes: u8,
    /// Whether a trade may come again with another time.
    repeats: bool,
    /// All trades so far.
    trades: Vec<PublicTrade>,
    rest: &'a [u8],
}

impl<'a> Commands<'a> {
    /// Reads the header. Missing bytes count as zero.
    pub fn new(bytes: &'a [u8]) -> Self {
        let header = |index: usize| bytes.get(index).copied().unwrap_or(0);
        Self {
            settings: Settings {
                buckets: buckets(header(0), header(6), header(7)),
                windows: windows(header(1)),
                candles: [0, 1, 2, 3, 5, 8, 30, usize::MAX][usize::from(header(2) % 8)],
                trades: [0, 1, 2, 3, 7, 20, 100, usize::MAX][usize::from(header(3) / 8 % 8)],
                window_trades: [0, 1, 2, 5, 20, 100, 1_000, usize::MAX][usize::from(header(3) % 8)],
            },
            unit: [1, 1_000, SECOND, 10 * SECOND, MINUTE, HOUR, 6 * HOUR, DAY]
                [usize::from(header(1) / 8 % 8)],
            clock: match header(2) / 8 {
                0..3 => 0,
                3..6 => 3 * DAY,
                // Around the end of a leap year's February, and of a year.
                6..10 => 1_709_164_700 * SECOND,
                10..14 => 1_735_689_500 * SECOND,
                14 => u64::MAX - 400 * 366 * DAY,
                15 => u64::MAX - 40 * DAY,
                _ => 1_700_000_000 * SECOND,
            },
            shape: header(4) % 8,
            sizes: header(4) / 8 % 4,
            repeats: header(0) / 16 % 2 == 1,
            trades: Vec::new(),
            rest: bytes.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// What market data is kept.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What happens around the next command, where those are of a book.
    pub fn around(&mut self) -> Option<Around> {
        let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
        self.rest = rest;
        let [what, _, _, _, place, .., when, _, other, fine] = *bytes;
        let time = match when {
            // Most of the time the next command comes at once.
            0..128 => self.clock,
            _ => self.later(when.wrapping_mul(2), fine, place, other),
        };
        let back = what >> 6 == 2 && other < 16;
        let time = if back {
            time.saturating_sub(u64::from(fine) * self.unit)
        } else {
            time
        };
        self.clock = self.clock.max(time);
        let [.., from, to, limit, now] = *bytes;
        Some(Around {
            time: Timestamp::new(time),
            bust: (what >> 6 == 3 && other < 96).then_some(u64::from(other % 32)),
            advance: fine >= 192,
            restore: what >> 6 == 1 && other < 16,
            range: self.range([from, to, limit, now], place),
        })
    }

    fn decode(&mut self, bytes: &[u8; COMMAND]) -> Command {
        let [
            what,
            when,
            fine,
            id,
            price,
            quantity,
            more,
            place,
            from,
            to,
            limit,
            now,
        ] = *bytes;
        let input = match what % 64 {
            0..=49 => {
                let time = if what % 64 < 44 {
                    self.later(when, fine, place, more)
                } else {
                    self.earlier(when, fine, place)
                };
                self.trade(PublicTrade {
                    id: self.id(id),
                    time: Timestamp::new(time),
                    price: self.price(price, more),
                    quantity: self.quantity(quantity, more),
                    taker_side: side(more),
                })
            }
            50 => match self.earlier_trade(fine) {
                Some(trade) => self.again(trade, when, price),
                None => Input::Advance(Timestamp::new(self.clock)),
            },
            51..=55 => self.advance(self.later(when, fine, place, more)),
            56 if fine < 4 && price < 32 => self.advance(u64::MAX),
            56 => self.advance(self.earlier(when, fine, place)),
            57..=62 => Input::Bust {
                trade: self.busted(when, fine, price, more),
                known: match id {
                    0..128 => usize::MAX,
                    128..144 => 0,
                    few => usize::from(few % 64),
                },
            },
            _ => Input::Restore,
        };
        Command {
            input,
            range: self.range([from, to, limit, now], place),
            repair: what >> 6 == 3,
        }
    }

    fn trade(&mut self, trade: PublicTrade) -> Input {
        self.trades.push(trade);
        if !trade.quantity.is_zero() {
            self.clock = self.clock.max(trade.time.get());
        }
        Input::Trade(trade)
    }

    /// One that was there before, maybe a little different.
    fn again(&mut self, trade: PublicTrade, how: u8, price: u8) -> Input {
        let time = match how {
            _ if !self.repeats => trade.time,
            0..128 => trade.time,
            128..192 => Timestamp::new(self.clock),
            _ => Timestamp::new(trade.time.get().saturating_sub(u64::from(how % 8))),
        };
        let price = if how.is_multiple_of(2) {
            trade.price
        } else {
            self.price(price, 0)
        };
        self.trade(PublicTrade {
            time,
            price,
            ..trade
        })
    }

    fn advance(&mut self, time: u64) -> Input {
        self.clock = self.clock.max(time);
        Input::Advance(Timestamp::new(time))
    }

    /// Mostly a recent one.
    fn busted(&self, when: u8, fine: u8, price: u8, more: u8) -> PublicTrade {
        let count = self.trades.len();
        let recent = count
            .checked_sub(1 + usize::from(fine % 8))
            .and_then(|index| self.trades.get(index).copied());
        let known = match when {
            0..128 => recent,
            128..240 => self.earlier_trade(fine),
            _ => None,
        };
        known.unwrap_or(PublicTrade {
            id: TradeId::new(u64::MAX / 3 + u64::from(fine)),
            time: Timestamp::new(self.clock.saturating_sub(u64::from(fine) * self.unit)),
            price: self.price(price, more),
            quantity: Quantity::new(1 + u64::from(when)),
            taker_side: side(more),
        })
    }

    /// Some trade that was there.
    fn earlier_trade(&self, which: u8) -> Option<PublicTrade> {
        let index = usize::from(which).checked_rem(self.trades.len())?;
        // Counted from the newest one, since the oldest are long forgotten.
        self.trades.iter().rev().nth(index).copied()
    }

    /// Now or later.
    fn later(&self, when: u8, fine: u8, place: u8, more: u8) -> u64 {
        let (clock, unit, much) = (self.clock, self.unit, u64::from(fine));
        let later = match when {
            0..48 => 0,
            48..128 => unit.saturating_mul(much % 8),
            128..160 => much,
            160..200 => return self.boundary(clock, fine, place).max(clock),
            200..212 => {
                // Another one than all of time.
                let window = pick(&self.settings.windows, place).unwrap_or(unit);
                let since = self.earlier_trade(fine);
                let since = since.map_or(clock, |trade| trade.time.get());
                let leaves = since.saturating_add(window.min(8 * DAY));
                return leaves.saturating_sub(much % 2).max(clock);
            }
            212..244 => unit.saturating_mul(much),
            244..250 => DAY.saturating_mul(much),
            250..253 if more < 64 => (366 * DAY).saturating_mul(much % 16),
            // After that there is no time to come any more, so this is rare.
            253.. if more == 0 => return u64::MAX - much % 8,
            250.. => unit,
        };
        clock.saturating_add(later)
    }

    fn earlier(&self, when: u8, fine: u8, place: u8) -> u64 {
        let (clock, unit, much) = (self.clock, self.unit, u64::from(fine));
        match when {
            0..64 => clock.saturating_sub(unit.saturating_mul(1 + much % 8)),
            64..96 => clock.saturating_sub(1 + much),
            96..160 => {
                let since = self
                    .earlier_trade(fine)
                    .map_or(clock, |trade| trade.time.get());
                self.boundary(since, fine, place).min(clock)
            }
            160..192 => {
                let window = pick(&self.settings.windows, place).unwrap_or(unit);
                let ago = clock.saturating_sub(window).saturating_add(much % 3);
                ago.saturating_sub(1).min(clock)
            }
            192..240 => clock.saturating_sub(unit.saturating_mul(1 + much)),
            240..252 => clock.saturating_sub(DAY.saturating_mul(1 + much)),
            252.. => much,
        }
    }

    /// The beginning or the end of a bucket, or right before it.
    fn boundary(&self, time: u64, fine: u8, place: u8) -> u64 {
        let buckets = pick(&self.settings.buckets, place).unwrap_or(Buckets::Micros(SECOND));
        let boundary = match fine % 4 {
            0 => buckets.open(time),
            _ => buckets.close(time),
        };
        match fine / 4 % 4 {
            0 => boundary.saturating_sub(1),
            1 => boundary.saturating_add(1),
            _ => boundary,
        }
    }

    fn id(&self, byte: u8) -> TradeId {
        let number = self.trades.len() as u64;
        TradeId::new(match self.shape {
            0..3 => number + 1,
            3 => number ^ 1,
            4 => number ^ 7,
            5 => number ^ 63,
            6 => u64::MAX - number,
            // No two alike, and in no order.
            _ => u64::from(byte) << 32 | number,
        })
    }

    fn price(&self, byte: u8, more: u8) -> Price {
        let byte = i64::from(byte);
        Price::new(match (self.sizes, byte) {
            (0 | 1, 0..240) => 100 + byte % 16,
            (2, 0..240) => byte % 7 - 3,
            (3, 0..160) => byte % 9 - 4,
            (3, 160..240) | (_, 250..) if self.sizes == 3 || more < 8 => match byte % 8 {
                0 => i64::MIN,
                1 => i64::MAX,
                2 => i64::MIN + 1,
                3 => i64::MAX - 1,
                4 => i64::MAX / 2,
                5 => i64::MIN / 3,
                6 => 1 << 40,
                _ => 0,
            },
            _ => (byte - 244) * 1_000,
        })
    }

    fn quantity(&self, byte: u8, more: u8) -> Quantity {
        let wild = self.sizes == 3 || more < 8;
        Quantity::new(match byte {
            0..160 => 1 + u64::from(byte % 9),
            160..224 if !wild => 100 * u64::from(byte - 150),
            160..180 => u64::MAX,
            180..190 => u64::MAX / 2 + 1,
            190..200 => 1 << 32,
            200..224 => u64::MAX - u64::from(byte),
            224..250 => 1,
            250.. => 0,
        })
    }

    fn range(&self, bytes: [u8; 4], place: u8) -> Range {
        let [from, to, limit, now] = bytes;
        let around = |byte: u8| {
            let since = self
                .earlier_trade(byte / 4)
                .map_or(0, |trade| trade.time.get());
            Timestamp::new(match byte % 8 {
                0 => since.saturating_sub(1),
                1 => since.saturating_add(1),
                2 | 3 => self.boundary(since, byte / 8, place),
                4 => since.saturating_sub(u64::from(byte) * self.unit),
                _ => since,
            })
        };
        let end = |byte: u8| match byte {
            0..80 => None,
            80..84 => Some(Timestamp::new(0)),
            84..88 => Some(Timestamp::new(u64::MAX)),
            _ => Some(around(byte)),
        };
        Range {
            from: end(from),
            to: end(to),
            limit: match limit {
                0..16 => 0,
                16..200 => usize::from(limit % 16),
                _ => usize::from(limit - 150),
            },
            now: match now {
                0..96 => Timestamp::new(self.clock),
                96..104 => Timestamp::new(u64::MAX),
                104..112 => Timestamp::new(0),
                112..160 => around(now),
                _ => Timestamp::new(self.clock.saturating_add(u64::from(now) * self.unit)),
            },
        }
    }
}

impl Iterator for Commands<'_> {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
        self.rest = rest;
        Some(self.decode(bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rest.len() / COMMAND;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Commands<'_> {}

/// The commands of a book, where that is what some bytes ask for.
pub fn of_book(bytes: &[u8]) -> Option<commands::Commands<'_>> {
    let of_book = bytes.get(5).is_some_and(|byte| *byte >= 192);
    of_book.then(|| commands::Commands::new(bytes.get(HEADER - commands::HEADER..).unwrap_or(&[])))
}

fn pick<T: Copy>(from: &[T], place: u8) -> Option<T> {
    let index = usize::from(place).checked_rem(from.len())?;
    from.get(index).copied()
}

const fn side(byte: u8) -> Side {
    if byte.is_multiple_of(2) {
        Side::Buy
    } else {
        Side::Sell
    }
}

/// One of sixteen sets.
fn buckets(which: u8, one: u8, other: u8) -> Vec<Buckets> {
    use Buckets::{Micros, Month, Week};
    match which % 16 {
        0..3 => [1, 5, 15, 60, 240, 1_440]
            .map(|it| Micros(it * MINUTE))
            .into(),
        3 | 4 => vec![
            Micros(SECOND),
            Micros(MINUTE),
            Micros(HOUR),
            Micros(DAY),
            Week,
            Month,
        ],
        5 => vec![Month, Week, Micros(DAY), Month, Micros(12 * HOUR)],
        6 => vec![Week],
        7 => vec![Month],
        8 => vec![Micros(1), Micros(3), Micros(1_000)],
        9 => vec![Micros(250_000), Micros(90 * SECOND), Micros(3 * MINUTE)],
        10 => Vec::new(),
        11 => vec![Micros(MINUTE)],
        12 | 13 => vec![Micros(divisor(one)), Micros(divisor(other))],
        _ => vec![Micros(divisor(one)), Week, Micros(divisor(other)), Month],
    }
}

/// A divisor of a day, whose micro-seconds are 2¹³ · 3³ · 5⁸.
fn divisor(byte: u8) -> u64 {
    let byte = u32::from(byte);
    let (twos, threes, fives) = (byte % 14, byte / 14 % 4, byte / 56 * 2);
    2_u64.pow(twos) * 3_u64.pow(threes) * 5_u64.pow(fives)
}

/// One of eight sets.
fn windows(which: u8) -> Vec<u64> {
    match which % 8 {
        0 => vec![DAY],
        1 | 2 => vec![MINUTE, HOUR, DAY, 7 * DAY],
        3 => vec![1, 2, 1_000],
        4 => vec![7 * DAY, 5 * MINUTE, 7 * DAY, 1],
        5 => vec![HOUR],
        6 => vec![u64::MAX, DAY],
        _ => Vec::new(),
    }
}
