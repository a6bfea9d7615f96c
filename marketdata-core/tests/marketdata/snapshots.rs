//! A depth that continues from a snapshot of another.

use marketdata_core::{Depth, DepthError, DepthSnapshot, SnapshotError};
use orderbook_core::{Level, Price, Side};
use proptest::prelude::*;

use crate::given::{amended, book, command, level, reduced, rested};
use Side::{Buy, Sell};

fn snapshot(last_update_id: u64, bids: &[(i64, u64)], asks: &[(i64, u64)]) -> DepthSnapshot {
    let levels = |levels: &[(i64, u64)]| -> Vec<Level> {
        levels
            .iter()
            .map(|(price, lots)| level(*price, *lots))
            .collect()
    };
    DepthSnapshot {
        last_update_id,
        bids: levels(bids),
        asks: levels(asks),
    }
}

#[test]
fn a_depth_goes_on_where_its_snapshot_was_taken() {
    let taken = snapshot(41, &[(99, 5), (98, 1)], &[(101, 2)]);
    let mut depth = Depth::from_snapshot(&taken).expect("a snapshot of a depth");
    assert_eq!(depth.snapshot(usize::MAX), taken);
    let changes: Vec<_> = depth
        .apply(&reduced(Buy, 99, 2))
        .expect("possible")
        .collect();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].update_id, changes[0].quantity.get()), (42, 3));
}

#[test]
fn a_snapshot_that_no_depth_gives_is_refused() {
    let nothing = |side, price| SnapshotError::NoQuantity {
        side,
        price: Price::new(price),
    };
    let out_of_order = |side, price| SnapshotError::OutOfOrder {
        side,
        price: Price::new(price),
    };
    let crossed = |bid, ask| SnapshotError::Crossed {
        bid: Price::new(bid),
        ask: Price::new(ask),
    };
    // bids, asks
    for (bids, asks, error) in [
        (&[(99, 0)][..], &[][..], nothing(Buy, 99)),
        (&[], &[(101, 1), (102, 0)], nothing(Sell, 102)),
        (&[(98, 1), (99, 1)], &[], out_of_order(Buy, 99)),
        (&[(98, 1), (98, 1)], &[], out_of_order(Buy, 98)),
        (&[], &[(102, 1), (101, 1)], out_of_order(Sell, 101)),
        (&[], &[(-1, 1), (-1, 1)], out_of_order(Sell, -1)),
        (&[(101, 1)], &[(101, 1)], crossed(101, 101)),
        (&[(102, 1)], &[(101, 1), (103, 1)], crossed(102, 101)),
    ] {
        let restored = Depth::from_snapshot(&snapshot(7, bids, asks));
        assert_eq!(restored, Err(error), "{bids:?} {asks:?}");
    }
    let ends = snapshot(0, &[(i64::MIN, u64::MAX)], &[(i64::MAX, u64::MAX)]);
    assert_eq!(
        Depth::from_snapshot(&ends).map(|it| it.snapshot(1)),
        Ok(ends)
    );
    assert_eq!(
        Depth::from_snapshot(&DepthSnapshot::default()),
        Ok(Depth::new())
    );
}

#[test]
fn a_depth_ends_before_its_ids_do() {
    let late = snapshot(u64::MAX - 2, &[(99, 5)], &[]);
    let mut depth = Depth::from_snapshot(&late).expect("a snapshot of a depth");
    let moved = amended(Buy, (99, 5), Some((98, 5)));
    let changes: Vec<_> = depth.apply(&moved).expect("possible").collect();
    assert_eq!(changes[1].update_id, u64::MAX);
    let before = depth.clone();
    let refused = depth.apply(&rested(Buy, 97, 1)).map(|_| ());
    assert_eq!(refused, Err(DepthError::IdsUsedUp));
    assert_eq!(depth, before);
}

proptest! {
    #[test]
    fn it_makes_no_difference_where_a_depth_was_restored(
        commands in prop::collection::vec(command(), 1..120),
        restore_at in prop::collection::vec(any::<bool>(), 120),
    ) {
        let mut book = book();
        let (mut depth, mut restored) = (Depth::new(), Depth::new());
        let mut events = Vec::new();
        for (command, restore) in commands.iter().zip(restore_at) {
            events.clear();
            let _ = book.apply(command, &mut events);
            for event in &events {
                let changes: Vec<_> = depth.apply(event).expect("the events of a book").collect();
                let again = restored.apply(event).expect("the events of a book");
                prop_assert!(again.eq(changes));
            }
            if restore {
                let whole = depth.snapshot(usize::MAX);
                restored = Depth::from_snapshot(&whole).expect("no book is crossed");
            }
            prop_assert_eq!(&restored, &depth);
        }
    }
}
