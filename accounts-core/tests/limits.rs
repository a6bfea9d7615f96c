//! How far a collar reaches. That limits bind is tested where they do, in `exchange-engine`.

use accounts_core::PriceCollar;
use orderbook_core::{Price, Side};
use proptest::prelude::*;

const BUY: Side = Side::Buy;
const SELL: Side = Side::Sell;
const LOW: i64 = i64::MIN;
const HIGH: i64 = i64::MAX;

#[test]
fn collars_worked_by_hand() {
    #[rustfmt::skip]
    let table = [
        //        ppm  reference  buy up to  sell down to
        (           0,     1_000,     1_000,        1_000),
        (      50_000,     1_000,     1_050,          950),
        (      50_000,     1_010,     1_060,          960), // 50.5, rounded down
        (         999,     1_000,     1_000,        1_000), // less than a tick
        (       1_000,     1_000,     1_001,          999),
        (   1_000_000,     1_000,     2_000,            0), // all of it
        (   2_000_000,     1_000,     3_000,       -1_000), // and more
        (      50_000,         0,         0,            0),
        // A negative price: the width is of its size, and a buyer still loses by paying more.
        (      50_000,    -1_000,      -950,       -1_050),
        (   2_000_000,    -1_000,     1_000,       -3_000),
        // Where prices end, so does the collar.
        (           0,      HIGH,      HIGH,         HIGH),
        (           0,       LOW,       LOW,          LOW),
        (   1_000_000,      HIGH,      HIGH,            0),
        (   1_000_000,       LOW,         0,          LOW),
        (   2_000_000,  HIGH - 1,      HIGH, -(HIGH - 1)),
        (   2_000_000,       LOW,      HIGH,          LOW),
        (    u32::MAX,      HIGH,      HIGH,          LOW),
        (    u32::MAX,       LOW,      HIGH,          LOW),
        (    u32::MAX,         1,     4_295,       -4_293),
    ];
    for (ppm, reference, buy, sell) in table {
        let collar = PriceCollar::new(ppm);
        assert_eq!(collar.get(), ppm);
        for (side, worst) in [(BUY, buy), (SELL, sell)] {
            let found = collar.worst(side, Price::new(reference));
            assert_eq!(
                found,
                Price::new(worst),
                "{ppm} ppm of {reference}, {side:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_collar_is_a_share_of_the_price_and_both_sides_are_alike(
        ppm in prop_oneof![any::<u32>(), 0..=2_000_000_u32],
        reference in prop_oneof![any::<i64>(), -3_000_000..=3_000_000_i64],
    ) {
        let collar = PriceCollar::new(ppm);
        let (low, high) = (
            collar.worst(SELL, Price::new(reference)).get(),
            collar.worst(BUY, Price::new(reference)).get(),
        );
        prop_assert!(low <= reference && reference <= high);
        // Where the width fits: width × 1,000,000 <= |reference| × ppm < (width + 1) × 1,000,000.
        let exact = u128::from(reference.unsigned_abs()) * u128::from(ppm);
        for (worst, end) in [(low, LOW), (high, HIGH)] {
            let width = u128::from(worst.abs_diff(reference));
            prop_assert!(width * 1_000_000 <= exact);
            prop_assert!(worst == end || exact < (width + 1) * 1_000_000);
        }
        // A wider collar allows no less.
        let wider = PriceCollar::new(ppm.saturating_add(1));
        prop_assert!(wider.worst(BUY, Price::new(reference)).get() >= high);
        prop_assert!(wider.worst(SELL, Price::new(reference)).get() <= low);
    }
}
