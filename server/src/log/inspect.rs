//! Looking at a log: `exchange log verify` and `exchange log dump`.
//!
//! Nothing is written, and whoever keeps the log may be running meanwhile: what it appends after the
//! end has been reached is not looked at.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use exchange_engine::{Exchange, Input, replay};
use orderbook_core::Timestamp;
use serde::Serialize;

use super::{Chain, Frame, Frames, History, LogError, LogId, postgres, sqlite};
use crate::cli::{DumpArgs, LogArgs, LogCommand, VerifyArgs};
use crate::postgres::{Connector, Setting};
use crate::snapshots::{At, Image, PostgresSnapshots, SnapshotDir, Snapshots};

/// Does what the command line asks for.
///
/// # Errors
///
/// What is wrong with the log, or with what it leads to.
pub(crate) fn run(command: &LogCommand, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        LogCommand::Verify(args) => verify(args, out),
        LogCommand::Dump(args) => dump(args, out),
    }
}

/// What there is in a log.
#[derive(Debug, Default)]
struct Contents {
    log: Option<LogId>,
    frames: u64,
    inputs: u64,
    epochs: u64,
    epoch: u64,
    first_time: Option<Timestamp>,
    last_time: Option<Timestamp>,
}

impl Contents {
    fn count(&mut self, frame: &Frame) {
        self.log.get_or_insert_with(|| LogId::of(frame));
        self.frames = frame.number;
        self.inputs = frame.last_seq();
        if self.epochs == 0 || self.epoch != frame.epoch {
            self.epochs += 1;
            self.epoch = frame.epoch;
        }
        let time = |input: Option<&Input>| input.map(|input| input.time);
        self.first_time = self.first_time.or(time(frame.inputs.first()));
        self.last_time = time(frame.inputs.last()).or(self.last_time);
    }

    fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        let log = self.log.map_or("none".into(), |log| log.to_string());
        writeln!(out, "log     {log}")?;
        writeln!(out, "frames  {}, of {} starts", self.frames, self.epochs)?;
        writeln!(out, "inputs  {}", self.inputs)?;
        if let (Some(first), Some(last)) = (self.first_time, self.last_time) {
            let (first, last) = (first.get(), last.get());
            writeln!(out, "time    {first} to {last} microseconds since 1970")?;
        }
        Ok(())
    }
}

/// Reads every frame and every snapshot, compares the end with the witness, and replays the log where
/// that is asked.
fn verify(args: &VerifyArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let opened = open(&args.log)?;
    let base = opened.base()?;
    let mut contents = Contents {
        log: base.as_ref().map(Image::log),
        ..Contents::default()
    };
    let mut exchange = match &base {
        Some(base) if args.replay => Some(base.exchange()?),
        _ => args.replay.then(Exchange::new),
    };
    let begins = base.as_ref().map_or(Chain::default(), Image::place);
    let mut frames = opened.history.frames(begins)?;
    let listed = opened.snapshots.list()?;
    let mut snapshots = listed.iter().copied().peekable();
    let mut verified = 0;
    loop {
        let place = frames.place();
        while let Some(at) = snapshots.next_if(|at| at.frame <= place.number()) {
            verified += opened.verify_snapshot(at, place, exchange.as_ref())?;
        }
        let Some(frame) = opened.next(&mut *frames)? else {
            break;
        };
        contents.count(&frame);
        if let Some(exchange) = &mut exchange {
            replay(exchange, &frame.inputs, |_, _, _| {});
        }
    }
    let newest_snapshot = listed.last().map(|at| at.frame);
    if let Some(acknowledged) = opened.acknowledged.max(newest_snapshot)
        && acknowledged > frames.place().number()
    {
        return Err(LogError::Truncated {
            path: opened.name,
            found: frames.place().number(),
            acknowledged,
        }
        .into());
    }
    if begins.number() > 0 {
        let (frame, seq) = (begins.number(), begins.last_seq());
        writeln!(out, "begins  after frame {frame} and input {seq}")?;
    }
    contents.print(out)?;
    writeln!(out, "snapshots {verified}")?;
    match opened.acknowledged {
        Some(frame) => writeln!(out, "head    frame {frame} was acknowledged")?,
        None => writeln!(out, "head    missing: nothing tells whether the end is")?,
    }
    if let Some(exchange) = exchange {
        exchange.check()?;
        writeln!(out, "state   {}", exchange.state_hash())?;
    }
    writeln!(out, "every frame is whole and follows the one before it")?;
    Ok(())
}

/// One input, as a line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    frame: u64,
    epoch: u64,
    #[serde(flatten)]
    input: &'a Input,
}

fn dump(args: &DumpArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let opened = open(&args.log)?;
    let base = opened.base()?;
    let begins = base.as_ref().map_or(Chain::default(), Image::place);
    let mut frames = opened.history.frames(begins)?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(frame) = opened.next(&mut *frames)? else {
            break;
        };
        for (seq, input) in (frame.first_seq..).zip(&frame.inputs) {
            if seq < args.from || left == 0 {
                continue;
            }
            let line = Line {
                seq,
                frame: frame.number,
                epoch: frame.epoch,
                input,
            };
            serde_json::to_writer(&mut *out, &line)?;
            writeln!(out)?;
            left -= 1;
        }
    }
    Ok(())
}

/// A log to be looked at.
struct Opened {
    history: Arc<dyn History>,
    snapshots: Arc<dyn Snapshots>,
    /// The newest frame that was acknowledged, if that is known.
    acknowledged: Option<u64>,
    /// Which one it is, for messages.
    name: String,
}

fn open(args: &LogArgs) -> anyhow::Result<Opened> {
    let dir = &args.data_dir;
    let Some(url) = &args.url else {
        let (history, acknowledged) = sqlite::look(dir)?;
        return Ok(Opened {
            history,
            snapshots: Arc::new(SnapshotDir::of(dir)),
            acknowledged,
            name: dir.display().to_string(),
        });
    };
    let connector = Connector::new(Setting::Log, url)?;
    let (history, acknowledged) = postgres::look(&connector, dir)?;
    Ok(Opened {
        history,
        acknowledged,
        name: connector.name(),
        snapshots: Arc::new(PostgresSnapshots::of(connector)),
    })
}

impl Opened {
    /// What a log begins with whose beginning has been forgotten: the oldest snapshot that leads to it.
    fn base(&self) -> anyhow::Result<Option<Image>> {
        let oldest = self.history.oldest()?.unwrap_or(1);
        if oldest == 1 {
            return Ok(None);
        }
        for at in self.snapshots.list()? {
            if at.leads_to(oldest)
                && let Ok(image) = Image::decode(&self.snapshots.read(at)?)
            {
                return Ok(Some(image));
            }
        }
        Err(LogError::Forgotten { oldest }.into())
    }

    /// The next frame of a log that may be forgotten from its beginning on meanwhile.
    fn next(&self, frames: &mut dyn Frames) -> anyhow::Result<Option<Frame>> {
        let next = frames.next();
        if next.is_err() && self.history.oldest()?.unwrap_or(1) > frames.place().number() + 1 {
            bail!("frames have been forgotten while they were looked at: look again");
        }
        Ok(next?)
    }

    /// Whether there is a snapshot, which then is good, of the log at `place`, and leads to `exchange`.
    fn verify_snapshot(
        &self,
        at: At,
        place: Chain,
        exchange: Option<&Exchange>,
    ) -> anyhow::Result<u64> {
        let of = || format!("the snapshot of frame {}", at.frame);
        let read = self.snapshots.read(at);
        if read.is_err() && !self.snapshots.list()?.contains(&at) {
            // Whoever keeps the log has cleared it away.
            return Ok(0);
        }
        let image = read.and_then(|bytes| Image::decode(&bytes));
        let image = image.with_context(of)?;
        ensure!(
            at.frame < place.number() || image.place() == place,
            "{} is of another log",
            of()
        );
        if let Some(exchange) = exchange.filter(|_| at.frame == place.number()) {
            ensure!(
                image.is_of(exchange),
                "{} has another state than the log leads to",
                of()
            );
        }
        Ok(1)
    }
}
