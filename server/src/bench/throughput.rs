//! How much the sequencer makes of a storage: commands that wait together are made durable together.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use exchange_engine::Command;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use super::database::Spare;
use super::flow::{self, Habit, Trader};
use super::report::{self, Samples, millis, per_second, quotient};
use super::scratch::Scratch;
use crate::bus::{ConsumerGone, EventBus, Feed, Outlet, Packet, Position, Record};
use crate::cli::ThroughputArgs;
use crate::log::{CommandLog, SqliteLog};
use crate::orders::{Base, Sequencer, SubmitError, sequencer};
use crate::snapshots::SnapshotDir;

/// What one commit of the ceiling writes.
const BLOCK: usize = 4_096;
/// Near the touch, and never so many that a book grows without end.
const HABIT: Habit = Habit {
    deepest: 50,
    most: 64,
};

/// Makes something small durable.
pub(super) type Commit = Box<dyn FnMut() -> anyhow::Result<()>>;

/// Measures the disk that a directory is on, or a database.
pub(super) async fn run(args: &ThroughputArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let scratch = Scratch::in_dir(&args.place.data_dir).await?;
    let dir = scratch.path();
    let Some(url) = &args.log else {
        let log = SqliteLog::open(dir)?;
        let file = dir.join("ceiling");
        let what = format!(
            "disk of {}, ceiling: {BLOCK} bytes appended to a file and synced",
            args.place.data_dir.display()
        );
        return measure(args, &what, move || blocks(&file), log, dir, out).await;
    };
    let (spare, log) = Spare::take(url, dir).await?;
    let what = format!("{}, ceiling: a row of {BLOCK} bytes inserted", spare.name());
    let measured = measure(args, &what, spare.rows(BLOCK), log, dir, out).await;
    spare.give_back().await?;
    measured
}

/// What appends one block to a new file and syncs it.
fn blocks(file: &Path) -> anyhow::Result<Commit> {
    let mut file = File::create(file)?;
    Ok(Box::new(move || {
        file.write_all(&[0x5a; BLOCK])?;
        Ok(file.sync_data()?)
    }))
}

/// Measures what a storage commits by itself, what the sequencer commits with a new log on it, and the
/// former once more, because machines are not equally fast all the time.
async fn measure(
    args: &ThroughputArgs,
    what: &str,
    commits: impl Fn() -> anyhow::Result<Commit> + Clone + Send + 'static,
    log: impl CommandLog + 'static,
    dir: &Path,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let time = Duration::from_secs(args.seconds);
    writeln!(
        out,
        "{what}, one after the other; {} s for each row",
        args.seconds
    )?;
    report::build(out)?;
    let before = ceiling(time, commits.clone()).await?;
    let running = Running::start(log, dir).await?;
    let mut levels = Vec::new();
    for (run, in_flight) in args.in_flight.iter().enumerate() {
        levels.push((in_flight, running.level(run, *in_flight, time).await?));
    }
    running.stop().await;
    let after = ceiling(time, commits).await?;

    let commits = before.samples.count() + after.samples.count();
    let ceiling = per_second(commits, before.took + after.took);
    writeln!(out)?;
    let header = ["ceiling", "commits/s", "p50 ms", "p99 ms"];
    report::table(
        out,
        &[
            header.map(String::from),
            before.ceiling("before"),
            after.ceiling("after"),
        ],
    )?;
    writeln!(
        out,
        "\nsequencer: every command waits until it is durable\n"
    )?;
    let header = [
        "in flight",
        "commands/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "refused %",
        "commits/s",
        "commands/commit",
        "commits: % of ceiling",
    ];
    let rows = levels
        .iter()
        .map(|(in_flight, run)| run.row(**in_flight, ceiling));
    let rows: Vec<_> = [header.map(String::from)].into_iter().chain(rows).collect();
    report::table(out, &rows)?;
    Ok(())
}

/// Some time of committing.
#[derive(Debug)]
struct Run {
    took: Duration,
    samples: Samples,
    /// Of the samples.
    refused: u64,
    commits: u64,
}

impl Run {
    fn ceiling(&self, name: &str) -> [String; 4] {
        [
            name.into(),
            per_second(self.commits, self.took).to_string(),
            millis(self.samples.within(500)),
            millis(self.samples.within(990)),
        ]
    }

    fn row(&self, in_flight: u64, ceiling: u64) -> [String; 9] {
        let commands = self.samples.count();
        let commits = per_second(self.commits, self.took);
        [
            in_flight.to_string(),
            per_second(commands, self.took).to_string(),
            millis(self.samples.within(500)),
            millis(self.samples.within(990)),
            millis(self.samples.within(999)),
            quotient(self.refused * 100, commands),
            commits.to_string(),
            quotient(commands, self.commits),
            quotient(commits * 100, ceiling),
        ]
    }
}

/// Commits one after the other for some time.
async fn ceiling(
    time: Duration,
    commits: impl Fn() -> anyhow::Result<Commit> + Send + 'static,
) -> anyhow::Result<Run> {
    // A thread of its own, as the sequencer has.
    let committing = spawn_blocking(move || {
        let mut commit = commits()?;
        let (begun, mut samples) = (Instant::now(), Vec::new());
        while begun.elapsed() < time {
            let asked = Instant::now();
            commit()?;
            samples.push(asked.elapsed());
        }
        Ok(Run {
            took: begun.elapsed(),
            refused: 0,
            commits: samples.len() as u64,
            samples: Samples::new(samples),
        })
    });
    committing.await?
}

/// A sequencer that nobody follows.
struct Running {
    sequencer: Sequencer,
    frames: Frames,
    /// Ends with the sequencer.
    published: watch::Receiver<Position>,
}

impl Running {
    async fn start(log: impl CommandLog + 'static, dir: &Path) -> anyhow::Result<Self> {
        let frames = Frames::default();
        let record = Record {
            history: log.history(),
            snapshots: Arc::new(SnapshotDir::of(dir)),
        };
        let outlet = Outlet::new(0, vec![Arc::new(frames.clone())]);
        let published = outlet.watch();
        let genesis = flow::genesis()?;
        let (sequencer, recovered) = sequencer::start(
            log,
            Base::default(),
            Feed::new(outlet, record),
            move |_, _| Ok(genesis),
        )?;
        recovered.await.context("the sequencer ended at start")??;
        Ok(Self {
            sequencer,
            frames,
            published,
        })
    }

    /// So many clients at a time, each of which hands in one command after the other.
    async fn level(&self, run: usize, in_flight: u64, time: Duration) -> anyhow::Result<Run> {
        let (begun, frames) = (Instant::now(), self.frames.count());
        let mut clients = JoinSet::new();
        for number in 0..in_flight {
            let trader = Trader::new(HABIT, run, number);
            clients.spawn(client(self.sequencer.clone(), trader, begun + time));
        }
        let (mut samples, mut refused) = (Vec::new(), 0);
        while let Some(client) = clients.join_next().await {
            let (of_client, of_those) = client??;
            samples.extend(of_client);
            refused += of_those;
        }
        let took = begun.elapsed();
        let commits = self.frames.count() - frames;
        self.clear().await?;
        Ok(Run {
            took,
            samples: Samples::new(samples),
            refused,
            commits,
        })
    }

    /// Takes everything off the books, so that every level begins with the same.
    async fn clear(&self) -> Result<(), SubmitError> {
        for account in flow::accounts() {
            for instrument in flow::instruments() {
                let all = Command::CancelAll {
                    account,
                    instrument,
                };
                self.sequencer.submit(all).await?;
            }
        }
        Ok(())
    }

    /// Returns once the log is closed.
    async fn stop(self) {
        let Self {
            sequencer,
            mut published,
            ..
        } = self;
        drop(sequencer);
        while published.changed().await.is_ok() {}
    }
}

/// Hands in commands until the time has come: how long each of them took, and how many were refused.
async fn client(
    sequencer: Sequencer,
    mut trader: Trader,
    until: Instant,
) -> Result<(Vec<Duration>, u64), SubmitError> {
    let (mut samples, mut refused) = (Vec::new(), 0);
    while Instant::now() < until {
        let command = trader.next();
        let asked = Instant::now();
        let receipt = sequencer.submit(command).await?;
        samples.push(asked.elapsed());
        refused += u64::from(receipt.outcome().result.is_err());
    }
    Ok((samples, refused))
}

/// Counts frames: each is one commit.
#[derive(Debug, Clone, Default)]
struct Frames(Arc<AtomicU64>);

impl Frames {
    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl EventBus for Frames {
    fn publish(&self, _: &Arc<Packet>) -> Result<(), ConsumerGone> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
