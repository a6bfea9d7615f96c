//! Getting back to where the log ends.

use exchange_engine::{Command, Exchange, Input, Reject};
use orderbook_core::Timestamp;

use super::Listings;
use super::clock::now;
use super::sequencer::State;
use crate::bus::ConsumerGone;
use crate::log::{Chain, CommandLog, LogError, LogId};

/// What a start begins with: nothing, or a snapshot.
#[derive(Debug, Default)]
pub(crate) struct Base {
    pub(crate) exchange: Exchange,
    pub(crate) listings: Listings,
    /// The identity of the log, where there is one.
    pub(crate) log: Option<LogId>,
    /// The epoch of the last frame.
    pub(crate) epoch: u64,
    /// Where in the log that is.
    pub(crate) place: Chain,
}

/// The state that a start leads to.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// A copy of the exchange as it was before the first new command.
    pub(crate) exchange: Exchange,
    /// The identity of its log.
    pub(crate) log: LogId,
    /// The number of this start.
    pub(crate) epoch: u64,
    /// The newest sequence number.
    pub(crate) seq: u64,
}

/// Replays the log from a place on: every frame is applied again and published again, so that
/// everything folded from the feed is rebuilt on the way.
pub(super) fn recover(
    log: &mut dyn CommandLog,
    place: Chain,
    state: &mut State,
) -> Result<(), StartError> {
    let mut gone = None;
    log.read(place, &mut |frame| {
        if gone.is_none() {
            gone = state.apply(&frame).err();
        }
        Ok(())
    })?;
    if let Some(gone) = gone {
        return Err(gone.into());
    }
    state.begin_epoch(log.begin(now().get())?);
    Ok(())
}

/// Why the exchange does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The log is not what was written, or cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A fold has ended.
    #[error(transparent)]
    Bus(#[from] ConsumerGone),
    /// The configuration contradicts what is in the log.
    #[error("the configuration does not fit the data directory: {0}")]
    Configuration(String),
    /// What the configuration lists could not be made durable.
    #[error("the configured instruments could not be listed: {0}")]
    Genesis(anyhow::Error),
    /// What the configuration lists is impossible.
    #[error("the configuration lists something impossible: {what}: {reject}")]
    Refused {
        /// The asset or the instrument.
        what: String,
        /// Why it is impossible.
        reject: Reject,
    },
}

/// Tries commands on an exchange that nobody uses: a configuration that is refused must leave
/// nothing in the log.
pub(crate) fn rehearse(
    mut exchange: Exchange,
    time: Timestamp,
    commands: &[Command],
) -> Result<(), StartError> {
    for command in commands {
        let input = Input {
            time,
            command: command.clone(),
        };
        exchange
            .apply(&input, &mut Vec::new())
            .map_err(|reject| StartError::Refused {
                what: match command {
                    Command::AddAsset { code, .. } => format!("asset {code}"),
                    Command::ListInstrument(listing) => listing.instrument.symbol().into(),
                    other => format!("{other:?}"),
                },
                reject,
            })?;
    }
    Ok(())
}
