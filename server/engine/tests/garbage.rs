//! Logs and snapshots that no exchange wrote, though they decode: refused by name, never a panic.

mod desk;

use accounts_core::{Amount, AssetId, Balance, FeeSchedule, LedgerSnapshot};
use desk::*;
use exchange_engine::{
    Asset, ClientOrderId, Exchange, ExchangeSnapshot, InstrumentId, OpenOrder, RestoreError,
};
use orderbook_core::{
    AccountId, BookSnapshot, OrderId, Price, Quantity, SelfTradePrevention, Timestamp, TradeId,
};
use serde::{Deserialize, Serialize};

/// What the bytes of an [`ExchangeSnapshot`] mean, open to be spoilt.
#[derive(Serialize, Deserialize)]
struct Raw {
    time: Timestamp,
    last_order_id: OrderId,
    assets: Vec<(AssetId, Asset)>,
    ledger: LedgerSnapshot,
    markets: Vec<RawMarket>,
    open_orders: Vec<OpenOrder>,
}

#[derive(Clone, Serialize, Deserialize)]
struct RawMarket {
    id: InstrumentId,
    base: AssetId,
    quote: AssetId,
    fees: FeeSchedule,
    book: BookSnapshot,
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

/// The snapshot of an exchange on which Ann has two orders open and Bob one.
fn raw() -> Raw {
    let mut desk = Desk::with_fees(1_000, 1_000);
    desk.deposit(ANN, USD, 1_000);
    desk.deposit(BOB, BTC, 1_000);
    desk.place(ANN, "buy 1 @ 100 as x");
    desk.place(ANN, "buy 2 @ 101 as y");
    desk.place(BOB, "sell 3 @ 110");
    let bytes = postcard::to_allocvec(&desk.exchange.snapshot()).expect("plain data");
    postcard::from_bytes(&bytes).expect("the same layout")
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
    assert!(restore(&raw()).is_ok());
}

#[test]
fn what_no_inputs_lead_to_is_garbage() {
    let spoilers: [(&str, Spoiler<Raw>); 13] = [
        ("no fee account, so that trades cannot settle", |raw| {
            raw.ledger.accounts.remove(0);
        }),
        ("order ids are used up", |raw| {
            raw.last_order_id = OrderId::new(u64::MAX);
        }),
        ("order ids are about to be given out twice", |raw| {
            raw.last_order_id = OrderId::new(2);
        }),
        ("an order without an id", |raw| {
            raw.open_orders[0].id = OrderId::new(0);
            raw.markets[0].book.bids[1].id = OrderId::new(0);
        }),
        ("an asset that the ledger does not know", |raw| {
            let asset = raw.assets[0].1.clone();
            let code = "ETH".into();
            raw.assets.push((AssetId::new(3), Asset { code, ..asset }));
        }),
        ("an asset that only the ledger knows", |raw| {
            raw.ledger.assets.push((AssetId::new(3), Amount::ZERO));
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
        ("two instruments of one symbol", |raw| {
            let mut second = raw.markets[0].clone();
            second.id = InstrumentId::new(2);
            second.book.bids.clear();
            second.book.asks.clear();
            raw.markets.push(second);
        }),
        ("an instrument of an unknown asset", |raw| {
            raw.markets[0].base = AssetId::new(9);
        }),
        ("a book that is ahead of its time", |raw| {
            raw.markets[0].book.time = Timestamp::new(raw.time.get() + 1);
        }),
        ("open orders out of order", |raw| raw.open_orders.reverse()),
    ];
    for (what, spoil) in spoilers {
        let mut spoilt = raw();
        spoil(&mut spoilt);
        let refused = restore(&spoilt).map(|_| ());
        assert_eq!(refused, Err(RestoreError::Garbage), "{what}");
    }
}

#[test]
fn books_and_balances_that_disagree_are_violations() {
    let spoilers: [(&str, &str, Spoiler<Raw>); 6] = [
        ("I5", "an order holds less than it costs", |raw| {
            raw.markets[0].book.bids[0].price = Price::new(102);
        }),
        ("I5", "held without an order", |raw| {
            raw.markets[0].book.asks.clear();
            raw.open_orders.pop();
        }),
        ("I3", "an order that rests nowhere", |raw| {
            let mut stray = raw.open_orders[0];
            (stray.id, stray.client_order_id) = (OrderId::new(3), None);
            raw.open_orders[2] = stray;
        }),
        ("I3", "an order of somebody else", |raw| {
            raw.open_orders[0].account = AccountId::new(2);
        }),
        ("I3", "two open orders of one name", |raw| {
            let name: ClientOrderId = named("x");
            raw.open_orders[1].client_order_id = Some(name);
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
        let bytes = postcard::to_allocvec(&(1_u32, instrument, 1_u32, 2_u32, (0_u32, 0_u32)));
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
            4 => RestoreError::UnknownVersion(0x12),
            5 => RestoreError::UnknownVersion(0x1002),
            _ => RestoreError::Damaged,
        };
        assert_eq!(decode(&bytes), Err(expected), "byte {place}");
    }
}
