//! A client's book by eye: what it does with updates that come early, late, twice or not at all.

use marketdata_core::{
    BookState, ClientBook, ClientSettings, DepthDiff, DepthSnapshot, Desync, Grouping, Progress,
};
use orderbook_core::{Price, Side};

use crate::client_given::{
    IN_ORDER, applied, at_ten, consecutive, gap, is_at, is_lost, linked, snapshot, too_old,
};
use crate::given::level;
use Progress::{Buffered, HeldBack, Repeated};
use Side::{Buy, Sell};

#[test]
fn the_first_update_has_to_reach_back_to_the_snapshot() {
    // The snapshot is of change 10. first, last, what becomes of it
    for (first, last, expected) in [
        (8, 9, Ok(Repeated)),
        (9, 10, Ok(Repeated)),
        (1, 11, Ok(applied(1))),
        (10, 12, Ok(applied(1))),
        (11, 11, Ok(applied(1))),
        (11, 15, Ok(applied(1))),
        (12, 12, gap(10, 12)),
        (14, 19, gap(10, 14)),
    ] {
        let mut book = at_ten(IN_ORDER);
        assert_eq!(
            book.apply(consecutive(first, last)),
            expected,
            "{first} {last}"
        );
        match expected {
            Err(why) => is_lost(&book, why),
            Ok(Repeated) => is_at(&book, 10),
            Ok(_) => is_at(&book, last),
        }
    }
}

#[test]
fn the_first_linked_update_has_to_reach_back_to_the_snapshot() {
    // The snapshot is of change 10. previous, last, what becomes of it
    for (previous, last, expected) in [
        (5, 9, Ok(Repeated)),
        (5, 10, Ok(Repeated)),
        (5, 12, Ok(applied(1))),
        (10, 17, Ok(applied(1))),
        // A sign of life: nothing changed.
        (10, 10, Ok(Repeated)),
        (11, 17, gap(10, 12)),
    ] {
        let mut book = at_ten(IN_ORDER);
        assert_eq!(
            book.apply(linked(previous, last)),
            expected,
            "{previous} {last}"
        );
        match expected {
            Err(why) => is_lost(&book, why),
            Ok(Repeated) => is_at(&book, 10),
            Ok(_) => is_at(&book, last),
        }
    }
}

#[test]
fn a_stream_is_followed_update_by_update() {
    // What comes, what becomes of it, the newest change then. The book starts at 10.
    let script = [
        (consecutive(9, 12), Ok(applied(1)), 12),
        (consecutive(13, 13), Ok(applied(1)), 13),
        (consecutive(13, 13), Ok(Repeated), 13),
        (consecutive(9, 12), Ok(Repeated), 13),
        (linked(13, 20), Ok(applied(1)), 20),
        (linked(20, 20), Ok(Repeated), 20),
        // Reaches back over what the book has: the same totals.
        (linked(17, 25), Ok(applied(1)), 25),
    ];
    let mut book = at_ten(IN_ORDER);
    for (update, expected, id) in script {
        assert_eq!(book.apply(update.clone()), expected, "{update:?}");
        is_at(&book, id);
        assert_eq!(book.waiting(), 0);
    }
    assert_eq!(book.apply(linked(26, 30)), gap(25, 27));
}

#[test]
fn a_diff_of_our_own_is_an_update() {
    let diff = DepthDiff {
        first_update_id: 11,
        last_update_id: 12,
        bids: vec![level(100, 0), level(99, 3)],
        // A level that nobody knows of may be gone, too.
        asks: vec![level(101, 7), level(102, 0)],
    };
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.apply(diff), Ok(applied(1)));
    assert_eq!(book.best(Buy), Some(level(99, 3)));
    assert_eq!(book.best(Sell), Some(level(101, 7)));
    assert_eq!(book.quantity_at(Sell, Price::new(101)).get(), 7);
    let tens = Grouping::of_ticks(10).expect("not zero");
    let grouped = book.grouped(tens, 5).expect("live");
    assert_eq!(
        (grouped.last_update_id, grouped.asks[0].price.get()),
        (12, 110)
    );
}

#[test]
fn a_lost_update_is_noticed_with_the_next_one() {
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.apply(linked(10, 11)), Ok(applied(1)));
    // 12 to 14 got lost.
    assert_eq!(book.apply(linked(14, 16)), gap(11, 15));
    is_lost(&book, Desync::Gap { have: 11, next: 15 });
    // What comes now is kept for the snapshot.
    assert_eq!(book.apply(linked(16, 17)), Ok(Buffered));
    assert_eq!(book.apply(linked(16, 17)), Ok(Repeated));
    assert_eq!(book.waiting(), 2);
    // The first snapshot is too old, ...
    assert_eq!(book.restart(&snapshot(13), None), too_old(13, 14));
    assert!(book.needs_snapshot());
    // ... the next one is not.
    assert_eq!(book.restart(&snapshot(15), None), Ok(applied(2)));
    is_at(&book, 17);
    assert_eq!(book.waiting(), 0);
    assert_eq!(book.apply(linked(17, 18)), Ok(applied(1)));
}

#[test]
fn updates_that_overtook_others_are_held_back() {
    let patient = ClientSettings {
        hold_back: 2,
        ..IN_ORDER
    };
    // What comes to a book at 10; what becomes of it; the newest change then, or none.
    for script in [
        // One is overtaken by two.
        &[
            (linked(11, 12), Ok(HeldBack), Some(10)),
            (linked(12, 13), Ok(HeldBack), Some(10)),
            (linked(12, 13), Ok(Repeated), Some(10)),
            (linked(10, 11), Ok(applied(3)), Some(13)),
            (linked(10, 11), Ok(Repeated), Some(13)),
        ][..],
        // Backwards.
        &[
            (linked(12, 13), Ok(HeldBack), Some(10)),
            (linked(11, 12), Ok(HeldBack), Some(10)),
            (linked(10, 11), Ok(applied(3)), Some(13)),
        ],
        // Two are missing, and come one by one.
        &[
            (linked(13, 14), Ok(HeldBack), Some(10)),
            (linked(11, 12), Ok(HeldBack), Some(10)),
            (linked(10, 11), Ok(applied(2)), Some(12)),
            (linked(12, 13), Ok(applied(2)), Some(14)),
        ],
        // What is missing comes as part of more: of two that wait, one is old then.
        &[
            (linked(11, 12), Ok(HeldBack), Some(10)),
            (linked(13, 14), Ok(HeldBack), Some(10)),
            (linked(10, 13), Ok(applied(2)), Some(14)),
        ],
        // One too many waits.
        &[
            (linked(11, 12), Ok(HeldBack), Some(10)),
            (linked(12, 13), Ok(HeldBack), Some(10)),
            (linked(13, 14), gap(10, 12), None),
            (linked(14, 15), Ok(Buffered), None),
        ],
    ] {
        let mut book = at_ten(patient);
        for (update, expected, id) in script {
            assert_eq!(book.apply(update.clone()), *expected, "{update:?}");
            assert_eq!(book.update_id(), *id, "{update:?}");
            if let Some(id) = *id {
                is_at(&book, id);
            }
        }
    }
}

#[test]
fn after_a_gap_the_snapshot_finds_everything_that_came() {
    let patient = ClientSettings {
        hold_back: 1,
        ..IN_ORDER
    };
    let mut book = at_ten(patient);
    for (update, expected) in [
        (linked(12, 13), Ok(HeldBack)),
        (linked(14, 15), gap(10, 13)),
        // What was given up has to be in the snapshot.
        (linked(11, 12), Ok(Repeated)),
        (linked(15, 16), Ok(Buffered)),
    ] {
        assert_eq!(book.apply(update), expected);
    }
    assert_eq!(book.restart(&snapshot(11), None), too_old(11, 12));
    // 14 is missing still; more wait for it than may.
    assert_eq!(book.restart(&snapshot(12), None), gap(13, 15));
    is_lost(&book, Desync::Gap { have: 13, next: 15 });
    assert_eq!(book.restart(&snapshot(15), None), Ok(applied(1)));
    is_at(&book, 16);
}

#[test]
fn a_snapshot_may_come_while_updates_are_held_back() {
    let patient = ClientSettings {
        hold_back: 2,
        ..IN_ORDER
    };
    let mut book = at_ten(patient);
    assert_eq!(book.missing(), None);
    for update in [linked(12, 13), linked(14, 15)] {
        assert_eq!(book.apply(update), Ok(HeldBack));
    }
    assert_eq!((book.missing(), book.waiting()), (Some((11, 12)), 2));
    assert_eq!(book.restart(&snapshot(12), None), Ok(applied(1)));
    is_at(&book, 13);
    assert_eq!((book.missing(), book.waiting()), (Some((14, 14)), 1));
}

#[test]
fn a_book_waits_for_its_first_snapshot() {
    let few = ClientSettings {
        buffer: 2,
        ..IN_ORDER
    };
    let mut book = ClientBook::new(few);
    assert_eq!(book.state(), BookState::New);
    assert!(book.needs_snapshot());
    for last in [11, 12, 13] {
        assert_eq!(book.apply(consecutive(last, last)), Ok(Buffered));
    }
    // The oldest gave way: only a snapshot that has it will do.
    assert_eq!(book.waiting(), 2);
    assert_eq!(book.restart(&snapshot(10), None), too_old(10, 11));
    assert_eq!(book.restart(&snapshot(11), None), Ok(applied(2)));
    is_at(&book, 13);

    let none = ClientSettings {
        buffer: 0,
        ..IN_ORDER
    };
    let mut book = ClientBook::new(none);
    assert_eq!(book.apply(consecutive(11, 11)), Ok(Buffered));
    assert_eq!(book.waiting(), 0);
    assert_eq!(book.restart(&snapshot(11), None), Ok(applied(0)));
    is_at(&book, 11);
}

#[test]
fn a_snapshot_replaces_a_live_book() {
    let mut book = at_ten(IN_ORDER);
    // Levels that it does not have are gone; it need not be sorted, and zero is nothing.
    let other = DepthSnapshot {
        last_update_id: 20,
        bids: vec![level(90, 1), level(95, 2), level(97, 0)],
        asks: vec![level(103, 4), level(101, 3)],
    };
    assert_eq!(book.restart(&other, None), Ok(applied(0)));
    let sorted = DepthSnapshot {
        last_update_id: 20,
        bids: vec![level(95, 2), level(90, 1)],
        asks: vec![level(101, 3), level(103, 4)],
    };
    assert_eq!(book.snapshot(usize::MAX), Some(sorted));
    // An older one comes too late.
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.restart(&snapshot(9), None), Ok(Repeated));
    is_at(&book, 10);
}

#[test]
fn a_new_connection_begins_with_nothing() {
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.apply(linked(20, 21)), gap(10, 21));
    book.reset();
    assert_eq!(book.state(), BookState::New);
    assert_eq!((book.waiting(), book.settings()), (0, &IN_ORDER));
    // Its ids may be lower than they were.
    assert_eq!(book.restart(&snapshot(1), None), Ok(applied(0)));
    is_at(&book, 1);
}
