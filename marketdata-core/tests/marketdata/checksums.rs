//! Checksums: the text that is summed up, byte by byte.

use marketdata_core::{ChecksumForm, ChecksumLayout, Depth, DepthSnapshot, NumberText};
use orderbook_core::{Level, Side, Step};
use proptest::prelude::*;

use crate::given::{level, rested};
use ChecksumLayout::{AsksThenBids, Interleaved};
use NumberText::{Decimal, Whole};

fn step(mantissa: u64, scale: u8) -> Step {
    Step::new(mantissa, scale).expect("a valid step")
}

fn levels(levels: &[(i64, u64)]) -> impl Iterator<Item = Level> {
    levels.iter().map(|(price, lots)| level(*price, *lots))
}

#[test]
fn a_number_is_written_as_the_venue_does() {
    let (min, max) = (i64::MIN, u64::MAX);
    // step of the price, step of the quantity, price, quantity, text
    for (price, quantity, ticks, lots, text) in [
        (Whole, Whole, 5_541_300, 250, "5541300:250"),
        (
            Whole,
            Whole,
            min,
            max,
            "-9223372036854775808:18446744073709551615",
        ),
        (
            Decimal(step(1, 1)),
            Decimal(step(1, 8)),
            302_435,
            144_679_000,
            "30243.5:1.44679",
        ),
        (
            Decimal(step(1, 1)),
            Decimal(step(1, 8)),
            302_440,
            8_000_000,
            "30244:0.08",
        ),
        (
            Decimal(step(1, 3)),
            Decimal(step(1, 0)),
            5_160,
            122,
            "5.16:122",
        ),
        (Decimal(step(5, 1)), Decimal(step(25, 2)), 7, 3, "3.5:0.75"),
        (Decimal(step(1, 2)), Decimal(step(10, 0)), -5, 3, "-0.05:30"),
        (
            Decimal(step(1, 2)),
            Decimal(step(1, 28)),
            0,
            1,
            "0:0.0000000000000000000000000001",
        ),
        (
            Decimal(step(u64::MAX, 28)),
            Decimal(step(u64::MAX, 0)),
            min,
            max,
            "-17014118346.046923172246393167902932992:340282366920938463426481119284349108225",
        ),
    ] {
        let form = ChecksumForm {
            layout: Interleaved,
            levels: 1,
            price,
            quantity,
        };
        let checksum = form.checksum([], levels(&[(ticks, lots)]));
        assert_eq!(checksum, crc32fast::hash(text.as_bytes()), "{text}");
    }
}

#[test]
fn levels_come_in_the_order_of_the_layout() {
    let bids = [(99, 1), (98, 2), (97, 3)];
    let asks = [(101, 4), (102, 5)];
    // bids, asks, levels, interleaved, asks then bids
    for (bids, asks, most, interleaved, apart) in [
        (&bids[..], &asks[..], 1, "99:1:101:4", "1014991"),
        (&bids, &asks, 2, "99:1:101:4:98:2:102:5", "10141025991982"),
        (
            &bids,
            &asks,
            9,
            "99:1:101:4:98:2:102:5:97:3",
            "10141025991982973",
        ),
        (&bids, &[], 2, "99:1:98:2", "991982"),
        (&[], &asks, 9, "101:4:102:5", "10141025"),
        (&[], &[], 9, "", ""),
        (&bids, &asks, 0, "", ""),
    ] {
        for (layout, text) in [(Interleaved, interleaved), (AsksThenBids, apart)] {
            let form = ChecksumForm {
                layout,
                levels: most,
                price: Whole,
                quantity: Whole,
            };
            let checksum = form.checksum(levels(bids), levels(asks));
            assert_eq!(checksum, crc32fast::hash(text.as_bytes()), "{text}");
        }
    }
    assert_eq!(ChecksumForm::CANONICAL.checksum([], []), 0);
}

/// Source: Kraken, guide to the book checksum of WebSocket v2, the example. A tick is 0.1 there and a
/// lot 0.00000001.
#[test]
fn the_example_of_kraken_has_its_checksum() {
    let asks = [
        (452_852, 100_000),
        (452_864, 154_571_953),
        (452_866, 154_571_109),
        (452_896, 154_560_911),
        (452_902, 15_890_660),
        (452_918, 154_553_491),
        (452_947, 4_454_749),
        (452_961, 35_380_000),
        (452_975, 9_945_542),
        (452_995, 18_772_827),
    ];
    let bids = [
        (452_835, 10_000_000),
        (452_834, 154_582_015),
        (452_821, 10_000_000),
        (452_810, 10_000_000),
        (452_803, 154_592_586),
        (452_790, 7_990_000),
        (452_776, 3_310_103),
        (452_775, 30_000_000),
        (452_773, 154_602_737),
        (452_766, 15_445_238),
    ];
    let checksum = ChecksumForm::KRAKEN.checksum(levels(&bids), levels(&asks));
    assert_eq!(checksum, 3_310_070_434);
}

proptest! {
    #[test]
    fn depth_and_snapshot_have_the_same_checksum_and_the_best_levels_decide_it(
        quantities in prop::collection::vec((1_u64..5, 1_u64..5), 0..40),
    ) {
        let mut depth = Depth::new();
        for (away, (bid, ask)) in (1..).zip(&quantities) {
            drop(depth.apply(&rested(Side::Buy, -away, *bid)).expect("it fits"));
            drop(depth.apply(&rested(Side::Sell, away, *ask)).expect("it fits"));
        }
        for form in [ChecksumForm::CANONICAL, ChecksumForm::KRAKEN] {
            let checksum = depth.checksum(&form);
            prop_assert_eq!(depth.snapshot(usize::MAX).checksum(&form), checksum);
            prop_assert_eq!(depth.snapshot(form.levels).checksum(&form), checksum);
            if !quantities.is_empty() && quantities.len() <= form.levels {
                let fewer: DepthSnapshot = depth.snapshot(quantities.len() - 1);
                prop_assert_ne!(fewer.checksum(&form), checksum);
            }
        }
    }
}
