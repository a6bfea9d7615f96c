//! A restart, step by step, as the process that has the log goes about it.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use anyhow::Context;
use exchange_engine::Exchange;

use crate::bench::report::{self, per_second, seconds};
use crate::bus::{Feed, InProcessBus, Outlet, Record};
use crate::config::Memory;
use crate::log::{CommandLog, SqliteLog};
use crate::orders::{Base, Listings, sequencer};
use crate::role::{Folds, REMEMBERED_EVENTS, Role};
use crate::snapshots::{self, Models, SnapshotDir, SnapshotError};

/// Restores the newest snapshot in `dir` and replays what the log there has behind it, until every fold
/// of an exchange in one process has caught up.
pub(in crate::bench) async fn measure(dir: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let log_bytes = size(dir, "commands.")?;
    let snapshot_bytes = size(&dir.join("snapshots"), "")?;
    let begun = Instant::now();
    let log = SqliteLog::open(dir)?;
    let opened = begun.elapsed();
    let record = Record {
        history: log.history(),
        snapshots: Arc::new(SnapshotDir::of(dir)),
    };
    let restored = restore(&record)?;
    let (base, models) = (restored.base, restored.models);
    let (from, orders) = (base.place.last_seq(), open_orders(&base.exchange));

    let replaying = Instant::now();
    let mut bus = InProcessBus::default();
    let folds = Folds::start(Role::All, models, from, &mut bus);
    let outlet = Outlet::new(REMEMBERED_EVENTS, vec![Arc::new(bus)]);
    let mut published = outlet.watch();
    let (sequencer, recovered) =
        sequencer::start(log, base, Feed::new(outlet, record), |_, _| Ok(Vec::new()))?;
    let recovered = recovered.await.context("the sequencer ended at start")??;
    let replayed = replaying.elapsed();
    drop(folds.orders.at(recovered.seq).await);
    drop(folds.balances.at(recovered.seq).await);
    drop(folds.markets.at(recovered.seq).await);
    let (caught_up, all) = (replaying.elapsed(), begun.elapsed());

    let tail = recovered.seq - from;
    writeln!(
        out,
        "{orders} open orders; {tail} inputs later {}",
        open_orders(&recovered.exchange)
    )?;
    writeln!(
        out,
        "snapshot {snapshot_bytes} bytes, log {log_bytes} bytes"
    )?;
    report::build(out)?;
    writeln!(out)?;
    let rate = |took| format!("{} inputs/s", per_second(tail, took));
    let row = |name: &str, took, rate: String| [name.into(), seconds(took), rate];
    report::table(
        out,
        &[
            ["", "seconds", ""].map(String::from),
            row("log opened", opened, String::new()),
            row("snapshot read and decoded", restored.read, String::new()),
            row("exchange restored", restored.exchange, String::new()),
            row("folds restored", restored.folds, String::new()),
            row("tail replayed", replayed, rate(replayed)),
            row(
                "until the folds caught up",
                caught_up.saturating_sub(replayed),
                rate(caught_up),
            ),
            row("all of it", all, String::new()),
        ],
    )?;
    if let Some(peak) = peak_memory() {
        writeln!(out, "\nat the most {peak} of memory were in use")?;
    }
    drop((folds, sequencer));
    // The log is closed when the sequencer is gone.
    while published.changed().await.is_ok() {}
    Ok(())
}

/// What a snapshot holds, and how long it took to get it.
struct Restored {
    base: Base,
    models: Models,
    read: Duration,
    exchange: Duration,
    folds: Duration,
}

fn restore(record: &Record) -> anyhow::Result<Restored> {
    let memory = Memory::default();
    let begun = Instant::now();
    let newest = snapshots::newest(&*record.snapshots, &*record.history, u64::MAX, |image| {
        let read = begun.elapsed();
        let base = Base {
            exchange: image.exchange()?,
            // Nothing is listed any more.
            listings: Listings::default(),
            log: Some(image.log()),
            epoch: image.epoch(),
            place: image.place(),
        };
        let exchange = begun.elapsed();
        let models = Models::of(image, &memory)?;
        Ok::<_, SnapshotError>(Restored {
            base,
            models,
            read,
            exchange: exchange.saturating_sub(read),
            folds: begun.elapsed().saturating_sub(exchange),
        })
    })?;
    newest.context("there is no snapshot that can be used")
}

fn open_orders(exchange: &Exchange) -> usize {
    exchange.markets().map(|market| market.book().len()).sum()
}

/// The bytes of the files in a directory whose names begin like this.
fn size(dir: &Path, beginning: &str) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// The most memory that this process has had, as the system puts it; `None` where it does not say.
fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().into())
}
