//! The most recent trades, by number and by id.

use marketdata_core::Tape;
use orderbook_core::{Side, TradeId};

use crate::given::trade;

fn tape(capacity: usize, ids: impl IntoIterator<Item = u64>) -> Tape {
    let mut tape = Tape::new(capacity);
    for id in ids {
        tape.push(&trade(id, id, 100, 1, Side::Buy));
    }
    tape
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
    assert_eq!(tape(0, 1..5).recent(9).len(), 0);
}
