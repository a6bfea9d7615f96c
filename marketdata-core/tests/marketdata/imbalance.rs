//! Imbalances by eye, and against their definitions.

use marketdata_core::{Depth, OrderFlowImbalance, Quote, Ratio, TradeImbalance, Volume};
use orderbook_core::Side;
use proptest::prelude::*;

use crate::given::{rested, side, trade, trades};
use crate::spread::{any_quote, extreme_quote, quote};

fn depth(bids: &[(i64, u64)], asks: &[(i64, u64)]) -> Depth {
    let mut depth = Depth::new();
    let bids = bids.iter().map(|level| (Side::Buy, level));
    for (side, (price, quantity)) in bids.chain(asks.iter().map(|level| (Side::Sell, level))) {
        let event = rested(side, *price, *quantity);
        depth.apply(&event).expect("it joins").for_each(drop);
    }
    depth
}

#[test]
fn the_imbalance_of_the_depth_is_that_of_its_best_levels() {
    let both = depth(&[(99, 6), (98, 1), (90, 50)], &[(101, 2), (105, 8)]);
    let bids = depth(&[(99, 6)], &[]);
    let most = u64::MAX;
    let heavy = depth(
        &[(1, most), (2, most), (3, most)],
        &[(4, most), (5, 1), (6, 1)],
    );
    let third = i128::from(most) * 2 - 2;
    for (shown, levels, expected) in [
        (&both, 0, None),
        (&both, 1, Ratio::new(4, 8)),
        (&both, 2, Ratio::new(-3, 17)),
        (&both, 3, Ratio::new(47, 67)),
        (&both, usize::MAX, Ratio::new(47, 67)),
        (&bids, 1, Ratio::new(1, 1)),
        (&depth(&[], &[(-3, 9)]), 5, Ratio::new(-1, 1)),
        (&Depth::new(), 5, None),
        (&heavy, 1, Ratio::new(0, 1)),
        (&heavy, 3, Ratio::new(third, u128::from(most) * 4 + 2)),
    ] {
        assert_eq!(shown.imbalance(levels), expected, "{levels} levels");
    }
}

#[test]
fn takers_press_by_what_they_take() {
    let mut imbalance = TradeImbalance::new();
    assert_eq!(imbalance.ratio(), None);
    let bought = trade(1, 0, 100, 6, Side::Buy);
    let sold = trade(2, 0, 100, 2, Side::Sell);
    for (trade, expected) in [(&bought, Ratio::new(1, 1)), (&sold, Ratio::new(1, 2))] {
        imbalance.apply(trade);
        assert_eq!(imbalance.ratio(), expected);
    }
    assert_eq!(imbalance.buys, Volume::new(6));
    assert_eq!(imbalance.sells, Volume::new(2));

    assert!(imbalance.bust(&bought));
    assert_eq!(imbalance.ratio(), Ratio::new(-1, 1));
    // It is gone already.
    assert!(!imbalance.bust(&bought));
    assert_eq!(imbalance.ratio(), Ratio::new(-1, 1));
    assert!(imbalance.bust(&sold));
    assert_eq!(imbalance, TradeImbalance::default());
}

#[test]
fn the_largest_trades_have_an_imbalance_too() {
    let mut imbalance = TradeImbalance::new();
    for (id, side) in [(1, Side::Buy), (2, Side::Buy), (3, Side::Sell)] {
        imbalance.apply(&trade(id, 0, i64::MIN, u64::MAX, side));
    }
    assert_eq!(imbalance.ratio(), Ratio::new(1, 3));
}

#[test]
fn the_flow_is_told_from_one_quote_to_the_next() {
    let (bid, ask) = (Some((100, 5)), Some((102, 7)));
    let before = quote(bid, ask);
    for (what, after, lots) in [
        ("nothing changed", before, 0),
        ("bids joined", quote(Some((100, 8)), ask), 3),
        ("bids left", quote(Some((100, 1)), ask), -4),
        ("the bid rose", quote(Some((101, 2)), ask), 2),
        ("the bid fell", quote(Some((99, 9)), ask), -5),
        ("the bid vanished", quote(None, ask), -5),
        ("asks joined", quote(bid, Some((102, 9))), -2),
        ("asks left", quote(bid, Some((102, 1))), 6),
        ("the ask fell", quote(bid, Some((101, 3))), -3),
        ("the ask rose", quote(bid, Some((103, 3))), 7),
        ("the ask vanished", quote(bid, None), 7),
        ("both rose", quote(Some((101, 2)), Some((103, 3))), 2 + 7),
        ("both vanished", quote(None, None), -5 + 7),
    ] {
        let mut flow = OrderFlowImbalance::new();
        flow.apply(before);
        assert_eq!(flow.lots(), 0, "the first is only compared with");
        flow.apply(after);
        assert_eq!(flow.lots(), lots, "{what}");
        // There and back again comes to nothing only where no price changed.
        flow.apply(before);
        let same = |a: Quote, b: Quote| {
            a.bid.map(|bid| bid.price) == b.bid.map(|bid| bid.price)
                && a.ask.map(|ask| ask.price) == b.ask.map(|ask| ask.price)
        };
        if same(before, after) {
            assert_eq!(flow.take(), 0, "{what}");
        }
    }
}

#[test]
fn a_period_ends_where_it_is_taken() {
    let mut flow = OrderFlowImbalance::new();
    flow.apply(quote(None, None));
    flow.apply(quote(Some((100, 5)), None));
    assert_eq!(flow.take(), 5);
    flow.apply(quote(Some((100, 4)), None));
    assert_eq!((flow.lots(), flow.take(), flow.take()), (-1, -1, 0));
}

#[test]
fn the_largest_quantities_flow_too() {
    let most = u64::MAX;
    let mut flow = OrderFlowImbalance::new();
    flow.apply(quote(None, Some((i64::MIN, most))));
    flow.apply(quote(Some((i64::MAX, most)), None));
    assert_eq!(flow.lots(), 2 * i128::from(most));
}

/// The definition, for quotes of which no side is missing.
fn defined(before: &Quote, after: &Quote) -> Option<i128> {
    let (bid, ask, new_bid, new_ask) = (before.bid?, before.ask?, after.bid?, after.ask?);
    let count = |is: bool, quantity: u64| i128::from(is) * i128::from(quantity);
    Some(
        count(new_bid.price >= bid.price, new_bid.quantity.get())
            - count(new_bid.price <= bid.price, bid.quantity.get())
            - count(new_ask.price <= ask.price, new_ask.quantity.get())
            + count(new_ask.price >= ask.price, ask.quantity.get()),
    )
}

proptest! {
    #[test]
    fn the_flow_is_the_sum_of_its_definition(quotes in prop::collection::vec(any_quote(), 2..30)) {
        let whole: Vec<Quote> = quotes.into_iter()
            .filter(|quote| quote.mid().is_some())
            .collect();
        let mut flow = OrderFlowImbalance::new();
        for quote in &whole {
            flow.apply(*quote);
        }
        let expected: i128 = whole.windows(2)
            .filter_map(|pair| defined(&pair[0], &pair[1]))
            .sum();
        prop_assert_eq!(flow.lots(), expected);
    }

    #[test]
    fn no_flow_panics(quotes in prop::collection::vec(extreme_quote(), 1..30)) {
        let mut flow = OrderFlowImbalance::new();
        for quote in &quotes {
            flow.apply(*quote);
        }
        let most = 4 * i128::from(u64::MAX) * 30;
        prop_assert!(flow.lots().abs() <= most);
    }

    #[test]
    fn the_trade_imbalance_is_that_of_what_is_left(
        trades in trades(40),
        busted in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut imbalance = TradeImbalance::new();
        for trade in &trades {
            imbalance.apply(trade);
        }
        let (mut difference, mut sum) = (0_i128, 0_u128);
        for (trade, is_busted) in trades.iter().zip(busted) {
            if is_busted {
                prop_assert!(imbalance.bust(trade));
                continue;
            }
            let quantity = i128::from(trade.quantity.get());
            difference += if trade.taker_side == Side::Buy { quantity } else { -quantity };
            sum += u128::from(trade.quantity.get());
        }
        prop_assert_eq!(imbalance.ratio(), Ratio::new(difference, sum));
    }

    #[test]
    fn no_trade_spoils_the_imbalance(
        trades in prop::collection::vec((any::<u64>(), side(), any::<bool>()), 1..40),
    ) {
        let mut imbalance = TradeImbalance::new();
        for (quantity, side, is_removed) in trades {
            let trade = trade(1, 0, 0, quantity, side);
            let before = imbalance;
            if !is_removed {
                imbalance.apply(&trade);
            } else if !imbalance.bust(&trade) {
                prop_assert_eq!(imbalance, before);
            }
            prop_assert_eq!(imbalance.ratio().is_some(), imbalance != TradeImbalance::new());
        }
    }
}
