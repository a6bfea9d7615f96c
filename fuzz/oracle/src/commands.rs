//! Arbitrary bytes as an instrument and commands for its book.
//!
//! The first four bytes choose the instrument and what the numbers are like. After that each
//! twelve bytes are a command, and an incomplete command at the end is dropped; so every input
//! means something, and cutting an input short or taking twelve bytes out leaves the other
//! commands much as they were.
//!
//! | byte | of the header means |
//! |---|---|
//! | 0 | the instrument, modulo 8 |
//! | 1 | how many order ids there are, modulo 8; divided by 8: what they look like, modulo 6 |
//! | 2 | the instrument's self-trade prevention, modulo 8; bit 3: few slices; bit 4: no least notional |
//! | 3 | modulo 4: what time it is at first; bits 2 to 4 all set: extremes are frequent; bits 5 and 6: how far bids and asks are apart |
//!
//! | byte | of a command means |
//! |---|---|
//! | 0 | what to do, modulo 64: 0-30 place to rest, 31-32 IOC, 33 FOK, 34-36 market, 37-39 cancel, 40-43 reduce, 44-52 amend, 53-58 replace, 59-62 expire, 63 cancel all |
//! | 1, 2 | the number of the order id, low byte first; bit 15, where the order should be there: it is one of those that were asked to rest of late |
//! | 3 | bit 0: buy or sell; bits 1 and 2: account; bits 3 and 4: group; bits 5 to 7: self-trade prevention |
//! | 4 | the price: below 224 around the centre, below 240 far away, else an extreme |
//! | 5 | the quantity: below 216 small, below 244 larger; above that, or just 255, an extreme that byte 7 chooses |
//! | 6 | terms to rest on: bits 0 to 2: post-only; bits 3 to 5: whether it is an iceberg; bits 6 and 7: whether it has a date. Of a market order: whether it has a protection, whether it asks for all there is. Of an amendment: what changes. Of a selection: what it states, two bits each |
//! | 7 | the slice of an iceberg, the minimum of an IOC, the budget of a market order |
//! | 8 | the date, as seen from the time it is |
//! | 9, 10 | of a replacement, low byte first: bit 0: whether it has another id; bits 2 to 13: which; bits 14 and 15: its time in force |
//! | 11 | another price: the protection, the highest price of a selection |
//!
//! There are few ids, so that duplicate, unknown, stale and reused ones come up all the time, and
//! few prices, so that orders meet. Bids are mostly below asks, so that a book builds up. Some
//! things depend on the commands before: which ids came of late; dates count from the time that the
//! last [`Expire`] asked for; amendments say what has been asked of their order, more or less; and
//! where all is cancelled, the centre may move by tens of thousands of ticks, and back the next
//! time.
//!
//! [`Expire`]: Command::Expire

use orderbook_core::{
    AccountId, Command, GroupId, Instrument, InstrumentError, Notional, Order, OrderId, OrderKind,
    PostOnly, Price, Quantity, Resting, Selection, SelfTradePrevention, Side, Step, TimeInForce,
    Timestamp,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The length of the part that chooses the instrument.
pub const HEADER: usize = 4;

/// The length of a command.
pub const COMMAND: usize = 12;

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

/// How many orders are recent.
const RECENT: usize = 64;

/// What some bytes ask for.
#[derive(Debug, Clone)]
pub struct Commands<'a> {
    market: Market,
    /// Around which price most orders are, at the moment.
    centre: i64,
    /// What the numbers of orders look like as ids.
    shape: u8,
    /// Whether extreme numbers come often.
    wild: bool,
    /// The time that was asked for last.
    clock: u64,
    /// What has been asked of each order id last: side, price, quantity.
    asked: Vec<(Side, Price, Quantity)>,
    /// Numbers of orders that were asked to rest of late, and which of them is the oldest.
    recent: [u16; RECENT],
    oldest: usize,
    rest: &'a [u8],
}

/// An instrument, and where its orders are.
#[derive(Debug, Clone)]
struct Market {
    instrument: Instrument,
    /// Around which price most orders are, at first.
    home: i64,
    /// How far below it bids begin and, the other way round, asks above it.
    depth: i64,
    /// Over how many ticks each of the two is spread.
    width: i64,
    /// In which direction the centre can move, if at all.
    moves: &'static [i64],
}

/// The bytes of a command, by what they mean.
#[derive(Clone, Copy)]
struct Bytes {
    what: u8,
    number: u16,
    who: u8,
    price: u8,
    quantity: u8,
    terms: u8,
    size: u8,
    when: u8,
    other: u16,
    other_price: u8,
}

impl<'a> Commands<'a> {
    /// Reads the header. Missing bytes count as zero.
    pub fn new(bytes: &'a [u8]) -> Self {
        let header = |index: usize| bytes.get(index).copied().unwrap_or(0);
        let mut market = market(header(0), header(2));
        market.depth += match header(3) >> 5 & 3 {
            // So far that hardly any meet and the book grows.
            3 if !market.moves.is_empty() => 50,
            few => i64::from(few),
        };
        let ids = match header(1) % 8 {
            0 => 8,
            1 => 48,
            2 | 3 => 160,
            4 | 5 => 1_000,
            _ => 4_000,
        };
        Self {
            centre: market.home,
            shape: header(1) / 8 % 6,
            wild: header(3) / 4 % 8 == 7,
            clock: match header(3) % 4 {
                0 => 0,
                1 => 1_700_000_000_000_000,
                2 => u64::MAX / 2,
                _ => u64::MAX - 300,
            },
            asked: vec![(Side::Buy, Price::new(market.home), Quantity::new(1)); ids],
            market,
            recent: [0; RECENT],
            oldest: 0,
            rest: bytes.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// What is traded.
    pub const fn instrument(&self) -> &Instrument {
        &self.market.instrument
    }

    fn decode(&mut self, mut bytes: Bytes) -> Command {
        if bytes.what % 64 > 36 && bytes.number >> 15 == 1 {
            // The newest most likely: the product of two numbers below one is mostly small.
            let (one, other) = (bytes.number % 64, bytes.number / 64 % 64);
            let ago = usize::from(one * other / 64);
            bytes.number = self.recent[(self.oldest + RECENT - 1 - ago) % RECENT];
        }
        let order_id = self.id(bytes.number);
        let side = side(bytes.who);
        let quantity = self.quantity(bytes);
        match bytes.what % 64 {
            0..=33 => {
                let price = self.price(side, bytes.price);
                self.ask(bytes.number, side, price, quantity);
                let time_in_force = match bytes.what % 64 {
                    0..=30 => self.rest(bytes.number, bytes, quantity),
                    31 | 32 => immediate(bytes.size, quantity),
                    _ => TimeInForce::FillOrKill,
                };
                let kind = OrderKind::Limit {
                    price,
                    time_in_force,
                };
                place(order_id, bytes.who, quantity, kind)
            }
            34..=36 => self.market_order(order_id, bytes),
            37..=39 => Command::Cancel { order_id },
            40..=43 => Command::Reduce {
                order_id,
                by: match bytes.quantity {
                    // So little that it is mostly possible.
                    little @ 0..200 => Quantity::new(1 + u64::from(little % 4)),
                    _ => quantity,
                },
            },
            44..=52 => self.amend(order_id, bytes),
            53..=58 => self.replace(order_id, bytes),
            59..=62 => self.expire(bytes),
            _ => self.cancel_all(bytes),
        }
    }

    fn market_order(&self, id: OrderId, bytes: Bytes) -> Command {
        let price = self.price(side(bytes.who), bytes.other_price);
        let quantity = self.quantity(bytes);
        let protection = (bytes.terms % 2 == 1).then_some(price);
        let least = self.instrument().min_notional().get();
        let cost = i128::from(self.centre)
            .abs()
            .max(1)
            .saturating_mul(i128::from(quantity.get()));
        let budget = match bytes.size {
            0..96 => None,
            // From next to nothing to twice what the quantity costs at the centre.
            part @ 96..240 => Some(cost.saturating_mul(i128::from(part - 95)) / 72),
            240 => Some(0),
            241 => Some(-1),
            242 => Some(i128::MIN),
            243..246 => Some(i128::MAX),
            246 => Some(1),
            247 | 248 => Some(least),
            249 | 250 => Some(least - 1),
            251..=255 => Some(i128::from(bytes.quantity)),
        };
        let all = budget.is_some() && (bytes.terms / 2).is_multiple_of(4);
        let kind = OrderKind::Market {
            protection,
            budget: budget.map(Notional::new),
        };
        let quantity = if all {
            self.instrument().max_quantity()
        } else {
            quantity
        };
        place(id, bytes.who, quantity, kind)
    }

    /// More, less or the same, here or elsewhere.
    fn amend(&mut self, order_id: OrderId, bytes: Bytes) -> Command {
        let (side, price, quantity) = self.asked[self.index(bytes.number)];
        let little = 1 + u64::from(bytes.size % 4);
        let price = match bytes.terms % 4 {
            0 | 1 => price,
            2 => self.price(side, bytes.price),
            _ => match bytes.size % 2 {
                0 => Price::new(price.get().saturating_add(1)),
                _ => Price::new(price.get().saturating_sub(1)),
            },
        };
        let quantity = match bytes.terms / 4 % 8 {
            0 | 1 => quantity,
            2 | 3 => Quantity::new(quantity.get().saturating_sub(little)),
            4 | 5 => Quantity::new(quantity.get().saturating_add(little)),
            _ => self.quantity(bytes),
        };
        self.ask(bytes.number, side, price, quantity);
        Command::Amend {
            order_id,
            quantity,
            price,
        }
    }

    fn replace(&mut self, order_id: OrderId, bytes: Bytes) -> Command {
        let (side, ..) = self.asked[self.index(bytes.number)];
        let number = if bytes.other % 2 == 1 {
            bytes.other / 4 % 4096
        } else {
            bytes.number
        };
        let price = self.price(side, bytes.price);
        let quantity = self.quantity(bytes);
        self.ask(number, side, price, quantity);
        Command::Replace {
            order_id,
            new_order_id: self.id(number),
            quantity,
            price,
            time_in_force: match bytes.other >> 14 {
                0 | 1 => self.rest(number, bytes, quantity),
                2 => immediate(bytes.size, quantity),
                _ => TimeInForce::FillOrKill,
            },
        }
    }

    fn expire(&mut self, bytes: Bytes) -> Command {
        let now = match bytes.when {
            soon @ 0..224 => self.clock.saturating_add(u64::from(soon % 8)),
            before @ 224..250 => self.clock.saturating_sub(1 + u64::from(before % 4)),
            250..254 => self.clock.saturating_add(100),
            // From then on nothing has a date any more, so this is rare.
            254..=255 if bytes.size < 16 => u64::MAX,
            254..=255 => self.clock.saturating_add(10_000),
        };
        if now != u64::MAX {
            self.clock = self.clock.max(now);
        }
        Command::Expire {
            now: Timestamp::new(now),
        }
    }

    fn cancel_all(&mut self, bytes: Bytes) -> Command {
        let states = |which: u8| bytes.terms >> (2 * which) & 3 != 0;
        let side = side(bytes.who);
        let selection = Selection {
            account: states(0).then_some(account(bytes.who)),
            side: states(1).then_some(side),
            lowest: states(2).then_some(self.price(side, bytes.price)),
            highest: states(3).then_some(self.price(side, bytes.other_price)),
        };
        let moves = self.market.moves;
        if let (0..96, false) = (bytes.when, moves.is_empty()) {
            let by = moves[usize::from(bytes.when) % moves.len()];
            self.centre = self.market.home.saturating_add(by);
        }
        Command::CancelAll(selection)
    }

    fn ask(&mut self, number: u16, side: Side, price: Price, quantity: Quantity) {
        let index = self.index(number);
        self.asked[index] = (side, price, quantity);
    }

    fn index(&self, number: u16) -> usize {
        usize::from(number) % self.asked.len()
    }

    /// Dense ids, and others that are alike in the bits that a table of them might look at.
    fn id(&self, number: u16) -> OrderId {
        let number = self.index(number) as u64;
        OrderId::new(match self.shape {
            1 => number << 32,
            2 => number << 48,
            3 => u64::MAX - number,
            4 if number % 2 == 1 => number << 32,
            5 => number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            _ => number,
        })
    }

    fn price(&self, side: Side, byte: u8) -> Price {
        let (min, max) = (
            self.instrument().min_price().get(),
            self.instrument().max_price().get(),
        );
        // Seen from the centre, the way into the own side of the book.
        let inwards = match side {
            Side::Buy => -1,
            Side::Sell => 1,
        };
        let Market { depth, width, .. } = self.market;
        let from_centre = |ticks: i64| self.centre.saturating_add(inwards * ticks);
        let near = if self.market.moves.is_empty() {
            240
        } else {
            224
        };
        Price::new(match byte {
            byte if byte < near => from_centre(depth - i64::from(byte) % width),
            0..224 => self.centre,
            224..234 => from_centre(10_000 * i64::from(byte - 223) + i64::from(byte % 2)),
            234..237 => from_centre(700 * i64::from(byte - 233)),
            237 => from_centre(-30_000),
            238 | 239 => from_centre(-300 * i64::from(byte - 237)),
            240 | 241 => min,
            242 | 243 => max,
            244 => min.saturating_sub(1),
            245 => max.saturating_add(1),
            246 => 0,
            247 => -1,
            248 => 1,
            249 | 250 => i64::MIN,
            251 | 252 => i64::MAX,
            253 => self.centre.wrapping_add(i64::MAX),
            254 => i64::MIN + 1,
            255 => i64::MAX - 1,
        })
    }

    fn quantity(&self, bytes: Bytes) -> Quantity {
        let (min, max) = (
            self.instrument().min_quantity().get(),
            self.instrument().max_quantity().get(),
        );
        // A single order of extreme size stands in the way of all others, so there are few.
        let ordinary = if self.wild { 244 } else { 255 };
        Quantity::new(match bytes.quantity {
            small @ 0..216 => min + u64::from(small % 12),
            larger if larger < ordinary => min + 2 * u64::from(larger - 210),
            _ => match bytes.size % 16 {
                0 => min,
                1 | 15 => max,
                2 => min - 1,
                3 => max.saturating_add(1),
                4 => max / 2 + 1,
                5 => max - 1,
                6 => 0,
                7 | 8 => u64::MAX,
                9 => u64::MAX / 2 + 1,
                10 => 1 << 32,
                11 => max / 3,
                12 => u64::MAX / 2,
                13 => 1_000_000,
                _ => max - max / 3,
            },
        })
    }

    fn rest(&mut self, number: u16, bytes: Bytes, quantity: Quantity) -> TimeInForce {
        self.recent[self.oldest] = number;
        self.oldest = (self.oldest + 1) % RECENT;
        let until = match bytes.when {
            soon @ 0..200 => self.clock.saturating_add(1 + u64::from(soon % 40)),
            later @ 200..216 => self.clock.saturating_add(10 * u64::from(later - 199)),
            216..224 => self.clock,
            224..232 => self.clock.saturating_sub(1),
            232..234 => 0,
            234..244 => u64::MAX - 1,
            244..=255 => u64::MAX,
        };
        let all = quantity.get();
        let slice = match bytes.size {
            small @ 0..200 => 1 + u64::from(small % 6),
            200..206 => 0,
            206..214 => all,
            214..222 => all.saturating_add(1),
            222..226 => u64::MAX,
            226..230 => all / u64::from(self.instrument().max_slices()),
            // Whatever it is, in a few slices.
            few @ 230..=255 => (all / (1 + u64::from(few % 5))).saturating_add(1),
        };
        let terms = Resting {
            until: (bytes.terms >> 6 == 3).then_some(Timestamp::new(until)),
            post_only: match bytes.terms % 8 {
                0..=5 => None,
                6 => Some(PostOnly::Reject),
                _ => Some(PostOnly::Slide),
            },
            display: (bytes.terms / 8 % 8 >= 5).then_some(Quantity::new(slice)),
        };
        // There are two ways to say that nothing is special.
        if terms == Resting::PLAIN && !bytes.when.is_multiple_of(8) {
            TimeInForce::GoodTillCancel
        } else {
            TimeInForce::Rest(terms)
        }
    }
}

impl Iterator for Commands<'_> {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
        self.rest = rest;
        let [what, low, high, who, price, quantity, terms, size, when, ..] = *bytes;
        let [.., other_low, other_high, other_price] = *bytes;
        Some(self.decode(Bytes {
            what,
            number: u16::from_le_bytes([low, high]),
            who,
            price,
            quantity,
            terms,
            size,
            when,
            other: u16::from_le_bytes([other_low, other_high]),
            other_price,
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.rest.len() / COMMAND;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Commands<'_> {}

fn place(id: OrderId, who: u8, quantity: Quantity, kind: OrderKind) -> Command {
    Command::Place(Order {
        id,
        account: account(who),
        group: match who >> 3 & 3 {
            2 => GroupId::new(1),
            3 => GroupId::new(u32::MAX),
            _ => None,
        },
        side: side(who),
        quantity,
        kind,
        self_trade: match who >> 5 {
            0..=2 => None,
            policy => Some(POLICIES[usize::from(policy - 3)]),
        },
    })
}

const fn side(who: u8) -> Side {
    if who.is_multiple_of(2) {
        Side::Buy
    } else {
        Side::Sell
    }
}

/// So few accounts that many trade with themselves.
fn account(who: u8) -> AccountId {
    AccountId::new(match who >> 1 & 3 {
        3 => u64::MAX,
        number => u64::from(number),
    })
}

fn immediate(size: u8, quantity: Quantity) -> TimeInForce {
    let all = quantity.get();
    let minimum = match size {
        0..64 => 0,
        some @ 64..200 => 1 + u64::from(some % 12),
        200..232 => all,
        232..240 => all.saturating_add(1),
        240..=255 => u64::MAX,
    };
    TimeInForce::ImmediateOrCancel {
        minimum: Quantity::new(minimum),
    }
}

/// All there is to do about self-trades.
const POLICIES: [SelfTradePrevention; 5] = [
    SelfTradePrevention::Allow,
    SelfTradePrevention::ExpireMaker,
    SelfTradePrevention::ExpireTaker,
    SelfTradePrevention::ExpireBoth,
    SelfTradePrevention::Decrement,
];

/// One of six instruments, with rules of their own and some that vary.
fn market(which: u8, rules: u8) -> Market {
    const NOWHERE: &[i64] = &[];
    const UP_AND_DOWN: &[i64] = &[0, 60_000, 0, -60_000, 4_000, -500, 33_000, -20_000];
    const UP: &[i64] = &[0, 100_000, 0, 3_000, 40_000, 1_000_000_000_000];
    const DOWN: &[i64] = &[0, -100_000, 0, -3_000, -40_000, -1_000_000_000_000];
    let plain = |symbol| Instrument::new(symbol, Step::new(1, 2)?, Step::new(1, 5)?);
    let least = |notional| Notional::new(if rules & 16 == 0 { notional } else { 0 });
    let build = || {
        let (instrument, home, depth, width, moves) = match which % 8 {
            0 | 6 | 7 => (plain("PLAIN")?, 100_000, 12, 16, UP_AND_DOWN),
            1 => {
                let narrow = plain("NARROW")?
                    .with_price_limits(Price::new(95), Price::new(104))?
                    .with_quantity_limits(Quantity::new(2), Quantity::new(40))?
                    .with_min_notional(least(400));
                (narrow, 100, 5, 9, NOWHERE)
            }
            2 => {
                let spread = plain("SPREAD")?
                    .with_price_limits(Price::new(-7), Price::new(6))?
                    .with_min_notional(least(3));
                (spread, 0, 7, 11, NOWHERE)
            }
            // Most orders stand at the very end of what a price can be.
            3 | 4 => {
                let (lowest, highest) = (Price::new(i64::MIN), Price::new(i64::MAX));
                if which % 8 == 3 {
                    let high = plain("HIGH")?.with_price_limits(lowest, highest)?;
                    (high, i64::MAX - 4, 10, 14, DOWN)
                } else {
                    let low = plain("LOW")?.with_price_limits(lowest, highest)?;
                    (low, i64::MIN + 4, 10, 14, UP)
                }
            }
            _ => {
                let small = plain("SMALL")?.with_max_orders(12)?;
                (small, 100_000, 8, 11, UP_AND_DOWN)
            }
        };
        let self_trade = match rules % 8 {
            policy @ 0..5 => POLICIES[usize::from(policy)],
            _ => SelfTradePrevention::Allow,
        };
        let slices = if rules & 8 == 0 { 100 } else { 4 };
        Ok::<_, InstrumentError>(Market {
            instrument: instrument
                .with_self_trade(self_trade)
                .with_max_slices(slices)?,
            home,
            depth,
            width,
            moves,
        })
    };
    build().expect("the instruments above are valid")
}
