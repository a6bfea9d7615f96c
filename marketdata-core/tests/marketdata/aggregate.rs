//! Fills put together: by eye, and against plain grouping.

use marketdata_core::{AggregateTrade, PublicTrade, TradeAggregator};
use orderbook_core::{OrderId, Price, Quantity, Side, Timestamp, TradeId};
use proptest::prelude::*;

use crate::given::{side, trade};
use Side::{Buy, Sell};

/// id, price, quantity, first and last trade
type Row = (u64, i64, u64, u64, u64);

fn row(aggregate: AggregateTrade) -> Row {
    (
        aggregate.id,
        aggregate.price.get(),
        aggregate.quantity.get(),
        aggregate.first_trade_id.get(),
        aggregate.last_trade_id.get(),
    )
}

const FIVE: Option<OrderId> = Some(OrderId::new(5));
const SIX: Option<OrderId> = Some(OrderId::new(6));

#[test]
fn fills_of_one_taker_at_one_price_are_one_trade() {
    let mut aggregator = TradeAggregator::new();
    // trade, time, price, quantity, side, taker; what is complete then
    for (id, time, price, quantity, side, taker, expected) in [
        (1, 7, 100, 2, Buy, FIVE, None),
        (2, 7, 100, 3, Buy, FIVE, None),
        // The next level.
        (3, 7, 101, 4, Buy, FIVE, Some((1, 100, 5, 1, 2))),
        // Another taker,
        (4, 7, 101, 1, Buy, SIX, Some((2, 101, 4, 3, 3))),
        // the same one later,
        (5, 8, 101, 1, Buy, SIX, Some((3, 101, 1, 4, 4))),
        // on the other side,
        (6, 8, 101, 2, Sell, SIX, Some((4, 101, 1, 5, 5))),
        // or with a trade in between that is not here.
        (8, 8, 101, 3, Sell, SIX, Some((5, 101, 2, 6, 6))),
        // Nobody knows the taker.
        (9, 8, 101, 1, Sell, None, Some((6, 101, 3, 8, 8))),
        (10, 8, 101, 1, Sell, None, None),
        (11, 9, 101, 1, Sell, None, Some((7, 101, 2, 9, 10))),
        // A repeated one is not part of what it repeats.
        (11, 9, 101, 1, Sell, None, Some((8, 101, 1, 11, 11))),
    ] {
        let complete = aggregator.apply(&trade(id, time, price, quantity, side), taker);
        assert_eq!(complete.map(row), expected, "after trade {id}");
    }
    assert_eq!(aggregator.finish().map(row), Some((9, 101, 1, 11, 11)));
    assert_eq!(aggregator.finish(), None);
}

#[test]
fn a_finished_aggregate_does_not_grow() {
    let mut aggregator = TradeAggregator::after(41);
    assert_eq!(aggregator.apply(&trade(1, 7, 100, 2, Buy), FIVE), None);
    let whole = AggregateTrade {
        id: 42,
        price: Price::new(100),
        quantity: Quantity::new(2),
        first_trade_id: TradeId::new(1),
        last_trade_id: TradeId::new(1),
        time: Timestamp::new(7),
        taker_side: Buy,
    };
    assert_eq!(aggregator.finish(), Some(whole));
    assert_eq!(whole.notional().get(), 200);
    assert_eq!(aggregator.apply(&trade(2, 7, 100, 3, Buy), FIVE), None);
    assert_eq!(aggregator.finish().map(row), Some((43, 100, 3, 2, 2)));
}

#[test]
fn what_does_not_fit_begins_another_aggregate() {
    let mut aggregator = TradeAggregator::new();
    for (id, quantity, expected) in [
        (1, u64::MAX - 1, None),
        (2, 1, None),
        (3, 1, Some((1, 100, u64::MAX, 1, 2))),
        (4, u64::MAX, Some((2, 100, 1, 3, 3))),
    ] {
        let complete = aggregator.apply(&trade(id, 7, 100, quantity, Buy), None);
        assert_eq!(complete.map(row), expected);
    }
    // The last ids there are.
    let mut aggregator = TradeAggregator::after(u64::MAX);
    for id in [u64::MAX, u64::MAX, 0] {
        aggregator.apply(&trade(id, 7, 100, 1, Buy), None);
    }
    assert_eq!(aggregator.finish().map(row), Some((u64::MAX, 100, 1, 0, 0)));
}

/// The rule word for word: neighbours that agree in all but quantity belong together.
fn grouped(trades: &[(PublicTrade, Option<OrderId>)]) -> Vec<Vec<PublicTrade>> {
    trades
        .chunk_by(|(a, of), (b, taker)| {
            let terms = |it: &PublicTrade| (it.time, it.price, it.taker_side);
            of == taker && terms(a) == terms(b) && a.id.get() + 1 == b.id.get()
        })
        .map(|group| group.iter().map(|(trade, _)| *trade).collect())
        .collect()
}

proptest! {
    #[test]
    fn aggregates_are_groups_of_trades(
        list in prop::collection::vec(
            (
                prop_oneof![9 => Just(1_u64), 1 => 2_u64..4],
                prop_oneof![4 => Just(0_u64), 1 => Just(1)],
                -1_i64..2,
                prop_oneof![20 => 0_u64..50, 1 => Just(u64::MAX / 2)],
                side(),
                prop_oneof![Just(None), (0_u64..2).prop_map(|id| Some(OrderId::new(id)))],
            ),
            0..80,
        ),
    ) {
        let (mut id, mut time) = (0, 0);
        let trades: Vec<_> = list
            .iter()
            .map(|&(step, pause, price, quantity, side, taker)| {
                (id, time) = (id + step, time + pause);
                (trade(id, time, price, quantity, side), taker)
            })
            .collect();

        let mut aggregator = TradeAggregator::new();
        let complete = trades.iter().map(|(trade, taker)| aggregator.apply(trade, *taker));
        let mut aggregates: Vec<_> = complete.flatten().collect();
        aggregates.extend(aggregator.finish());

        let quantity: u128 = trades.iter().map(|(it, _)| u128::from(it.quantity.get())).sum();
        let notional: i128 = trades.iter().map(|(it, _)| it.notional().get()).sum();
        let sum = aggregates.iter().map(|it| u128::from(it.quantity.get())).sum::<u128>();
        prop_assert_eq!(sum, quantity);
        let sum = aggregates.iter().map(|it| it.notional().get()).sum::<i128>();
        prop_assert_eq!(sum, notional);
        prop_assert!((1..).zip(&aggregates).all(|(id, it)| it.id == id));

        // Each group is one aggregate, unless its quantities do not fit one.
        let mut rest = aggregates.iter();
        for group in grouped(&trades) {
            let mut pending = group.as_slice();
            while let Some(first) = pending.first() {
                let aggregate = rest.next().expect("one for each group");
                let count = aggregate.last_trade_id.get() - aggregate.first_trade_id.get() + 1;
                let count = usize::try_from(count).expect("few");
                prop_assert_eq!(aggregate.first_trade_id, first.id);
                prop_assert_eq!(aggregate.time, first.time);
                prop_assert_eq!(aggregate.price, first.price);
                prop_assert_eq!(aggregate.taker_side, first.taker_side);
                let quantities = pending[..count].iter().map(|it| it.quantity);
                let sum = quantities.reduce(|a, b| a.checked_add(b).expect("it did fit"));
                prop_assert_eq!(Some(aggregate.quantity), sum);
                if let Some(next) = pending.get(count) {
                    prop_assert_eq!(aggregate.quantity.checked_add(next.quantity), None);
                }
                pending = &pending[count..];
            }
        }
        prop_assert_eq!(rest.next(), None);
    }
}
