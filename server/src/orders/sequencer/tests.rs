//! What clients and followers are told, whatever becomes of the log.

mod chance;
mod lanes;
mod scripted;

use std::time::Instant;

use orderbook_core::AccountId;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::bus::{EventBus, Outlet, Record};
use crate::snapshots::SnapshotDir;
use scripted::{Append, Disk, ScriptedLog, Witness};

type TestResult = anyhow::Result<()>;

/// How long anything may take. Far more than it does.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long somebody may take who does not wait for the log.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A sequencer and those around it.
struct Desk {
    disk: Disk,
    sequencer: Sequencer,
    feed: Feed,
    witness: Arc<Witness>,
    /// The epoch of the start.
    epoch: u64,
}

/// An answer on its way.
type Answer = JoinHandle<Result<Receipt, SubmitError>>;

fn open(account: u64) -> Command {
    Command::OpenAccount {
        account: AccountId::new(account),
    }
}

impl Desk {
    async fn start(disk: Disk) -> anyhow::Result<Self> {
        Self::listing(disk, |_, _| Ok(vec![open(1_000_000)])).await
    }

    async fn listing(
        disk: Disk,
        genesis: impl FnOnce(&Exchange, &Listings) -> Result<Vec<Command>, StartError> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let log = ScriptedLog::on(&disk);
        let witness = Arc::new(Witness::of(&disk));
        let outlet = Outlet::new(1_000, vec![Arc::clone(&witness) as Arc<dyn EventBus>]);
        let record = Record {
            history: log.history(),
            snapshots: Arc::new(SnapshotDir::of("nowhere".as_ref())),
        };
        let feed = Feed::new(outlet, record);
        let (sequencer, recovered) = start(log, Base::default(), feed.clone(), genesis)?;
        let epoch = recovered.await??.epoch;
        Ok(Self {
            disk,
            sequencer,
            feed,
            witness,
            epoch,
        })
    }

    async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        let answer = timeout(DEADLINE, self.sequencer.submit(command)).await;
        answer.expect("an answer comes in time")
    }

    /// A command whose answer is not waited for yet.
    fn send(&self, command: Command) -> Answer {
        let sequencer = self.sequencer.clone();
        tokio::spawn(async move { sequencer.submit(command).await })
    }

    /// Tells followers how far the feed has come; they know already.
    fn beat(&self) -> TestResult {
        let heartbeat = self.feed.heartbeat(self.sequencer.progress());
        Ok(self.feed.outlet().beat(heartbeat)?)
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, mut is: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !is(self) {
            assert!(Instant::now() < end, "it did not come to pass: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Asserts that the feed has told what is in the log, all of it and nothing else.
    fn assert_feed_is_log(&self) {
        let frames = self.disk.frames();
        let in_log = frames.iter().map(|frame| (frame.epoch, frame.last_seq()));
        let told = self.witness.told();
        let told = told.iter().map(|packet| (packet.epoch, packet.seq));
        assert_eq!(told.collect::<Vec<_>>(), in_log.collect::<Vec<_>>());
    }
}

/// Whether a command was carried out.
fn done(answer: Result<Receipt, SubmitError>) -> bool {
    answer.is_ok_and(|receipt| receipt.outcome().result.is_ok())
}

/// The answer to somebody who is not made to wait.
async fn at_once(answer: impl Future<Output = Result<Receipt, SubmitError>>) -> SubmitError {
    let answer = timeout(AT_ONCE, answer).await.expect("nobody waits");
    answer.expect_err("nothing is taken in")
}

#[tokio::test]
async fn what_is_not_in_the_log_has_not_happened() -> TestResult {
    let desk = Desk::start(Disk::with(&[Append::Loses])).await?;
    let answer = desk.submit(open(1)).await;
    assert_eq!(answer.err(), Some(SubmitError::Suspended));
    assert_eq!(desk.disk.resolves(), 1);
    desk.beat()?;
    // It goes on by itself. That account is still to be opened, under the next epoch.
    assert!(desk.sequencer.suspension().is_none());
    assert_eq!(desk.sequencer.suspensions(), 1);
    assert!(done(desk.submit(open(1)).await));
    desk.beat()?;
    let frames = desk.disk.frames();
    let epochs: Vec<_> = frames
        .iter()
        .map(|frame| frame.epoch - desk.epoch)
        .collect();
    assert_eq!(epochs, [0, 1]);
    desk.assert_feed_is_log();
    Ok(())
}

#[tokio::test]
async fn what_is_in_the_log_after_all_is_told_and_answered() -> TestResult {
    let desk = Desk::start(Disk::with(&[Append::KeepsAndFails])).await?;
    let receipt = desk.submit(open(1)).await?;
    assert_eq!((receipt.seq(), receipt.outcome().result), (2, Ok(())));
    let told = desk.witness.position().expect("it was told");
    assert_eq!((told.epoch, told.seq), (desk.epoch, 2));
    // The next epoch has begun, and followers are where it begins.
    desk.beat()?;
    let told = desk.witness.position().expect("it was told");
    assert_eq!((told.epoch, told.seq), (desk.epoch + 1, 2));
    let again = desk.submit(open(1)).await?;
    assert!(again.outcome().result.is_err(), "it is open already");
    assert!(done(desk.submit(open(2)).await));
    desk.assert_feed_is_log();
    Ok(())
}

#[tokio::test]
async fn while_the_log_is_away_everybody_is_refused_at_once() -> TestResult {
    let desk = Desk::start(Disk::with(&[Append::Loses])).await?;
    desk.disk.hold();
    let in_doubt = desk.send(open(1));
    desk.until("the log is written", |desk| desk.disk.is_waited_for())
        .await;
    // These come while nobody knows yet that it fails.
    let queued = [desk.send(open(2)), desk.send(open(3))];
    desk.until("both have come", |desk| {
        desk.sequencer.places.taken() == queued.len()
    })
    .await;
    // The storage hangs as soon as it has failed.
    desk.disk.let_one_through();
    desk.until("it has failed", |desk| {
        desk.sequencer.suspension().is_some()
    })
    .await;
    for queued in queued {
        let answer = async { queued.await.expect("it does not panic") };
        assert_eq!(at_once(answer).await, SubmitError::Suspended);
    }
    for account in 4..100 {
        let answer = at_once(desk.sequencer.submit(open(account))).await;
        assert_eq!(answer, SubmitError::Suspended);
    }
    let suspension = desk.sequencer.suspension().expect("it goes on");
    assert!(
        suspension.cause.contains("the disk is full"),
        "{suspension:?}"
    );
    assert!(desk.sequencer.is_running());
    assert!(!in_doubt.is_finished(), "nobody knows what became of it");
    let before = desk.sequencer.progress();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(desk.sequencer.progress(), before, "no time passes");
    desk.beat()?;

    desk.disk.is_away_for(3);
    desk.disk.release();
    desk.until("it is told what is wrong by now", |desk| {
        let suspension = desk.sequencer.suspension();
        suspension.is_some_and(|it| it.cause.contains("the disk is away"))
    })
    .await;
    assert_eq!(in_doubt.await?.err(), Some(SubmitError::Suspended));
    assert_eq!(desk.disk.resolves(), 4);
    assert!(desk.sequencer.progress().time > before.time, "time goes on");
    assert!(done(desk.submit(open(200)).await));
    assert_eq!(desk.disk.frames().len(), 2, "nothing else was stored");
    assert_eq!(desk.sequencer.suspensions(), 1);
    desk.assert_feed_is_log();
    Ok(())
}

/// Asserts that nothing is taken in any more, for good.
async fn assert_ended(desk: &Desk) {
    desk.until("it has ended", |desk| !desk.sequencer.is_running())
        .await;
    let answer = at_once(desk.sequencer.submit(open(2))).await;
    assert_eq!(answer, SubmitError::Closed);
    assert!(desk.sequencer.suspension().is_none(), "it is no pause");
    desk.assert_feed_is_log();
}

#[tokio::test]
async fn whoever_has_lost_the_log_stops() -> TestResult {
    let desk = Desk::start(Disk::with(&[Append::Fenced])).await?;
    let answer = desk.submit(open(1)).await;
    assert_eq!(answer.err(), Some(SubmitError::Stopped));
    assert_ended(&desk).await;
    assert_eq!(desk.disk.resolves(), 0);
    Ok(())
}

#[tokio::test]
async fn a_log_that_turns_out_to_be_damaged_is_the_end() -> TestResult {
    for append in [Append::Loses, Append::KeepsAndFails] {
        let desk = Desk::start(Disk::with(&[append])).await?;
        desk.disk.is_damaged();
        let answer = desk.submit(open(1)).await;
        assert_eq!(answer.err(), Some(SubmitError::Stopped));
        desk.until("it has ended", |desk| !desk.sequencer.is_running())
            .await;
        assert_eq!(
            at_once(desk.sequencer.submit(open(2))).await,
            SubmitError::Closed
        );
        assert_eq!(
            desk.witness.told().len(),
            1,
            "nothing is told but the genesis"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_log_that_fails() {
    let disk = Disk::default();
    // The genesis is the first that is written.
    disk.fails_at_once();
    let error = Desk::start(disk).await.err().expect("it does not start");
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
