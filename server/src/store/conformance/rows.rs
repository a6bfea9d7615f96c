//! What is written is what is read.

use accounts_core::Amount;
use exchange_engine::{InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade, Volume};
use orderbook_core::{
    AccountId, CloseReason, Notional, Order, OrderId, OrderKind, Price, Quantity, Side,
    TimeInForce, Timestamp, TradeId,
};

use super::script::{ANN, BOB, BTC, ETH, accepted, closed, listed, order, reduced, settled, trade};
use super::{Place, Script, TestResult};
use crate::orders::{Fill, OrderRecord, OrderStatus};
use crate::store::{AsOf, Cursor, FillQuery, OrderQuery, Store, StoreError};

const MINUTE: u64 = 60_000_000;
const EVERYTHING: usize = 1_000;

fn all_orders(account: AccountId, instrument: InstrumentId) -> OrderQuery {
    OrderQuery {
        account,
        instrument,
        from_id: None,
        start: None,
        end: None,
        limit: EVERYTHING,
    }
}

pub(super) fn all_fills(account: AccountId, instrument: InstrumentId) -> FillQuery {
    FillQuery {
        account,
        instrument,
        order_id: None,
        from_id: None,
        start: None,
        end: None,
        limit: EVERYTHING,
    }
}

async fn candles(store: &dyn Store, interval: Interval) -> Result<Vec<Candle>, StoreError> {
    let candles = store.candles(BTC, interval, None, None, EVERYTHING).await?;
    Ok(candles.rows)
}

async fn order_of(
    store: &dyn Store,
    account: AccountId,
    instrument: InstrumentId,
    id: u64,
) -> Result<Option<OrderRecord>, StoreError> {
    let order = OrderRef::Id(OrderId::new(id));
    Ok(store.order(account, instrument, order).await?.rows)
}

pub(super) async fn an_empty_store_has_nothing(place: &Place) -> TestResult {
    let store = place.open().await?;
    let cursor = Cursor::default();
    assert_eq!(store.cursor().await?, cursor);
    let name = OrderRef::Client("a".parse()?);
    for reference in [OrderRef::Id(OrderId::new(1)), name] {
        let order = store.order(ANN, BTC, reference).await?;
        assert_eq!(order, AsOf { cursor, rows: None });
    }
    assert_eq!(store.orders(&all_orders(ANN, BTC)).await?.rows, []);
    assert_eq!(store.fills(&all_fills(ANN, BTC)).await?.rows, []);
    assert_eq!(store.trades(BTC, TradeId::new(0), 9).await?.rows, []);
    assert_eq!(candles(&*store, Interval::OneDay).await?, []);
    let before = store.candle_before(BTC, Interval::OneDay, Timestamp::new(u64::MAX));
    assert_eq!(before.await?, AsOf { cursor, rows: None });
    Ok(())
}

/// Bob sells ten lots, Ann buys three of them and, a minute later, four.
fn two_trades() -> Script {
    let market = Order::market(OrderId::new(3), ANN, Side::Buy, Quantity::new(4));
    let ioc = Order {
        kind: OrderKind::Limit {
            price: Price::new(-7),
            time_in_force: TimeInForce::ImmediateOrCancel,
        },
        quantity: Quantity::new(3),
        ..order(2, ANN, Side::Buy)
    };
    Script::after(0)
        .at(1, [listed(BTC), listed(ETH)])
        .at(2, [accepted(BTC, order(1, BOB, Side::Sell), "bob:1")])
        .at(
            MINUTE + 3,
            [
                accepted(BTC, ioc, ""),
                settled(BTC, trade(1, 100, 3, (1, BOB), (2, ANN))),
                closed(BTC, ioc, CloseReason::Filled),
            ],
        )
        .at(
            2 * MINUTE,
            [
                accepted(BTC, market, "x"),
                settled(BTC, trade(2, 90, 4, (1, BOB), (3, ANN))),
                closed(BTC, market, CloseReason::Expired),
            ],
        )
        .at(3 * MINUTE, [])
}

pub(super) async fn what_was_written_is_read_back_also_after_reopening(
    place: &Place,
) -> TestResult {
    let store = place.open().await?;
    store.write(&two_trades().changes()).await?;
    assert_rows_of_two_trades(&*store).await?;
    drop(store);
    assert_rows_of_two_trades(&*place.open().await?).await
}

async fn assert_rows_of_two_trades(store: &dyn Store) -> TestResult {
    let cursor = Cursor {
        seq: 5,
        time: Timestamp::new(3 * MINUTE),
    };
    let trades = store.trades(BTC, TradeId::new(0), EVERYTHING).await?;
    let public = |id, time, price, quantity| PublicTrade {
        id: TradeId::new(id),
        time: Timestamp::new(time),
        price: Price::new(price),
        quantity: Quantity::new(quantity),
        taker_side: Side::Buy,
    };
    let expected = [public(1, MINUTE + 3, 100, 3), public(2, 2 * MINUTE, 90, 4)];
    assert_eq!((trades.cursor, &trades.rows[..]), (cursor, &expected[..]));

    let bob = order_of(store, BOB, BTC, 1).await?;
    let expected = OrderRecord {
        id: OrderId::new(1),
        account: BOB,
        instrument: BTC,
        client_order_id: Some("bob:1".parse()?),
        side: Side::Sell,
        kind: order(1, BOB, Side::Sell).kind,
        quantity: Quantity::new(10),
        executed: Quantity::new(7),
        quote_amount: Amount::new(7_000),
        status: OrderStatus::PartiallyFilled,
        time: Timestamp::new(2),
        update_time: Timestamp::new(2 * MINUTE),
    };
    assert_eq!(bob, Some(expected));
    let anns = store.orders(&all_orders(ANN, BTC)).await?;
    assert_eq!(anns.cursor, cursor);
    let outline = anns.rows.iter().map(|it| (it.id.get(), it.kind, it.status));
    let ioc = OrderKind::Limit {
        price: Price::new(-7),
        time_in_force: TimeInForce::ImmediateOrCancel,
    };
    let expected = [
        (2, ioc, OrderStatus::Filled),
        (3, OrderKind::Market, OrderStatus::Expired),
    ];
    assert!(outline.eq(expected), "{:?}", anns.rows);

    let fills = store.fills(&all_fills(BOB, BTC)).await?;
    assert_eq!(fills.cursor, cursor);
    let fill = Fill {
        trade_id: TradeId::new(1),
        order_id: OrderId::new(1),
        instrument: BTC,
        side: Side::Sell,
        price: Price::new(100),
        quantity: Quantity::new(3),
        quote_amount: Amount::new(3_000),
        commission: Amount::new(1),
        is_maker: true,
        time: Timestamp::new(MINUTE + 3),
    };
    assert_eq!((fills.rows.len(), &fills.rows[0]), (2, &fill));
    let fills = store.fills(&all_fills(ANN, BTC)).await?.rows;
    let taken = Fill {
        order_id: OrderId::new(2),
        side: Side::Buy,
        commission: Amount::new(2),
        is_maker: false,
        ..fill
    };
    assert_eq!((fills.len(), &fills[0]), (2, &taken));

    let hour = candles(store, Interval::OneHour).await?;
    let candle = Candle {
        open_time: Timestamp::new(0),
        open: Price::new(100),
        high: Price::new(100),
        low: Price::new(90),
        close: Price::new(90),
        volume: Volume::new(7),
        quote_volume: Notional::new(660),
        taker_buy_volume: Volume::new(7),
        taker_buy_quote_volume: Notional::new(660),
        trade_count: 2,
        first_trade_id: Some(TradeId::new(1)),
        last_trade_id: Some(TradeId::new(2)),
    };
    assert_eq!(hour, [candle]);
    let minutes = candles(store, Interval::OneMinute).await?;
    let opened = minutes.iter().map(|candle| candle.open_time.get());
    assert!(opened.eq([MINUTE, 2 * MINUTE]), "{minutes:?}");
    let before = |time| store.candle_before(BTC, Interval::OneMinute, Timestamp::new(time));
    assert_eq!(before(2 * MINUTE).await?.rows, Some(minutes[0]));
    assert_eq!(before(2 * MINUTE + 1).await?.rows, Some(minutes[1]));
    assert_eq!(before(u64::MAX).await?.rows, Some(minutes[1]));
    assert_eq!(before(MINUTE).await?.rows, None);
    Ok(())
}

/// An order comes, trades twice, is made smaller twice, and goes.
pub(super) async fn an_order_is_what_became_of_it_wherever_its_changes_are_cut(
    place: &Place,
) -> TestResult {
    let store = place.open().await?;
    let life = |id: u64| {
        let (mine, first) = (order(id, ANN, Side::Sell), 2 * id);
        [
            (1, accepted(BTC, mine, "a")),
            (2, settled(BTC, trade(first, 100, 2, (id, ANN), (99, BOB)))),
            (3, reduced(BTC, mine, 1)),
            (
                4,
                settled(BTC, trade(first + 1, 100, 3, (id, ANN), (99, BOB))),
            ),
            (5, reduced(BTC, mine, 2)),
            (6, closed(BTC, mine, CloseReason::Cancelled)),
        ]
    };
    let mut seq = 0;
    for (id, pieces) in [(1, 1), (2, 2), (3, 3), (4, 6)] {
        for piece in life(id).chunks(pieces) {
            let script = piece.iter().fold(Script::after(seq), |script, step| {
                script.at(step.0, [step.1.clone()])
            });
            let changes = script.changes();
            seq = changes.cursor().seq;
            store.write(&changes).await?;
        }
        let expected = OrderRecord {
            quantity: Quantity::new(7),
            executed: Quantity::new(5),
            quote_amount: Amount::new(5_000),
            status: OrderStatus::Canceled,
            update_time: Timestamp::new(6),
            ..OrderRecord::accepted(
                Timestamp::new(1),
                BTC,
                &order(id, ANN, Side::Sell),
                "a".parse().ok(),
            )
        };
        assert_eq!(order_of(&*store, ANN, BTC, id).await?, Some(expected));
    }
    // The other side was never accepted, so that it is no order.
    assert_eq!(order_of(&*store, BOB, BTC, 99).await?, None);
    Ok(())
}

pub(super) async fn a_trade_with_oneself_is_two_fills_the_makers_first(
    place: &Place,
) -> TestResult {
    let store = place.open().await?;
    let events = [
        accepted(BTC, order(1, ANN, Side::Sell), ""),
        accepted(BTC, order(2, ANN, Side::Buy), ""),
        settled(BTC, trade(1, 100, 1, (1, ANN), (2, BOB))),
        settled(BTC, trade(2, 100, 2, (1, ANN), (2, ANN))),
        settled(BTC, trade(3, 100, 1, (1, BOB), (2, ANN))),
    ];
    store
        .write(&Script::after(0).at(1, events).changes())
        .await?;
    let fills = async |from_id: Option<u64>, order_id: Option<u64>, limit| {
        let query = FillQuery {
            from_id: from_id.map(TradeId::new),
            order_id: order_id.map(OrderId::new),
            limit,
            ..all_fills(ANN, BTC)
        };
        let fills = store.fills(&query).await?.rows.into_iter();
        let outline = fills.map(|fill| (fill.trade_id.get(), fill.order_id.get(), fill.is_maker));
        Ok::<_, StoreError>(outline.collect::<Vec<_>>())
    };
    let all = [(1, 1, true), (2, 1, true), (2, 2, false), (3, 2, false)];
    assert_eq!(fills(None, None, 9).await?, all);
    assert_eq!(fills(Some(0), None, 9).await?, all);
    // A limit may part the two.
    assert_eq!(fills(Some(0), None, 2).await?, all[..2]);
    assert_eq!(fills(Some(2), None, 1).await?, all[1..2]);
    assert_eq!(fills(None, None, 2).await?, all[2..]);
    assert_eq!(fills(None, Some(1), 9).await?, all[..2]);
    assert_eq!(fills(None, Some(2), 9).await?, all[2..]);
    assert_eq!(fills(None, Some(3), 9).await?, []);
    let order = order_of(&*store, ANN, BTC, 1).await?.ok_or("stored")?;
    assert_eq!(order.executed, Quantity::new(4));
    Ok(())
}

pub(super) async fn a_name_means_its_newest_order(place: &Place) -> TestResult {
    let store = place.open().await?;
    let named =
        |instrument, id, account, name| accepted(instrument, order(id, account, Side::Buy), name);
    let script = Script::after(0)
        .at(1, [named(BTC, 9, ANN, "a"), named(BTC, 10, ANN, "a")])
        .at(2, [named(BTC, 11, ANN, "b"), named(BTC, 12, BOB, "a")])
        .at(3, [named(BTC, 13, ANN, ""), named(ETH, 14, ANN, "a")]);
    store.write(&script.changes()).await?;
    let newest = async |account, instrument, name: &str| {
        let order = OrderRef::Client(name.parse().expect("a legal name"));
        let order = store.order(account, instrument, order).await?.rows;
        Ok::<_, StoreError>(order.map(|order| order.id.get()))
    };
    assert_eq!(newest(ANN, BTC, "a").await?, Some(10));
    assert_eq!(newest(ANN, BTC, "b").await?, Some(11));
    assert_eq!(newest(BOB, BTC, "a").await?, Some(12));
    assert_eq!(newest(ANN, ETH, "a").await?, Some(14));
    assert_eq!(newest(BOB, BTC, "b").await?, None);
    assert_eq!(newest(ANN, BTC, "A").await?, None);
    Ok(())
}

pub(super) async fn nobody_sees_the_orders_of_others(place: &Place) -> TestResult {
    let store = place.open().await?;
    store.write(&two_trades().changes()).await?;
    assert!(order_of(&*store, ANN, BTC, 2).await?.is_some());
    assert_eq!(order_of(&*store, BOB, BTC, 2).await?, None);
    assert_eq!(order_of(&*store, ANN, ETH, 2).await?, None);
    assert_eq!(store.orders(&all_orders(ANN, ETH)).await?.rows, []);
    assert_eq!(store.fills(&all_fills(ANN, ETH)).await?.rows, []);
    let of_bob = FillQuery {
        order_id: Some(OrderId::new(1)),
        ..all_fills(ANN, BTC)
    };
    assert_eq!(store.fills(&of_bob).await?.rows, []);
    assert_eq!(store.trades(ETH, TradeId::new(0), 9).await?.rows, []);
    Ok(())
}

/// One order may sweep a whole book, and its trades are one batch.
pub(super) async fn a_batch_may_be_larger_than_any_statement(place: &Place) -> TestResult {
    const TRADES: u64 = 12_000;
    let store = place.open().await?;
    let makers = (1..=TRADES).map(|id| accepted(BTC, order(id, BOB, Side::Sell), ""));
    let trades = (1..=TRADES).map(|id| {
        let taker = (TRADES + 1, ANN);
        settled(BTC, trade(id, 100, 1, (id, BOB), taker))
    });
    let taker = order(TRADES + 1, ANN, Side::Buy);
    store
        .write(&Script::after(0).at(1, makers).changes())
        .await?;
    let sweep = std::iter::once(accepted(BTC, taker, "")).chain(trades);
    store
        .write(&Script::after(1).at(2, sweep).changes())
        .await?;

    let stored = store.trades(BTC, TradeId::new(0), 100_000).await?.rows;
    assert!(stored.iter().map(|trade| trade.id.get()).eq(1..=TRADES));
    let query = OrderQuery {
        limit: 100_000,
        ..all_orders(BOB, BTC)
    };
    let makers = store.orders(&query).await?.rows;
    assert_eq!(makers.len() as u64, TRADES);
    assert!(
        makers
            .iter()
            .all(|order| order.executed == Quantity::new(1))
    );
    let taker = order_of(&*store, ANN, BTC, TRADES + 1).await?;
    assert_eq!(taker.ok_or("stored")?.executed, Quantity::new(TRADES));
    Ok(())
}
