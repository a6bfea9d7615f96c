//! One diff per interval.

use marketdata_core::{DepthConflator, DepthDiff, DepthDiffBuilder, Interval, LevelChange};
use orderbook_core::{Price, Quantity, Side, Timestamp};
use proptest::prelude::*;

use crate::given::{MINUTE, SECOND, pause, side};

fn change(update_id: u64, side: Side, price: i64, quantity: u64) -> LevelChange {
    LevelChange {
        update_id,
        side,
        price: Price::new(price),
        quantity: Quantity::new(quantity),
    }
}

#[test]
fn a_diff_is_given_when_its_interval_ends() {
    let mut conflator = DepthConflator::new(Interval::ONE_MINUTE);
    let start = 1_000 * MINUTE;
    assert_eq!(conflator.due(), None);
    // seconds, whether something changes, the span of the diff that is given
    for (seconds, update_id, expected) in [
        (10, Some(1), None),
        (20, None, None),
        (59, Some(2), None),
        // A change at the very end belongs to the next interval.
        (60, Some(3), Some((1, 2))),
        (119, Some(4), None),
        (120, None, Some((3, 4))),
        (121, None, None),
        // Nothing changed for two minutes.
        (245, Some(5), None),
        // Time does not run backwards, ...
        (50, Some(6), None),
        (0, None, None),
        // ... and an interval that nobody looked at is told of later.
        (999, Some(7), Some((5, 6))),
        (1_020, None, Some((7, 7))),
    ] {
        let time = Timestamp::new(start + seconds * SECOND);
        let given = match update_id {
            Some(id) => conflator.apply(time, &change(id, Side::Buy, 100, id)),
            None => conflator.advance(time),
        };
        let span = given.map(|diff| (diff.first_update_id, diff.last_update_id));
        assert_eq!(span, expected, "after {seconds} s");
        let waits = conflator.due().map(|due| (due.get() - start) / SECOND);
        assert_eq!(waits.is_none(), conflator.is_empty());
        assert!(waits.is_none_or(|due| due % 60 == 0), "due after {waits:?}");
    }
    assert!(conflator.is_empty());
    assert_eq!(conflator.interval(), Interval::ONE_MINUTE);
}

proptest! {
    #[test]
    fn diffs_chain_and_lose_nothing(
        start in 0..100 * MINUTE,
        steps in prop::collection::vec(
            (pause(), prop::option::weighted(0.7, (side(), -5_i64..5, 0_u64..4))),
            1..120,
        ),
    ) {
        let mut conflator = DepthConflator::new(Interval::ONE_MINUTE);
        // What changed in the interval that is open, by the plain builder.
        let mut naive = DepthDiffBuilder::new();
        let mut diffs: Vec<DepthDiff> = Vec::new();
        let (mut now, mut last_update_id) = (start, 0);
        for (pause, level) in steps {
            let ends = (now + pause) / MINUTE != now / MINUTE;
            now += pause;
            let time = Timestamp::new(now);
            let expected = ends.then(|| naive.take()).flatten();
            let given = match level {
                Some((side, price, quantity)) => {
                    last_update_id += 1;
                    let change = change(last_update_id, side, price, quantity);
                    naive.record(&change);
                    conflator.apply(time, &change)
                }
                None => conflator.advance(time),
            };
            prop_assert_eq!(&given, &expected);
            diffs.extend(given);
        }
        diffs.extend(conflator.advance(Timestamp::new(now + MINUTE)));
        let mut next = 1;
        for diff in diffs {
            prop_assert_eq!(diff.first_update_id, next);
            next = diff.last_update_id + 1;
        }
        prop_assert_eq!(next, last_update_id + 1);
        prop_assert!(conflator.is_empty());
    }
}
