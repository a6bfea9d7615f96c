//! Arbitrary bytes as an instrument and commands for its book.
//!
//! The first two bytes choose the instrument and how many ids there are. After that each six
//! bytes are a command, and an incomplete command at the end is dropped; so every input means
//! something, and cutting an input short or taking six bytes out leaves the other commands as
//! they were.
//!
//! | byte | means |
//! |---|---|
//! | 0 | what to do, modulo 16: 0-4 GTC, 5 IOC, 6 FOK, 7 post-only, 8 market, 9-10 cancel, 11-12 reduce, 13-15 replace |
//! | 1 | the order id |
//! | 2 | bit 0: buy or sell; the rest: the account, or the time in force of a replacement |
//! | 3 | the price: below 224 close to the centre of the instrument, else an extreme |
//! | 4 | the quantity: below 224 small, else an extreme |
//! | 5 | the id of a replacement: even keeps the old one |
//!
//! There are few ids, so that duplicate, unknown and stale ones come up all the time, and few
//! prices, so that orders meet.

use orderbook_core::{
    AccountId, Command, Instrument, Notional, Order, OrderId, OrderKind, Price, Quantity, Side,
    Step, TimeInForce,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The length of the part that chooses the instrument.
pub const HEADER: usize = 2;

/// The length of a command.
pub const COMMAND: usize = 6;

/// Random bytes for so many commands. A block depends on the seed and its own number only, so that
/// it can be had without the blocks before it.
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

pub(crate) fn random_bytes(seed: u64, block: u64, len: usize) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(block);
    let mut bytes = vec![0; len];
    random.fill_bytes(&mut bytes);
    bytes
}

/// What some bytes ask for.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    instrument: Instrument,
    centre: i64,
    ids: u8,
    rest: &'a [u8],
}

impl<'a> Commands<'a> {
    /// Reads the header. Missing bytes count as zero.
    pub fn new(bytes: &'a [u8]) -> Self {
        let (instrument, centre) = instrument(bytes.first().copied().unwrap_or(0));
        let ids = match bytes.get(1).copied().unwrap_or(0) % 4 {
            0 => 6,
            1 => 24,
            2 => 96,
            _ => 255,
        };
        Self {
            instrument,
            centre,
            ids,
            rest: bytes.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// What is traded.
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    fn decode(&self, bytes: [u8; COMMAND]) -> Command {
        let [what, id, who, price, quantity, new_id] = bytes;
        let order_id = self.id(id);
        let price = self.price(price);
        let quantity = self.quantity(quantity);
        let time_in_force = match what % 16 {
            0..=4 => TimeInForce::GoodTillCancel,
            5 => TimeInForce::ImmediateOrCancel,
            6 => TimeInForce::FillOrKill,
            7 => TimeInForce::PostOnly,
            8 => return place(order_id, who, quantity, OrderKind::Market),
            9 | 10 => return Command::Cancel { order_id },
            11 | 12 => {
                return Command::Reduce {
                    order_id,
                    by: quantity,
                };
            }
            _ => {
                return Command::Replace {
                    order_id,
                    new_order_id: if new_id.is_multiple_of(2) {
                        order_id
                    } else {
                        self.id(new_id / 2)
                    },
                    quantity,
                    price,
                    time_in_force: match who / 2 % 4 {
                        0 => TimeInForce::GoodTillCancel,
                        1 => TimeInForce::ImmediateOrCancel,
                        2 => TimeInForce::FillOrKill,
                        _ => TimeInForce::PostOnly,
                    },
                };
            }
        };
        let kind = OrderKind::Limit {
            price,
            time_in_force,
        };
        place(order_id, who, quantity, kind)
    }

    fn id(&self, byte: u8) -> OrderId {
        match byte % self.ids {
            0 => OrderId::new(u64::MAX),
            id => OrderId::new(u64::from(id)),
        }
    }

    fn price(&self, byte: u8) -> Price {
        let (min, max) = (
            self.instrument.min_price().get(),
            self.instrument.max_price().get(),
        );
        Price::new(match byte {
            0..224 => self.centre.saturating_add(i64::from(byte % 16) - 8),
            224..228 => min,
            228..232 => max,
            232..235 => min.saturating_sub(1),
            235..238 => max.saturating_add(1),
            238..241 => 0,
            241..244 => -1,
            244..247 => 1,
            247..250 => i64::MIN,
            250..253 => i64::MAX,
            253..=255 => self.centre.wrapping_add(i64::MAX),
        })
    }

    fn quantity(&self, byte: u8) -> Quantity {
        let (min, max) = (
            self.instrument.min_quantity().get(),
            self.instrument.max_quantity().get(),
        );
        Quantity::new(match byte {
            0..224 => 1 + u64::from(byte % 12),
            224..228 => min,
            228..233 => max,
            233..236 => min - 1,
            236..239 => max.saturating_add(1),
            239..242 => max / 2 + 1,
            242..245 => max - 1,
            245..248 => 0,
            248..251 => u64::MAX,
            251..253 => u64::MAX / 2 + 1,
            253..=255 => 1 << 32,
        })
    }
}

impl Iterator for Commands<'_> {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
        self.rest = rest;
        Some(self.decode(*bytes))
    }
}

fn place(id: OrderId, who: u8, quantity: Quantity, kind: OrderKind) -> Command {
    let side = if who.is_multiple_of(2) {
        Side::Buy
    } else {
        Side::Sell
    };
    Command::Place(Order {
        id,
        // So few accounts that many trade with themselves.
        account: AccountId::new(u64::from(who / 2 % 4)),
        side,
        quantity,
        kind,
    })
}

/// One of five instruments, and the price around which most orders are.
fn instrument(byte: u8) -> (Instrument, i64) {
    let build = |symbol, limits: Option<(i64, i64)>| {
        let instrument = Instrument::new(symbol, Step::new(1, 2)?, Step::new(1, 5)?)?;
        match limits {
            Some((min, max)) => instrument.with_price_limits(Price::new(min), Price::new(max)),
            None => Ok(instrument),
        }
    };
    let instrument = match byte % 5 {
        0 => build("PLAIN", None).map(|plain| (plain, 100)),
        1 => build("NARROW", Some((95, 104)))
            .and_then(|narrow| narrow.with_quantity_limits(Quantity::new(2), Quantity::new(40)))
            .map(|narrow| (narrow.with_min_notional(Notional::new(400)), 100)),
        2 => build("SPREAD", Some((-7, 6)))
            .map(|spread| (spread.with_min_notional(Notional::new(3)), 0)),
        // Most orders stand at the very end of what a price can be.
        3 => build("HIGH", Some((i64::MIN, i64::MAX))).map(|high| (high, i64::MAX - 4)),
        _ => build("LOW", Some((i64::MIN, i64::MAX))).map(|low| (low, i64::MIN + 4)),
    };
    instrument.expect("the instruments above are valid")
}
