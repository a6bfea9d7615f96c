//! What can happen to frames where they are kept.

use exchange_engine::frame::{Frame, StoredFrame};

use super::dice::Dice;

/// What a damaged medium looks like.
#[derive(Debug)]
pub(super) struct Spoilt {
    pub(super) frames: Vec<StoredFrame>,
    /// Why it has to be refused.
    pub(super) how: &'static str,
    /// The frame that a reader has to name.
    pub(super) named: u64,
}

/// Changes a frame as an interrupted write, or a medium that errs, may change it.
pub(super) fn tear(stored: &mut StoredFrame, dice: &mut Dice) -> &'static str {
    let before = stored.clone();
    let payload = &mut stored.payload;
    let from = dice.below(payload.len());
    let how = match dice.below(4) {
        0 => {
            payload.truncate(from);
            "refused: a prefix of a frame"
        }
        1 => {
            payload[from..].fill(0);
            "refused: a frame with zeros at its end"
        }
        2 => {
            for _ in 0..=dice.below(3) {
                let byte = dice.below(payload.len());
                payload[byte] ^= 1 << dice.below(8);
            }
            "refused: a frame with other bits in its payload"
        }
        _ => {
            match dice.below(5) {
                0 => stored.epoch ^= 1 << dice.below(64),
                1 => stored.first_seq ^= 1 << dice.below(64),
                2 => stored.last_seq ^= 1 << dice.below(64),
                3 => stored.prev_crc ^= 1 << dice.below(32),
                _ => stored.crc ^= 1 << dice.below(32),
            }
            "refused: a frame with other bits in its header"
        }
    };
    if *stored == before {
        stored.crc ^= 1;
    }
    how
}

/// The frames of a medium with one of them, there is at least one, not as it was written.
pub(super) fn spoil(intact: &[StoredFrame], dice: &mut Dice) -> Spoilt {
    let mut frames = intact.to_vec();
    let (last, index) = (frames.len() - 1, dice.below(frames.len()));
    let number = frames[index].number;
    let (how, named) = match dice.below(8) {
        0 if index < last => {
            frames.remove(index);
            ("refused: a frame missing", number)
        }
        1 if index < last => {
            let other = index + 1 + dice.below(last - index);
            let there = frames[other].number;
            let (a, b) = (frames[index].clone(), frames[other].clone());
            (frames[index], frames[other]) = (
                StoredFrame { number, ..b },
                StoredFrame { number: there, ..a },
            );
            ("refused: two frames in each other's place", number)
        }
        2 | 3 if index < last => {
            let stranger = &mut frames[index];
            *stranger = elsewhere(stranger).stored(stranger.prev_crc);
            ("refused: an intact frame of another history", number + 1)
        }
        4 => {
            let stranger = &mut frames[index];
            *stranger = elsewhere(stranger).stored(!stranger.prev_crc);
            ("refused: an intact frame of another log", number)
        }
        5 => {
            let mut lost = frames.remove(index);
            lost.number += frames.len() as u64 + 1 + dice.below(9) as u64;
            frames.push(lost);
            ("refused: a frame with another number", number)
        }
        _ => (tear(&mut frames[index], dice), number),
    };
    Spoilt { frames, how, named }
}

/// The frame that another process might have written there.
fn elsewhere(stored: &StoredFrame) -> Frame {
    Frame {
        number: stored.number,
        epoch: stored.epoch + 1,
        first_seq: stored.first_seq,
        inputs: Frame::inputs_of(&stored.payload).expect("an intact frame"),
    }
}
