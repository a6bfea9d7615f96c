//! How a state is found again: the newest good snapshot and the frames behind it.

use std::rc::Rc;

use exchange_engine::frame::{Chain, FrameError};

use super::feed::Packet;
use super::medium::Medium;
use super::state::State;

/// Why there is no start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The log is not what was written, or its end is missing.
    Log(FrameError),
    /// The log begins at this frame, and the newest good snapshot, if any, reaches no further than
    /// that one.
    Compacted { first: u64, reached: u64 },
    /// The snapshot of this frame was made of another log.
    OtherHistory { frame: u64 },
}

impl From<FrameError> for Refusal {
    fn from(error: FrameError) -> Self {
        Self::Log(error)
    }
}

impl Refusal {
    /// The frame that it names.
    pub(super) const fn frame(&self) -> Option<u64> {
        match self {
            Self::Log(FrameError::Corrupt { frame, .. }) | Self::OtherHistory { frame } => {
                Some(*frame)
            }
            Self::Log(FrameError::Truncated { acknowledged, .. }) => Some(*acknowledged),
            Self::Compacted { reached, .. } => Some(*reached + 1),
            Self::Log(_) => None,
        }
    }
}

/// The state of the newest good snapshot, or the one before the first frame where the log goes back
/// that far.
pub(super) fn begin(medium: &Medium) -> Result<State, Refusal> {
    let first = medium.first();
    for snapshot in medium.snapshots.iter().rev() {
        let Ok(state) = snapshot.restore() else {
            continue;
        };
        // The snapshot is a witness, too.
        let acknowledged = medium.head.max(Some(state.frame()));
        Chain::at(medium.last(), 0, 0).reaches(acknowledged)?;
        let same = |chain: Chain| chain == state.chain;
        if !medium.chain_at(state.frame()).is_none_or(same) {
            return Err(Refusal::OtherHistory {
                frame: state.frame(),
            });
        }
        if first > state.frame() + 1 {
            let reached = state.frame();
            return Err(Refusal::Compacted { first, reached });
        }
        return Ok(state);
    }
    if first > 1 {
        return Err(Refusal::Compacted { first, reached: 0 });
    }
    Ok(State::default())
}

/// Follows the log to its end, and shows the state where it begins and behind every frame.
pub(super) fn recover(
    medium: &Medium,
    mut visit: impl FnMut(&State, Option<&Rc<Packet>>),
) -> Result<State, Refusal> {
    let mut state = begin(medium)?;
    visit(&state, None);
    let end = medium.read_on(state.chain, u64::MAX, |frame, chain| {
        let packet = state.apply(frame, chain);
        visit(&state, Some(&packet));
    })?;
    end.reaches(medium.head)?;
    Ok(state)
}
