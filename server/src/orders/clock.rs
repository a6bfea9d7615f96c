//! The time of inputs, and how far it has surely passed.
//!
//! Folds let time pass even if nothing happens: candles close, tickers forget. They must not run
//! ahead of an input that has its time already but is still being made durable: it would count
//! into another candle than it does when the log is replayed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use orderbook_core::Timestamp;

/// The clock of a sequencer.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// No later input gets an earlier time.
    floor: Timestamp,
    /// Whether inputs have been stamped that are not published yet.
    in_flight: bool,
    /// The newest sequence number that anybody was told of.
    published: u64,
}

/// How far everything has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The newest sequence number that anybody was told of.
    pub(crate) seq: u64,
    /// Every later input has this time or a later one.
    pub(crate) time: Timestamp,
}

impl Clock {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is a single assignment; a panic cannot leave it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time of the next inputs: the wall clock's, but never before what was seen.
    pub(super) fn stamp(&self) -> Timestamp {
        let mut state = self.state();
        state.in_flight = true;
        state.floor = state.floor.max(now());
        state.floor
    }

    /// Everything up to `seq` is published; the newest input has `time`.
    pub(super) fn publish(&self, seq: u64, time: Timestamp) {
        let mut state = self.state();
        state.in_flight = false;
        state.published = seq;
        state.floor = state.floor.max(time);
    }

    /// What was stamped last will never be: time goes on without it.
    pub(super) fn withdraw(&self) {
        self.state().in_flight = false;
    }

    /// How far everything has come. Whoever lets time pass up to here must have folded all up to
    /// the sequence number first.
    pub(crate) fn progress(&self) -> Progress {
        let mut state = self.state();
        if !state.in_flight {
            state.floor = state.floor.max(now());
        }
        Progress {
            seq: state.published,
            time: state.floor,
        }
    }

    /// The newest sequence number that anybody was told of.
    pub(super) fn published(&self) -> u64 {
        self.state().published
    }
}

/// The wall clock. Nothing else reads it.
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::new(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_while_inputs_are_in_flight() {
        let clock = Clock::default();
        let stamped = clock.stamp();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let waiting = clock.progress();
        assert_eq!((waiting.seq, waiting.time), (0, stamped));
        clock.publish(3, stamped);
        let passed = clock.progress();
        assert_eq!(passed.seq, 3);
        assert!(passed.time > stamped);
    }

    #[test]
    fn time_goes_on_without_what_is_withdrawn() {
        let clock = Clock::default();
        let stamped = clock.stamp();
        std::thread::sleep(std::time::Duration::from_millis(2));
        clock.withdraw();
        let passed = clock.progress();
        assert_eq!(passed.seq, 0);
        assert!(passed.time > stamped);
        assert!(clock.stamp() >= passed.time);
    }

    #[test]
    fn no_input_is_older_than_the_time_that_has_passed() {
        let clock = Clock::default();
        let far_ahead = Timestamp::new(now().get() * 2);
        clock.publish(1, far_ahead);
        assert_eq!(clock.progress().time, far_ahead);
        assert_eq!(clock.stamp(), far_ahead);
    }
}
