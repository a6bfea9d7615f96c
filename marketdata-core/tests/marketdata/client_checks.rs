//! What a client's book compares, refuses and keeps within limits.

use marketdata_core::{
    BookState, BookUpdate, ChecksumForm, ClientBook, ClientSettings, DepthSnapshot, Desync,
    Progress,
};
use orderbook_core::{Price, Side};
use proptest::prelude::*;

use crate::client_given::{
    IN_ORDER, applied, at_ten, consecutive, gap, is_at, is_lost, linked, snapshot,
};
use crate::given::level;
use Progress::{Buffered, HeldBack, Repeated};
use Side::{Buy, Sell};

#[test]
fn a_wrong_checksum_loses_the_book() {
    let form = ChecksumForm::CANONICAL;
    let checked = ClientSettings {
        checksum: Some(form),
        ..IN_ORDER
    };
    let crc = |text: &str| crc32fast::hash(text.as_bytes());
    let mut book = ClientBook::new(checked);
    assert_eq!(
        book.restart(&snapshot(10), Some(crc("100:10"))),
        Ok(applied(0))
    );
    let update = |checksum| linked(10, 11).with_checksum(checksum);
    let right = crc("100:11");
    let wrong = |published| Desync::Checksum {
        published,
        computed: right,
    };

    let mut live = book.clone();
    assert_eq!(live.apply(update(right)), Ok(applied(1)));
    is_at(&live, 11);
    // Without a checksum there is nothing to compare.
    assert_eq!(live.apply(linked(11, 12)), Ok(applied(1)));
    is_at(&live, 12);

    let mut lost = book.clone();
    assert_eq!(lost.apply(update(5)), Err(wrong(5)));
    is_lost(&lost, wrong(5));
    assert_eq!(lost.apply(linked(11, 12)), Ok(Buffered));
    assert_eq!(lost.restart(&snapshot(11), Some(right)), Ok(applied(1)));
    is_at(&lost, 12);

    // So does that of a snapshot, ...
    assert_eq!(book.restart(&snapshot(11), Some(7)), Err(wrong(7)));
    is_lost(&book, wrong(7));
    // whose id says nothing then, ...
    assert_eq!(book.restart(&snapshot(10), None), Ok(applied(0)));
    // ... and who does not ask is not told.
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.restart(&snapshot(11), Some(7)), Ok(applied(0)));
    assert_eq!(book.apply(linked(11, 12).with_checksum(7)), Ok(applied(1)));
}

#[test]
fn an_update_that_was_held_back_is_checked_when_its_turn_comes() {
    let form = ChecksumForm::CANONICAL;
    let checked = ClientSettings {
        checksum: Some(form),
        hold_back: 4,
        ..IN_ORDER
    };
    let of = |id| {
        let text = format!("100:{id}");
        linked(id - 1, id).with_checksum(crc32fast::hash(text.as_bytes()))
    };
    let mut book = at_ten(checked);
    for id in [13, 12] {
        assert_eq!(book.apply(of(id)), Ok(HeldBack));
    }
    let mut other = book.clone();
    assert_eq!(book.apply(of(11)), Ok(applied(3)));
    is_at(&book, 13);

    assert_eq!(other.apply(of(14).with_checksum(0)), Ok(HeldBack));
    assert!(matches!(
        other.apply(of(11)),
        Err(Desync::Checksum { published: 0, .. })
    ));
    assert!(other.needs_snapshot());
}

#[test]
fn a_crossed_book_is_lost_where_that_was_asked_for() {
    let ask = |price| BookUpdate::linked(10, 11, vec![], vec![level(price, 1)]);
    let strict = ClientSettings {
        refuse_crossed: true,
        ..IN_ORDER
    };
    for (price, is_crossed) in [(101, false), (100, true), (99, true)] {
        let mut book = at_ten(IN_ORDER);
        assert_eq!(book.apply(ask(price)), Ok(applied(1)));
        let mut book = at_ten(strict);
        let why = Desync::Crossed {
            bid: Price::new(100),
            ask: Price::new(price),
        };
        let expected = if is_crossed { Err(why) } else { Ok(applied(1)) };
        assert_eq!(book.apply(ask(price)), expected);
        assert_eq!(book.needs_snapshot(), is_crossed);
    }
    // The order within an update does not matter: 100 is gone and 99 is asked for.
    let mut book = at_ten(strict);
    let moved = BookUpdate::linked(10, 11, vec![level(100, 0)], vec![level(99, 1)]);
    assert_eq!(book.apply(moved), Ok(applied(1)));
}

#[test]
fn ids_that_run_backwards_lose_the_book() {
    let why = Desync::Backwards { after: 15, last: 3 };
    let patient = ClientSettings {
        hold_back: 9,
        ..IN_ORDER
    };
    let mut book = at_ten(patient);
    assert_eq!(book.apply(linked(12, 13)), Ok(HeldBack));
    assert_eq!(book.apply(linked(15, 3)), Err(why));
    is_lost(&book, why);
    // What waited has numbers of old.
    assert_eq!(book.waiting(), 0);
    assert_eq!(book.apply(linked(3, 4)), Ok(Buffered));
    assert_eq!(book.restart(&snapshot(3), None), Ok(applied(1)));
    is_at(&book, 4);
}

#[test]
fn a_stream_without_ids_is_taken_as_it_comes() {
    let form = ChecksumForm::CANONICAL;
    let checked = ClientSettings {
        checksum: Some(form),
        ..IN_ORDER
    };
    let update = |lots, text: &str| {
        let bids = vec![level(100, lots)];
        BookUpdate::unnumbered(bids, vec![]).with_checksum(crc32fast::hash(text.as_bytes()))
    };
    let mut book = ClientBook::new(checked);
    // The snapshot on the stream will have it.
    assert_eq!(book.apply(update(4, "100:4")), Ok(Repeated));
    assert_eq!(book.waiting(), 0);
    assert_eq!(book.restart(&snapshot(3), None), Ok(applied(0)));
    assert_eq!(book.apply(update(5, "100:5")), Ok(applied(1)));
    assert_eq!(book.best(Buy), Some(level(100, 5)));
    assert_eq!(book.update_id(), Some(3));
    // One got lost: the checksum tells.
    assert!(book.apply(update(7, "100:7:101:1")).is_err());
    assert_eq!(book.apply(update(8, "100:8:101:1")), Ok(Repeated));
    assert!(book.needs_snapshot());
    assert_eq!(book.restart(&snapshot(3), None), Ok(applied(0)));
    assert_eq!(book.apply(update(9, "100:9")), Ok(applied(1)));
}

#[test]
fn only_so_many_levels_are_kept() {
    let two = ClientSettings {
        levels: Some(2),
        ..IN_ORDER
    };
    let mut book = ClientBook::new(two);
    let levels = |prices: &[i64]| {
        prices
            .iter()
            .map(|price| level(*price, 1))
            .collect::<Vec<_>>()
    };
    let snapshot = DepthSnapshot {
        last_update_id: 10,
        bids: levels(&[99, 98, 97]),
        asks: levels(&[101, 102, 103]),
    };
    // What comes, the bids and the asks then.
    let mut apply = |update: Option<BookUpdate>, bids: &[i64], asks: &[i64]| {
        match update {
            Some(update) => assert_eq!(book.apply(update), Ok(applied(1))),
            None => assert_eq!(book.restart(&snapshot, None), Ok(applied(0))),
        }
        assert!(book.levels(Buy).eq(levels(bids)));
        assert!(book.levels(Sell).eq(levels(asks)));
    };
    apply(None, &[99, 98], &[101, 102]);
    let gone = level(99, 0);
    let better = BookUpdate::linked(10, 11, levels(&[100]), levels(&[100]));
    apply(Some(better), &[100, 99], &[100, 101]);
    // The venue tells of a level that comes into sight.
    let back = BookUpdate::linked(11, 12, vec![gone, level(98, 1)], vec![]);
    apply(Some(back), &[100, 98], &[100, 101]);
    let far = BookUpdate::linked(12, 13, levels(&[1]), levels(&[999]));
    apply(Some(far), &[100, 98], &[100, 101]);
}

#[test]
fn the_ends_of_the_range_are_ids_like_any_other() {
    let max = u64::MAX;
    let mut book = ClientBook::new(IN_ORDER);
    assert_eq!(book.apply(consecutive(max, max)), Ok(Buffered));
    assert_eq!(book.restart(&snapshot(max - 1), None), Ok(applied(1)));
    is_at(&book, max);
    assert_eq!(book.apply(linked(max, max)), Ok(Repeated));
    let mut book = at_ten(IN_ORDER);
    assert_eq!(book.apply(linked(max, max)), gap(10, max));
    let mut book = ClientBook::new(IN_ORDER);
    assert_eq!(book.restart(&snapshot(0), None), Ok(applied(0)));
    assert_eq!(book.apply(consecutive(0, 0)), Ok(Repeated));
    assert_eq!(book.apply(consecutive(0, 1)), Ok(applied(1)));
}

fn message() -> impl Strategy<Value = (u64, u64, Option<u32>, i64, u64)> {
    let id = || prop_oneof![20 => 0_u64..12, 1 => Just(u64::MAX)];
    let checksum = prop::option::weighted(0.2, Just(0));
    (id(), id(), checksum, -3_i64..3, 0_u64..3)
}

proptest! {
    /// Whatever a venue sends: no panic, and the limits hold.
    #[test]
    fn nothing_that_comes_breaks_the_limits(
        messages in prop::collection::vec((0..12_u8, message()), 0..200),
        hold_back in 0_usize..4,
        buffer in 0_usize..4,
        kept in 0_usize..4,
    ) {
        let mut book = ClientBook::new(ClientSettings {
            levels: Some(kept),
            hold_back,
            buffer,
            checksum: Some(ChecksumForm::CANONICAL),
            refuse_crossed: true,
        });
        for (kind, (first, last, checksum, price, lots)) in messages {
            let (bids, asks) = (vec![level(price, lots)], vec![level(price + 2, lots)]);
            let outcome = match kind {
                0 => {
                    let snapshot = DepthSnapshot { last_update_id: last, bids, asks };
                    book.restart(&snapshot, checksum)
                }
                1 => book.apply(BookUpdate::unnumbered(bids, asks)),
                2 => {
                    book.reset();
                    continue;
                }
                _ => {
                    let update = BookUpdate::linked(first, last, bids, asks);
                    book.apply(BookUpdate { checksum, ..update })
                }
            };
            if let Err(why) = outcome {
                prop_assert_eq!(book.state(), BookState::Lost(why));
            }
            let most = if book.needs_snapshot() { buffer } else { hold_back };
            prop_assert!(book.waiting() <= most);
            for side in [Buy, Sell] {
                let levels = book.levels(side).count();
                let most = if book.needs_snapshot() { 0 } else { kept };
                prop_assert!(levels <= most);
            }
        }
    }
}
