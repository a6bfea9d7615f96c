//! A writer between a feed and a store that fails when it is told to. Time is paused, so that waits
//! cost nothing and come out exact.

mod faulty;

use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::store::conformance::Script;
use faulty::{Fault, FaultyStore};

struct ScriptedFeed(mpsc::Receiver<Result<Arc<Batch>, TailError>>);

impl Feed for ScriptedFeed {
    async fn next(&mut self) -> Result<Arc<Batch>, TailError> {
        self.0.recv().await.unwrap_or(Err(TailError::Ended))
    }
}

/// As many inputs that lead to nothing.
fn batch(after: u64, inputs: u64) -> Arc<Batch> {
    let script = (0..inputs).fold(Script::after(after), |script, _| script.at(1, []));
    Arc::new(script.batch())
}

/// A feed of one-input batches, and where to say more.
fn feed(
    inputs: std::ops::RangeInclusive<u64>,
) -> (mpsc::Sender<Result<Arc<Batch>, TailError>>, ScriptedFeed) {
    let (sender, receiver) = mpsc::channel(100_000);
    for seq in inputs {
        sender
            .try_send(Ok(batch(seq - 1, 1)))
            .expect("there is room");
    }
    (sender, ScriptedFeed(receiver))
}

/// Writes until nothing more happens.
async fn settle(
    store: &FaultyStore,
    feed: ScriptedFeed,
    status: &WriterStatus,
) -> Option<Result<(), Gap>> {
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, write_all(store, feed, status))
        .await
        .ok()
}

#[tokio::test(start_paused = true)]
async fn what_comes_within_a_moment_is_written_together() {
    let (store, status) = (FaultyStore::default(), WriterStatus::default());
    let (sender, feed) = feed(1..=3);
    let more = async {
        sleep(Duration::from_millis(99)).await;
        sender.try_send(Ok(batch(3, 1))).expect("there is room");
        sleep(Duration::from_millis(2)).await;
        sender.try_send(Ok(batch(4, 2))).expect("there is room");
        sleep(Duration::from_secs(60)).await;
    };
    tokio::join!(settle(&store, feed, &status), more);
    assert_eq!(store.state().writes, [(1, 4), (5, 6)]);
    let progress = status.progress();
    assert_eq!((progress.cursor.seq, progress.batches), (6, 5));
    assert!(progress.failing.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_write_takes_so_much_and_no_more() {
    let (store, status) = (FaultyStore::default(), WriterStatus::default());
    let (_sender, feed) = feed(1..=12_000);
    settle(&store, feed, &status).await;
    let expected = [(1, 5_000), (5_001, 10_000), (10_001, 12_000)];
    assert_eq!(store.state().writes, expected);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_waited_for_and_the_feed_with_it() {
    let (store, status) = (FaultyStore::default(), WriterStatus::default());
    store.state().is_down = true;
    let (sender, feed) = feed(1..=20_000);
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let observing = async {
        sleep(Duration::from_secs(1_000)).await;
        // It could not even ask for the cursor.
        assert_eq!(sender.capacity(), 100_000 - 20_000);
        let failing = status.progress().failing.expect("failing");
        assert!(failing.error.contains("told to fail"), "{failing:?}");
        assert!(failing.since.elapsed() >= Duration::from_secs(999));

        store.state().is_down = false;
        sleep(Duration::from_secs(6)).await;
        assert!(status.progress().failing.is_none());
        assert_eq!(store.state().seq, 20_000);

        store.state().is_down = true;
        for seq in 20_001..=40_000 {
            sender
                .try_send(Ok(batch(seq - 1, 1)))
                .expect("there is room");
        }
        sleep(Duration::from_secs(1_000)).await;
        assert_eq!(sender.capacity(), 100_000 - 15_000, "one write is read");
        assert!(status.progress().retries == 0, "it never got to the write");
        store.state().is_down = false;
        sleep(Duration::from_secs(6)).await;
        assert_eq!(store.state().seq, 40_000);
        drop(end);
    };
    tokio::select! {
        _ = write_all(&store, feed, &status) => unreachable!("the feed goes on"),
        _ = async { tokio::join!(observing, ended) } => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_only_read_keeps_the_writer_failing() {
    let faults = std::iter::repeat_n(Some(Fault::Lost), 8);
    let (store, status) = (FaultyStore::at(0, faults), WriterStatus::default());
    let (_sender, feed) = feed(1..=1);
    tokio::select! {
        _ = write_all(&store, feed, &status) => unreachable!("the feed goes on"),
        // 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5 seconds of waiting, and one more attempt.
        () = sleep(Duration::from_secs(12)) => {}
    }
    let progress = status.progress();
    assert_eq!(progress.retries, 7);
    let failing = progress.failing.expect("still failing");
    assert!(failing.since.elapsed() > Duration::from_secs(11));
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_after_all_is_not_written_again() {
    let faults = [Some(Fault::Stored)];
    let (store, status) = (FaultyStore::at(0, faults), WriterStatus::default());
    let (_sender, feed) = feed(1..=3);
    settle(&store, feed, &status).await;
    assert_eq!(store.state().writes, [(1, 3)]);
    assert!(status.progress().failing.is_none());
    assert_eq!(status.progress().cursor.seq, 3);
}

#[tokio::test(start_paused = true)]
async fn what_another_writer_has_stored_is_left_out() {
    // Part of what was gathered, and more than has been read so far.
    for overtaken in [1, 3, 4] {
        let faults = [Some(Fault::Overtaken(overtaken))];
        let (store, status) = (FaultyStore::at(0, faults), WriterStatus::default());
        let (sender, feed) = feed(1..=3);
        let more = async {
            sleep(Duration::from_secs(1)).await;
            for seq in 4..=6 {
                sender
                    .try_send(Ok(batch(seq - 1, 1)))
                    .expect("there is room");
            }
            sleep(Duration::from_secs(60)).await;
        };
        tokio::join!(settle(&store, feed, &status), more);
        let state = store.state();
        assert!(is_everything_once(&state.writes, 6), "{:?}", state.writes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_begins_before_the_cursor_is_skipped_up_to_it() {
    let (store, status) = (FaultyStore::at(2, []), WriterStatus::default());
    let (_sender, feed) = feed(1..=4);
    settle(&store, feed, &status).await;
    assert_eq!(store.state().writes, [(3, 4)]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_put_back_needs_another_feed() {
    let (store, status) = (FaultyStore::at(7, []), WriterStatus::default());
    let (sender, feed) = feed(8..=9);
    let put_back = async {
        sleep(Duration::from_secs(1)).await;
        store.state().seq = 5;
        sender.try_send(Ok(batch(9, 1))).expect("there is room");
        sleep(Duration::from_secs(60)).await;
    };
    let (ended, ()) = tokio::join!(settle(&store, feed, &status), put_back);
    let gap = Gap {
        stored: 5,
        offered: 9,
    };
    assert_eq!(ended, Some(Err(gap)));
    let failing = status.progress().failing.expect("failing");
    assert_eq!(failing.error, gap.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_tried_again() {
    let (store, status) = (FaultyStore::default(), WriterStatus::default());
    let (sender, feed) = feed(1..=1);
    let unreadable = TailError::Log("it was told to fail".into());
    sender.try_send(Err(unreadable)).expect("there is room");
    let more = async {
        sleep(Duration::from_millis(50)).await;
        assert_eq!(store.state().seq, 1, "what was gathered is not held back");
        sender
            .try_send(Err(TailError::Log("again".into())))
            .expect("there is room");
        sleep(Duration::from_millis(50)).await;
        let failing = status.progress().failing.expect("failing");
        assert!(failing.error.contains("cannot be read"), "{failing:?}");
        sender.try_send(Ok(batch(1, 1))).expect("there is room");
        sleep(Duration::from_secs(1)).await;
        assert!(status.progress().failing.is_none());
        drop(sender);
    };
    let (ended, ()) = tokio::join!(settle(&store, feed, &status), more);
    assert_eq!(ended, Some(Ok(())));
    assert_eq!(store.state().seq, 2);
}

/// Whether writes follow each other from the first input to this one.
fn is_everything_once(writes: &[(u64, u64)], last: u64) -> bool {
    let mut seq = 0;
    writes.iter().all(|(first, last)| {
        let follows = *first == seq + 1;
        seq = *last;
        follows
    }) && seq == last
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to its writes, everything is stored once. Others end their writes where
    /// batches end: here all of them are of two inputs.
    #[test]
    fn everything_is_stored_once(
        faults in proptest::collection::vec(prop_oneof![
            2 => Just(None),
            1 => Just(Some(Fault::Lost)),
            1 => Just(Some(Fault::Stored)),
            1 => (1..6_u64).prop_map(|batches| Some(Fault::Overtaken(2 * batches))),
        ], 0..20),
        pauses in proptest::collection::vec(0..200_u64, 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let batches = pauses.len() as u64 + 100;
        let store = FaultyStore::at(0, faults);
        runtime.block_on(async {
            let (sender, receiver) = mpsc::channel(1_000);
            let saying = async {
                let pauses = pauses.into_iter().chain(std::iter::repeat(0));
                for (number, pause) in (0..batches).zip(pauses) {
                    sleep(Duration::from_millis(pause)).await;
                    sender.try_send(Ok(batch(2 * number, 2))).expect("there is room");
                }
                sleep(Duration::from_secs(200)).await;
            };
            let status = WriterStatus::default();
            tokio::select! {
                ended = write_all(&store, ScriptedFeed(receiver), &status) => {
                    unreachable!("the feed goes on: {ended:?}")
                }
                () = saying => {}
            }
        });
        let state = store.state();
        prop_assert!(is_everything_once(&state.writes, 2 * batches), "{:?}", state.writes);
    }
}
