//! A tail gives what the consumers of the same process got, wherever it begins.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;

use super::*;
use crate::bus::testing::{Publisher, Setup};
use crate::log::{Chain, LogError};

type TestResult = anyhow::Result<()>;

fn remembering(remembers: usize) -> Setup {
    Setup {
        remembers,
        ..Setup::default()
    }
}

/// Everything up to what has been published so far.
async fn read(tail: &mut Tail, publisher: &Publisher) -> Result<Vec<Arc<Batch>>, TailError> {
    let end = publisher.feed.outlet().newest().seq;
    let mut batches = Vec::new();
    while tail.seq() < end {
        batches.push(tail.next().await?);
    }
    Ok(batches)
}

#[tokio::test]
async fn it_gives_what_was_published_from_any_place_on() -> TestResult {
    for remembers in [1_000_000, 10, 0] {
        let mut publisher = Publisher::start(remembering(remembers)).await?;
        publisher.order(50).await?;
        let expected = publisher.fed.batches();
        for from in [0, 1, 25, 49, 50, 51] {
            let mut tail = publisher.feed.tail(from);
            let found = read(&mut tail, &publisher).await?;
            let rest = usize::try_from(from)?;
            assert_eq!(found, expected[rest..], "{remembers} remembered");
            assert!(tail.next().now_or_never().is_none(), "there is no more");
        }
        let mut tail = publisher.feed.tail(0);
        read(&mut tail, &publisher).await?;
        publisher.order(5).await?;
        let new = read(&mut tail, &publisher).await?;
        assert_eq!(new, publisher.fed.batches()[expected.len()..]);
    }
    Ok(())
}

/// Sometimes the outlet still knows what comes next, sometimes only the log does.
#[tokio::test]
async fn it_changes_between_memory_and_the_log_while_commands_keep_coming() -> TestResult {
    let mut publisher = Publisher::start(remembering(12)).await?;
    let mut tails: Vec<_> = [0, 0, 7]
        .map(|from| (publisher.feed.tail(from), Vec::new()))
        .into();
    for round in 0_u64..60 {
        publisher.order(1 + round % 7).await?;
        for (number, (tail, found)) in (1..).zip(&mut tails) {
            // The first keeps up, the others fall behind for a while.
            if round % number == 0 {
                found.extend(read(tail, &publisher).await?);
            } else if tail.seq() < publisher.feed.outlet().newest().seq {
                found.push(tail.next().await?);
            }
        }
    }
    let expected = publisher.fed.batches();
    for (from, (tail, found)) in [0, 0, 7].into_iter().zip(&mut tails) {
        found.extend(read(tail, &publisher).await?);
        assert_eq!(*found, expected[from..]);
    }
    Ok(())
}

/// How often a log was opened to be read from its beginning.
static OPENED: AtomicUsize = AtomicUsize::new(0);

/// Counts how often it is read.
#[derive(Debug)]
struct Counting(Arc<dyn History>);

impl History for Counting {
    fn frames(&self, after: Chain) -> Result<Box<dyn Frames>, LogError> {
        OPENED.fetch_add(1, Ordering::Relaxed);
        self.0.frames(after)
    }

    fn oldest(&self) -> Result<Option<u64>, LogError> {
        self.0.oldest()
    }

    fn forget(&self, through: u64) -> Result<(), LogError> {
        self.0.forget(through)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_waiting_loses_nothing_and_does_not_start_the_replay_anew() -> TestResult {
    let mut publisher = Publisher::start(Setup {
        remembers: 0,
        around: |history| Arc::new(Counting(history)),
    })
    .await?;
    // Two pieces and a bit.
    publisher.order(2 * FRAMES as u64 + 50).await?;
    let end = publisher.feed.outlet().newest().seq;
    let mut tail = publisher.feed.tail(0);
    let (mut found, mut given_up) = (Vec::new(), 0);
    while tail.seq() < end {
        if let Some(batch) = tail.next().now_or_never() {
            found.push(batch?);
        } else {
            given_up += 1;
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(found, publisher.fed.batches());
    assert!(given_up > 0, "nobody had to wait");
    assert_eq!(OPENED.load(Ordering::Relaxed), 1);
    Ok(())
}

/// Whether the log cannot be read.
static BROKEN: AtomicBool = AtomicBool::new(false);

/// Fails when it is told to.
#[derive(Debug)]
struct Failing(Arc<dyn History>);

struct FailingFrames(Box<dyn Frames>);

impl History for Failing {
    fn frames(&self, after: Chain) -> Result<Box<dyn Frames>, LogError> {
        Ok(Box::new(FailingFrames(self.0.frames(after)?)))
    }

    fn oldest(&self) -> Result<Option<u64>, LogError> {
        self.0.oldest()
    }

    fn forget(&self, through: u64) -> Result<(), LogError> {
        self.0.forget(through)
    }
}

impl Frames for FailingFrames {
    fn next(&mut self) -> Result<Option<Frame>, LogError> {
        if BROKEN.load(Ordering::Relaxed) {
            return Err(LogError::Poisoned);
        }
        self.0.next()
    }

    fn place(&self) -> Chain {
        self.0.place()
    }
}

#[tokio::test]
async fn after_an_error_it_goes_on_where_it_was() -> TestResult {
    let mut publisher = Publisher::start(Setup {
        remembers: 0,
        around: |history| Arc::new(Failing(history)),
    })
    .await?;
    publisher.order(3).await?;
    let mut tail = publisher.feed.tail(0);
    let mut found = read(&mut tail, &publisher).await?;
    publisher.order(3).await?;
    BROKEN.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let error = tail.next().await.expect_err("the log cannot be read");
        assert!(matches!(error, TailError::Log(_)), "{error}");
    }
    BROKEN.store(false, Ordering::Relaxed);
    found.extend(read(&mut tail, &publisher).await?);
    assert_eq!(found, publisher.fed.batches());
    Ok(())
}
