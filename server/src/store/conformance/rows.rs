//! What is written is what is read.

use accounts_core::{Amount, AssetId, Delta};
use exchange_engine::{Event, InstrumentId, OrderRef};
use marketdata_core::{Candle, Interval, PublicTrade, Volume};
use orderbook_core::{
    AccountId, CloseReason, Level, Notional, Order, OrderId, OrderKind, PostOnly, Price, Quantity,
    Resting, SelfTradePrevention, Side, TimeInForce, Timestamp, TradeId,
};

use super::script::{
    ANN, BOB, BTC, ETH, accepted, amended, closed, decremented, fee, listed, order, reduced,
    rested, settled, settled_with, trade,
};
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
    assert_eq!(candles(&*store, Interval::ONE_DAY).await?, []);
    let before = store.candle_before(BTC, Interval::ONE_DAY, Timestamp::new(u64::MAX));
    assert_eq!(before.await?, AsOf { cursor, rows: None });
    Ok(())
}

/// Bob sells ten lots, Ann buys three of them and, a minute later, four.
fn two_trades() -> Script {
    let market = Order::market(OrderId::new(3), ANN, Side::Buy, Quantity::new(4));
    let ioc = Order {
        kind: OrderKind::Limit {
            price: Price::new(-7),
            time_in_force: TimeInForce::IOC,
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
        self_trade: None,
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
        time_in_force: TimeInForce::IOC,
    };
    let expected = [
        (2, ioc, OrderStatus::Filled),
        (3, OrderKind::MARKET, OrderStatus::Expired),
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
        commission: Delta::new(1),
        commission_asset: Some(AssetId::new(12)),
        is_maker: true,
        time: Timestamp::new(MINUTE + 3),
    };
    assert_eq!((fills.rows.len(), &fills.rows[0]), (2, &fill));
    let fills = store.fills(&all_fills(ANN, BTC)).await?.rows;
    let taken = Fill {
        order_id: OrderId::new(2),
        side: Side::Buy,
        commission: Delta::new(2),
        commission_asset: Some(AssetId::new(11)),
        is_maker: false,
        ..fill
    };
    assert_eq!((fills.len(), &fills[0]), (2, &taken));

    let hour = candles(store, Interval::ONE_HOUR).await?;
    let candle = Candle {
        open_time: Timestamp::new(0),
        close_time: Timestamp::new(60 * MINUTE),
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
    let minutes = candles(store, Interval::ONE_MINUTE).await?;
    let opened = minutes.iter().map(|candle| candle.open_time.get());
    assert!(opened.eq([MINUTE, 2 * MINUTE]), "{minutes:?}");
    let before = |time| store.candle_before(BTC, Interval::ONE_MINUTE, Timestamp::new(time));
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
                None,
            )
        };
        assert_eq!(order_of(&*store, ANN, BTC, id).await?, Some(expected));
    }
    // The other side was never accepted, so that it is no order.
    assert_eq!(order_of(&*store, BOB, BTC, 99).await?, None);
    Ok(())
}

/// An order comes, shrinks, is amended, shrinks further, trades, slides, and meets another of its
/// owner for the last time.
pub(super) async fn an_amended_order_has_its_new_terms_wherever_its_changes_are_cut(
    place: &Place,
) -> TestResult {
    let store = place.open().await?;
    let life = |id: u64| {
        let (mine, bought) = (
            order(id, ANN, Side::Buy),
            trade(id, 100, 2, (id, ANN), (99, BOB)),
        );
        [
            (1, accepted(BTC, mine, "a")),
            (2, reduced(BTC, mine, 4)),
            (3, amended(BTC, mine, 12, 105)),
            (4, rested(BTC, mine, 105)),
            (5, reduced(BTC, mine, 1)),
            (6, settled(BTC, bought)),
            (7, amended(BTC, mine, 20, 110)),
            (8, decremented(BTC, 3, ANN, 98, id)),
            (9, rested(BTC, mine, 108)),
            (10, decremented(BTC, 5, ANN, id, 98)),
            (11, closed(BTC, mine, CloseReason::SelfTrade)),
        ]
    };
    let mut seq = 0;
    for (id, pieces) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 7), (6, 11)] {
        for piece in life(id).chunks(pieces) {
            let script = piece.iter().fold(Script::after(seq), |script, step| {
                script.at(step.0, [step.1.clone()])
            });
            let changes = script.changes();
            seq = changes.cursor().seq;
            store.write(&changes).await?;
        }
        let name = "a".parse().ok();
        let mine = order(id, ANN, Side::Buy);
        let expected = OrderRecord {
            kind: OrderKind::Limit {
                price: Price::new(108),
                time_in_force: TimeInForce::GTC,
            },
            quantity: Quantity::new(12),
            executed: Quantity::new(2),
            quote_amount: Amount::new(2_000),
            status: OrderStatus::ExpiredInMatch,
            update_time: Timestamp::new(11),
            ..OrderRecord::accepted(Timestamp::new(1), BTC, &mine, name, None)
        };
        assert_eq!(order_of(&*store, ANN, BTC, id).await?, Some(expected));
    }
    Ok(())
}

pub(super) async fn every_term_of_an_order_is_read_back(place: &Place) -> TestResult {
    let store = place.open().await?;
    let limit = |time_in_force| OrderKind::Limit {
        price: Price::new(7),
        time_in_force,
    };
    let resting = |until: Option<u64>, post_only, display: Option<u64>| {
        limit(TimeInForce::Rest(Resting {
            until: until.map(Timestamp::new),
            post_only,
            display: display.map(Quantity::new),
        }))
    };
    let market = |protection: Option<i64>, budget: Option<i128>| OrderKind::Market {
        protection: protection.map(Price::new),
        budget: budget.map(Notional::new),
    };
    let minimum = Quantity::new(3);
    let kinds = [
        limit(TimeInForce::GTC),
        limit(TimeInForce::IOC),
        limit(TimeInForce::FOK),
        limit(TimeInForce::ImmediateOrCancel { minimum }),
        resting(Some(1), None, None),
        resting(Some(u64::MAX), Some(PostOnly::Reject), Some(u64::MAX)),
        resting(None, Some(PostOnly::Reject), None),
        resting(None, Some(PostOnly::Slide), None),
        resting(None, None, Some(5)),
        market(None, None),
        market(Some(-1), None),
        market(Some(i64::MIN), Some(i128::MAX)),
        market(None, Some(1)),
    ];
    let preventions = [
        None,
        Some(SelfTradePrevention::Allow),
        Some(SelfTradePrevention::ExpireMaker),
        Some(SelfTradePrevention::ExpireTaker),
        Some(SelfTradePrevention::ExpireBoth),
        Some(SelfTradePrevention::Decrement),
    ];
    let orders: Vec<Order> = (1..)
        .zip(kinds)
        .zip(preventions.into_iter().cycle())
        .map(|((id, kind), self_trade)| Order {
            kind,
            self_trade,
            ..order(id, ANN, Side::Buy)
        })
        .collect();
    let events = orders.iter().map(|order| accepted(BTC, *order, ""));
    store
        .write(&Script::after(0).at(1, events).changes())
        .await?;
    let found = store.orders(&all_orders(ANN, BTC)).await?.rows;
    let found = found.iter().map(|order| (order.kind, order.self_trade));
    assert!(found.eq(orders.iter().map(|order| (order.kind, order.self_trade))));
    Ok(())
}

/// A post-only order that slid rests at another price than it asked for, new or amended.
pub(super) async fn an_order_that_slid_has_the_price_it_rests_at(place: &Place) -> TestResult {
    let store = place.open().await?;
    let at = |price| {
        Some(Level {
            price: Price::new(price),
            quantity: Quantity::new(10),
        })
    };
    let slid = |id| {
        let mut event = accepted(BTC, order(id, ANN, Side::Buy), "");
        if let Event::OrderAccepted { rested, .. } = &mut event {
            *rested = at(98);
        }
        event
    };
    let slid_again = |id| {
        let mut event = amended(BTC, order(id, ANN, Side::Buy), 12, 105);
        if let Event::OrderAmended { rested, .. } = &mut event {
            *rested = at(97);
        }
        event
    };
    let price = async |id| {
        let found = order_of(&*store, ANN, BTC, id).await?;
        Ok::<_, StoreError>(found.and_then(|order| order.kind.worst_price()))
    };
    let both = Script::after(0).at(1, [slid(1), slid(2), slid_again(2)]);
    store.write(&both.changes()).await?;
    assert_eq!(price(1).await?, Some(Price::new(98)));
    assert_eq!(price(2).await?, Some(Price::new(97)));
    store
        .write(&Script::after(1).at(2, [slid_again(1)]).changes())
        .await?;
    assert_eq!(price(1).await?, Some(Price::new(97)));
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

/// Ann buys from Bob, who rests; base is asset 11 and quote asset 12.
pub(super) async fn a_fee_is_read_back_whatever_it_is_paid_in(place: &Place) -> TestResult {
    let store = place.open().await?;
    let fees = [
        // What is received, what is paid, and a third.
        (fee(12, 3), fee(11, 5)),
        (fee(11, 3), fee(12, 5)),
        (fee(13, 3), fee(13, 5)),
        // A rebate is in the asset of the fee that it comes out of.
        (fee(11, -4), fee(11, 5)),
        (fee(13, -5), fee(13, 5)),
        (fee(13, 0), fee(11, 0)),
    ];
    let trades = (1..).zip(fees).map(|(id, (maker_fee, taker_fee))| {
        let trade = trade(id, 100, 1, (1, BOB), (2, ANN));
        settled_with(BTC, trade, maker_fee, taker_fee)
    });
    store
        .write(&Script::after(0).at(1, trades).changes())
        .await?;
    for (account, paid) in [
        (BOB, fees.map(|(maker, _)| maker)),
        (ANN, fees.map(|(_, taker)| taker)),
    ] {
        let fills = store.fills(&all_fills(account, BTC)).await?.rows;
        let found = fills.iter().map(|it| (it.commission_asset, it.commission));
        let paid = paid.iter().map(|fee| (Some(fee.asset), fee.amount));
        assert!(found.eq(paid), "{fills:?}");
    }
    // A row of an older version does not say it.
    place
        .tamper("UPDATE trades SET maker_fee_asset = NULL, taker_fee_asset = NULL WHERE id = 1")
        .await?;
    let fills = store.fills(&all_fills(ANN, BTC)).await?.rows;
    assert_eq!(fills[0].commission_asset, None);
    assert_eq!(fills[0].commission, Delta::new(5));
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
