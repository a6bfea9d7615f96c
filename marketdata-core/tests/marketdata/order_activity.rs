//! What counts as an order by eye, and against the commands that a book was given.

use std::num::NonZeroU64;

use marketdata_core::{OrderActivity, OrderCounts, Ratio, Volume};
use orderbook_core::{
    AccountId, CloseReason, Command, Event, OrderId, Quantity, Side, Timestamp, Trade,
};
use proptest::prelude::*;

use crate::given::{
    accepted, amended, book, closed, command, decremented, level, reduced, replenished, rested,
    traded,
};

/// Nothing but totals.
fn activity() -> OrderActivity {
    windowed(1, 0)
}

fn windowed(resolution_micros: u64, buckets: usize) -> OrderActivity {
    OrderActivity::new(
        NonZeroU64::new(resolution_micros).expect("not zero"),
        buckets,
    )
}

/// An order of 1,000 lots that ended, having been on the book or not.
fn ended(reason: CloseReason, was_on_book: bool) -> Event {
    Event::Closed {
        order_id: OrderId::new(1),
        account: AccountId::new(1),
        side: Side::Buy,
        reason,
        unfilled: Quantity::new(1_000),
        left: was_on_book.then_some(level(100, 10)),
    }
}

/// Submissions, amendments, cancellations and their volume; trades and their volume.
fn counts(orders: (u64, u64, u64, u128), trades: (u64, u128)) -> OrderCounts {
    OrderCounts {
        submissions: orders.0,
        amendments: orders.1,
        cancellations: orders.2,
        order_volume: Volume::new(orders.3),
        trades: trades.0,
        trade_volume: Volume::new(trades.1),
    }
}

#[test]
fn each_event_counts_as_what_its_owner_asked_for() {
    let none = counts((0, 0, 0, 0), (0, 0));
    let cancelled = counts((0, 0, 1, 1_000), (0, 0));
    for (event, expected) in [
        (accepted(Side::Buy, None), counts((1, 0, 0, 1_000), (0, 0))),
        (
            accepted(Side::Sell, Some((100, 10))),
            counts((1, 0, 0, 1_000), (0, 0)),
        ),
        // 7 displayed before, 1,000 after.
        (
            amended(Side::Buy, (100, 7), None),
            counts((0, 1, 0, 1_007), (0, 0)),
        ),
        // By 1,005: from 1,006 to 1.
        (reduced(Side::Buy, 100, 5), counts((0, 1, 0, 1_007), (0, 0))),
        (traded(1, Side::Buy, 100, 3), counts((0, 0, 0, 0), (1, 3))),
        (ended(CloseReason::Cancelled, true), cancelled),
        (ended(CloseReason::Cancelled, false), cancelled),
        (ended(CloseReason::Replaced, true), cancelled),
        // An IOC whose rest is cancelled, and an order whose date came.
        (ended(CloseReason::Expired, false), cancelled),
        (ended(CloseReason::Expired, true), none),
        (ended(CloseReason::Filled, true), none),
        (ended(CloseReason::SelfTrade, true), none),
        (ended(CloseReason::BudgetSpent, false), none),
        (closed(Side::Sell, Some((100, 10))), cancelled),
        (rested(Side::Buy, 100, 5), none),
        (replenished(Side::Buy, 100, 5), none),
        (decremented(Side::Buy, 100, 5), none),
    ] {
        let mut activity = activity();
        activity.apply(Timestamp::new(5), &event);
        assert_eq!(activity.total(), expected, "{event:?}");
        assert_eq!(activity.window(), none, "a window of no buckets");
    }
}

#[test]
fn the_ratio_is_orders_over_trades_less_one() {
    for (counts, orders, number, volume) in [
        (counts((0, 0, 0, 0), (0, 0)), 0, None, None),
        // Nothing traded: there is no ratio, however many orders.
        (counts((5, 0, 5, 50), (0, 0)), 10, None, None),
        // Two orders that trade wholly with each other.
        (
            counts((2, 0, 0, 20), (1, 10)),
            2,
            Ratio::new(1, 1),
            Ratio::new(1, 1),
        ),
        // An amendment is a cancellation and a new insertion.
        (
            counts((3, 4, 1, 90), (4, 20)),
            12,
            Ratio::new(2, 1),
            Ratio::new(7, 2),
        ),
        // One order that meets five makers of another day.
        (
            counts((1, 0, 0, 50), (5, 50)),
            1,
            Ratio::new(-4, 5),
            Ratio::new(0, 1),
        ),
        (
            counts((u64::MAX, u64::MAX, u64::MAX, u128::MAX >> 1), (1, 1)),
            u64::MAX,
            Ratio::new(i128::from(u64::MAX) - 1, 1),
            Ratio::new(i128::MAX - 1, 1),
        ),
        (
            counts((0, 0, 0, 0), (u64::MAX, u128::MAX >> 1)),
            0,
            Ratio::new(-1, 1),
            Ratio::new(-1, 1),
        ),
        // Beyond what can be counted.
        (
            counts((1, 0, 0, u128::MAX), (1, u128::MAX)),
            1,
            Ratio::new(0, 1),
            None,
        ),
    ] {
        assert_eq!(counts.orders(), orders, "{counts:?}");
        assert_eq!(counts.order_to_trade(), number, "{counts:?}");
        assert_eq!(counts.order_to_trade_by_volume(), volume, "{counts:?}");
    }
}

#[test]
fn an_account_is_counted_alone_and_with_each_side_of_its_trades() {
    let with_self = match traded(2, Side::Buy, 100, 4) {
        Event::Traded(trade) => Event::Traded(Trade {
            taker_account: trade.maker_account,
            ..trade
        }),
        event => event,
    };
    // Account 1 places an order and trades 3 with account 2, and 4 with itself.
    let events = [
        accepted(Side::Buy, None),
        traded(1, Side::Buy, 100, 3),
        with_self,
    ];
    for (account, expected) in [
        (None, counts((1, 0, 0, 1_000), (2, 7))),
        (Some(1), counts((1, 0, 0, 1_000), (3, 11))),
        (Some(2), counts((0, 0, 0, 0), (1, 3))),
        (Some(3), counts((0, 0, 0, 0), (0, 0))),
    ] {
        let mut activity = activity();
        if let Some(account) = account {
            activity = activity.of_account(AccountId::new(account));
        }
        for event in &events {
            activity.apply(Timestamp::new(0), event);
        }
        assert_eq!(activity.total(), expected, "account {account:?}");
    }
}

#[test]
fn the_window_moves_by_its_resolution() {
    // Three buckets of ten microseconds.
    let mut activity = windowed(10, 3);
    for time in [5, 9, 10, 29] {
        activity.apply(Timestamp::new(time), &accepted(Side::Buy, None));
    }
    for (time, expected) in [
        (29, 4),
        // Time does not run backwards.
        (0, 4),
        (30, 2),
        (39, 2),
        (40, 1),
        (49, 1),
        (50, 0),
        (u64::MAX, 0),
    ] {
        activity.advance(Timestamp::new(time));
        assert_eq!(activity.window().submissions, expected, "at {time}");
        assert_eq!(activity.total().submissions, 4);
    }
    // What comes late comes now.
    activity.apply(Timestamp::new(3), &accepted(Side::Buy, None));
    assert_eq!(activity.window().submissions, 1);
}

#[test]
fn a_window_may_be_of_any_size() {
    for (resolution, buckets, expected) in [
        (1, 1, 1),
        // The first microsecond is a window of this size away from the last.
        (1, usize::MAX, 1),
        (2, usize::MAX, 3),
        (u64::MAX, 1, 1),
        (u64::MAX, 2, 3),
    ] {
        let mut activity = windowed(resolution, buckets);
        for time in [0, 0, u64::MAX] {
            activity.apply(Timestamp::new(time), &accepted(Side::Buy, None));
        }
        assert_eq!(activity.window().submissions, expected);
    }
}

const NUMBERS: [fn(&OrderCounts) -> u128; 5] = [
    |counts| counts.orders().into(),
    |counts| counts.submissions.into(),
    |counts| counts.trades.into(),
    |counts| counts.order_volume.get(),
    |counts| counts.trade_volume.get(),
];

/// What one command that was not refused came to, by its events.
fn of_command(command: &Command, counts: &OrderCounts) -> bool {
    let OrderCounts {
        submissions,
        amendments,
        cancellations,
        ..
    } = *counts;
    match command {
        // An order that ends unfilled at once has been cancelled by its terms.
        Command::Place(_) => submissions == 1 && amendments == 0 && cancellations <= 1,
        Command::Cancel { .. } => (submissions, amendments, cancellations) == (0, 0, 1),
        Command::Reduce { .. } => (submissions, amendments, cancellations) == (0, 1, 0),
        Command::Amend { .. } => submissions == 0 && amendments + cancellations <= 1,
        // As many orders as an amendment is, or one more where the new one ends at once.
        Command::Replace { .. } => submissions == 1 && amendments == 0 && cancellations >= 1,
        Command::CancelAll(_) => submissions == 0 && amendments == 0,
        Command::Expire { .. } => *counts == OrderCounts::default(),
    }
}

proptest! {
    #[test]
    fn commands_are_counted_and_windows_add_up(
        steps in prop::collection::vec((0_u64..30, command()), 1..80),
        resolution in 1_u64..20,
        buckets in 0_usize..5,
    ) {
        let mut book = book();
        let mut activity = windowed(resolution, buckets);
        let mut by_account = [0, 1, 2].map(|id| windowed(1, 0).of_account(AccountId::new(id)));
        let (mut time, mut all) = (0, Vec::new());
        for (pause, command) in &steps {
            time += pause;
            let now = Timestamp::new(time);
            let mut events = Vec::new();
            if book.apply(command, &mut events).is_err() {
                continue;
            }
            activity.advance(now);
            let mut alone = windowed(1, 0);
            for event in &events {
                alone.apply(now, event);
                activity.apply(now, event);
                for activity in &mut by_account {
                    activity.apply(now, event);
                }
            }
            prop_assert!(of_command(command, &alone.total()), "{:?}: {:?}", command, alone);
            all.push((time, alone.total()));

            let add = |what: fn(&OrderCounts) -> u128, since: u64| -> u128 {
                let counted = all.iter().filter(|(time, _)| time / resolution >= since);
                counted.map(|(_, counts)| what(counts)).sum()
            };
            // The first bucket of the window; one after now where it has none.
            let first = (time / resolution + 1).saturating_sub(buckets as u64);
            for (counts, since) in [(activity.total(), 0), (activity.window(), first)] {
                for what in NUMBERS {
                    prop_assert_eq!(what(&counts), add(what, since));
                }
            }
        }
        let total = activity.total();
        let sum = |what: fn(&OrderCounts) -> u128| -> u128 {
            by_account.iter().map(|activity| what(&activity.total())).sum()
        };
        prop_assert_eq!(sum(|counts| u128::from(counts.orders())), u128::from(total.orders()));
        prop_assert_eq!(sum(|counts| counts.order_volume.get()), total.order_volume.get());
        // Each trade has two sides.
        prop_assert_eq!(sum(|counts| counts.trades.into()), 2 * u128::from(total.trades));
    }

    #[test]
    fn no_event_spoils_the_counts(
        times in prop::collection::vec((any::<u64>(), any::<u64>(), 0_u8..4), 1..40),
        resolution in 1..=u64::MAX,
        buckets: usize,
    ) {
        let mut activity = windowed(resolution, buckets);
        for (time, quantity, kind) in times {
            let event = match kind {
                0 => amended(Side::Sell, (i64::MIN, quantity), None),
                1 => reduced(Side::Buy, i64::MAX, quantity),
                2 => traded(time, Side::Buy, i64::MIN, quantity),
                _ => ended(CloseReason::Cancelled, true),
            };
            activity.apply(Timestamp::new(time), &event);
            let _ = activity.total().order_to_trade_by_volume();
            prop_assert!(activity.window().orders() <= activity.total().orders());
        }
    }
}
