//! A made-up market: always the same commands from the same seed.
//!
//! Of a trader's commands 50 % are limit orders that rest, 40 % cancel one of those, and 10 % take what
//! rests, at the market or immediate or cancel. The middle stands still. Orders rest at up to so many
//! ticks from it, near it more often than far away. Seven of eight have a name of their owner's.
//!
//! Nobody looks at a book: some of what is cancelled has traded by then, which has to be refused.

use std::collections::BTreeMap;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule};
use exchange_engine::{ClientOrderId, Command, InstrumentId, Listing, OrderRef};
use orderbook_core::{AccountId, Instrument, OrderKind, Price, Quantity, Side, Step, TimeInForce};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// How many trade.
pub(super) const ACCOUNTS: u64 = 64;

/// What is traded, for [`QUOTE`].
const BASES: [&str; 3] = ["BTC", "ETH", "SOL"];
const QUOTE: &str = "USDT";
const DECIMALS: u8 = 8;
/// What everybody owns of everything, in smallest units: more than all of it can cost.
const FUNDS: Amount = Amount::new(1_000_000_000_000_000_000_000_000);
/// Parts per million of what is received.
const FEE: i32 = 1_000;
/// In ticks.
const MIDDLE: i64 = 5_000_000;
/// In lots.
const LARGEST: u64 = 100;
/// Every so many orders, one has no name.
const NAMELESS: u64 = 8;

/// What is traded.
pub(super) fn instruments() -> impl Iterator<Item = InstrumentId> {
    (0..).zip(BASES).map(|(id, _)| InstrumentId::new(id))
}

/// Those who trade.
pub(super) fn accounts() -> impl Iterator<Item = AccountId> {
    (1..=ACCOUNTS).map(AccountId::new)
}

/// What there has to be before anybody can trade.
pub(super) fn genesis() -> anyhow::Result<Vec<Command>> {
    let quote = AssetId::new(0);
    let mut codes = BTreeMap::from([(quote, QUOTE)]);
    let mut listings = Vec::new();
    for (base, id) in BASES.into_iter().zip(instruments()) {
        let asset = AssetId::new(id.get() + 1);
        codes.insert(asset, base);
        let rate = FeeRate::new(FEE)?;
        listings.push(Command::ListInstrument(Listing {
            id,
            instrument: Instrument::new(
                format!("{base}{QUOTE}"),
                Step::new(1, 2)?,
                Step::new(1, 5)?,
            )?
            .with_price_limits(Price::new(1), Price::new(2 * MIDDLE))?
            .with_quantity_limits(Quantity::new(1), Quantity::new(LARGEST))?,
            base: asset,
            quote,
            fees: FeeSchedule::flat(rate, rate)?,
        }));
    }
    let assets = codes.iter().map(|(asset, code)| Command::AddAsset {
        asset: *asset,
        code: (*code).into(),
        decimals: DECIMALS,
    });
    let mut commands: Vec<Command> = assets.chain(listings).collect();
    for account in accounts() {
        commands.push(Command::OpenAccount { account });
        let deposits = codes.keys().map(|asset| Command::Deposit {
            account,
            asset: *asset,
            amount: FUNDS,
        });
        commands.extend(deposits);
    }
    Ok(commands)
}

/// How somebody trades.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// How many ticks from the middle orders rest at the most; less than [`MIDDLE`].
    pub(super) deepest: i64,
    /// With so many orders nothing more is placed before some are cancelled.
    pub(super) most: usize,
}

/// Somebody who trades.
#[derive(Debug)]
pub(super) struct Trader {
    random: ChaCha8Rng,
    habit: Habit,
    account: AccountId,
    /// Names begin with it: it is nobody else's of the same account.
    prefix: String,
    placed: u64,
    open: Vec<(InstrumentId, ClientOrderId)>,
}

impl Trader {
    /// The trader of a number, who shares an account with others where there are more of them.
    pub(super) fn new(habit: Habit, run: usize, number: u64) -> Self {
        let run = run as u64;
        Self {
            random: ChaCha8Rng::seed_from_u64((run << 32) | number),
            habit,
            account: AccountId::new(1 + number % ACCOUNTS),
            prefix: format!("{run}-{number}"),
            placed: 0,
            open: Vec::new(),
        }
    }

    /// What it does next.
    pub(super) fn next(&mut self) -> Command {
        match self.random.random_range(0..10) {
            0..5 if self.open.len() < self.habit.most => self.place(),
            0..9 => self.cancel().unwrap_or_else(|| self.place()),
            _ => self.take(),
        }
    }

    /// An order that rests.
    pub(super) fn place(&mut self) -> Command {
        let instrument = self.instrument();
        self.placed += 1;
        let name = format!("{}-{}", self.prefix, self.placed).parse();
        let name = name.ok().filter(|_| !self.placed.is_multiple_of(NAMELESS));
        self.open.extend(name.map(|name| (instrument, name)));
        let deepest = self.habit.deepest;
        let within = self.random.random_range(1..=deepest);
        let distance = 1 + within * self.random.random_range(0..deepest) / deepest;
        let (side, price) = if self.random.random() {
            (Side::Buy, MIDDLE - distance)
        } else {
            (Side::Sell, MIDDLE + distance)
        };
        let kind = OrderKind::Limit {
            price: Price::new(price),
            time_in_force: TimeInForce::GTC,
        };
        self.order(instrument, name, side, kind)
    }

    /// Cancels an order; `None` where it has none.
    fn cancel(&mut self) -> Option<Command> {
        let among = Some(self.open.len()).filter(|open| *open > 0)?;
        let (instrument, name) = self.open.swap_remove(self.random.random_range(0..among));
        Some(Command::Cancel {
            account: self.account,
            instrument,
            order: OrderRef::Client(name),
        })
    }

    /// An order that trades at once or not at all.
    fn take(&mut self) -> Command {
        let instrument = self.instrument();
        let (side, worst) = if self.random.random() {
            (Side::Buy, MIDDLE + self.habit.deepest)
        } else {
            (Side::Sell, MIDDLE - self.habit.deepest)
        };
        let kind = if self.random.random() {
            OrderKind::MARKET
        } else {
            OrderKind::Limit {
                price: Price::new(worst),
                time_in_force: TimeInForce::IOC,
            }
        };
        self.order(instrument, None, side, kind)
    }

    fn order(
        &mut self,
        instrument: InstrumentId,
        client_order_id: Option<ClientOrderId>,
        side: Side,
        kind: OrderKind,
    ) -> Command {
        Command::Place {
            account: self.account,
            instrument,
            client_order_id,
            side,
            quantity: Quantity::new(self.random.random_range(1..=LARGEST)),
            kind,
            self_trade: None,
        }
    }

    fn instrument(&mut self) -> InstrumentId {
        let count = u32::try_from(BASES.len()).unwrap_or(1);
        InstrumentId::new(self.random.random_range(0..count))
    }
}
