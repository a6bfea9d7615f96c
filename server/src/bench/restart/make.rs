//! Making what a restart begins with.

use std::path::Path;
use std::sync::Arc;

use exchange_engine::{Command, Input};
use orderbook_core::Timestamp;

use crate::bench::flow::{self, Habit, Trader};
use crate::config::{Memory, SnapshotPolicy};
use crate::log::{CommandLog, Frame, LogError, SqliteLog};
use crate::orders::now;
use crate::snapshots::{Keeper, KeeperStatus, SnapshotDir};

/// Over many prices.
const HABIT: Habit = Habit {
    deepest: 20_000,
    most: usize::MAX,
};
/// How many inputs a frame has.
const FRAME: usize = 1_024;
/// Between frames, in microseconds: 10,000 commands a second.
const PACE: u64 = FRAME as u64 * 100;

/// Makes a log in `dir` that leads to so many open orders, a snapshot there, and so many inputs more.
pub(in crate::bench) fn make(dir: &Path, orders: u64, tail: u64) -> anyhow::Result<()> {
    let mut log = Growing::open(dir, orders + tail)?;
    let mut traders: Vec<Trader> = (0..flow::ACCOUNTS)
        .map(|number| Trader::new(HABIT, 0, number))
        .collect();
    log.extend(flow::genesis()?.into_iter())?;
    log.extend(taking_turns(&mut traders, orders, Trader::place))?;
    let keeper = Keeper {
        snapshots: Arc::new(SnapshotDir::of(dir)),
        history: log.log.history(),
        memory: Memory::default(),
        policy: SnapshotPolicy::default(),
        writer: None,
        status: KeeperStatus::default(),
    };
    keeper.make(log.seq)?;
    log.extend(taking_turns(&mut traders, tail, Trader::next))?;
    Ok(())
}

/// So many commands, of one trader after the other.
fn taking_turns(
    traders: &mut [Trader],
    count: u64,
    command: impl Fn(&mut Trader) -> Command,
) -> impl Iterator<Item = Command> {
    let turns = (0..traders.len()).cycle();
    (0..count)
        .zip(turns)
        .map(move |(_, turn)| command(&mut traders[turn]))
}

/// A log that is written in frames as large as they get.
struct Growing {
    log: SqliteLog,
    epoch: u64,
    frame: u64,
    seq: u64,
    time: u64,
}

impl Growing {
    /// A new log, whose newest input will be of about now.
    fn open(dir: &Path, inputs: u64) -> Result<Self, LogError> {
        let mut log = SqliteLog::open(dir)?;
        Ok(Self {
            epoch: log.begin(1)?,
            log,
            frame: 0,
            seq: 0,
            time: now().get().saturating_sub(inputs * (PACE / FRAME as u64)),
        })
    }

    fn extend(&mut self, mut commands: impl Iterator<Item = Command>) -> Result<(), LogError> {
        loop {
            let time = Timestamp::new(self.time);
            let commands = commands.by_ref().take(FRAME);
            let inputs: Vec<Input> = commands.map(|command| Input { time, command }).collect();
            if inputs.is_empty() {
                return Ok(());
            }
            self.frame += 1;
            let frame = Frame {
                number: self.frame,
                epoch: self.epoch,
                first_seq: self.seq + 1,
                inputs,
            };
            self.log.append(&frame)?;
            self.seq = frame.last_seq();
            self.time += PACE;
        }
    }
}
