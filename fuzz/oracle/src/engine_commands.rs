//! Arbitrary bytes as inputs for an exchange.
//!
//! The first four bytes choose what is there from the start and how wild the rest is. After that
//! each fourteen bytes are an input, and an incomplete one at the end is dropped.
//!
//! | byte of the header | means |
//! |---|---|
//! | 0 | bits 0-2: 5 and 6 start with prices, quantities and money near the most there may be, 7 with nothing where bits 6 and 7 are set too, else with three usual pairs; bit 3: extreme amounts; bits 4 and 5: the time to start with; bits 4 to 7 are 8: many accounts besides, and one with a far number before them |
//! | 1 | how many client order ids are used again and again; from 252 on, one account has used almost a thousand already |
//! | 2, 3 | the fees to start with |
//!
//! | byte of an input | means |
//! |---|---|
//! | 0 | what to do, see below; where something is halted, every eighth value resumes it |
//! | 1 | the account: mostly 1 to 4, sometimes the fee account or one that may not be known |
//! | 2 | the instrument or the asset |
//! | 3 | the price, or the amount: below 240 usual, else an extreme |
//! | 4 | the quantity: below 240 small, else an extreme |
//! | 5 | the order: below 232 one that is open, and then the account and the instrument are mostly the right ones, or if there is none a new one instead; else any. Even by client order id, odd by id |
//! | 6 | bit 0: buy or sell; bits 1 and 2: the time in force of a replacement |
//! | 7 | the client order id of a new order, or the name of a cancellation: a multiple of 3 is none, below 216 a new one, else one of the header's |
//! | 8 | the time: below 248 goes on a little, below 252 to another day, else steps back |
//! | 9 | terms to rest on: bits 0 to 2: post-only; bits 3 and 4: whether it is an iceberg. Of a market order: bits 0 and 1: whether it has a protection; bits 2 and 3: whether it asks for a lot. Of a repetition: what differs |
//! | 10 | the slice of an iceberg, the minimum of an IOC, the budget of a market order, the protection |
//! | 11 | bits 0 to 2: what it does about own orders; bits 3 to 7: its date, as seen from the time it is |
//! | 12, 13 | what limits there are: below 128 none; fees, scopes, and how far time goes |
//!
//! | value of byte 0 | does |
//! |---|---|
//! | 0-89, 244, 245, 251-255 | place an order to rest |
//! | 90-97, 98-103, 104-111, 112-127 | place an IOC, a FOK, a post-only and a market order |
//! | 128-137, 138-139, 140-147 | cancel, cancel all, reduce |
//! | 148-171, 172-195 | replace, amend |
//! | 196-203, 204-207 | deposit, withdraw |
//! | 208-217 | place or replace once more what had a name of late, unchanged or not |
//! | 218-221, 235-237 | let time pass; the former list one of the usual instruments where there are few |
//! | 222-223, 224, 225, 226, 228 | set fees, add an asset, list an instrument, open an account, delist an instrument |
//! | 227, 250 | close an account, after taking out what it owns |
//! | 229-231, 232-234 | halt, resume |
//! | 238-239, 240-241, 242-243 | limit an instrument, an account, an account in an instrument |
//! | 246-249 | choose the asset of fees |
//!
//! Where bytes 9 to 11 are zero, an order has no terms beyond what its kind says.

use accounts_core::{
    AccountId, AccountLimits, Amount, AssetId, FeeRate, FeeSchedule, FeeTier, InstrumentId,
    OrderLimits, OrderRate, PriceCollar,
};
use exchange_engine::{ClientOrderId, Command, Input, Listing, OpenOrder, OrderRef, Scope};
use num_bigint::BigInt;
use orderbook_core::{
    Instrument, InstrumentError, Notional, OrderId, OrderKind, PostOnly, Price, Quantity, Resting,
    SelfTradePrevention, Side, Step, TimeInForce, Timestamp,
};

use crate::commands::random_bytes;
use crate::engine::Exchange as Model;

/// The length of the part that chooses the start.
pub const HEADER: usize = 4;

/// The length of an input.
pub const COMMAND: usize = 14;

const BTC: AssetId = AssetId::new(1);
const ETH: AssetId = AssetId::new(2);
const USDT: AssetId = AssetId::new(3);

/// The largest quantity and the largest price of the usual instruments.
const MAX: u64 = 1_000;

/// Around where most prices are.
const CENTRE: i64 = 100;

/// The number of an account that comes before others with smaller numbers.
const FAR: u64 = 80;

const MICROS_A_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// How many commands with a name are remembered, to be sent once more.
const RECENT: usize = 8;

/// How many names one account may have used before all else.
const OLD_NAMES: u16 = 992;

/// Random bytes for so many inputs; see [`commands::seeded`](crate::commands::seeded).
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

/// What the numbers are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    Usual,
    /// One smallest unit per lot and per tick times lot, and as much of everything as can be.
    Huge,
}

/// What some bytes ask for.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    opening: std::vec::IntoIter<Command>,
    world: World,
    extremes: bool,
    /// How many names are used again and again, and what they begin with.
    names: u8,
    prefix: &'static str,
    clock: u64,
    /// How many inputs there were, to give each a name of its own.
    number: u64,
    recent: Vec<Command>,
    rest: &'a [u8],
}

impl<'a> Inputs<'a> {
    /// Reads the header. Missing bytes count as zero.
    pub fn new(bytes: &'a [u8]) -> Self {
        let header = |index: usize| bytes.get(index).copied().unwrap_or(0);
        let world = match header(0) % 8 {
            5 | 6 => World::Huge,
            _ => World::Usual,
        };
        let old_names = header(1) >= 252;
        let opening = if header(0) & 0b1100_0111 == 0b1100_0111 {
            Vec::new()
        } else {
            let mut opening = opening(world, &fees(header(2), header(3)), old_names);
            if header(0) >> 4 == 8 {
                opening.extend(many_accounts());
            }
            opening
        };
        Self {
            opening: opening.into_iter(),
            world,
            extremes: header(0) & 8 != 0,
            names: match header(1) % 3 {
                _ if old_names => 24,
                0 => 3,
                1 => 16,
                _ => 255,
            },
            prefix: if old_names { "old" } else { "order" },
            clock: match header(0) >> 4 & 3 {
                0 => 1_000_000,
                1 => 20_000 * MICROS_A_DAY - 100,
                2 => 1_700_000_000_000_000,
                _ => u64::MAX - 100 * MICROS_A_DAY,
            },
            number: 0,
            recent: Vec::new(),
            rest: bytes.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// The next input for an exchange that is like this one and has these open orders. That much has
    /// to be known, or hardly any command would mean an order that is still open.
    pub fn next_input(&mut self, exchange: &Model, open: &[OpenOrder]) -> Option<Input> {
        self.number += 1;
        let (command, time) = if let Some(command) = self.opening.next() {
            (command, self.clock)
        } else {
            let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
            self.rest = rest;
            let command = self.decode(*bytes, exchange, open);
            self.remember(&command);
            (command, self.time(bytes[8], bytes[12]))
        };
        let time = Timestamp::new(time);
        Some(Input { time, command })
    }

    fn time(&mut self, byte: u8, more: u8) -> u64 {
        if byte >= 252 {
            return self.clock - u64::from(byte - 251);
        }
        let midnight = self.clock / MICROS_A_DAY * MICROS_A_DAY;
        self.clock = match byte {
            0..248 => self.clock.saturating_add(u64::from(byte % 4)),
            248 => midnight.saturating_add(MICROS_A_DAY),
            249 => midnight.saturating_add(MICROS_A_DAY - 1).max(self.clock),
            250 => self
                .clock
                .saturating_add(MICROS_A_DAY * u64::from(1 + more % 8)),
            251.. => midnight.saturating_add(MICROS_A_DAY * u64::from(28 + more % 4)),
        };
        self.clock
    }

    /// A command with a name may be sent once more.
    fn remember(&mut self, command: &Command) {
        let named = matches!(
            command,
            Command::Place {
                client_order_id: Some(_),
                ..
            } | Command::Replace {
                client_order_id: Some(_),
                ..
            }
        );
        if named {
            if self.recent.len() == RECENT {
                self.recent.remove(0);
            }
            self.recent.push(command.clone());
        }
    }

    fn decode(&self, bytes: [u8; COMMAND], exchange: &Model, open: &[OpenOrder]) -> Command {
        let [
            mut what,
            who,
            of,
            price_byte,
            quantity_byte,
            which,
            sides,
            name,
            _,
            terms,
            size,
            when,
            more,
            other,
        ] = bytes;
        let halted = exchange.halted();
        if let (true, Some(scope)) = (what % 8 == 7, halted.first()) {
            return Command::Resume { scope: *scope };
        }
        if let (128..=195, 0..232, true) = (what, which, open.is_empty()) {
            what = 0;
        }
        let listed: Vec<InstrumentId> = exchange.markets().map(|(id, _)| id).collect();
        let mut account = account(who);
        let mut instrument = instrument(of, &listed);
        let asset = asset(of);
        let amount = self.amount(asset, price_byte);
        let target = match which {
            0..232 if !open.is_empty() => Some(open[usize::from(which / 2) % open.len()]),
            _ => None,
        };
        let order = match target.and_then(|order| order.client_order_id) {
            Some(name) if which.is_multiple_of(2) => OrderRef::Client(name),
            _ if target.is_none() && which.is_multiple_of(2) => {
                OrderRef::Client(self.old_name(which))
            }
            _ => OrderRef::Id(target.map_or(OrderId::new(u64::from(name)), |order| order.id)),
        };
        if let Some(target) = target
            && matches!(what, 128..=195)
        {
            // Now and then it is somebody else's order, or sought in the wrong place.
            if who % 16 < 14 {
                account = target.account;
            }
            if of % 16 < 14 {
                instrument = target.instrument;
            }
        }
        let client_order_id = match name {
            none if none.is_multiple_of(3) => None,
            0..216 => Some(self.new_name()),
            _ => Some(self.old_name(name)),
        };
        let quantity = self.quantity(quantity_byte);
        let price = self.price(price_byte);
        let resting = Resting {
            until: self.date(when),
            ..self.resting(terms, size)
        };
        let place = |quantity, kind| Command::Place {
            account,
            instrument,
            client_order_id,
            side: match sides & 1 {
                0 => Side::Buy,
                _ => Side::Sell,
            },
            quantity,
            kind,
            self_trade: self_trade(when),
        };
        let limit = |time_in_force| {
            let kind = OrderKind::Limit {
                price,
                time_in_force,
            };
            place(quantity, kind)
        };
        match what {
            0..=89 | 244 | 245 | 251..=255 => limit(plain_or(resting, more)),
            90..=97 => limit(self.immediate(size)),
            98..=103 => limit(TimeInForce::FillOrKill),
            104..=111 => limit(post_only(resting)),
            112..=127 => {
                let a_lot = terms >> 2 & 3 == 3;
                let quantity = if a_lot { self.much() } else { quantity };
                place(quantity, self.market_order(terms, size))
            }
            128..=137 => match client_order_id {
                None => Command::Cancel {
                    account,
                    instrument,
                    order,
                },
                Some(name) => Command::CancelAs {
                    account,
                    instrument,
                    order,
                    name,
                },
            },
            138 | 139 => match client_order_id {
                None => Command::CancelAll {
                    account,
                    instrument,
                },
                Some(name) => Command::CancelAllAs {
                    account,
                    instrument,
                    name,
                },
            },
            140..=147 => Command::Reduce {
                account,
                instrument,
                order,
                by: quantity,
            },
            148..=171 => Command::Replace {
                account,
                instrument,
                order,
                client_order_id: match target {
                    // The name may go on to the replacement.
                    Some(target) if more % 4 == 3 => target.client_order_id,
                    _ => client_order_id,
                },
                quantity,
                price,
                time_in_force: match sides / 2 % 4 {
                    0 => plain_or(resting, more),
                    1 => self.immediate(size),
                    2 => TimeInForce::FillOrKill,
                    _ => post_only(resting),
                },
            },
            172..=195 => Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price: match target.and_then(|target| price_of(exchange, &target)) {
                    Some(old) if more % 4 > 1 => old,
                    _ => price,
                },
            },
            196..=203 => Command::Deposit {
                account,
                asset,
                amount,
            },
            204..=207 => Command::Withdraw {
                account,
                asset,
                amount,
            },
            208..=217 => match self.recent.len() {
                0 => limit(plain_or(resting, more)),
                _ if self.prefix == "old" && more % 2 == 0 => {
                    old_order(self.world, u16::from(other % self.names))
                }
                recent => {
                    let again = self.recent[usize::from(which) % recent].clone();
                    self.altered(again, terms, instrument)
                }
            },
            222 | 223 => Command::SetFees {
                instrument,
                fees: fees(more, other),
            },
            224 => Command::AddAsset {
                asset,
                code: code(price_byte).into(),
                decimals: [6, 8, 18, 0, 19, 255][usize::from(quantity_byte % 6)],
            },
            218..=221 if listed.len() < 3 => Command::ListInstrument(listing(
                self.world,
                16 + other % 3,
                exchange.next_instrument(),
                fees(more, quantity_byte),
            )),
            225 => {
                let id = match more % 8 {
                    0..6 => exchange.next_instrument(),
                    6 => InstrumentId::new(u32::from(more / 8 % 8)),
                    _ => InstrumentId::new(64),
                };
                let which = other % 24;
                Command::ListInstrument(listing(self.world, which, id, fees(more, quantity_byte)))
            }
            226 => Command::OpenAccount {
                account: AccountId::new(u64::from(who % 9)),
            },
            227 | 250 => leave(exchange, more, who, of),
            228 if sides < 96 => Command::DelistInstrument { instrument },
            229..=231 => Command::Halt {
                scope: scope(more, account, instrument),
                cancel_orders: other % 2 == 1,
            },
            232..=234 => Command::Resume {
                scope: match halted.first() {
                    Some(scope) if other % 8 > 0 => *scope,
                    _ => scope(more, account, instrument),
                },
            },
            238 | 239 => Command::LimitInstrument {
                instrument,
                limits: self.order_limits(more, other),
                collar: collar(quantity_byte),
            },
            240 | 241 => Command::LimitAccount {
                account,
                limits: account_limits(more, other),
            },
            242 | 243 => Command::LimitAccountIn {
                account,
                instrument,
                limits: self.order_limits(more, other),
            },
            246..=249 => Command::ChooseFeeAsset {
                account,
                asset: (more >= 48).then_some(asset),
            },
            _ => Command::AdvanceTime,
        }
    }

    /// A date that may have passed just now, or is soon to come.
    fn date(&self, byte: u8) -> Option<Timestamp> {
        let steps = u64::from(byte >> 3).checked_sub(21)?;
        Some(Timestamp::new((self.clock - 2).saturating_add(6 * steps)))
    }

    fn new_name(&self) -> ClientOrderId {
        name("new", self.number)
    }

    fn old_name(&self, byte: u8) -> ClientOrderId {
        name(self.prefix, u64::from(byte % self.names))
    }

    /// What was sent before once more, or with one thing changed.
    fn altered(&self, mut command: Command, how: u8, elsewhere: InstrumentId) -> Command {
        match &mut command {
            Command::Place {
                instrument,
                side,
                quantity,
                kind,
                self_trade,
                ..
            } => match how {
                0..176 => {}
                176..192 => *quantity = Quantity::new(quantity.get() / 2 + 1),
                192..208 => {
                    *side = match side {
                        Side::Buy => Side::Sell,
                        Side::Sell => Side::Buy,
                    };
                }
                208..224 => *kind = self.market_order(how, how),
                224..240 => *self_trade = self::self_trade(how),
                240..=255 => *instrument = elsewhere,
            },
            Command::Replace {
                instrument,
                quantity,
                price,
                ..
            } => match how {
                0..184 => {}
                184..208 => *instrument = elsewhere,
                208..232 => *quantity = Quantity::new(quantity.get() / 2 + 1),
                232..=255 => *price = self.price(how),
            },
            _ => {}
        }
        command
    }

    fn amount(&self, asset: AssetId, byte: u8) -> Amount {
        let unit = match (self.world, asset) {
            (World::Huge, _) => (1 << 118) - 1,
            (World::Usual, BTC) => 70_001,
            (World::Usual, ETH) => 7_000_000_000_000_001,
            (World::Usual, _) => 701,
        };
        Amount::new(match byte {
            0..240 => unit * u128::from(byte % 32 + 1),
            _ if !self.extremes => u128::from(byte % 4),
            240..242 => u128::MAX,
            242..245 => u128::MAX / 2,
            245..247 => u128::MAX / 2 + 1,
            247..251 => u128::from(u64::MAX),
            251..=255 => 1 << 100,
        })
    }

    fn price(&self, byte: u8) -> Price {
        let near = i64::from(byte % 16) - 8;
        Price::new(match (byte, self.world) {
            (0..240, World::Usual) => CENTRE + near,
            (0..200, World::Huge) => (1 << 62) + (near << 57) + near,
            (200..240, World::Huge) => 1 + i64::from(byte % 3),
            (240..243, _) => 1,
            (243..245, World::Usual) => MAX.cast_signed(),
            (245..247, World::Usual) => MAX.cast_signed() + 1,
            (243..247, World::Huge) => i64::MAX - (near + 8),
            (247, _) => 0,
            (248, _) => -1,
            (249, _) => i64::MIN,
            (250..=255, _) => i64::MAX,
        })
    }

    fn quantity(&self, byte: u8) -> Quantity {
        let few = 1 + u64::from(byte % 12);
        Quantity::new(match (byte, self.world) {
            (0..240, World::Usual) | (0..80, World::Huge) => few,
            (80..240, World::Huge) => (few << 58) + few,
            (240..244, World::Usual) => MAX,
            (244..246, World::Usual) => MAX + 1,
            (240..246, World::Huge) => u64::MAX - few,
            (246..248, _) => 0,
            (248..252, _) => u64::MAX,
            (252..=255, _) => u64::MAX / 2 + 1,
        })
    }

    /// More than there is.
    const fn much(&self) -> Quantity {
        Quantity::new(match self.world {
            World::Usual => MAX,
            World::Huge => u64::MAX,
        })
    }

    /// Without a date.
    fn resting(&self, terms: u8, size: u8) -> Resting {
        Resting {
            until: None,
            post_only: match terms & 7 {
                0..6 => None,
                6 => Some(PostOnly::Reject),
                _ => Some(PostOnly::Slide),
            },
            display: (terms >> 3 & 3 == 3).then(|| match (size, self.world) {
                (0..200, World::Huge) => Quantity::new(u64::from(size % 8) << 58),
                (0..250, _) => Quantity::new(u64::from(size % 8)),
                (250..=255, _) => Quantity::new(u64::MAX),
            }),
        }
    }

    fn immediate(&self, size: u8) -> TimeInForce {
        let minimum = u64::from(size % 8);
        TimeInForce::ImmediateOrCancel {
            minimum: Quantity::new(match self.world {
                World::Huge if size >= 128 => minimum << 58,
                _ => minimum,
            }),
        }
    }

    fn market_order(&self, terms: u8, size: u8) -> OrderKind {
        // What a lot costs at the centre.
        let lot = match self.world {
            World::Usual => 100,
            World::Huge => 1 << 120,
        };
        OrderKind::Market {
            protection: (terms & 3 == 3).then(|| self.price(size)),
            budget: match size {
                0..96 => None,
                // From next to nothing to twelve lots at the centre.
                96..250 => Some(Notional::new(i128::from(size - 95) * (lot / 12))),
                250 => Some(Notional::ZERO),
                251 => Some(Notional::new(-1)),
                252..=255 => Some(Notional::new(i128::MAX)),
            },
        }
    }

    /// Low enough that many orders break them, or none.
    fn order_limits(&self, more: u8, other: u8) -> OrderLimits {
        if more < 128 {
            return OrderLimits::default();
        }
        let few = match self.world {
            World::Usual => 1,
            World::Huge => 1 << 58,
        };
        // Smallest units of quote and of base, around what orders are and accounts own.
        let (order, owned): (u128, u128) = match self.world {
            World::Usual => (6_000, 1_000_000),
            World::Huge => (1 << 122, 1 << 124),
        };
        OrderLimits {
            max_quantity: match more % 8 {
                0 => Some(Quantity::new(4 * few)),
                1 => Some(Quantity::new(9 * few)),
                2 => Some(Quantity::new(u64::MAX)),
                _ => None,
            },
            max_notional: match more / 8 % 8 {
                0 => Some(Amount::new(order / 4)),
                1 => Some(Amount::new(order)),
                2 => Some(Amount::new(u128::MAX)),
                3 => Some(Amount::new(order * 8)),
                _ => None,
            },
            max_open_orders: match other % 16 {
                0 => Some(0),
                1 => Some(1),
                2 => Some(2),
                3 => Some(4),
                4 => Some(u32::MAX),
                _ => None,
            },
            max_position: match other / 16 {
                0 => Some(Amount::new(owned * 3)),
                1 => Some(Amount::new(owned * 4)),
                2 => Some(Amount::new((owned * 3).saturating_mul(100_000_000_000))),
                3 => Some(Amount::MAX),
                4 => Some(Amount::new(u128::MAX)),
                _ => None,
            },
        }
    }
}

fn account_limits(more: u8, other: u8) -> AccountLimits {
    if more < 128 {
        return AccountLimits::default();
    }
    let rate = |orders, micros| Some(OrderRate { orders, micros });
    AccountLimits {
        max_open_orders: match other % 8 {
            0 => Some(u32::from(other / 8 % 4)),
            1 => Some(5),
            2 => Some(u32::MAX),
            _ => None,
        },
        order_rate: match more % 16 {
            0 => rate(0, 5),
            1 => rate(1, 0),
            2 => rate(1, 10),
            3 => rate(2, 20),
            4 => rate(5, 1_000),
            5 => rate(10, MICROS_A_DAY),
            6 => rate(u32::MAX, u64::MAX),
            _ => None,
        },
    }
}

fn collar(byte: u8) -> Option<PriceCollar> {
    Some(PriceCollar::new(match byte {
        0..16 => 0,
        16..48 => 10_000,
        48..80 => 50_000,
        80..96 => 999_999,
        96..112 => 2_000_000,
        112..120 => u32::MAX,
        120..=255 => return None,
    }))
}

fn scope(byte: u8, account: AccountId, instrument: InstrumentId) -> Scope {
    match byte % 4 {
        0 => Scope::Venue,
        1 => Scope::Instrument(instrument),
        _ => Scope::Account(account),
    }
}

/// An account that may not be there from the start, or sometimes any, takes out something that it
/// owns, or closes. The fee account tries in vain.
fn leave(exchange: &Model, more: u8, who: u8, of: u8) -> Command {
    let account = match more {
        0..160 => AccountId::new(5 + u64::from(who % 4)),
        160..192 => AccountId::new(FAR),
        192..224 => {
            return Command::CloseAccount {
                account: AccountId::new(0),
            };
        }
        _ => account(who),
    };
    let available = |asset: &AssetId| exchange.available(account, *asset);
    let owned = exchange.assets().find(|it| available(it) > BigInt::ZERO);
    match owned {
        Some(asset) if of.is_multiple_of(2) => Command::Withdraw {
            account,
            asset,
            amount: Amount::new(available(&asset).try_into().expect("an amount")),
        },
        _ => Command::CloseAccount { account },
    }
}

/// The price of an open order.
fn price_of(exchange: &Model, order: &OpenOrder) -> Option<Price> {
    let mut markets = exchange.markets();
    let (_, market) = markets.find(|(id, _)| *id == order.instrument)?;
    market.book().order(order.id).map(|order| order.price)
}

/// Three assets, the three pairs of them, and four accounts with some of each.
fn opening(world: World, fees: &FeeSchedule, old_names: bool) -> Vec<Command> {
    let mut commands = Vec::new();
    for (asset, code, decimals) in [(BTC, "BTC", 8), (ETH, "ETH", 18), (USDT, "USDT", 6)] {
        let code = code.into();
        commands.push(Command::AddAsset {
            asset,
            code,
            decimals,
        });
    }
    for id in 0..3 {
        let instrument = InstrumentId::new(u32::from(id) + 1);
        let listing = listing(world, id, instrument, fees.clone());
        commands.push(Command::ListInstrument(listing));
    }
    for (number, account) in (1..=4).map(AccountId::new).enumerate() {
        commands.push(Command::OpenAccount { account });
        for (asset, amount) in [(BTC, 3_000_000), (ETH, 3 * 10_u128.pow(17)), (USDT, 30_000)] {
            let amount = match world {
                World::Usual => amount,
                // Together almost as much as there may be.
                World::Huge => 1 << (126 - number),
            };
            commands.push(Command::Deposit {
                account,
                asset,
                amount: Amount::new(amount),
            });
        }
    }
    if old_names {
        commands.extend((0..OLD_NAMES).map(|number| old_order(world, number)));
    }
    commands
}

/// An order that leaves its name. The first few rest where they are unlikely to trade; the others find
/// nothing to trade with, as long as the book is empty.
fn old_order(world: World, number: u16) -> Command {
    let (price, time_in_force) = match (number, world) {
        (0..16, _) => (1, TimeInForce::GTC),
        (_, World::Usual) => (CENTRE, TimeInForce::IOC),
        (_, World::Huge) => (1 << 62, TimeInForce::IOC),
    };
    Command::Place {
        account: AccountId::new(1),
        instrument: InstrumentId::new(1),
        client_order_id: Some(name("old", number.into())),
        side: Side::Buy,
        quantity: Quantity::new(1),
        kind: OrderKind::Limit {
            price: Price::new(price),
            time_in_force,
        },
        self_trade: None,
    }
}

/// An account with a far number, and many with smaller ones.
fn many_accounts() -> impl Iterator<Item = Command> {
    let numbers = [FAR].into_iter().chain(9..FAR - 10);
    numbers.map(|number| Command::OpenAccount {
        account: AccountId::new(number),
    })
}

fn name(prefix: &str, number: u64) -> ClientOrderId {
    format!("{prefix}-{number}").parse().expect("a legal name")
}

fn account(byte: u8) -> AccountId {
    AccountId::new(match byte % 16 {
        usual @ 0..12 => u64::from(usual % 4 + 1),
        12 => 0,
        usual if byte < 160 => u64::from(usual % 4 + 1),
        _ if byte / 16 == 15 => u64::MAX,
        _ if byte / 16 == 14 => FAR,
        _ => u64::from(5 + byte % 2),
    })
}

fn instrument(byte: u8, listed: &[InstrumentId]) -> InstrumentId {
    match byte {
        252..=255 => InstrumentId::new(u32::from(byte % 8)),
        _ if listed.is_empty() => InstrumentId::new(1),
        // Mostly one of the first.
        _ => listed[usize::from(byte % 16) % listed.len().min(if byte < 192 { 3 } else { 8 })],
    }
}

fn asset(byte: u8) -> AssetId {
    match byte % 16 {
        0..5 => BTC,
        5..9 => ETH,
        9..14 => USDT,
        14 => AssetId::new(4),
        _ => AssetId::new(9),
    }
}

fn code(byte: u8) -> &'static str {
    [
        "BTC",
        "ETH",
        "USDT",
        "DAI",
        "",
        "lower",
        "ABCDEFGHIJKLMNOP",
        "ABCDEFGHIJKLMNOPQ",
    ][usize::from(byte % 8)]
}

/// There are two ways to say that nothing is special.
fn plain_or(terms: Resting, byte: u8) -> TimeInForce {
    if terms == Resting::PLAIN && byte.is_multiple_of(2) {
        TimeInForce::GoodTillCancel
    } else {
        TimeInForce::Rest(terms)
    }
}

/// Post-only, whatever else it is.
fn post_only(terms: Resting) -> TimeInForce {
    TimeInForce::Rest(Resting {
        post_only: terms.post_only.or(Some(PostOnly::Reject)),
        ..terms
    })
}

fn self_trade(byte: u8) -> Option<SelfTradePrevention> {
    match byte & 7 {
        0..3 => None,
        3 => Some(SelfTradePrevention::Allow),
        4 => Some(SelfTradePrevention::ExpireMaker),
        5 => Some(SelfTradePrevention::ExpireTaker),
        6 => Some(SelfTradePrevention::ExpireBoth),
        _ => Some(SelfTradePrevention::Decrement),
    }
}

/// From nothing to everything, either way, in one tier or some.
fn fees(rates: u8, tiers: u8) -> FeeSchedule {
    const TAKER: [i32; 8] = [0, 1_000, 2_500, 7_500, 100_000, 5_001, 333_333, 1_000_000];
    const MAKER: [i32; 8] = [0, 1_000, -100, 2_500, -1_000, 333_333, -1_000_000, 999_999];
    const VOLUMES: [u128; 8] = [
        1,
        5_000,
        50_000,
        1_000_000,
        10_000_000_000_000,
        1 << 123,
        Amount::MAX.get(),
        u128::MAX,
    ];
    let first = usize::from(tiers / 4 % 8);
    let volumes = match tiers % 4 {
        0 | 1 => vec![0],
        2 => vec![0, VOLUMES[first]],
        _ => {
            let mut volumes = vec![0, 3, VOLUMES[first], VOLUMES[7 - first]];
            volumes.sort_unstable();
            volumes.dedup();
            volumes
        }
    };
    let choose = |rates: [i32; 8], choice: u8, tier: usize| rates[(usize::from(choice) + tier) % 8];
    let takers: Vec<i32> = (0..volumes.len())
        .map(|tier| choose(TAKER, rates % 8, tier * usize::from(tiers / 32)))
        .collect();
    // No rebate may exceed what any taker pays.
    let most = takers.iter().copied().min().unwrap_or(0);
    let rate = |ppm| FeeRate::new(ppm).expect("at most all of it");
    let tiers: Vec<FeeTier> = (0..volumes.len())
        .map(|tier| FeeTier {
            volume: Amount::new(volumes[tier]),
            maker: rate(choose(MAKER, rates / 8, tier).max(-most)),
            taker: rate(takers[tier]),
        })
        .collect();
    FeeSchedule::new(tiers).expect("ascending, and rebates within what takers pay")
}

/// Some pairs that can be listed and some that cannot.
fn listing(world: World, which: u8, id: InstrumentId, fees: FeeSchedule) -> Listing {
    let unknown = AssetId::new(9);
    let (symbol, base, quote, tick, lot) = match (which, world) {
        // One smallest unit per lot and per tick times lot, and no limits at all.
        (0, World::Huge) | (3, _) => ("USDTETH", USDT, ETH, (1, 12), (1, 6)),
        (1, World::Huge) => ("BTCETH", BTC, ETH, (1, 10), (1, 8)),
        (2, World::Huge) => ("BTCUSDT", BTC, USDT, (100, 0), (1, 8)),
        (0, World::Usual) => ("BTCUSDT", BTC, USDT, (1, 2), (1, 3)),
        (1, World::Usual) => ("ETHUSDT", ETH, USDT, (5, 4), (1, 2)),
        (2, World::Usual) => ("ETHBTC", ETH, BTC, (1, 5), (1, 2)),
        (4, _) => ("BTCETH", BTC, ETH, (1, 6), (4, 8)),
        (5, _) => ("LOT", BTC, USDT, (1, 0), (1, 9)),
        (6, _) => ("TICK", BTC, USDT, (5, 4), (3, 3)),
        (7, _) => ("WIDE", BTC, USDT, (1, 2), (1, 3)),
        (8, _) => ("SAME", BTC, BTC, (1, 2), (1, 3)),
        (9, _) => ("BELOWZERO", BTC, USDT, (1, 2), (1, 3)),
        (10, _) => ("NOBASE", unknown, USDT, (1, 2), (1, 3)),
        (11, _) => ("HUGE", ETH, USDT, (u64::MAX, 0), (u64::MAX, 0)),
        // Twice as wide as may be, and just as wide.
        (12, _) => ("TOOWIDE", BTC, USDT, (200, 0), (1, 8)),
        (13, _) => ("JUSTFITS", BTC, USDT, (100, 0), (1, 8)),
        (14, _) => ("ETHUSDT2", ETH, USDT, (5, 4), (1, 2)),
        (15, _) => ("USDTBTC", USDT, BTC, (1, 5), (10, 0)),
        (16.., world) => return listing(world, which % 3, id, fees),
    };
    let unlimited = matches!(symbol, "USDTETH" | "WIDE" | "HUGE" | "TOOWIDE" | "JUSTFITS")
        || world == World::Huge;
    let lowest = if symbol == "BELOWZERO" { -1 } else { 1 };
    let build = || -> Result<Instrument, InstrumentError> {
        let (tick, lot) = (Step::new(tick.0, tick.1)?, Step::new(lot.0, lot.1)?);
        let any = Instrument::new(symbol, tick, lot)?;
        if unlimited && lowest > 0 {
            return Ok(any);
        }
        let limited = any
            .with_price_limits(Price::new(lowest), Price::new(MAX.cast_signed()))?
            .with_quantity_limits(Quantity::new(1), Quantity::new(MAX))?;
        match symbol {
            "ETHUSDT" => limited.with_max_orders(9),
            "ETHBTC" => limited
                .with_self_trade(SelfTradePrevention::ExpireMaker)
                .with_max_slices(5),
            _ => Ok(limited),
        }
    };
    Listing {
        id,
        instrument: build().expect("an instrument, if not for this exchange"),
        base,
        quote,
        fees,
    }
}
