//! Arbitrary bytes as inputs for an exchange.
//!
//! The first two bytes choose what is there from the start and how wild the rest is. After that
//! each twelve bytes are an input, and an incomplete one at the end is dropped.
//!
//! | byte of the header | means |
//! |---|---|
//! | 0 | bits 0-2: 7 starts from nothing, else with three pairs and some money; bit 3: extreme amounts; bits 4-7: the fees to start with |
//! | 1 | how many client order ids there are |
//!
//! | byte of an input | means |
//! |---|---|
//! | 0 | what to do, modulo 128: 0-20, 64-84 and 109-115 place to rest, 21-23 IOC, 24-25 FOK, 26-28 post-only, 29-34 and 85-88 market, 35-38 cancel, 39 cancel all, 40-43 reduce, 44-51 and 119-127 replace, 52-56 deposit, 57-59 withdraw, 60 fees, 61 asset, 62 list, 63 account, 89-108 amend, 116-118 let time pass |
//! | 1 | the account: mostly 1 to 4, sometimes the fee account or one that is not known |
//! | 2 | the instrument or the asset |
//! | 3 | the price, or the amount: below 224 usual, else an extreme |
//! | 4 | the quantity: below 224 small, else an extreme |
//! | 5 | the order: below 224 one that is open, and then the account and the instrument are mostly the right ones; else any. Even by client order id, odd by id |
//! | 6 | bit 0: buy or sell; bits 1-2: the time in force of a replacement |
//! | 7 | the client order id of a new order; a multiple of 3 is none |
//! | 8 | the time: below 240 goes on, else steps back |
//! | 9 | terms to rest on: bits 0 to 2: post-only; bits 3 and 4: whether it is an iceberg. Of a market order: bits 0 and 1: whether it has a protection; bits 2 and 3: whether it asks for a lot |
//! | 10 | the slice of an iceberg, the minimum of an IOC, the budget of a market order, the protection |
//! | 11 | bits 0 to 2: what it does about own orders; bits 3 to 7: its date, as seen from the time it is |
//!
//! Where the last three are zero, an order has no terms beyond what its kind says.

use accounts_core::{AccountId, Amount, AssetId, FeeRate, FeeSchedule};
use exchange_engine::{ClientOrderId, Command, Input, InstrumentId, Listing, OpenOrder, OrderRef};
use orderbook_core::{
    Instrument, InstrumentError, Notional, OrderId, OrderKind, PostOnly, Price, Quantity, Resting,
    SelfTradePrevention, Side, Step, TimeInForce, Timestamp,
};

use crate::commands::random_bytes;

/// The length of the part that chooses the start.
pub const HEADER: usize = 2;

/// The length of an input.
pub const COMMAND: usize = 12;

const BTC: AssetId = AssetId::new(1);
const ETH: AssetId = AssetId::new(2);
const USDT: AssetId = AssetId::new(3);

/// The largest quantity and the largest price of the usual instruments.
const MAX: u64 = 1_000;

/// Around where most prices are.
const CENTRE: i64 = 100;

/// Random bytes for so many inputs; see [`commands::seeded`](crate::commands::seeded).
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

/// What some bytes ask for.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    opening: std::vec::IntoIter<Command>,
    extremes: bool,
    names: u8,
    clock: u64,
    rest: &'a [u8],
}

impl<'a> Inputs<'a> {
    /// Reads the header. Missing bytes count as zero.
    pub fn new(bytes: &'a [u8]) -> Self {
        let first = bytes.first().copied().unwrap_or(0);
        let opening = match first % 8 {
            7 => Vec::new(),
            _ => opening(fees(first >> 4)),
        };
        Self {
            opening: opening.into_iter(),
            extremes: first & 8 != 0,
            names: match bytes.get(1).copied().unwrap_or(0) % 3 {
                0 => 3,
                1 => 16,
                _ => 255,
            },
            clock: 1_000_000,
            rest: bytes.get(HEADER..).unwrap_or(&[]),
        }
    }

    /// The next input for an exchange with these open orders. That much has to be known, or hardly
    /// any command would mean an order that is still open.
    pub fn next_input(&mut self, open: &[OpenOrder]) -> Option<Input> {
        let (command, time) = if let Some(command) = self.opening.next() {
            (command, self.clock)
        } else {
            let (bytes, rest) = self.rest.split_first_chunk::<COMMAND>()?;
            self.rest = rest;
            (self.decode(*bytes, open), self.time(bytes[8]))
        };
        let time = Timestamp::new(time);
        Some(Input { time, command })
    }

    fn time(&mut self, byte: u8) -> u64 {
        if byte >= 240 {
            return self.clock - u64::from(byte - 239);
        }
        self.clock += u64::from(byte % 4);
        self.clock
    }

    fn decode(&self, bytes: [u8; COMMAND], open: &[OpenOrder]) -> Command {
        let [
            what,
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
        ] = bytes;
        let mut account = account(who);
        let mut instrument = instrument(of);
        let asset = asset(of);
        let amount = self.amount(asset, price_byte);
        let target = match which {
            0..224 if !open.is_empty() => Some(open[usize::from(which / 2) % open.len()]),
            _ => None,
        };
        let order = match target.and_then(|order| order.client_order_id) {
            Some(name) if which.is_multiple_of(2) => OrderRef::Client(name),
            _ if target.is_none() && which.is_multiple_of(2) => OrderRef::Client(self.name(which)),
            _ => OrderRef::Id(target.map_or(OrderId::new(u64::from(name)), |order| order.id)),
        };
        if let Some(target) = target
            && matches!(what % 128, 35..=51 | 89..=108 | 119..=127)
        {
            // Now and then it is somebody else's order, or sought in the wrong place.
            if who % 16 < 14 {
                account = target.account;
            }
            if of % 16 < 14 {
                instrument = target.instrument;
            }
        }
        let client_order_id = (!name.is_multiple_of(3)).then(|| self.name(name));
        let quantity = quantity(quantity_byte);
        let price = price(price_byte);
        let resting = Resting {
            until: self.date(when),
            ..resting(terms, size)
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
        match what % 128 {
            0..=20 | 64..=84 | 109..=115 => limit(TimeInForce::Rest(resting)),
            21..=23 => limit(immediate(size)),
            24..=25 => limit(TimeInForce::FillOrKill),
            26..=28 => limit(post_only(resting)),
            29..=34 | 85..=88 => {
                let a_lot = terms >> 2 & 3 == 3;
                let quantity = if a_lot { Quantity::new(MAX) } else { quantity };
                place(quantity, market_order(terms, size))
            }
            35..=38 => Command::Cancel {
                account,
                instrument,
                order,
            },
            39 => Command::CancelAll {
                account,
                instrument,
            },
            40..=43 => Command::Reduce {
                account,
                instrument,
                order,
                by: quantity,
            },
            44..=51 | 119..=127 => Command::Replace {
                account,
                instrument,
                order,
                client_order_id,
                quantity,
                price,
                time_in_force: match sides / 2 % 4 {
                    0 => TimeInForce::Rest(resting),
                    1 => immediate(size),
                    2 => TimeInForce::FillOrKill,
                    _ => post_only(resting),
                },
            },
            52..=56 => Command::Deposit {
                account,
                asset,
                amount,
            },
            57..=59 => Command::Withdraw {
                account,
                asset,
                amount,
            },
            60 => Command::SetFees {
                instrument,
                fees: fees(price_byte),
            },
            61 => Command::AddAsset {
                asset,
                code: code(price_byte).into(),
                decimals: [6, 8, 18, 0, 19, 255][usize::from(quantity_byte % 6)],
            },
            62 => Command::ListInstrument(listing(price_byte, instrument, fees(quantity_byte))),
            63 => Command::OpenAccount {
                account: AccountId::new(u64::from(who % 6)),
            },
            89..=108 => Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            },
            _ => Command::AdvanceTime,
        }
    }

    /// A date that may have passed just now, or is soon to come.
    fn date(&self, byte: u8) -> Option<Timestamp> {
        let steps = u64::from(byte >> 3).checked_sub(21)?;
        Some(Timestamp::new(self.clock - 2 + 6 * steps))
    }

    fn name(&self, byte: u8) -> ClientOrderId {
        format!("order-{}", byte % self.names)
            .parse()
            .expect("a legal name")
    }

    fn amount(&self, asset: AssetId, byte: u8) -> Amount {
        let unit = match asset {
            BTC => 70_001,
            ETH => 7_000_000_000_000_001,
            _ => 701,
        };
        Amount::new(match byte {
            0..224 => unit * u128::from(byte % 32 + 1),
            _ if !self.extremes => u128::from(byte % 4),
            224..230 => u128::MAX,
            230..236 => u128::MAX / 2,
            236..244 => u128::from(u64::MAX),
            244..=255 => 1 << 100,
        })
    }
}

/// Three assets, the three pairs of them, and four accounts with some of each.
fn opening(fees: FeeSchedule) -> Vec<Command> {
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
        let listing = listing(id, InstrumentId::new(u32::from(id) + 1), fees);
        commands.push(Command::ListInstrument(listing));
    }
    for account in (1..=4).map(AccountId::new) {
        commands.push(Command::OpenAccount { account });
        for (asset, amount) in [(BTC, 3_000_000), (ETH, 3 * 10_u128.pow(17)), (USDT, 30_000)] {
            let amount = Amount::new(amount);
            commands.push(Command::Deposit {
                account,
                asset,
                amount,
            });
        }
    }
    commands
}

fn account(byte: u8) -> AccountId {
    AccountId::new(match byte % 16 {
        usual @ 0..12 => u64::from(usual % 4 + 1),
        12 | 13 => 0,
        14 => 5,
        _ => u64::MAX,
    })
}

fn instrument(byte: u8) -> InstrumentId {
    InstrumentId::new(match byte % 16 {
        0..6 => 1,
        6..10 => 2,
        10..14 => 3,
        // Not listed, at least not from the start.
        14 => 4,
        _ => 5,
    })
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

fn price(byte: u8) -> Price {
    Price::new(match byte {
        0..224 => CENTRE + i64::from(byte % 16) - 8,
        224..230 => 1,
        230..236 => MAX.cast_signed(),
        236..239 => MAX.cast_signed() + 1,
        239..242 => 0,
        242..245 => -1,
        245..248 => i64::MIN,
        248..=255 => i64::MAX,
    })
}

fn quantity(byte: u8) -> Quantity {
    Quantity::new(match byte {
        0..224 => 1 + u64::from(byte % 12),
        224..232 => MAX,
        232..236 => MAX + 1,
        236..240 => 0,
        240..248 => u64::MAX,
        248..=255 => u64::MAX / 2 + 1,
    })
}

/// Without a date.
fn resting(terms: u8, size: u8) -> Resting {
    Resting {
        until: None,
        post_only: match terms & 7 {
            0..6 => None,
            6 => Some(PostOnly::Reject),
            _ => Some(PostOnly::Slide),
        },
        display: (terms >> 3 & 3 == 3).then(|| match size {
            0..250 => Quantity::new(u64::from(size % 8)),
            250..=255 => Quantity::new(u64::MAX),
        }),
    }
}

/// Post-only, whatever else it is.
fn post_only(terms: Resting) -> TimeInForce {
    TimeInForce::Rest(Resting {
        post_only: terms.post_only.or(Some(PostOnly::Reject)),
        ..terms
    })
}

fn immediate(size: u8) -> TimeInForce {
    TimeInForce::ImmediateOrCancel {
        minimum: Quantity::new(u64::from(size % 8)),
    }
}

fn market_order(terms: u8, size: u8) -> OrderKind {
    OrderKind::Market {
        protection: (terms & 3 == 3).then(|| price(size)),
        budget: match size {
            0..96 => None,
            // From next to nothing to twelve lots at the centre.
            96..250 => Some(Notional::new(i128::from(size - 95) * 8)),
            250 => Some(Notional::ZERO),
            251 => Some(Notional::new(-1)),
            252..=255 => Some(Notional::new(i128::MAX)),
        },
    }
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

fn fees(byte: u8) -> FeeSchedule {
    let rate = |choice: u8| {
        let ppm =
            [0, 1_000, 2_500, 7_500, 100_000, 333_333, 999_999, 1_000_000][usize::from(choice % 8)];
        FeeRate::new(ppm).expect("at most all of it")
    };
    FeeSchedule {
        maker: rate(byte),
        taker: rate(byte / 8),
    }
}

/// Some pairs that can be listed and some that cannot.
fn listing(byte: u8, id: InstrumentId, fees: FeeSchedule) -> Listing {
    let unknown = AssetId::new(9);
    let (symbol, base, quote, tick, lot) = match byte % 12 {
        0 => ("BTCUSDT", BTC, USDT, (1, 2), (1, 3)),
        1 => ("ETHUSDT", ETH, USDT, (5, 2), (1, 2)),
        2 => ("ETHBTC", ETH, BTC, (1, 5), (1, 2)),
        // One smallest unit per lot and per tick times lot, and no limits at all.
        3 => ("USDTETH", USDT, ETH, (1, 12), (1, 6)),
        4 => ("BTCETH", BTC, ETH, (1, 6), (4, 8)),
        5 => ("LOT", BTC, USDT, (1, 0), (1, 9)),
        6 => ("TICK", BTC, USDT, (5, 4), (3, 3)),
        7 => ("WIDE", BTC, USDT, (1, 2), (1, 3)),
        8 => ("SAME", BTC, BTC, (1, 2), (1, 3)),
        9 => ("BELOWZERO", BTC, USDT, (1, 2), (1, 3)),
        10 => ("NOBASE", unknown, USDT, (1, 2), (1, 3)),
        _ => ("HUGE", ETH, USDT, (u64::MAX, 0), (u64::MAX, 0)),
    };
    let lowest = if symbol == "BELOWZERO" { -1 } else { 1 };
    let build = || -> Result<Instrument, InstrumentError> {
        let (tick, lot) = (Step::new(tick.0, tick.1)?, Step::new(lot.0, lot.1)?);
        let unlimited = Instrument::new(symbol, tick, lot)?;
        if matches!(symbol, "USDTETH" | "WIDE" | "HUGE") {
            return Ok(unlimited);
        }
        let limited = unlimited
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
