//! Who goes on from a stored fold comes to the same as who never stopped.
//!
//! The inputs are those that the exchange is compared with its model on.

mod history;

use std::collections::BTreeSet;

use exchange_engine::{Event, InstrumentId, OrderRef};
use marketdata_core::{Interval, MarketEvent, TickerStats, Window};
use oracle::engine_commands::{COMMAND, HEADER, seeded};
use orderbook_core::Timestamp;
use proptest::prelude::*;

use self::history::History;
use super::Models;
use crate::bus::Outcome;
use crate::config::Memory;
use crate::orders::OrderRecord;

const SMALL: Memory = Memory {
    candles: 2,
    trades: 3,
    ticker_trades: 4,
    closed_orders: 3,
    fills: 3,
};

fn bytes_of(models: &Models) -> Vec<u8> {
    postcard::to_stdvec(&models.stored()).expect("plain data")
}

fn restore(memory: &Memory, stored: &[u8]) -> Models {
    let stored = postcard::from_bytes(stored).expect("what was stored");
    Models::restore(memory, stored).expect("what was stored")
}

/// Folds an outcome, after letting time pass until then where it is told to. Returns what that
/// changed on the markets.
fn apply(
    models: &mut Models,
    seq: u64,
    outcome: &Outcome,
    advances: bool,
) -> Vec<(InstrumentId, MarketEvent)> {
    let mut changes = Vec::new();
    if advances {
        models.markets.advance(outcome.time, &mut changes);
    }
    models.orders.apply(seq, outcome);
    models.balances.apply(outcome);
    models.positions.apply(outcome);
    let applied = models.markets.apply(outcome, &mut changes);
    applied.expect("the feed is whole");
    changes
}

/// Cuts what comes of some bytes at an input, and compares who goes on from there, also with
/// another memory, with who never stopped. `advances` says where time passes in between. Returns
/// what there was at the cut.
fn compare(
    bytes: &[u8],
    cut: impl FnOnce(usize) -> usize,
    advances: u64,
    other_memory: &Memory,
) -> BTreeSet<&'static str> {
    let history = History::of(bytes);
    let cut = cut(history.outcomes.len() + 1) as u64;
    let advances = |seq| advances >> (seq % 64) & 1 == 1;
    let mut never_cut = Models::new(&SMALL);
    let mut all = Models::new(&Memory::default());
    for (seq, outcome) in history.numbered().take_while(|it| it.0 <= cut) {
        apply(&mut never_cut, seq, outcome, advances(seq));
        apply(&mut all, seq, outcome, advances(seq));
    }
    let stored = bytes_of(&never_cut);
    let mut restored = restore(&SMALL, &stored);
    history.assert_same(&restored, &never_cut);
    assert_eq!(bytes_of(&restored), stored);
    let situations = situations(&history, &never_cut);

    let mut impatient = restore(&SMALL, &stored);
    let mut other = restore(other_memory, &stored);
    history.assert_whole(cut, other_memory, &other, &all);
    for (seq, outcome) in history.numbered().skip_while(|it| it.0 <= cut) {
        let changes = apply(&mut never_cut, seq, outcome, advances(seq));
        assert_eq!(apply(&mut restored, seq, outcome, advances(seq)), changes);
        apply(&mut impatient, seq, outcome, !advances(seq));
        apply(&mut other, seq, outcome, advances(seq));
        apply(&mut all, seq, outcome, advances(seq));
    }
    let end = history.end();
    for folds in [
        &mut never_cut,
        &mut restored,
        &mut impatient,
        &mut other,
        &mut all,
    ] {
        folds.markets.advance(end, &mut Vec::new());
    }
    for restored in [&restored, &impatient] {
        history.assert_same(restored, &never_cut);
        assert_eq!(bytes_of(restored), bytes_of(&never_cut));
    }
    history.assert_whole(u64::MAX, other_memory, &other, &all);
    history.assert_whole(u64::MAX, &SMALL, &never_cut, &all);
    situations
}

/// What there is in these folds that might get lost.
fn situations(history: &History, folds: &Models) -> BTreeSet<&'static str> {
    let Models {
        orders,
        positions,
        markets,
        ..
    } = folds;
    let tomorrow = Timestamp::from_millis(history.end().millis() + 24 * 60 * 60 * 1_000);
    let mut found = BTreeSet::new();
    let mut note = |what, is_so| {
        if is_so {
            found.insert(what);
        }
    };
    for account in history.accounts.iter().copied() {
        let names = |order: &OrderRecord| {
            let name = order.client_order_id.map(OrderRef::Client);
            name.and_then(|name| orders.order(account, order.instrument, name))
        };
        let mut remembered = orders.orders(account);
        let renamed = |it: &OrderRecord| names(it).is_some_and(|newest| newest.id != it.id);
        note("a name with several orders", remembered.any(renamed));
        note("open orders", orders.open_orders(account).next().is_some());
        let forgotten = orders.forgotten_orders(account);
        note("forgotten orders", forgotten.is_some());
        let forgotten = orders.forgotten_fills(account);
        note("forgotten fills", forgotten.is_some());
        for held in positions.of(account).into_iter().flatten() {
            note("a position", !held.position.cost().is_zero());
            let volume = positions.volume(account, held.quote, tomorrow);
            note("traded volumes", !volume.is_zero());
        }
    }
    for instrument in history.instruments.iter().copied() {
        note("a halt", markets.is_halted(instrument));
        let Some(market) = markets.market(instrument) else {
            let mut events = history.outcomes.iter().flat_map(|it| &it.events);
            let delisted = Event::InstrumentDelisted { instrument };
            note(
                "an instrument delisted one day",
                events.any(|it| *it == delisted),
            );
            continue;
        };
        let stats = market.ticker(Window::ONE_DAY).map(|it| it.stats);
        let is = |what: fn(&TickerStats) -> bool| stats.as_ref().is_some_and(what);
        note("a ticker that is not whole", is(|it| it.is_truncated));
        note("a previous close", is(|it| it.previous_close.is_some()));
        note(
            "a last trade of another day",
            is(|it| it.last.is_some() && it.trade_count == 0),
        );
        note("forgotten trades", market.tape().forgotten().is_some());
        let minutes = market.candles(Interval::ONE_MINUTE);
        let forgotten = minutes.and_then(|minutes| minutes.forgotten());
        note("forgotten candles", forgotten.is_some());
    }
    found
}

fn memories() -> impl Strategy<Value = Memory> {
    let few = || prop_oneof![0..6_usize, Just(1_000)];
    (few(), few(), few(), few(), few()).prop_map(
        |(candles, trades, ticker_trades, closed_orders, fills)| Memory {
            candles,
            trades,
            ticker_trades,
            closed_orders,
            fills,
        },
    )
}

/// A comparison proves nothing about what was never there.
#[test]
fn everything_that_is_stored_is_there_at_some_cut() {
    let mut found = BTreeSet::new();
    for block in 0..32_u32 {
        let mut bytes = seeded(20_240_229, block.into(), 200);
        if block % 4 == 3 {
            // An account that has had almost a thousand names may use them again.
            bytes[1] = 252;
        }
        let cut = |len: usize| len - 1 - len * block as usize / 128;
        let mask = 0x0123_4567_89ab_cdef_u64.rotate_left(block);
        found.extend(compare(&bytes, cut, mask, &Memory::default()));
    }
    let expected = [
        "a halt",
        "a last trade of another day",
        "a name with several orders",
        "a position",
        "a previous close",
        "a ticker that is not whole",
        "an instrument delisted one day",
        "forgotten candles",
        "forgotten fills",
        "forgotten orders",
        "forgotten trades",
        "open orders",
        "traded volumes",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whoever_goes_on_from_what_was_stored_comes_to_the_same(
        bytes in prop::collection::vec(any::<u8>(), 0..HEADER + COMMAND * 200),
        cut in any::<prop::sample::Index>(),
        advances in any::<u64>(),
        other_memory in memories(),
    ) {
        compare(&bytes, |len| cut.index(len), advances, &other_memory);
    }
}
