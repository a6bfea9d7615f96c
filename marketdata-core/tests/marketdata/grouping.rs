//! Levels grouped at coarser prices, by eye and against the naive sum.

use std::collections::BTreeMap;

use marketdata_core::{Depth, GroupedLevel, Grouping, Volume};
use orderbook_core::{Price, Side};
use proptest::prelude::*;

use crate::given::{rested, side};
use Side::{Buy, Sell};

fn of_ticks(ticks: u64) -> Grouping {
    Grouping::of_ticks(ticks).expect("not zero")
}

fn depth(levels: &[(Side, i64, u64)]) -> Depth {
    let mut depth = Depth::new();
    for (side, price, quantity) in levels {
        drop(
            depth
                .apply(&rested(*side, *price, *quantity))
                .expect("it fits"),
        );
    }
    depth
}

fn bare(groups: &[GroupedLevel]) -> Vec<(i64, u128)> {
    let bare = |group: &GroupedLevel| (group.price.get(), group.volume.get());
    groups.iter().map(bare).collect()
}

#[test]
fn bids_go_down_to_a_multiple_and_asks_up() {
    let (min, max) = (i64::MIN, i64::MAX);
    // group, price, as a bid, as an ask
    for (ticks, price, bid, ask) in [
        (1, 1_234, 1_234, 1_234),
        (10, 1_234, 1_230, 1_240),
        (10, 1_230, 1_230, 1_230),
        (100, 7, 0, 100),
        (10, 0, 0, 0),
        (10, -3, -10, 0),
        (10, -10, -10, -10),
        (10, -11, -20, -10),
        (1, min, min, min),
        (1, max, max, max),
        // The multiples next to the ends are -9,223,372,036,854,775,810 and 9,223,372,036,854,775,810.
        (10, min, min, min + 8),
        (10, max, max - 7, max),
        (u64::MAX, 5, 0, max),
        (u64::MAX, -5, min, 0),
    ] {
        let group = of_ticks(ticks);
        let price = Price::new(price);
        assert_eq!(group.price(Buy, price).get(), bid, "{ticks} {price}");
        assert_eq!(group.price(Sell, price).get(), ask, "{ticks} {price}");
    }
    assert_eq!(Grouping::of_ticks(0), None);
    assert_eq!(of_ticks(25).ticks(), 25);
}

#[test]
fn the_levels_of_a_group_are_added_up() {
    let depth = depth(&[
        (Buy, 99, 1),
        (Buy, 91, 2),
        (Buy, 90, 4),
        (Buy, 89, u64::MAX),
        (Buy, 80, u64::MAX),
        (Buy, -1, 8),
        (Sell, 100, 3),
        (Sell, 101, 5),
        (Sell, 110, 6),
        (Sell, 111, 7),
    ]);
    let grouped = depth.grouped(of_ticks(10), 2);
    assert_eq!(grouped.last_update_id, 10);
    // Two full levels are more than 64 bits hold.
    assert_eq!(
        bare(&grouped.bids),
        [(90, 7), (80, 2 * u128::from(u64::MAX))]
    );
    assert_eq!(bare(&grouped.asks), [(100, 3), (110, 11)]);
    let all = depth.grouped(of_ticks(100), usize::MAX);
    assert_eq!(bare(&all.bids)[1..], [(-100, 8)]);
    assert_eq!(bare(&all.asks), [(100, 3), (200, 18)]);
    assert_eq!(depth.grouped(of_ticks(10), 0).bids, []);
}

proptest! {
    #[test]
    fn grouping_loses_nothing_and_never_crosses(
        levels in prop::collection::vec((side(), -60_i64..60, 1_u64..10), 0..60),
        ticks in prop_oneof![1_u64..30, Just(u64::MAX)],
        limit in 0_usize..8,
    ) {
        // Bids below zero, asks not.
        let split = |(side, price, quantity): (Side, i64, u64)| match side {
            Buy => (side, -1 - price.abs(), quantity),
            Sell => (side, price.abs(), quantity),
        };
        let levels: Vec<_> = levels.into_iter().map(split).collect();
        let depth = depth(&levels);
        let grouping = of_ticks(ticks);
        let mut sums: BTreeMap<(Side, i64), u128> = BTreeMap::new();
        for (side, price, quantity) in levels {
            let price = grouping.price(side, Price::new(price)).get();
            *sums.entry((side, price)).or_default() += u128::from(quantity);
        }
        let group = |((_, price), volume): (&(Side, i64), &u128)| GroupedLevel {
            price: Price::new(*price),
            volume: Volume::new(*volume),
        };
        let of = |wanted| sums.iter().filter(move |((side, _), _)| *side == wanted).map(group);
        let grouped = depth.grouped(grouping, limit);
        prop_assert!(grouped.bids.iter().copied().eq(of(Buy).rev().take(limit)));
        prop_assert!(grouped.asks.iter().copied().eq(of(Sell).take(limit)));
        if let (Some(bid), Some(ask)) = (grouped.bids.first(), grouped.asks.first()) {
            prop_assert!(bid.price < ask.price);
        }
    }
}
