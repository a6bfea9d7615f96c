//! Five hours of Bitstamp orders go in, and the trades of the venue come out.

mod recordings;

use examples::{Comparison, Recording, run};
use orderbook_core::Side;

#[test]
fn the_trades_are_those_of_the_venue() -> anyhow::Result<()> {
    let Some(path) = recordings::recording("bitstamp_l3_20150501/2015-05-01.log.zst") else {
        return Ok(());
    };
    let recording = Recording::open(&path)?;
    assert_eq!(recording.len(), 56_000);

    let summary = run(&recording, |replay, count| {
        let best = |side| replay.book().best(side);
        if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) {
            assert!(bid.price < ask.price, "crossed after message {count}");
        }
        if count % 5_000 == 0 {
            assert_eq!(replay.check(), Ok(()), "after message {count}");
        }
    })?;

    assert_eq!(summary.accepted, 24_894);
    assert!(summary.refused.is_empty(), "{:?}", summary.refused);
    assert_eq!(summary.trades, 517);
    // Not all of them can be found: the recording begins with a book that nobody wrote down.
    let [Comparison { equal, of, .. }] = summary.comparisons[..] else {
        panic!("{:?}", summary.comparisons);
    };
    assert_eq!(of, 575);
    assert!(equal >= 505, "only {equal} of {of} trades found");
    Ok(())
}

#[test]
fn the_table_says_the_same_as_the_log() -> anyhow::Result<()> {
    let Some(path) = recordings::recording("bitstamp_l3_20150501/orders.csv.zst") else {
        return Ok(());
    };
    let summary = run(&Recording::open(&path)?, |_, _| ())?;
    assert_eq!((summary.accepted, summary.trades), (24_894, 517));
    Ok(())
}
