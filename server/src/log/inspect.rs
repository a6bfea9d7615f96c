//! Looking at a log: `exchange log verify` and `exchange log dump`.
//!
//! Nothing is written, and whoever keeps the log may be running meanwhile: what it appends after the
//! end has been reached is not looked at.

use std::io::Write;
use std::path::Path;

use exchange_engine::{Exchange, Input, replay};
use orderbook_core::Timestamp;
use serde::Serialize;

use super::{Chain, Frame, Frames, LogError, LogId, sqlite};
use crate::cli::{DumpArgs, LogCommand, VerifyArgs};

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
        if self.frames == 1 || self.epoch != frame.epoch {
            self.epochs += 1;
            self.epoch = frame.epoch;
        }
        let time = |input: Option<&Input>| input.map(|input| input.time);
        self.first_time = self.first_time.or(time(frame.inputs.first()));
        self.last_time = time(frame.inputs.last()).or(self.last_time);
    }
}

/// Reads every frame, compares the end with the witness, and replays the log where that is asked.
fn verify(args: &VerifyArgs, out: &mut impl Write) -> anyhow::Result<()> {
    let (mut frames, acknowledged) = open(&args.log.data_dir)?;
    let mut contents = Contents::default();
    let mut exchange = args.replay.then(Exchange::new);
    while let Some(frame) = frames.next()? {
        contents.count(&frame);
        if let Some(exchange) = &mut exchange {
            replay(exchange, &frame.inputs, |_, _, _| {});
        }
    }
    if let Some(acknowledged) = acknowledged.filter(|frame| *frame > contents.frames) {
        return Err(LogError::Truncated {
            path: args.log.data_dir.display().to_string(),
            found: contents.frames,
            acknowledged,
        }
        .into());
    }
    let log = contents.log.map_or("none".into(), |log| log.to_string());
    writeln!(out, "log     {log}")?;
    writeln!(
        out,
        "frames  {}, of {} starts",
        contents.frames, contents.epochs
    )?;
    writeln!(out, "inputs  {}", contents.inputs)?;
    if let (Some(first), Some(last)) = (contents.first_time, contents.last_time) {
        let (first, last) = (first.get(), last.get());
        writeln!(out, "time    {first} to {last} microseconds since 1970")?;
    }
    match acknowledged {
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
    let (mut frames, _) = open(&args.log.data_dir)?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(frame) = frames.next()? else {
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

/// The frames of the log in a directory, and the newest one that was acknowledged, if that is known.
fn open(data_dir: &Path) -> Result<(Box<dyn Frames>, Option<u64>), LogError> {
    let (history, acknowledged) = sqlite::look(data_dir)?;
    Ok((history.frames(Chain::default())?, acknowledged))
}
