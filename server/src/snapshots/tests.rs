//! A log with all kinds of inputs, and snapshots along it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange_engine::Input;
use exchange_engine::frame::{Chain, StoredFrame};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{
    At, Image, Keeper, KeeperStatus, PostgresSnapshots, Replica, SnapshotDir, SnapshotError,
    Snapshots,
};
use crate::api::hex::hex;
use crate::bus::{Feed, Outlet, Position, Record};
use crate::config::{Memory, SnapshotPolicy};
use crate::log::{CommandLog, Frame, LogError, SqliteLog};
use crate::orders::sequencer;
use crate::postgres::testing::TestDatabase;
use crate::postgres::{Connector, Setting, Storage};
use crate::store::Cursor;
use crate::store::writer::WriterStatus;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Fewer than there are, so that things are forgotten.
const MEMORY: Memory = Memory {
    candles: 5,
    trades: 20,
    ticker_trades: 50,
    closed_orders: 10,
    fills: 10,
};
const POLICY: SnapshotPolicy = SnapshotPolicy {
    every: 1,
    keep: 2,
    forget_log: false,
};

/// The inputs of the log that the engine has on record.
fn inputs() -> Vec<Input> {
    fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
        let (taken, after) = rest.split_first_chunk().expect("the file goes on");
        *rest = after;
        *taken
    }
    let mut rest: &[u8] = include_bytes!("../../engine/tests/golden/version_3.log");
    let (mut chain, mut inputs) = (Chain::default(), Vec::new());
    while !rest.is_empty() {
        let [number, epoch, first_seq, last_seq] =
            std::array::from_fn(|_| u64::from_le_bytes(take(&mut rest)));
        let [prev_crc, crc, length] = std::array::from_fn(|_| u32::from_le_bytes(take(&mut rest)));
        let (payload, after) = rest.split_at(usize::try_from(length).expect("it is in memory"));
        rest = after;
        let stored = StoredFrame {
            number,
            epoch,
            first_seq,
            last_seq,
            prev_crc,
            crc,
            payload: payload.into(),
        };
        inputs.extend(chain.check(&stored).expect("it is whole").inputs);
    }
    inputs
}

/// A log in a directory of its own, and how far it has been written.
struct Rig {
    dir: TempDir,
    log: SqliteLog,
    frames: std::vec::IntoIter<Frame>,
    snapshots: Arc<SnapshotDir>,
    seq: u64,
}

impl Rig {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let mut log = SqliteLog::open(dir.path())?;
        let epoch = log.begin(1)?;
        let mut first_seq = 1;
        let frames: Vec<Frame> = (1..)
            .zip(inputs().chunks(20))
            .map(|(number, inputs)| {
                let frame = Frame {
                    number,
                    epoch,
                    first_seq,
                    inputs: inputs.into(),
                };
                first_seq = frame.last_seq() + 1;
                frame
            })
            .collect();
        let snapshots = Arc::new(SnapshotDir::of(dir.path()));
        Ok(Self {
            dir,
            log,
            frames: frames.into_iter(),
            snapshots,
            seq: 0,
        })
    }

    /// Appends some frames, and tells up to which input.
    fn append(&mut self, frames: usize) -> Result<u64, LogError> {
        for frame in self.frames.by_ref().take(frames) {
            self.log.append(&frame)?;
            self.seq = frame.last_seq();
        }
        Ok(self.seq)
    }

    fn keeper(&self, policy: SnapshotPolicy, writer: Option<WriterStatus>) -> Keeper {
        Keeper {
            snapshots: Arc::clone(&self.snapshots) as Arc<dyn Snapshots>,
            history: self.log.history(),
            memory: MEMORY,
            policy,
            writer,
            status: KeeperStatus::default(),
        }
    }

    /// Some more frames and a snapshot of what they lead to.
    fn grow(&mut self, policy: SnapshotPolicy) -> Result<At, Box<dyn std::error::Error>> {
        let through = self.append(20)?;
        let at = self.keeper(policy, None).make(through)?;
        assert_eq!(at.seq, through);
        Ok(at)
    }

    /// What a start begins with.
    fn newest(&self) -> Result<Replica, SnapshotError> {
        Replica::newest(&*self.snapshots, &*self.log.history(), &MEMORY)
    }

    /// What all frames of a log with a beginning lead to.
    fn replayed(&self) -> Result<Replica, SnapshotError> {
        let nothing = SnapshotDir::of(&self.dir.path().join("nowhere"));
        let mut replica = Replica::newest(&nothing, &*self.log.history(), &MEMORY)?;
        let mut frames = self.log.history().frames(Chain::default())?;
        while let Some(frame) = frames.next()? {
            replica.apply(&frame, frames.place());
        }
        Ok(replica)
    }

    fn file(&self, At { frame, seq }: At) -> PathBuf {
        let name = format!("snapshots/{frame:020}-{seq:020}.snapshot");
        self.dir.path().join(name)
    }

    fn frames_kept(&self) -> Result<Vec<u64>, Box<dyn std::error::Error>> {
        let file = self.dir.path().join("commands.sqlite");
        let connection = rusqlite::Connection::open(file)?;
        let mut kept = connection.prepare("SELECT number FROM frames ORDER BY number")?;
        let kept = kept.query_map([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?;
        Ok(kept.collect::<Result<_, _>>()?)
    }
}

/// Changes a byte in the middle of a file.
fn damage(file: &Path) -> std::io::Result<()> {
    let mut bytes = fs::read(file)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes)
}

#[test]
fn a_snapshot_made_from_the_one_before_is_the_one_made_from_the_beginning() -> TestResult {
    let mut rig = Rig::new()?;
    for _ in 0..5 {
        let at = rig.grow(POLICY)?;
        let image = rig.replayed()?.image().ok_or("there are frames")?;
        assert_eq!(image.at(), at);
        assert!(fs::read(rig.file(at))? == image.encode());
    }
    assert_eq!(rig.snapshots.list()?.len(), POLICY.keep);
    Ok(())
}

#[test]
fn a_start_from_a_snapshot_comes_to_what_a_start_from_the_beginning_comes_to() -> TestResult {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut rig = Rig::new()?;
    rig.grow(POLICY)?;
    rig.append(7)?;
    let replayed = rig.replayed()?;
    let Rig {
        dir,
        log,
        snapshots,
        ..
    } = rig;
    let replica = Replica::newest(&*snapshots, &*log.history(), &MEMORY)?;
    assert_eq!(replica.at().frame, 20);
    let (base, _) = replica.into_base();
    let record = Record {
        history: log.history(),
        snapshots,
    };
    let feed = Feed::new(Outlet::new(1_000_000, Vec::new()), record);
    let (_sequencer, recovered) = sequencer::start(log, base, feed, |_, _| Ok(Vec::new()))?;
    let recovered = runtime.block_on(recovered)??;
    assert_eq!(recovered.seq, replayed.seq());
    assert_eq!(Some(recovered.log), replayed.log);
    assert!(recovered.exchange.snapshot() == replayed.exchange.snapshot());
    drop(dir);
    Ok(())
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_cleared_away() -> TestResult {
    let mut rig = Rig::new()?;
    let first = rig.grow(POLICY)?;
    let second = rig.grow(POLICY)?;
    damage(&rig.file(second))?;
    assert_eq!(rig.newest()?.at(), first);
    let third = rig.grow(POLICY)?;
    assert_eq!(rig.snapshots.list()?, [first, third]);
    assert_eq!(rig.newest()?.at(), third);
    // With none left it is the whole log.
    damage(&rig.file(first))?;
    fs::write(rig.file(third), "")?;
    assert_eq!(rig.newest()?.at(), At { frame: 0, seq: 0 });
    Ok(())
}

#[test]
fn nothing_but_what_was_written_is_taken_for_a_snapshot() -> TestResult {
    let mut rig = Rig::new()?;
    rig.append(1)?;
    let image = rig.replayed()?.image().ok_or("there are frames")?;
    let bytes = image.encode();
    assert_eq!(Image::decode(&bytes)?, image);
    for length in (0..bytes.len()).step_by(7) {
        assert!(Image::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    for bit in (0..bytes.len() * 8).step_by(31) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Image::decode(&changed).is_err(), "bit {bit}");
    }
    for version in [3_u8, 5] {
        let mut other = bytes.clone();
        other[4] = version;
        let error = Image::decode(&other).expect_err("it is older, or newer");
        let told = matches!(error, SnapshotError::OtherVersion(it) if it == u16::from(version));
        assert!(told, "{error}");
    }
    Ok(())
}

/// The bytes change only where the version does, so that a later version of the software knows what it
/// reads. Of the exchange that is seen to in the engine.
#[test]
fn the_encoding_is_on_record() -> TestResult {
    let mut rig = Rig::new()?;
    rig.append(100)?;
    let image = rig.replayed()?.image().ok_or("there are frames")?;
    let bytes = image.encode();
    let (header, contents) = bytes.split_at(6 + 32);
    assert_eq!(header[..6], *b"XSNP\x04\x00");
    assert_eq!(header[6..], *Sha256::digest(contents));
    let length = u64::try_from(image.exchange.len())?.to_le_bytes();
    assert!(contents.starts_with(&[&length, &image.exchange[..]].concat()));
    let rest = &contents[length.len() + image.exchange.len()..];
    assert_eq!(
        hex(&Sha256::digest(rest)),
        "5969f06db4890ba8dae75610f6eb9183bee4c76e685ffddc30ec82d87dc46873"
    );
    Ok(())
}

#[test]
fn what_was_not_finished_is_no_snapshot() -> TestResult {
    let mut rig = Rig::new()?;
    let at = rig.grow(POLICY)?;
    let half = &fs::read(rig.file(at))?[..100];
    fs::write(rig.file(at).with_extension("unfinished"), half)?;
    fs::write(rig.dir.path().join("snapshots/notes.txt"), "mine")?;
    assert_eq!(rig.snapshots.list()?, [at]);
    assert_eq!(SnapshotDir::of(Path::new("/nowhere")).list()?, []);
    Ok(())
}

fn keep_and_remove(snapshots: &dyn Snapshots) -> TestResult {
    let [first, second] = [(1, 7), (12, 90)].map(|(frame, seq)| At { frame, seq });
    assert_eq!(snapshots.list()?, []);
    // More than goes in one piece, and less than was there.
    let long: Vec<u8> = (0..9_000_000_u32)
        .map(|byte| byte.to_le_bytes()[1])
        .collect();
    snapshots.write(second, &long)?;
    assert!(snapshots.read(second)? == long);
    snapshots.write(first, &long[..10])?;
    snapshots.write(second, &long[..4_194_304])?;
    assert_eq!(snapshots.list()?, [first, second]);
    assert_eq!(snapshots.read(first)?, long[..10]);
    assert!(snapshots.read(second)? == long[..4_194_304]);
    snapshots.remove(first)?;
    assert_eq!(snapshots.list()?, [second]);
    Ok(())
}

#[test]
fn files_are_kept_and_removed() -> TestResult {
    keep_and_remove(&SnapshotDir::of(tempfile::tempdir()?.path()))
}

#[test]
fn rows_are_kept_and_removed() -> TestResult {
    let runtime = tokio::runtime::Runtime::new()?;
    let database = runtime.block_on(TestDatabase::create())?;
    let connector = Connector::new(Setting::Log, &database.url())?;
    runtime.block_on(connector.migrate(Storage::TimescaleIfAvailable))?;
    let snapshots = PostgresSnapshots::of(connector);
    keep_and_remove(&snapshots)?;
    // What was not finished is none, and is cleared away.
    runtime.block_on(database.sql("UPDATE snapshots SET part = 1"))?;
    assert_eq!(snapshots.list()?, []);
    snapshots.write(At { frame: 99, seq: 99 }, b"short")?;
    let only_one = "SELECT 1 / (SELECT count(*) % 2 FROM snapshots)";
    runtime.block_on(database.sql(only_one))?;
    Ok(())
}

#[test]
fn the_log_is_forgotten_up_to_the_oldest_snapshot() -> TestResult {
    let policy = SnapshotPolicy {
        forget_log: true,
        ..POLICY
    };
    let mut rig = Rig::new()?;
    let zeroth = rig.grow(policy)?;
    assert_eq!(rig.frames_kept()?[0], 1, "there is only one to begin with");
    let first = rig.grow(policy)?;
    assert_eq!(rig.frames_kept()?[0], zeroth.frame + 1);
    let second = rig.grow(policy)?;
    assert_eq!(rig.snapshots.list()?, [first, second]);
    let kept: Vec<u64> = (first.frame + 1..=second.frame).collect();
    assert_eq!(rig.frames_kept()?, kept);
    // Each of the two leads to the end.
    damage(&rig.file(second))?;
    assert_eq!(rig.newest()?.at(), first);
    damage(&rig.file(first))?;
    let error = rig.newest().expect_err("there is nothing to begin with");
    let words = format!("the command log begins at frame {}", first.frame + 1);
    assert!(error.to_string().contains(&words), "{error}");
    Ok(())
}

/// The history is written from the log: what it has not yet is not forgotten.
#[test]
fn what_the_history_lacks_is_not_forgotten() -> TestResult {
    let policy = SnapshotPolicy {
        forget_log: true,
        ..POLICY
    };
    let mut rig = Rig::new()?;
    let writer = WriterStatus::default();
    let mut made = Vec::new();
    for _ in 0..4 {
        let through = rig.append(20)?;
        made.push(rig.keeper(policy, Some(writer.clone())).make(through)?);
    }
    assert_eq!(rig.snapshots.list()?, made);
    assert_eq!(rig.frames_kept()?[0], 1);
    writer.advanced(Cursor {
        seq: made[1].seq + 1,
        ..Cursor::default()
    });
    let through = rig.append(20)?;
    made.push(rig.keeper(policy, Some(writer)).make(through)?);
    assert_eq!(rig.snapshots.list()?, made[1..]);
    assert_eq!(rig.frames_kept()?[0], made[1].frame + 1);
    Ok(())
}

/// A snapshot is a witness of the log.
#[test]
fn a_log_that_ends_before_a_snapshot_or_has_become_another_is_refused() -> TestResult {
    for (sql, words) in [
        (
            "DELETE FROM frames WHERE number >= 15",
            "ends at frame 14, but frame 20 was acknowledged",
        ),
        (
            "UPDATE frames SET crc = crc + 1 WHERE number = 20",
            "corrupt at frame 20: it is not the one that was there when a snapshot was made",
        ),
        (
            "UPDATE frames SET payload = x'00' WHERE number = 21",
            "corrupt at frame 21: its checksum does not match",
        ),
    ] {
        let mut rig = Rig::new()?;
        rig.grow(POLICY)?;
        rig.append(1)?;
        let place = rig.newest()?.place;
        rusqlite::Connection::open(rig.dir.path().join("commands.sqlite"))?.execute_batch(sql)?;
        let read = rig.log.read(place, &mut |_| Ok(()));
        let error = read.expect_err(sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn the_feed_is_had_from_a_snapshot_on_where_the_log_was_forgotten() -> TestResult {
    let policy = SnapshotPolicy {
        forget_log: true,
        ..POLICY
    };
    let mut rig = Rig::new()?;
    for _ in 0..3 {
        rig.grow(policy)?;
    }
    let record = Record {
        history: rig.log.history(),
        snapshots: Arc::clone(&rig.snapshots) as Arc<dyn Snapshots>,
    };
    // It remembers nothing.
    let outlet = Outlet::new(0, Vec::new());
    outlet.begin(Position {
        epoch: 1,
        seq: rig.seq,
    });
    let feed = Feed::new(outlet, record);
    let oldest = rig.snapshots.list()?[0];
    assert!(!feed.is_on_record_after(oldest.seq - 1).await?);
    for seq in [oldest.seq, oldest.seq + 1, rig.seq - 20] {
        assert!(feed.is_on_record_after(seq).await?);
        let mut tail = feed.tail(seq);
        while tail.seq() < rig.seq {
            let before = tail.seq();
            let batch = tail.next().await?;
            assert!(batch.prev_seq <= before && batch.last_seq() > before);
        }
    }
    let error = feed.tail(oldest.seq - 1).next().await;
    let error = error.expect_err("it is forgotten").to_string();
    assert!(error.contains("has been forgotten"), "{error}");
    Ok(())
}
