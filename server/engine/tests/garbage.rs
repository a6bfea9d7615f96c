//! Logs and snapshots that no exchange wrote, though they decode: refused by name, never a panic.

mod desk;

use accounts_core::{
    AccountLimits, Amount, AssetId, Balance, FeeRate, FeeSchedule, LedgerSnapshot, OrderLimits,
    OrderRate, PriceCollar,
};
use desk::*;
use exchange_engine::{
    Asset, ClientOrderId, Command, Exchange, ExchangeSnapshot, InstrumentId, Outcome, RestoreError,
    Scope,
};
use orderbook_core::{
    AccountId, BookSnapshot, Order, OrderId, Price, Quantity, SelfTradePrevention, Timestamp,
    TradeId,
};
use serde::{Deserialize, Serialize};

/// What the bytes of an [`ExchangeSnapshot`] mean, open to be spoilt.
#[derive(Serialize, Deserialize)]
struct Raw {
    time: Timestamp,
    last_order_id: OrderId,
    assets: Vec<(AssetId, Asset)>,
    ledger: LedgerSnapshot,
    halted: bool,
    markets: Vec<RawMarket>,
    delisted: Vec<InstrumentId>,
    traders: Vec<RawTrader>,
}

#[derive(Clone, Serialize, Deserialize)]
struct RawMarket {
    id: InstrumentId,
    base: AssetId,
    quote: AssetId,
    fees: FeeSchedule,
    halted: bool,
    limits: (OrderLimits, Option<PriceCollar>),
    last_price: Option<Price>,
    book: BookSnapshot,
}

#[derive(Clone, Serialize, Deserialize)]
struct RawTrader {
    account: AccountId,
    halted: bool,
    fee_asset: Option<AssetId>,
    limits: RawLimits,
    reserved: Vec<(OrderId, FeeRate)>,
    /// Of each quote asset the days since 1970, and what was traded on each.
    volumes: Vec<(AssetId, Vec<(u32, Amount)>)>,
    named: u64,
    names: Vec<RawName>,
}

#[derive(Clone, Serialize, Deserialize)]
struct RawLimits {
    account: AccountLimits,
    /// The number of the interval, and how many orders came in it.
    pace: (u64, u32),
    here: Vec<(InstrumentId, OrderLimits)>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct RawName {
    name: ClientOrderId,
    number: u64,
    instrument: InstrumentId,
    order: Order,
    outcome: Outcome,
}

/// The fields of an instrument in the order in which they are written.
#[derive(Serialize)]
struct RawInstrument {
    symbol: String,
    tick: (u64, u8),
    lot: (u64, u8),
    prices: (i64, i64),
    quantities: (u64, u64),
    min_notional: i128,
    max_slices: u32,
    max_orders: u32,
    /// A variant of an enum, by its position.
    self_trade: u32,
}

const PLAIN: fn() -> RawInstrument = || RawInstrument {
    symbol: "BTCUSD".into(),
    tick: (1, 0),
    lot: (1, 2),
    prices: (1, 1_000),
    quantities: (1, 1_000),
    min_notional: 0,
    max_slices: 7,
    max_orders: 8,
    self_trade: 4,
};

type Spoiler<T> = fn(&mut T);

/// Where Ann and Bob are in the list of those about whom there is something to say.
const OF_ANN: usize = 0;
const OF_BOB: usize = 1;

/// The snapshot of an exchange on which Ann has two orders open, with fees held on top, and Bob one;
/// everything that can be set is set.
fn raw() -> Raw {
    let mut desk = Desk::with_fees(10_000, 10_000);
    desk.list(ETHUSD);
    desk.list(ETHBTC);
    desk.accept(Command::DelistInstrument { instrument: ETHUSD });
    desk.time = 100 * DAY;
    desk.pays_fees_in(ANN, USD);
    desk.deposit(ANN, USD, 10_000);
    desk.deposit(BOB, BTC, 1_000);
    desk.accept(Command::LimitInstrument {
        instrument: BTCUSD,
        limits: limits(500),
        collar: Some(PriceCollar::new(500_000)),
    });
    desk.accept(Command::LimitAccount {
        account: ANN,
        limits: AccountLimits {
            max_open_orders: Some(9),
            order_rate: Some(OrderRate {
                orders: 9,
                micros: 10,
            }),
        },
    });
    desk.accept(Command::LimitAccountIn {
        account: ANN,
        instrument: BTCUSD,
        limits: limits(400),
    });
    desk.place(ANN, "buy 1 @ 100 as x");
    desk.place(ANN, "buy 2 @ 101 as y");
    desk.place(BOB, "sell 3 @ 110");
    desk.place(ANN, "buy 1 @ 110 as z");
    for scope in [Scope::Venue, Scope::Instrument(BTCUSD), Scope::Account(ANN)] {
        let cancel_orders = false;
        desk.accept(Command::Halt {
            scope,
            cancel_orders,
        });
    }
    let bytes = postcard::to_allocvec(&desk.exchange.snapshot()).expect("plain data");
    postcard::from_bytes(&bytes).expect("the same layout")
}

fn limits(quantity: u64) -> OrderLimits {
    OrderLimits {
        max_quantity: Some(Quantity::new(quantity)),
        ..OrderLimits::default()
    }
}

fn restore(raw: &Raw) -> Result<Exchange, RestoreError> {
    let bytes = postcard::to_allocvec(raw).expect("plain data");
    let snapshot: ExchangeSnapshot = postcard::from_bytes(&bytes).expect("the same layout");
    Exchange::restore(&snapshot)
}

fn balance(held: u128) -> Balance {
    Balance {
        available: Amount::ZERO,
        held: Amount::new(held),
    }
}

#[test]
fn an_unspoilt_snapshot_restores() {
    let raw = raw();
    assert_eq!(restore(&raw).map(|_| ()), Ok(()));
    assert_eq!(raw.traders[OF_ANN].account, ANN);
    assert_eq!(raw.traders[OF_BOB].account, BOB);
    assert_eq!(raw.traders.len(), 2);
    assert_eq!(raw.traders[OF_ANN].reserved.len(), 2);
    assert_eq!(raw.traders[OF_ANN].names.len(), 3);
}

#[track_caller]
fn are_garbage(spoilers: &[(&str, Spoiler<Raw>)]) {
    let mut restored = Vec::new();
    for (what, spoil) in spoilers {
        let mut spoilt = raw();
        spoil(&mut spoilt);
        match restore(&spoilt).map(|_| ()) {
            Err(RestoreError::Garbage) => {}
            other => restored.push((what, other)),
        }
    }
    assert!(restored.is_empty(), "{restored:#?}");
}

/// As if the fees had been withdrawn.
fn without_fees(raw: &mut Raw) {
    for (asset, balance) in raw.ledger.accounts[0].balances.split_off(0) {
        let mut totals = raw.ledger.assets.iter_mut();
        let total = totals.find(|(id, _)| *id == asset).expect("it is known");
        total.1 = total.1.checked_sub(balance.available).expect("a part");
    }
}

#[test]
fn what_no_inputs_lead_to_is_garbage() {
    are_garbage(&[
        ("no fee account, so that trades cannot settle", |raw| {
            without_fees(raw);
            raw.ledger.accounts.remove(0);
        }),
        ("a closed fee account", |raw| {
            without_fees(raw);
            raw.ledger.accounts[0].closed = true;
        }),
        ("order ids are used up", |raw| {
            raw.last_order_id = OrderId::new(u64::MAX);
        }),
        ("order ids are about to be given out twice", |raw| {
            raw.last_order_id = OrderId::new(2);
        }),
        ("an order without an id", |raw| {
            raw.markets[0].book.bids[1].id = OrderId::new(0);
        }),
        ("an asset that the ledger does not know", |raw| {
            let asset = raw.assets[0].1.clone();
            let code = "DOGE".into();
            raw.assets.push((AssetId::new(9), Asset { code, ..asset }));
        }),
        ("an asset that only the ledger knows", |raw| {
            raw.ledger.assets.push((AssetId::new(9), Amount::ZERO));
        }),
        ("two assets of one code", |raw| {
            raw.assets[1].1.code = "BTC".into();
        }),
        ("an asset with an illegal code", |raw| {
            raw.assets[1].1.code = "usd".into();
        }),
        ("an asset with more decimals than there can be", |raw| {
            raw.assets[1].1.decimals = u8::MAX;
        }),
        ("assets out of order", |raw| raw.assets.reverse()),
    ]);
}

#[test]
fn markets_that_no_inputs_lead_to_are_garbage() {
    are_garbage(&[
        ("two instruments of one symbol", |raw| {
            let mut second = raw.markets[0].clone();
            second.id = InstrumentId::new(9);
            second.book.bids.clear();
            second.book.asks.clear();
            raw.markets.push(second);
        }),
        ("two instruments of one id", |raw| {
            let second = raw.markets[1].clone();
            raw.markets.push(second);
        }),
        ("an instrument of an unknown asset", |raw| {
            raw.markets[0].base = AssetId::new(9);
        }),
        ("a book that is ahead of its time", |raw| {
            raw.markets[0].book.time = Timestamp::new(raw.time.get() + 1);
        }),
        ("instruments out of order", |raw| raw.markets.reverse()),
        ("a price where nothing has traded", |raw| {
            raw.markets[1].last_price = Some(Price::new(100));
        }),
        ("no price where something has traded", |raw| {
            raw.markets[0].last_price = None;
        }),
        ("a price below the lowest", |raw| {
            raw.markets[0].last_price = Some(Price::new(0));
        }),
        ("a price above the highest", |raw| {
            raw.markets[0].last_price = Some(Price::new(1_000_001));
        }),
        ("one that is listed and delisted", |raw| {
            raw.delisted = vec![BTCUSD, ETHUSD];
        }),
        ("one that was delisted twice", |raw| {
            raw.delisted.push(ETHUSD);
        }),
        ("delisted out of order", |raw| {
            raw.delisted = vec![InstrumentId::new(9), ETHUSD];
        }),
    ]);
}

#[test]
fn traders_that_no_inputs_lead_to_are_garbage() {
    are_garbage(&[
        ("somebody without an account", |raw| {
            raw.traders[OF_BOB].account = AccountId::new(99);
        }),
        ("somebody whose account is closed", |raw| {
            raw.ledger.accounts[3].closed = true;
            let mut trader = raw.traders[OF_ANN].clone();
            (trader.account, trader.named) = (CAT, 0);
            (trader.reserved, trader.names) = (Vec::new(), Vec::new());
            raw.traders.push(trader);
        }),
        ("somebody about whom there is nothing to say", |raw| {
            let mut trader = raw.traders[OF_BOB].clone();
            (trader.account, trader.volumes) = (CAT, Vec::new());
            raw.traders.push(trader);
        }),
        ("the same twice", |raw| {
            let trader = raw.traders[OF_BOB].clone();
            raw.traders.push(trader);
        }),
        ("out of order", |raw| raw.traders.reverse()),
        ("fees in an unknown asset", |raw| {
            raw.traders[OF_BOB].fee_asset = Some(AssetId::new(9));
        }),
        ("fees held on top at no rate", |raw| {
            raw.traders[OF_ANN].reserved[0].1 = FeeRate::ZERO;
        }),
        ("fees held on top at a rate below", |raw| {
            raw.traders[OF_ANN].reserved[0].1 = FeeRate::new(-1).expect("a rate");
        }),
        ("fees held on top twice", |raw| {
            let twice = raw.traders[OF_ANN].reserved[1];
            raw.traders[OF_ANN].reserved.push(twice);
        }),
        ("fees held on top out of order", |raw| {
            raw.traders[OF_ANN].reserved.reverse();
        }),
    ]);
}

#[test]
fn volumes_that_no_inputs_lead_to_are_garbage() {
    are_garbage(&[
        ("of an unknown asset", |raw| {
            raw.traders[OF_BOB].volumes[0].0 = AssetId::new(9);
        }),
        ("of an asset twice", |raw| {
            let twice = raw.traders[OF_BOB].volumes[0].clone();
            raw.traders[OF_BOB].volumes.push(twice);
        }),
        ("assets out of order", |raw| {
            let days = raw.traders[OF_BOB].volumes[0].1.clone();
            raw.traders[OF_BOB].volumes.push((BTC, days));
        }),
        ("days out of order", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(99, Amount::new(1)), (98, Amount::new(1))];
        }),
        ("days too far apart", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(69, Amount::new(1)), (100, Amount::new(1))];
        }),
        ("a day twice", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(100, Amount::new(1)), (100, Amount::new(1))];
        }),
        ("more than there can be", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(100, Amount::new(u128::MAX))];
        }),
        ("the last day that there could be", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(u32::MAX, Amount::new(1))];
        }),
        ("a day that has not come", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = vec![(101, Amount::new(1))];
        }),
        ("no day at all", |raw| {
            raw.traders[OF_BOB].volumes[0].1 = Vec::new();
        }),
    ]);
}

#[test]
fn limits_that_no_inputs_lead_to_are_garbage() {
    are_garbage(&[
        ("in an instrument that is not listed", |raw| {
            raw.traders[OF_ANN].limits.here[0].0 = ETHUSD;
        }),
        ("in an instrument twice", |raw| {
            let twice = raw.traders[OF_ANN].limits.here[0];
            raw.traders[OF_ANN].limits.here.push(twice);
        }),
        ("out of order", |raw| {
            let here = &mut raw.traders[OF_ANN].limits.here;
            here.insert(0, (ETHBTC, limits(5)));
        }),
        ("in an instrument, of nothing", |raw| {
            raw.traders[OF_ANN].limits.here[0].1 = OrderLimits::default();
        }),
        ("more orders in an interval than allowed", |raw| {
            raw.traders[OF_ANN].limits.pace.1 = 10;
        }),
        ("an interval that has not come", |raw| {
            raw.traders[OF_ANN].limits.pace.0 += 1;
        }),
        ("orders counted that nobody limits", |raw| {
            raw.traders[OF_ANN].limits.account.order_rate = None;
        }),
    ]);
}

#[test]
fn names_that_no_inputs_lead_to_are_garbage() {
    are_garbage(&[
        ("more than orders", |raw| raw.traders[OF_ANN].named = 5),
        ("a number that comes later", |raw| {
            raw.traders[OF_ANN].names[2].number = 4;
        }),
        ("no number", |raw| raw.traders[OF_ANN].names[0].number = 0),
        ("two of one number", |raw| {
            raw.traders[OF_ANN].names[0].number = 2;
        }),
        ("out of order", |raw| raw.traders[OF_ANN].names.reverse()),
        ("two orders of one name", |raw| {
            raw.traders[OF_ANN].names[0].name = named("y");
        }),
        ("of an order that is neither open nor recent", |raw| {
            raw.last_order_id = OrderId::new(2_000);
            raw.traders[OF_ANN].named = 1_500;
        }),
        ("of an order of somebody else", |raw| {
            raw.traders[OF_ANN].names[0].order.account = BOB;
        }),
        ("of an order to come", |raw| {
            raw.traders[OF_ANN].names[2].order.id = OrderId::new(5);
        }),
        ("two of one order", |raw| {
            raw.traders[OF_ANN].names[1].order.id = OrderId::new(1);
        }),
        ("of an order without an id", |raw| {
            raw.traders[OF_ANN].names[0].order.id = OrderId::new(0);
        }),
        ("of an order that traded more than it was for", |raw| {
            raw.traders[OF_ANN].names[2].outcome.filled = Quantity::new(2);
        }),
        ("in an instrument that never was", |raw| {
            raw.traders[OF_ANN].names[2].instrument = InstrumentId::new(9);
        }),
        ("of an open order of somebody else", |raw| {
            raw.traders[OF_ANN].names[2].order.id = OrderId::new(3);
        }),
    ]);
}

#[test]
fn books_and_balances_that_disagree_are_violations() {
    let spoilers: [(&str, &str, Spoiler<Raw>); 7] = [
        ("I5", "an order holds less than it costs", |raw| {
            raw.markets[0].book.bids[0].price = Price::new(102);
        }),
        ("I5", "held without an order", |raw| {
            raw.markets[0].book.asks.clear();
        }),
        ("I5", "fees held on top by nobody", |raw| {
            raw.traders[OF_ANN].reserved.pop();
        }),
        ("I5", "fees held on top at another rate", |raw| {
            raw.traders[OF_ANN].reserved[0].1 = FeeRate::new(20_000).expect("a rate");
        }),
        (
            "I5",
            "fees held on top for an order that is closed",
            |raw| {
                let rate = raw.traders[OF_ANN].reserved[0].1;
                raw.traders[OF_ANN].reserved.push((OrderId::new(4), rate));
            },
        ),
        ("I5", "fees held on top for somebody else", |raw| {
            let rate = raw.traders[OF_ANN].reserved[0].1;
            raw.traders[OF_ANN].reserved.push((OrderId::new(3), rate));
        }),
        ("I4", "money from nowhere", |raw| {
            raw.ledger.accounts[3].balances = vec![(BTC, balance(1))];
        }),
    ];
    for (id, what, spoil) in spoilers {
        let mut spoilt = raw();
        spoil(&mut spoilt);
        let refused = restore(&spoilt).map(|_| ()).expect_err(what);
        let said = refused.to_string();
        assert!(said.contains(id), "{what}: {said}");
    }
}

#[test]
fn impossible_books_are_refused() {
    let spoilers: [(&str, Spoiler<Raw>); 3] = [
        ("trade ids are used up", |raw| {
            raw.markets[0].book.last_trade_id = TradeId::new(u64::MAX);
        }),
        ("another version", |raw| raw.markets[0].book.version = 9),
        ("out of order", |raw| raw.markets[0].book.bids.reverse()),
    ];
    for (what, spoil) in spoilers {
        let mut spoilt = raw();
        spoil(&mut spoilt);
        let refused = restore(&spoilt).map(|_| ());
        assert!(
            matches!(refused, Err(RestoreError::Book(_))),
            "{what}: {refused:?}"
        );
    }
}

#[test]
fn a_listing_that_no_constructor_makes_does_not_decode() {
    let decode = |instrument: &RawInstrument| {
        let bytes =
            postcard::to_allocvec(&(1_u32, instrument, 1_u32, 2_u32, FeeSchedule::default()));
        let listing = postcard::from_bytes::<exchange_engine::Listing>(&bytes.expect("plain data"));
        listing.map(|listing| listing.instrument)
    };
    assert_eq!(
        decode(&PLAIN()),
        Ok(instrument("BTCUSD", (1, 0), (1, 2))
            .with_price_limits(Price::new(1), Price::new(1_000))
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(1_000)))
            .and_then(|it| it.with_max_slices(7))
            .and_then(|it| it.with_max_orders(8))
            .map(|it| it.with_self_trade(SelfTradePrevention::Decrement))
            .expect("valid"))
    );
    let spoilers: [(&str, Spoiler<RawInstrument>); 14] = [
        ("no symbol", |it| it.symbol = String::new()),
        ("a symbol of 33 letters", |it| it.symbol = "X".repeat(33)),
        ("a tick of nothing", |it| it.tick.0 = 0),
        ("a tick of 29 places", |it| it.tick.1 = 29),
        ("a lot of nothing", |it| it.lot.0 = 0),
        ("a lot of 255 places", |it| it.lot.1 = u8::MAX),
        ("prices from high to low", |it| it.prices.0 = 1_001),
        ("prices no decimal can express", |it| {
            (it.tick.0, it.prices.1) = (u64::MAX, i64::MAX);
        }),
        ("orders for nothing", |it| it.quantities.0 = 0),
        ("quantities from high to low", |it| it.quantities.1 = 0),
        ("icebergs of no slice", |it| it.max_slices = 0),
        ("a book of no order", |it| it.max_orders = 0),
        ("a book without bounds", |it| it.max_orders = u32::MAX),
        ("self-trade prevention unheard of", |it| it.self_trade = 5),
    ];
    for (what, spoil) in spoilers {
        let mut spoilt = PLAIN();
        spoil(&mut spoilt);
        assert!(decode(&spoilt).is_err(), "{what}");
    }
}

#[test]
fn bytes_that_are_no_snapshot_are_refused_by_name() {
    let good = {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 1);
        desk.exchange.snapshot().encode()
    };
    let decode = |bytes: &[u8]| ExchangeSnapshot::decode(bytes).map(|_| ());
    assert_eq!(decode(&good), Ok(()));
    assert_eq!(decode(&[]), Err(RestoreError::NotASnapshot));
    assert_eq!(decode(&good[..37]), Err(RestoreError::NotASnapshot));
    assert_eq!(decode(&good[1..]), Err(RestoreError::NotASnapshot));
    assert_eq!(decode(&good[..good.len() - 1]), Err(RestoreError::Damaged));
    for place in 4..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        let expected = match place {
            4 => RestoreError::UnknownVersion(0x13),
            5 => RestoreError::UnknownVersion(0x1003),
            _ => RestoreError::Damaged,
        };
        assert_eq!(decode(&bytes), Err(expected), "byte {place}");
    }
}
