//! The notation of the scenarios.
//!
//! | notation | meaning |
//! |---|---|
//! | `buy 5 @ 100` | a limit order, good till cancelled |
//! | `... ioc`, `... min 3`, `... fok` | it does not wait, or only trades if so much trades at once |
//! | `... post`, `... slide` | it only makes: it is refused, or rests a tick off, where it would take |
//! | `... show 2`, `... until 50` | an iceberg; a date |
//! | `sell 5 market` | a market order |
//! | `... worst 90`, `... for 300` | with a protection price; for so much money at most |
//! | `... own decrement` | what to do about own orders: `allow`, `maker`, `taker`, `both` expire |
//! | `buy 5 @ 100 as x` | an order that its owner calls `x` |
//! | `btc 95+5 usd 0` | 95 available and 5 held of one, nothing of the other |
//! | `bid 100: 5` | five lots rest at that price |
//!
//! Where nothing else is said a lot is one smallest unit of BTC, and a tick times a lot one of
//! USD: five lots at a price of 100 cost 500 USD, and amounts can be checked in the head.

// Each test binary uses some of this.
#![allow(dead_code)]

use accounts_core::{AccountId, Amount, AssetId, Event as LedgerEvent, FeeRate, FeeSchedule};
use exchange_engine::{
    ClientOrderId, Command, Event, Exchange, Input, InstrumentId, Listing, OrderRef, Reject,
};
use orderbook_core::{
    Event as BookEvent, Instrument, Notional, OrderId, OrderKind, PostOnly, Price, Quantity,
    Resting, SelfTradePrevention, Side, Step, TimeInForce, Timestamp,
};

pub(crate) const BTC: AssetId = AssetId::new(1);
pub(crate) const USD: AssetId = AssetId::new(2);
pub(crate) const BTCUSD: InstrumentId = InstrumentId::new(1);

pub(crate) const HOUSE: AccountId = exchange_engine::FEE_ACCOUNT;
pub(crate) const ANN: AccountId = AccountId::new(1);
pub(crate) const BOB: AccountId = AccountId::new(2);
pub(crate) const CAT: AccountId = AccountId::new(3);

/// An exchange and all it has reported.
pub(crate) struct Desk {
    pub(crate) exchange: Exchange,
    pub(crate) events: Vec<Event>,
    pub(crate) time: u64,
}

impl Desk {
    /// Nothing at all.
    pub(crate) fn empty() -> Self {
        Self {
            exchange: Exchange::new(),
            events: Vec::new(),
            time: 1,
        }
    }

    /// One pair with these fees in parts per million, and three accounts without money.
    pub(crate) fn with_fees(maker: u32, taker: u32) -> Self {
        let mut desk = Self::empty();
        desk.accept(add_asset(BTC, "BTC", 2));
        desk.accept(add_asset(USD, "USD", 2));
        let mut listing = listing(BTCUSD, "BTCUSD");
        listing.fees = fees(maker, taker);
        desk.accept(Command::ListInstrument(listing));
        for account in [ANN, BOB, CAT] {
            desk.accept(Command::OpenAccount { account });
        }
        desk
    }

    /// The same without fees.
    pub(crate) fn new() -> Self {
        Self::with_fees(0, 0)
    }

    /// Applies a command that is taken; returns its events.
    #[track_caller]
    pub(crate) fn accept(&mut self, command: Command) -> Vec<Event> {
        let seen = self.events.len();
        let input = self.input(command);
        let result = self.exchange.apply(&input, &mut self.events);
        assert_eq!(result, Ok(()), "{input:?}");
        assert_eq!(self.exchange.check(), Ok(()), "{input:?}");
        self.events[seen..].to_vec()
    }

    /// Applies a command that is refused, which must not show.
    #[track_caller]
    pub(crate) fn refuse(&mut self, command: Command, reason: impl Into<Reject>) {
        let before = (self.exchange.state_hash(), self.events.clone());
        let input = self.input(command);
        let result = self.exchange.apply(&input, &mut self.events);
        assert_eq!(result, Err(reason.into()), "{input:?}");
        assert_eq!(self.exchange.state_hash(), before.0, "{input:?}");
        assert_eq!(self.events, before.1, "{input:?}");
    }

    pub(crate) fn input(&self, command: Command) -> Input {
        Input {
            time: Timestamp::new(self.time),
            command,
        }
    }

    #[track_caller]
    pub(crate) fn deposit(&mut self, account: AccountId, asset: AssetId, amount: u128) {
        self.accept(deposit(account, asset, amount));
    }

    /// Places an order that is taken; returns its id.
    #[track_caller]
    pub(crate) fn place(&mut self, account: AccountId, order: &str) -> OrderId {
        let before = self.exchange.last_order_id();
        self.accept(place(account, order));
        let id = self.exchange.last_order_id();
        assert_eq!(id.get(), before.get() + 1, "ids are consecutive");
        id
    }

    #[track_caller]
    pub(crate) fn cancel(&mut self, account: AccountId, id: OrderId) {
        self.accept(cancel(account, OrderRef::Id(id)));
    }

    /// What an account owns.
    #[track_caller]
    pub(crate) fn owns(&self, account: AccountId, expected: &str) {
        let mut found = Vec::new();
        for (name, asset) in [("btc", BTC), ("usd", USD)] {
            let ledger = self.exchange.ledger();
            let balance = ledger.balance(account, asset).unwrap_or_default();
            let amount = match (balance.available.get(), balance.held.get()) {
                (available, 0) => available.to_string(),
                (available, held) => format!("{available}+{held}"),
            };
            found.push(format!("{name} {amount}"));
        }
        assert_eq!(found.join(" "), expected);
    }

    /// What rests on the book, bids first, best first.
    #[track_caller]
    pub(crate) fn book(&self, expected: &[&str]) {
        let market = self.exchange.market(BTCUSD).expect("listed");
        let mut found = Vec::new();
        for (name, side) in [("bid", Side::Buy), ("ask", Side::Sell)] {
            for level in market.book().levels(side) {
                found.push(format!("{name} {}: {}", level.price, level.quantity));
            }
        }
        assert_eq!(found, expected);
    }
}

/// An instrument of which everything is one to one; prices and quantities go up to a million.
pub(crate) fn listing(id: InstrumentId, symbol: &str) -> Listing {
    Listing {
        id,
        instrument: instrument(symbol, (1, 0), (1, 2)),
        base: BTC,
        quote: USD,
        fees: FeeSchedule::default(),
    }
}

pub(crate) fn instrument(symbol: &str, tick: (u64, u8), lot: (u64, u8)) -> Instrument {
    let step = |(mantissa, scale)| Step::new(mantissa, scale).expect("a valid step");
    Instrument::new(symbol, step(tick), step(lot))
        .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1_000_000)))
        .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(1_000_000)))
        .expect("a valid instrument")
}

pub(crate) fn fees(maker: u32, taker: u32) -> FeeSchedule {
    FeeSchedule {
        maker: FeeRate::new(maker).expect("a valid rate"),
        taker: FeeRate::new(taker).expect("a valid rate"),
    }
}

pub(crate) fn add_asset(asset: AssetId, code: &str, decimals: u8) -> Command {
    Command::AddAsset {
        asset,
        code: code.into(),
        decimals,
    }
}

pub(crate) fn deposit(account: AccountId, asset: AssetId, amount: u128) -> Command {
    Command::Deposit {
        account,
        asset,
        amount: Amount::new(amount),
    }
}

pub(crate) fn withdraw(account: AccountId, asset: AssetId, amount: u128) -> Command {
    Command::Withdraw {
        account,
        asset,
        amount: Amount::new(amount),
    }
}

/// An order on the one pair, in the notation above.
pub(crate) fn place(account: AccountId, order: &str) -> Command {
    let (order, name) = match order.split_once(" as ") {
        Some((order, name)) => (order, Some(named(name))),
        None => (order, None),
    };
    let words: Vec<&str> = order.split(' ').collect();
    let (kind, self_trade) = terms(&words[2..]);
    Command::Place {
        account,
        instrument: BTCUSD,
        client_order_id: name,
        side: match words[0] {
            "buy" => Side::Buy,
            "sell" => Side::Sell,
            _ => panic!("no order: {order}"),
        },
        quantity: Quantity::new(words[1].parse().expect("a quantity")),
        kind,
        self_trade,
    }
}

/// What follows the quantity.
fn terms(words: &[&str]) -> (OrderKind, Option<SelfTradePrevention>) {
    let number = |word: &str| -> u64 { word.parse().expect("a number") };
    let price = |word: &str| Price::new(word.parse().expect("a price"));
    let (mut kind, mut words) = match words {
        ["market", rest @ ..] => (OrderKind::MARKET, rest),
        ["@", at, rest @ ..] => {
            let (price, time_in_force) = (price(at), TimeInForce::GTC);
            let kind = OrderKind::Limit {
                price,
                time_in_force,
            };
            (kind, rest)
        }
        _ => panic!("no order: {words:?}"),
    };
    let mut self_trade = None;
    while let [word, rest @ ..] = words {
        words = rest;
        let mut argument = || {
            let [argument, rest @ ..] = words else {
                panic!("{word} what?")
            };
            words = rest;
            *argument
        };
        if *word == "own" {
            self_trade = Some(match argument() {
                "allow" => SelfTradePrevention::Allow,
                "maker" => SelfTradePrevention::ExpireMaker,
                "taker" => SelfTradePrevention::ExpireTaker,
                "both" => SelfTradePrevention::ExpireBoth,
                "decrement" => SelfTradePrevention::Decrement,
                other => panic!("no self-trade prevention: {other}"),
            });
            continue;
        }
        match &mut kind {
            OrderKind::Market { protection, budget } => match *word {
                "worst" => *protection = Some(price(argument())),
                "for" => *budget = Some(Notional::new(number(argument()).into())),
                _ => panic!("no market order: {word}"),
            },
            OrderKind::Limit { time_in_force, .. } => {
                let mut resting = match time_in_force {
                    TimeInForce::Rest(terms) => *terms,
                    _ => Resting::PLAIN,
                };
                *time_in_force = match *word {
                    "ioc" => TimeInForce::IOC,
                    "fok" => TimeInForce::FOK,
                    "min" => TimeInForce::ImmediateOrCancel {
                        minimum: Quantity::new(number(argument())),
                    },
                    _ => {
                        match *word {
                            "post" => resting.post_only = Some(PostOnly::Reject),
                            "slide" => resting.post_only = Some(PostOnly::Slide),
                            "show" => resting.display = Some(Quantity::new(number(argument()))),
                            "until" => resting.until = Some(Timestamp::new(number(argument()))),
                            _ => panic!("no limit order: {word}"),
                        }
                        TimeInForce::Rest(resting)
                    }
                };
            }
        }
    }
    (kind, self_trade)
}

pub(crate) fn named(name: &str) -> ClientOrderId {
    name.parse().expect("a legal name")
}

pub(crate) fn cancel(account: AccountId, order: OrderRef) -> Command {
    Command::Cancel {
        account,
        instrument: BTCUSD,
        order,
    }
}

pub(crate) fn cancel_all(account: AccountId) -> Command {
    Command::CancelAll {
        account,
        instrument: BTCUSD,
    }
}

pub(crate) fn reduce(account: AccountId, order: OrderRef, by: u64) -> Command {
    Command::Reduce {
        account,
        instrument: BTCUSD,
        order,
        by: Quantity::new(by),
    }
}

/// Replaces an order by another that is good till cancelled.
pub(crate) fn replace(account: AccountId, order: OrderRef, quantity: u64, price: i64) -> Command {
    Command::Replace {
        account,
        instrument: BTCUSD,
        order,
        client_order_id: None,
        quantity: Quantity::new(quantity),
        price: Price::new(price),
        time_in_force: TimeInForce::GTC,
    }
}

/// Gives an order another total and price.
pub(crate) fn amend(account: AccountId, order: OrderRef, quantity: u64, price: i64) -> Command {
    Command::Amend {
        account,
        instrument: BTCUSD,
        order,
        quantity: Quantity::new(quantity),
        price: Price::new(price),
    }
}

/// Events in words, as far as the scenarios look at them.
pub(crate) fn words(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::OrderAccepted {
            order,
            rested: Some(_),
            ..
        } => format!("#{} rests", order.id),
        Event::OrderAccepted { order, .. } => format!("#{} accepted", order.id),
        Event::OrderAmended {
            order_id,
            quantity,
            price,
            rested,
            ..
        } => {
            let rests = if rested.is_some() { " and rests" } else { "" };
            format!("#{order_id} amended to {quantity} @ {price}{rests}")
        }
        Event::Book { event, .. } => match event {
            BookEvent::Traded(trade) => format!("traded {} @ {}", trade.quantity, trade.price),
            BookEvent::Rested { order_id, .. } => format!("#{order_id} rested"),
            BookEvent::Replenished {
                order_id, quantity, ..
            } => format!("#{order_id} shows {quantity}"),
            BookEvent::Decremented {
                quantity, price, ..
            } => format!("decremented {quantity} @ {price}"),
            BookEvent::Reduced { order_id, by, .. } => format!("#{order_id} reduced by {by}"),
            BookEvent::Closed {
                order_id, reason, ..
            } => format!("#{order_id} {reason:?}").to_lowercase(),
            other => format!("{other:?}"),
        },
        Event::Settled {
            maker_fee,
            taker_fee,
            ..
        } => format!("settled, fees {maker_fee} and {taker_fee}"),
        Event::Ledger(LedgerEvent::BalanceChanged {
            account,
            asset,
            available,
            held,
        }) => format!("account {account} asset {asset}: {available}+{held}"),
        other => format!("{other:?}"),
    };
    events.iter().map(word).collect()
}
