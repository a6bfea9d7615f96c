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
//! | `... eth 3` | of another asset, where there is some |
//! | `bid 100: 5` | five lots rest at that price |
//! | `traded 5 @ 100, fees 1 usd and 0 btc` | the maker's and the taker's, where there are any |
//!
//! Where nothing else is said a lot is one smallest unit of BTC, and a tick times a lot one of
//! USD: five lots at a price of 100 cost 500 USD, and amounts can be checked in the head. The same
//! goes for the other pairs.

// Each test binary uses some of this.
#![allow(dead_code)]

mod audit;

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Event as LedgerEvent, Fee, FeeRate, FeeSchedule, FeeTier,
    Positions, Posting,
};
use exchange_engine::{
    ClientOrderId, Command, Event, Exchange, Input, InstrumentId, Listing, OrderRef, Reject, Scope,
};
use orderbook_core::{
    Event as BookEvent, Instrument, Notional, OrderId, OrderKind, PostOnly, Price, Quantity,
    Resting, SelfTradePrevention, Side, Step, TimeInForce, Timestamp,
};

pub(crate) const BTC: AssetId = AssetId::new(1);
pub(crate) const USD: AssetId = AssetId::new(2);
pub(crate) const ETH: AssetId = AssetId::new(3);
/// An asset that fees are paid in.
pub(crate) const TOK: AssetId = AssetId::new(4);

pub(crate) const BTCUSD: InstrumentId = InstrumentId::new(1);
pub(crate) const ETHUSD: InstrumentId = InstrumentId::new(2);
pub(crate) const ETHBTC: InstrumentId = InstrumentId::new(3);
/// What the token costs.
pub(crate) const TOKUSD: InstrumentId = InstrumentId::new(4);
/// What a dollar costs in tokens.
pub(crate) const USDTOK: InstrumentId = InstrumentId::new(5);

/// In microseconds, as all times.
pub(crate) const DAY: u64 = 24 * 60 * 60 * 1_000_000;

pub(crate) const HOUSE: AccountId = exchange_engine::FEE_ACCOUNT;
pub(crate) const ANN: AccountId = AccountId::new(1);
pub(crate) const BOB: AccountId = AccountId::new(2);
pub(crate) const CAT: AccountId = AccountId::new(3);

/// An exchange and all it has reported.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) exchange: Exchange,
    pub(crate) events: Vec<Event>,
    /// When the next command comes in.
    pub(crate) time: u64,
    /// What the events say about positions.
    pub(crate) positions: Positions,
}

impl Desk {
    /// Nothing at all.
    pub(crate) fn empty() -> Self {
        Self {
            exchange: Exchange::new(),
            events: Vec::new(),
            time: 1,
            positions: Positions::default(),
        }
    }

    /// One pair with these fees in parts per million, and three accounts without money.
    pub(crate) fn with_fees(maker: i32, taker: i32) -> Self {
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
        let input = self.input(command);
        let result = self.attempt(&input);
        result.unwrap_or_else(|reject| panic!("{input:?}: {reject:?}"))
    }

    /// Applies a command that is refused.
    #[track_caller]
    pub(crate) fn refuse(&mut self, command: Command, reason: impl Into<Reject>) {
        let input = self.input(command);
        assert_eq!(self.attempt(&input), Err(reason.into()), "{input:?}");
    }

    /// Applies an input. Where it is taken everything is looked at; where it is refused it must not
    /// show.
    #[track_caller]
    pub(crate) fn attempt(&mut self, input: &Input) -> Result<Vec<Event>, Reject> {
        let before = self.exchange.state_hash();
        let seen = self.events.len();
        let result = self.exchange.apply(input, &mut self.events);
        let events = self.events[seen..].to_vec();
        if result.is_ok() {
            self.audit(input, &events);
        } else {
            assert_eq!(self.exchange.state_hash(), before, "{input:?}");
            assert_eq!(events, [], "{input:?}");
        }
        result.map(|()| events)
    }

    /// Makes a pair of two more assets, or of some of them, tradable.
    #[track_caller]
    pub(crate) fn list(&mut self, id: InstrumentId) {
        let (symbol, base, quote) = match id {
            BTCUSD => ("BTCUSD", BTC, USD),
            ETHUSD => ("ETHUSD", ETH, USD),
            ETHBTC => ("ETHBTC", ETH, BTC),
            TOKUSD => ("TOKUSD", TOK, USD),
            USDTOK => ("USDTOK", USD, TOK),
            other => panic!("no pair: {other}"),
        };
        for (asset, code) in [(base, code(base)), (quote, code(quote))] {
            if self.exchange.ledger().total(asset).is_none() {
                self.accept(add_asset(asset, &code.to_uppercase(), 2));
            }
        }
        let listing = Listing {
            base,
            quote,
            ..listing(id, symbol)
        };
        self.accept(Command::ListInstrument(listing));
    }

    /// Sets the fees of the one pair.
    #[track_caller]
    pub(crate) fn charge(&mut self, fees: FeeSchedule) {
        self.accept(Command::SetFees {
            instrument: BTCUSD,
            fees,
        });
    }

    /// Lets an account pay its fees in an asset.
    #[track_caller]
    pub(crate) fn pays_fees_in(&mut self, account: AccountId, asset: AssetId) {
        self.accept(choose(account, Some(asset)));
    }

    /// Lets one lot of a pair change hands at a price, without a trace in the books: Cat sells to
    /// herself what is given to her for that.
    #[track_caller]
    pub(crate) fn trades_at(&mut self, id: InstrumentId, price: u64) {
        let (base, quote) = {
            let market = self.exchange.market(id).expect("listed");
            (market.base(), market.quote())
        };
        self.deposit(CAT, base, 1);
        self.deposit(CAT, quote, price.into());
        self.accept(on(id, place(CAT, &format!("sell 1 @ {price}"))));
        self.accept(on(id, place(CAT, &format!("buy 1 @ {price}"))));
        self.accept(withdraw(CAT, base, 1));
        self.accept(withdraw(CAT, quote, price.into()));
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
        for asset in [BTC, USD, ETH, TOK] {
            let ledger = self.exchange.ledger();
            let balance = ledger.balance(account, asset).unwrap_or_default();
            let amount = match (balance.available.get(), balance.held.get()) {
                (available, 0) => available.to_string(),
                (available, held) => format!("{available}+{held}"),
            };
            if asset <= USD || !balance.is_zero() {
                found.push(format!("{} {amount}", code(asset)));
            }
        }
        assert_eq!(found.join(" "), expected);
    }

    /// Goes on with what a snapshot tells.
    #[track_caller]
    pub(crate) fn restart(&mut self) {
        let restored = Exchange::restore(&self.exchange.snapshot());
        self.exchange = restored.expect("a possible exchange");
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

/// The same rates for everybody, in parts per million.
pub(crate) fn fees(maker: i32, taker: i32) -> FeeSchedule {
    tiers([(0, maker, taker)])
}

/// Volumes, and the rates of makers and takers from there on.
pub(crate) fn tiers<const N: usize>(tiers: [(u128, i32, i32); N]) -> FeeSchedule {
    let rate = |ppm| FeeRate::new(ppm).expect("a valid rate");
    let tiers = tiers.map(|(volume, maker, taker)| FeeTier {
        volume: Amount::new(volume),
        maker: rate(maker),
        taker: rate(taker),
    });
    FeeSchedule::new(tiers).expect("a valid schedule")
}

pub(crate) fn choose(account: AccountId, asset: Option<AssetId>) -> Command {
    Command::ChooseFeeAsset { account, asset }
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

/// The same command for another instrument.
pub(crate) fn on(id: InstrumentId, mut command: Command) -> Command {
    match &mut command {
        Command::Place { instrument, .. }
        | Command::Cancel { instrument, .. }
        | Command::CancelAll { instrument, .. }
        | Command::CancelAs { instrument, .. }
        | Command::CancelAllAs { instrument, .. }
        | Command::Reduce { instrument, .. }
        | Command::Replace { instrument, .. }
        | Command::Amend { instrument, .. }
        | Command::SetFees { instrument, .. }
        | Command::LimitInstrument { instrument, .. }
        | Command::LimitAccountIn { instrument, .. } => *instrument = id,
        other => panic!("not about an instrument: {other:?}"),
    }
    command
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

pub(crate) fn by_name(name: &str) -> OrderRef {
    OrderRef::Client(named(name))
}

pub(crate) fn by_id(id: u64) -> OrderRef {
    OrderRef::Id(OrderId::new(id))
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

pub(crate) fn cancel_as(account: AccountId, order: OrderRef, name: &str) -> Command {
    Command::CancelAs {
        account,
        instrument: BTCUSD,
        order,
        name: named(name),
    }
}

pub(crate) fn cancel_all_as(account: AccountId, name: &str) -> Command {
    Command::CancelAllAs {
        account,
        instrument: BTCUSD,
        name: named(name),
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

/// Replaces an order by another that is good till cancelled and has a name.
pub(crate) fn replace_as(
    account: AccountId,
    order: OrderRef,
    quantity: u64,
    price: i64,
    name: &str,
) -> Command {
    let mut command = replace(account, order, quantity, price);
    if let Command::Replace {
        client_order_id, ..
    } = &mut command
    {
        *client_order_id = Some(named(name));
    }
    command
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
        Event::Traded {
            trade,
            maker_fee,
            taker_fee,
            ..
        } => {
            let traded = format!("traded {} @ {}", trade.quantity, trade.price);
            if maker_fee.amount.is_zero() && taker_fee.amount.is_zero() {
                return traded;
            }
            let fee = |fee: &Fee| format!("{} {}", fee.amount, code(fee.asset));
            format!("{traded}, fees {} and {}", fee(maker_fee), fee(taker_fee))
        }
        Event::Book { event, .. } => match event {
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
        Event::OrderRepeated {
            order_id, outcome, ..
        } => {
            let became = match outcome.closed {
                Some(reason) => format!("{reason:?}").to_lowercase(),
                None => "rested".into(),
            };
            let (filled, notional) = (outcome.filled, outcome.notional);
            format!("#{order_id} again: {filled} for {notional}, {became}")
        }
        Event::Ledger(LedgerEvent::Posted(Posting {
            account,
            asset,
            balance: Balance { available, held },
            ..
        })) => format!("account {account} asset {asset}: {available}+{held}"),
        Event::CancellationNamed { account, name } => format!("account {account} calls it {name}"),
        Event::Halted { scope } => format!("halted: {}", scope_word(*scope)),
        Event::Resumed { scope } => format!("resumed: {}", scope_word(*scope)),
        Event::InstrumentDelisted { instrument } => format!("instrument {instrument} delisted"),
        other => format!("{other:?}"),
    };
    events.iter().map(word).collect()
}

fn scope_word(scope: Scope) -> String {
    match scope {
        Scope::Venue => "venue".into(),
        Scope::Instrument(id) => format!("instrument {id}"),
        Scope::Account(id) => format!("account {id}"),
    }
}

/// The events that match, in words.
pub(crate) fn words_with(events: &[Event], start: &str) -> Vec<String> {
    let mut words = words(events);
    words.retain(|word| word.starts_with(start));
    words
}

fn code(asset: AssetId) -> &'static str {
    match asset {
        BTC => "btc",
        USD => "usd",
        ETH => "eth",
        TOK => "tok",
        other => panic!("no name for asset {other}"),
    }
}
