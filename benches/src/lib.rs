//! The order flow that the benchmarks measure: made up, but always the same.
//!
//! [`mixed`] is meant to look like the flow of a busy market. Nine of ten orders are passive and
//! placed near a wandering middle, the tenth takes what is there. Most orders end by being
//! cancelled, and the book keeps about as many of them as asked for. It is generated against a real
//! book, so every cancellation finds its order, and order ids count up from 1, as those of an
//! exchange do: the same flow fits a book and an exchange.
//!
//! [`flow`] has the flows that matching engines are compared on, and [`naive`] what they should do;
//! [`trades`] are for market data alone.

#![forbid(unsafe_code)]

pub mod flow;
pub mod naive;
pub mod trades;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule};
use exchange_engine::{Exchange, Input, InstrumentId, Listing, OrderRef};
use marketdata_core::PublicTrade;
use orderbook_core::{
    AccountId, Command, Event, Instrument, Order, OrderBook, OrderId, OrderKind, Price, Quantity,
    Side, Step, TimeInForce, Timestamp,
};

/// The only instrument of [`exchange`].
pub const INSTRUMENT: InstrumentId = InstrumentId::new(0);

/// How many accounts place the orders of [`mixed`]; their ids are 1 up to this.
pub const ACCOUNTS: u64 = 100;

/// Where prices begin, in ticks.
pub const MIDDLE: i64 = 5_000_000;

/// How far from the middle a passive order may be, in ticks.
const WIDTH: u64 = 100;

/// Pseudo-random numbers, by the `SplitMix64` algorithm of Steele, Lea and Flood (2014): a few
/// lines that give the same numbers for good, whatever happens to other people's generators.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence that belongs to a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `bound`, which must not be zero. Slightly uneven, which does not
    /// matter here.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }
}

/// Bitcoin for dollars, in cents and hundred-thousandths.
///
/// # Panics
///
/// Never.
pub fn instrument() -> Instrument {
    let step = |scale| Step::new(1, scale).expect("a power of ten is a step");
    Instrument::new("BTCUSDT", step(2), step(5)).expect("the symbol is short")
}

/// A limit order of an account that its id decides.
pub const fn limit(
    id: u64,
    side: Side,
    price: i64,
    quantity: u64,
    time_in_force: TimeInForce,
) -> Command {
    let kind = OrderKind::Limit {
        price: Price::new(price),
        time_in_force,
    };
    Command::Place(Order::of_kind(
        OrderId::new(id),
        AccountId::new(1 + id % ACCOUNTS),
        side,
        Quantity::new(quantity),
        kind,
    ))
}

/// The messages of a [`flow`] for an empty book, with what an amendment has to say in modifications:
/// not what is to be open of the order, but that and what has traded of it already. The messages
/// are played once to know the latter.
pub fn amendments(messages: &[flow::Message]) -> Vec<flow::Message> {
    let mut book = book();
    let mut events = Vec::new();
    let amended = |message: &flow::Message| {
        let mut message = *message;
        if let flow::Message::Modify { id, quantity, .. } = &mut message
            && let Some(order) = book.order(OrderId::new(*id))
        {
            *quantity += order.filled().get();
        }
        // Refusals are part of a flow.
        let _ = book.apply(&command(&message), &mut events);
        events.clear();
        message
    };
    messages.iter().map(amended).collect()
}

/// A book that is sized for a [`flow`], as one is for its instrument where it is known.
pub fn book() -> OrderBook {
    OrderBook::with_capacity(instrument(), 65_536, 65_536)
}

/// What a message of [`amendments`] asks of a book, from an account that the order id decides.
#[inline]
pub fn command(message: &flow::Message) -> Command {
    use flow::Message;

    match *message {
        Message::New {
            id,
            side,
            price,
            quantity,
            immediate,
        } => {
            let side = match side {
                flow::Side::Buy => Side::Buy,
                flow::Side::Sell => Side::Sell,
            };
            let time_in_force = if immediate {
                TimeInForce::IOC
            } else {
                TimeInForce::GTC
            };
            limit(id, side, price, quantity, time_in_force)
        }
        Message::Cancel { id } => Command::Cancel {
            order_id: OrderId::new(id),
        },
        Message::Modify {
            id,
            price,
            quantity,
        } => Command::Amend {
            order_id: OrderId::new(id),
            quantity: Quantity::new(quantity),
            price: Price::new(price),
        },
    }
}

/// A book with `orders` resting orders, spread over `levels` levels per side that begin one tick
/// from [`MIDDLE`]. Their ids are 1 up to `orders`.
///
/// # Panics
///
/// Where there are more levels than ticks below [`MIDDLE`].
pub fn deep_book(orders: u64, levels: u64) -> OrderBook {
    let mut book = OrderBook::new(instrument());
    let mut events = Vec::new();
    for id in 1..=orders {
        let distance = i64::try_from(1 + id / 2 % levels).expect("levels are few");
        let (side, price) = if id % 2 == 0 {
            (Side::Buy, MIDDLE - distance)
        } else {
            (Side::Sell, MIDDLE + distance)
        };
        let order = limit(id, side, price, 1_000, TimeInForce::GTC);
        book.apply(&order, &mut events)
            .expect("the levels are within the limits");
        events.clear();
    }
    book
}

/// `messages` commands for an empty book, after which about `depth` orders rest. The same seed
/// gives the same commands.
///
/// # Panics
///
/// Never: the book takes all of them.
pub fn mixed(seed: u64, messages: usize, depth: usize) -> Vec<Command> {
    let mut random = Random::new(seed);
    let mut book = OrderBook::new(instrument());
    // Orders that were resting when last seen.
    let mut resting: Vec<OrderId> = Vec::new();
    let (mut middle, mut last_id) = (MIDDLE, 0);
    let mut commands = Vec::with_capacity(messages);
    let mut events = Vec::new();
    while commands.len() < messages {
        // Slightly more or less than what comes in and is not filled keeps the depth.
        let cancelled = if book.len() < depth { 300 } else { 480 };
        let cancelled = random.below(1_000) < cancelled;
        let command = match take_resting(&mut random, &mut resting, &book) {
            Some(order_id) if cancelled => Command::Cancel { order_id },
            other => {
                resting.extend(other);
                last_id += 1;
                middle += [0, 0, 0, 0, 0, 0, 0, 0, -1, 1][index(random.below(10))];
                place(&mut random, &book, last_id, middle)
            }
        };
        book.apply(&command, &mut events)
            .expect("the flow is made for this book");
        events.clear();
        if let Command::Place(order) = command
            && book.order(order.id).is_some()
        {
            resting.push(order.id);
        }
        commands.push(command);
    }
    commands
}

/// Removes any of the orders that still rest from the list.
fn take_resting(
    random: &mut Random,
    resting: &mut Vec<OrderId>,
    book: &OrderBook,
) -> Option<OrderId> {
    while !resting.is_empty() {
        let count = u64::try_from(resting.len()).unwrap_or(u64::MAX);
        let id = resting.swap_remove(index(random.below(count)));
        if book.order(id).is_some() {
            return Some(id);
        }
    }
    None
}

fn place(random: &mut Random, book: &OrderBook, id: u64, middle: i64) -> Command {
    let side = [Side::Buy, Side::Sell][index(random.below(2))];
    let quantity = 1 + random.below(2_000);
    let best = book.best(side.opposite()).map(|level| level.price.get());
    if random.below(10) == 0
        && let Some(best) = best
    {
        return limit(id, side, best, quantity, TimeInForce::IOC);
    }
    // The smaller of two uniform numbers: near the middle more often than far from it.
    let distance = random.below(WIDTH).min(random.below(WIDTH));
    let distance = 1 + i64::try_from(distance).unwrap_or_default();
    let price = match (side, best) {
        (Side::Buy, Some(ask)) => (middle - distance).min(ask - 1),
        (Side::Sell, Some(bid)) => (middle + distance).max(bid + 1),
        (Side::Buy, None) => middle - distance,
        (Side::Sell, None) => middle + distance,
    };
    limit(id, side, price, quantity, TimeInForce::GTC)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What a book says of commands that come 50 ms apart, with their times.
///
/// # Panics
///
/// Where it refuses one.
pub fn book_events(commands: &[Command]) -> Vec<(Timestamp, Event)> {
    let mut book = OrderBook::new(instrument());
    let (mut events, mut all) = (Vec::new(), Vec::new());
    for (count, command) in (1..).zip(commands) {
        book.apply(command, &mut events)
            .expect("the flow is made for it");
        let time = Timestamp::from_millis(count * 50);
        all.extend(events.drain(..).map(|event| (time, event)));
    }
    all
}

/// A maker and a taker for each of `count` trades, at prices that wander.
pub fn trade_commands(count: u64) -> Vec<Command> {
    let trades = trades::trades(1, count, 50_000, true, trades::Course::Wandering);
    let orders = |trade: &PublicTrade| {
        let (id, price, quantity) = (trade.id.get(), trade.price.get(), trade.quantity.get());
        let side = trade.taker_side;
        [
            limit(2 * id, side.opposite(), price, quantity, TimeInForce::GTC),
            limit(2 * id + 1, side, price, quantity, TimeInForce::IOC),
        ]
    };
    trades.iter().flat_map(orders).collect()
}

/// An exchange that lists [`instrument`] with fees, and [`ACCOUNTS`] with more money than they can
/// spend.
///
/// # Panics
///
/// Never.
pub fn exchange() -> Exchange {
    use exchange_engine::Command as ExchangeCommand;

    let (base, quote) = (AssetId::new(0), AssetId::new(1));
    let fee = FeeRate::new(1_000).expect("a thousandth is a rate");
    let limited = instrument()
        .with_price_limits(Price::new(1), Price::new(1_000_000_000))
        .and_then(|instrument| {
            instrument.with_quantity_limits(Quantity::new(1), Quantity::new(1_000_000_000))
        })
        .expect("the limits are not empty");
    let mut commands = vec![
        ExchangeCommand::AddAsset {
            asset: base,
            code: "BTC".into(),
            decimals: 8,
        },
        ExchangeCommand::AddAsset {
            asset: quote,
            code: "USDT".into(),
            decimals: 8,
        },
        ExchangeCommand::ListInstrument(Listing {
            id: INSTRUMENT,
            instrument: limited,
            base,
            quote,
            fees: FeeSchedule::flat(fee, fee).expect("nobody is paid"),
        }),
    ];
    for account in (1..=ACCOUNTS).map(AccountId::new) {
        commands.push(ExchangeCommand::OpenAccount { account });
        commands.extend([base, quote].map(|asset| ExchangeCommand::Deposit {
            account,
            asset,
            amount: Amount::new(1 << 100),
        }));
    }
    let mut exchange = Exchange::new();
    for command in commands {
        let time = Timestamp::new(0);
        exchange
            .apply(&Input { time, command }, &mut Vec::new())
            .expect("an empty exchange takes all of this");
    }
    exchange
}

/// Commands for an empty book as inputs of [`exchange`], which gives orders the same ids: those of
/// [`mixed`], or of a [`flow`] by [`command`]. A microsecond apart.
///
/// # Panics
///
/// Where orders are not numbered from 1 on, or one is neither placed, cancelled nor amended.
pub fn inputs(commands: &[Command]) -> Vec<Input> {
    // By order id; whoever means an order that never was is anybody.
    let mut owners = vec![AccountId::new(1)];
    let to_input = |(micros, command): (u64, &Command)| {
        let owner = |owners: &[AccountId], id: OrderId| {
            let index = usize::try_from(id.get()).expect("ids count up from 1");
            owners.get(index).copied().unwrap_or(AccountId::new(1))
        };
        let command = match *command {
            Command::Place(order) => {
                let number = u64::try_from(owners.len()).unwrap_or_default();
                assert_eq!(order.id.get(), number, "ids count up from 1");
                owners.push(order.account);
                exchange_engine::Command::Place {
                    account: order.account,
                    instrument: INSTRUMENT,
                    client_order_id: None,
                    side: order.side,
                    quantity: order.quantity,
                    kind: order.kind,
                    self_trade: order.self_trade,
                }
            }
            Command::Cancel { order_id } => exchange_engine::Command::Cancel {
                account: owner(&owners, order_id),
                instrument: INSTRUMENT,
                order: OrderRef::Id(order_id),
            },
            Command::Amend {
                order_id,
                quantity,
                price,
            } => exchange_engine::Command::Amend {
                account: owner(&owners, order_id),
                instrument: INSTRUMENT,
                order: OrderRef::Id(order_id),
                quantity,
                price,
            },
            _ => panic!("the flows have orders, amendments and cancellations only"),
        };
        Input {
            time: Timestamp::new(micros),
            command,
        }
    };
    (1..).zip(commands).map(to_input).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the documentation says about the flow, with numbers.
    #[test]
    fn the_flow_is_what_it_is_said_to_be() {
        let commands = mixed(7, 100_000, 1_000);
        assert_eq!(commands, mixed(7, 100_000, 1_000));
        assert_ne!(commands, mixed(8, 100_000, 1_000));

        let mut book = OrderBook::new(instrument());
        let mut events = Vec::new();
        for command in &commands {
            book.apply(command, &mut events)
                .expect("the book takes all");
        }
        let count = |is: &dyn Fn(&Command) -> bool| commands.iter().filter(|c| is(c)).count();
        let placed = count(&|command| matches!(command, Command::Place(_)));
        let taking = count(&|command| {
            matches!(command, Command::Place(order) if matches!(
                order.kind,
                OrderKind::Limit { time_in_force: TimeInForce::IOC, .. }
            ))
        });
        let cancelled = commands.len() - placed;
        let trades = events
            .iter()
            .filter(|event| matches!(event, Event::Traded(_)));
        assert!(
            (placed / 11..placed / 9).contains(&taking),
            "{taking} of {placed}"
        );
        assert!(cancelled * 10 > placed * 7, "{cancelled} of {placed}");
        assert!((800..1_200).contains(&book.len()), "{} rest", book.len());
        assert!(trades.count() > 1_000);
    }

    #[test]
    fn an_exchange_takes_the_same_flow() {
        let mut exchange = exchange();
        let mut events = Vec::new();
        for input in inputs(&mixed(7, 10_000, 500)) {
            let outcome = exchange.apply(&input, &mut events);
            assert_eq!(outcome, Ok(()), "{input:?}");
        }
        assert_eq!(exchange.check(), Ok(()));
    }

    #[test]
    fn an_exchange_and_a_book_do_the_same_with_a_flow() {
        for kind in flow::Flow::ALL {
            let messages = flow::messages(kind, flow::Regime::Normal, 7, 10_000);
            let commands: Vec<Command> = amendments(&messages).iter().map(command).collect();
            let (mut book, mut exchange) = (book(), exchange());
            let (mut of_book, mut of_exchange) = (Vec::new(), Vec::new());
            for (input, command) in inputs(&commands).iter().zip(&commands) {
                let expected = book.apply(command, &mut of_book);
                let outcome = exchange.apply(input, &mut of_exchange);
                assert_eq!(outcome.is_ok(), expected.is_ok(), "{input:?}");
            }
            assert_eq!(exchange.check(), Ok(()));
            let told = of_exchange
                .iter()
                .filter_map(exchange_engine::Event::of_book);
            assert!(told.map(|(_, event)| event).eq(of_book.iter().copied()));
        }
    }
}
