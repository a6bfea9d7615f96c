//! The largest numbers there are.

use accounts_core::{Amount, AssetId, Delta, Fee};
use exchange_engine::{Event, InstrumentId, OrderRef};
use marketdata_core::{Interval, PublicTrade, Volume};
use orderbook_core::{
    AccountId, CloseReason, Notional, Order, OrderId, OrderKind, Price, Quantity, Side,
    TimeInForce, Timestamp, TradeId,
};

use super::rows::all_fills;
use super::script::{ANN, BOB, BTC, ETH, accepted, closed, order, settled, trade};
use super::{Place, Script, TestResult};
use crate::orders::OrderRecord;
use crate::store::{Cursor, StoreError};

/// The largest id there is room for.
const LARGEST: u64 = i64::MAX.cast_unsigned() - 1;
/// The last microsecond of the year 9999.
const LAST: u64 = 253_402_300_799_999_999;

pub(super) async fn the_largest_numbers_lose_nothing(place: &Place) -> TestResult {
    let store = place.open().await?;
    let account = AccountId::new(LARGEST);
    let instrument = InstrumentId::new(u32::MAX);
    let time = LAST;
    let order = Order {
        quantity: Quantity::new(u64::MAX),
        kind: OrderKind::Limit {
            price: Price::new(i64::MIN),
            time_in_force: TimeInForce::POST_ONLY,
        },
        ..order(LARGEST, account, Side::Sell)
    };
    let trade = trade(
        LARGEST,
        i64::MAX,
        u64::MAX,
        (LARGEST, account),
        (LARGEST - 1, BOB),
    );
    let amount = Amount::new(u128::MAX);
    let settled = Event::Traded {
        instrument,
        trade,
        base_amount: amount,
        quote_amount: amount,
        maker_fee: Fee {
            asset: AssetId::new(u32::MAX),
            amount: Delta::new(i128::MAX),
        },
        taker_fee: Fee {
            asset: AssetId::new(0),
            amount: Delta::new(i128::MIN),
        },
    };
    let (accepted, filled) = (
        [accepted(instrument, order, "a")],
        [settled, closed(instrument, order, CloseReason::Filled)],
    );
    // Also where the numbers are added to what is stored.
    store
        .write(&Script::after(0).at(time, accepted).changes())
        .await?;
    store
        .write(&Script::after(1).at(time, filled).changes())
        .await?;

    let reference = OrderRef::Id(OrderId::new(LARGEST));
    let found = store.order(account, instrument, reference).await?.rows;
    let mut expected = OrderRecord::accepted(
        Timestamp::new(time),
        instrument,
        &order,
        "a".parse().ok(),
        None,
    );
    expected.fill(Timestamp::new(time), Quantity::new(u64::MAX), amount);
    expected.close(Timestamp::new(time), CloseReason::Filled);
    assert_eq!(found, Some(expected));
    let fills = store.fills(&all_fills(account, instrument)).await?.rows;
    let [fill] = &fills[..] else {
        return Err(format!("one fill: {fills:?}").into());
    };
    assert_eq!(fill.quote_amount, amount);
    assert_eq!(fill.commission, Delta::new(i128::MAX));
    assert_eq!(fill.commission_asset, Some(AssetId::new(u32::MAX)));
    assert_eq!(fill.quantity, Quantity::new(u64::MAX));
    let taken = store.fills(&all_fills(BOB, instrument)).await?.rows;
    assert_eq!(taken[0].commission, Delta::new(i128::MIN));
    let trades = store.trades(instrument, TradeId::new(LARGEST), 9).await?;
    assert_eq!(
        trades.rows,
        [PublicTrade::new(Timestamp::new(time), &trade)]
    );
    // A bound that does not fit finds what keeps to it: nothing.
    let trades = store.trades(instrument, TradeId::new(u64::MAX), 9).await?;
    assert_eq!(trades.rows, []);
    Ok(())
}

pub(super) async fn the_largest_sums_saturate_as_in_memory(place: &Place) -> TestResult {
    let store = place.open().await?;
    for (instrument, price) in [(BTC, i64::MAX), (ETH, i64::MIN)] {
        for piece in [1..=1, 2..=5] {
            let seq = store.cursor().await?.seq;
            let trades = piece.map(|id| {
                let (maker, taker) = ((2 * id, ANN), (2 * id + 1, BOB));
                settled(instrument, trade(id, price, u64::MAX, maker, taker))
            });
            store
                .write(&Script::after(seq).at(1, trades).changes())
                .await?;
        }
        let candles = store.candles(instrument, Interval::ONE_DAY, None, None, 9);
        let candle = candles.await?.rows[0];
        let extreme = if price > 0 { i128::MAX } else { i128::MIN };
        assert_eq!(candle.quote_volume, Notional::new(extreme));
        assert_eq!(candle.taker_buy_quote_volume, Notional::new(extreme));
        assert_eq!(candle.volume, Volume::new(5 * u128::from(u64::MAX)));
    }
    Ok(())
}

pub(super) async fn what_does_not_fit_is_refused_by_name(place: &Place) -> TestResult {
    let store = place.open().await?;
    let far = LARGEST + 1;
    let cases = [
        (
            Script::after(0).at(1, [accepted(BTC, order(far, ANN, Side::Buy), "")]),
            "an order id",
        ),
        (
            Script::after(0).at(
                1,
                [accepted(
                    BTC,
                    order(1, AccountId::new(u64::MAX), Side::Buy),
                    "",
                )],
            ),
            "an account",
        ),
        (
            Script::after(0).at(1, [settled(BTC, trade(far, 1, 1, (1, ANN), (2, BOB)))]),
            "a trade id",
        ),
        (Script::after(0).at(LAST + 1, []), "a time"),
    ];
    for (script, what) in cases {
        let refused = store.write(&script.changes()).await;
        let is_named =
            matches!(&refused, Err(StoreError::OutOfRange { what: found, .. }) if *found == what);
        assert!(is_named, "{what}: {refused:?}");
        assert_eq!(store.cursor().await?, Cursor::default());
        assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows, []);
    }
    Ok(())
}
