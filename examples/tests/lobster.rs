//! LOBSTER order messages go in, and the recorded books come out.
//!
//! What is compared, after every message: price and quantity of the first nine of ten (Apple) or
//! four of five (Amazon) levels of both sides, between the row of the recording and a book that has
//! seen the messages so far and, of the earlier rows, only the last level, which no message
//! explains. The first row is trivially equal, since the starting book was computed from it.

mod recordings;

use examples::{Recording, Summary, run};

fn replayed(folder: &str) -> anyhow::Result<Option<Summary>> {
    let Some(path) = recordings::recording(folder) else {
        return Ok(None);
    };
    let summary = run(&Recording::open(&path)?, |replay, count| {
        assert_eq!(replay.check(), Ok(()), "after message {count}");
    })?;
    assert!(summary.refused.is_empty(), "{:?}", summary.refused);
    Ok(Some(summary))
}

/// Equal books, executions of the recorded order, and other messages, each with how many there are.
fn counts(summary: &Summary) -> Vec<(u64, u64)> {
    let comparisons = summary.comparisons.iter();
    comparisons.map(|found| (found.equal, found.of)).collect()
}

#[test]
fn apple_is_equal_after_every_message() -> anyhow::Result<()> {
    if let Some(summary) = replayed("lobster_aapl_10lv_998")? {
        assert_eq!(counts(&summary), [(999, 999), (98, 98), (840, 840)]);
        assert_eq!(summary.trades, 98);
    }
    Ok(())
}

/// 26 executions are out of order here, all of them at 224.00 in the first second: at 09:30:00.189
/// the venue put twenty orders of the time before the opening on the book, which trade in the
/// order of their ids, while orders that had been there before, anonymous to us, have ids between
/// and above theirs. Who sees only the messages has to think those came first.
#[test]
fn amazon_is_equal_after_every_message() -> anyhow::Result<()> {
    if let Some(summary) = replayed("lobster_amzn_5lv_1000")? {
        assert_eq!(counts(&summary), [(1_000, 1_000), (102, 128), (785, 785)]);
        assert_eq!(summary.trades, 102);
    }
    Ok(())
}
