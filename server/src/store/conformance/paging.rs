//! Every bound and limit gives what a plain list would.

use std::sync::Arc;

use marketdata_core::{CandleEvent, Candles, GapPolicy, Interval, PublicTrade};
use orderbook_core::{CloseReason, OrderId, Side, Timestamp, TradeId};

use super::script::{ANN, BOB, BTC, ETH, accepted, closed, order, settled, trade};
use super::{Place, Script, TestResult};
use crate::bus::Batch;
use crate::config::Memory;
use crate::orders::OrderModel;
use crate::store::{Changes, FillQuery, OrderQuery};

const HOUR: u64 = 3_600_000_000;
/// When the inputs come: some at the same time, and hours of nothing.
const TIMES: [u64; 10] = [
    1,
    1,
    2,
    HOUR - 1,
    HOUR,
    HOUR,
    9 * HOUR,
    24 * HOUR,
    24 * HOUR + 7,
    30 * HOUR,
];
const LIMITS: [usize; 4] = [0, 1, 3, 100];

/// At each time Ann buys a lot of Bob's and he one of hers; every third is in another instrument.
fn trading() -> Batch {
    let mut script = Script::after(0);
    for (step, time) in (1..).zip(TIMES) {
        let instrument = if step % 3 == 0 { ETH } else { BTC };
        let (first, second) = (2 * step - 1, 2 * step);
        let orders = [
            order(first, ANN, Side::Sell),
            order(second, BOB, Side::Sell),
        ];
        let (ann, bob) = ((first, ANN), (second, BOB));
        script = script.at(
            time,
            [
                accepted(instrument, orders[0], "a"),
                accepted(instrument, orders[1], ""),
                settled(instrument, trade(first, 100, step, ann, bob)),
                settled(instrument, trade(second, 100, 1, bob, ann)),
                closed(instrument, orders[0], CloseReason::Cancelled),
            ],
        );
    }
    script.batch()
}

fn changes(batch: &Batch) -> Arc<Changes> {
    let mut changes = Changes::after(0);
    changes.add(batch);
    Arc::new(changes)
}

fn model(batch: &Batch) -> OrderModel {
    let mut model = OrderModel::new(&Memory::default());
    for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
        model.apply(seq, outcome);
    }
    model
}

/// No bound, and bounds at, between and beyond what there is.
fn times() -> impl Iterator<Item = Option<Timestamp>> + Clone {
    let times = TIMES.into_iter().chain([0, 3, 31 * HOUR, u64::MAX]);
    std::iter::once(None).chain(times.map(|time| Some(Timestamp::new(time))))
}

fn ids() -> impl Iterator<Item = Option<u64>> + Clone {
    [0, 1, 2, 9, 20, 21, u64::MAX]
        .into_iter()
        .map(Some)
        .chain([None])
}

/// The first of them where there is a beginning, the last of them where there is none.
fn page<T>(mut rows: Vec<T>, has_beginning: bool, limit: usize) -> Vec<T> {
    let excess = rows.len().saturating_sub(limit);
    if has_beginning {
        rows.truncate(limit);
    } else {
        rows.drain(..excess);
    }
    rows
}

pub(super) async fn orders_are_paged_as_a_list_of_them_would_be(place: &Place) -> TestResult {
    let store = place.open().await?;
    let batch = trading();
    store.write(&changes(&batch)).await?;
    let model = model(&batch);
    let ids_of_ann = || {
        let ids = (1..=20).map(|id| exchange_engine::OrderRef::Id(OrderId::new(id)));
        ids.filter_map(|id| model.order(ANN, BTC, id))
    };
    for (from_id, start) in ids().flat_map(|id| times().map(move |start| (id, start))) {
        for (end, limit) in times().step_by(3).zip(LIMITS.into_iter().cycle()) {
            let query = OrderQuery {
                account: ANN,
                instrument: BTC,
                from_id: from_id.map(OrderId::new),
                start,
                end,
                limit,
            };
            let wanted = ids_of_ann().filter(|order| {
                query.from_id.is_none_or(|id| order.id >= id)
                    && start.is_none_or(|start| order.time >= start)
                    && end.is_none_or(|end| order.time <= end)
            });
            let has_beginning = from_id.is_some() || start.is_some();
            let expected = page(wanted.cloned().collect(), has_beginning, limit);
            assert_eq!(store.orders(&query).await?.rows, expected, "{query:?}");
        }
    }
    Ok(())
}

pub(super) async fn fills_are_paged_as_a_list_of_them_would_be(place: &Place) -> TestResult {
    let store = place.open().await?;
    let batch = trading();
    store.write(&changes(&batch)).await?;
    let model = model(&batch);
    for (from_id, start) in ids().flat_map(|id| times().map(move |start| (id, start))) {
        let orders = [None, Some(OrderId::new(1)), Some(OrderId::new(13))];
        for ((end, limit), order_id) in times()
            .step_by(3)
            .zip(LIMITS.into_iter().cycle())
            .zip(orders.into_iter().cycle())
        {
            let query = FillQuery {
                account: ANN,
                instrument: BTC,
                order_id,
                from_id: from_id.map(TradeId::new),
                start,
                end,
                limit,
            };
            let wanted = model.fills(ANN).filter(|fill| {
                fill.instrument == BTC
                    && order_id.is_none_or(|id| fill.order_id == id)
                    && query.from_id.is_none_or(|id| fill.trade_id >= id)
                    && start.is_none_or(|start| fill.time >= start)
                    && end.is_none_or(|end| fill.time <= end)
            });
            let has_beginning = from_id.is_some() || start.is_some();
            let expected = page(wanted.cloned().collect(), has_beginning, limit);
            assert_eq!(store.fills(&query).await?.rows, expected, "{query:?}");
        }
    }
    Ok(())
}

/// The public trades of an instrument.
fn public_trades(batch: &Batch) -> Vec<PublicTrade> {
    let events = batch.outcomes.iter().flat_map(|outcome| {
        let events = outcome.events.iter();
        events.map(|event| (outcome.time, event))
    });
    let trades = events.filter_map(|(time, event)| match event {
        exchange_engine::Event::Traded {
            instrument: BTC,
            trade,
            ..
        } => Some(PublicTrade::new(time, trade)),
        _ => None,
    });
    trades.collect()
}

pub(super) async fn trades_are_paged_as_a_list_of_them_would_be(place: &Place) -> TestResult {
    let store = place.open().await?;
    let batch = trading();
    store.write(&changes(&batch)).await?;
    let trades = public_trades(&batch);
    for from in ids().flatten() {
        for limit in LIMITS {
            let wanted = trades.iter().filter(|trade| trade.id.get() >= from);
            let expected: Vec<_> = wanted.copied().take(limit).collect();
            let found = store.trades(BTC, TradeId::new(from), limit).await?;
            assert_eq!(found.rows, expected, "from {from}, {limit}");
        }
    }
    Ok(())
}

pub(super) async fn candles_are_paged_as_a_series_of_them_is(place: &Place) -> TestResult {
    let store = place.open().await?;
    let batch = trading();
    store.write(&changes(&batch)).await?;
    for interval in Interval::STANDARD {
        let mut all = Candles::new(&[interval], 100);
        for trade in public_trades(&batch) {
            all.apply::<CandleEvent>(&trade, &mut Vec::new())?;
        }
        let series = all.get(interval).ok_or("it is made for it")?;
        for (from, to) in times().flat_map(|from| times().map(move |to| (from, to))) {
            for limit in LIMITS {
                let found = store.candles(BTC, interval, from, to, limit).await?;
                let now = Timestamp::default();
                let expected = series.range(from, to, limit, now, GapPolicy::Skip);
                assert_eq!(found.rows, expected, "{interval} {from:?} {to:?} {limit}");
            }
        }
        for before in times().flatten() {
            let found = store.candle_before(BTC, interval, before).await?.rows;
            let mut candles = series.candles().rev();
            let expected = candles.find(|candle| candle.open_time < before);
            assert_eq!(found, expected, "{interval} before {before}");
        }
    }
    Ok(())
}
