//! The most recent trades, by number and by id.

use std::collections::BTreeMap;

use marketdata_core::Tape;
use orderbook_core::{Side, TradeId};
use proptest::prelude::*;

use crate::given::trade;

fn tape(capacity: usize, ids: impl IntoIterator<Item = u64>) -> Tape {
    let mut tape = Tape::new(capacity);
    for id in ids {
        tape.push(&trade(id, id, 100, 1, Side::Buy));
    }
    tape
}

fn ids(tape: &Tape) -> Vec<u64> {
    tape.recent(usize::MAX).map(|it| it.id.get()).collect()
}

#[test]
fn the_newest_trades_are_kept_and_given_oldest_first() {
    let tape = tape(4, 1..=6);
    for (limit, expected) in [
        (0, vec![]),
        (1, vec![6]),
        (3, vec![4, 5, 6]),
        (usize::MAX, vec![3, 4, 5, 6]),
    ] {
        let ids: Vec<u64> = tape.recent(limit).map(|trade| trade.id.get()).collect();
        assert_eq!(ids, expected);
        assert_eq!(tape.recent(limit).len(), expected.len());
    }
}

#[test]
fn trades_are_found_by_id() {
    let tape = tape(4, [2, 3, 5, 8, 9]);
    for (since, limit, expected) in [
        (0, 2, vec![3, 5]),
        (3, 9, vec![3, 5, 8, 9]),
        (4, 2, vec![5, 8]),
        (9, 9, vec![9]),
        (10, 9, vec![]),
        (u64::MAX, 9, vec![]),
        (3, 0, vec![]),
    ] {
        let ids: Vec<u64> = tape
            .since(TradeId::new(since), limit)
            .map(|trade| trade.id.get())
            .collect();
        assert_eq!(ids, expected, "since {since}, {limit} at most");
    }
}

#[test]
fn a_tape_of_no_length_keeps_nothing() {
    let mut tape = tape(0, 1..5);
    assert_eq!(tape.recent(9).len(), 0);
    assert_eq!(tape.bust(TradeId::new(4)), None);
    assert_eq!(tape.forgotten(), Some(TradeId::new(4)));
}

#[test]
fn late_trades_go_where_their_id_belongs() {
    let mut tape = Tape::new(4);
    // trade, whether it is written down, the tape, the newest that went
    for (id, written, expected, forgotten) in [
        (5, true, vec![5], None),
        (2, true, vec![2, 5], None),
        (4, true, vec![2, 4, 5], None),
        (4, false, vec![2, 4, 5], None),
        (9, true, vec![2, 4, 5, 9], None),
        (7, true, vec![4, 5, 7, 9], Some(2)),
        // It would be the first to go.
        (3, false, vec![4, 5, 7, 9], Some(3)),
        (2, false, vec![4, 5, 7, 9], Some(3)),
        (9, false, vec![4, 5, 7, 9], Some(3)),
        (6, true, vec![5, 6, 7, 9], Some(4)),
    ] {
        let found = tape.push(&trade(id, 0, 100, 1, Side::Buy));
        assert_eq!(found, written, "trade {id}");
        assert_eq!(ids(&tape), expected, "after trade {id}");
        assert_eq!(tape.forgotten(), forgotten.map(TradeId::new));
    }
    let newest: Vec<_> = tape.recent(2).map(|it| it.id.get()).collect();
    assert_eq!(newest, [7, 9]);
}

#[test]
fn of_trades_with_one_id_the_first_stays() {
    let mut tape = Tape::new(4);
    assert!(tape.push(&trade(1, 10, 100, 5, Side::Buy)));
    assert!(!tape.push(&trade(1, 11, 101, 6, Side::Sell)));
    let kept: Vec<_> = tape.recent(9).copied().collect();
    assert_eq!(kept, [trade(1, 10, 100, 5, Side::Buy)]);
}

#[test]
fn a_busted_trade_is_gone_and_leaves_room() {
    let mut tape = tape(3, 1..=4);
    let bust = |tape: &mut Tape, id| tape.bust(TradeId::new(id)).map(|it| it.id.get());
    assert_eq!(bust(&mut tape, 3), Some(3));
    assert_eq!(ids(&tape), [2, 4]);
    for gone in [0, 1, 3, 5, u64::MAX] {
        assert_eq!(bust(&mut tape, gone), None);
    }
    // There is room, but not for one older than one that went.
    assert!(!tape.push(&trade(1, 0, 100, 1, Side::Buy)));
    assert!(tape.push(&trade(5, 0, 100, 1, Side::Buy)));
    assert_eq!(ids(&tape), [2, 4, 5]);
    assert_eq!(bust(&mut tape, 5), Some(5));
    assert_eq!(bust(&mut tape, 2), Some(2));
    assert_eq!(bust(&mut tape, 4), Some(4));
    assert_eq!(ids(&tape), []);
    assert_eq!(tape.forgotten(), Some(TradeId::new(1)));
}

proptest! {
    /// Whatever comes in whatever order, the tape is the newest of what is known, as a sorted map
    /// has it, and nothing that is kept is older than something that went.
    #[test]
    fn the_tape_is_the_end_of_a_sorted_map(
        steps in prop::collection::vec((0_u64..40, prop::bool::weighted(0.2)), 0..120),
        capacity in 0_usize..9,
    ) {
        let mut tape = Tape::new(capacity);
        let mut map = BTreeMap::new();
        let mut forgotten = None;
        for (time, (id, is_bust)) in (0..).zip(steps) {
            if is_bust {
                prop_assert_eq!(tape.bust(TradeId::new(id)), map.remove(&id));
            } else {
                let trade = trade(id, time, 100, 1, Side::Buy);
                let is_new = forgotten < Some(id) && !map.contains_key(&id);
                if is_new {
                    map.insert(id, trade);
                }
                if map.len() > capacity {
                    forgotten = map.pop_first().map(|(id, _)| id);
                }
                prop_assert_eq!(tape.push(&trade), is_new && map.contains_key(&id));
            }
            prop_assert!(tape.recent(usize::MAX).eq(map.values()));
            prop_assert!(tape.since(TradeId::new(id), 3).eq(map.range(id..).map(|it| it.1).take(3)));
            prop_assert_eq!(tape.forgotten(), forgotten.map(TradeId::new));
        }
    }
}
