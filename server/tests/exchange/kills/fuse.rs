//! What kills a server in the middle of its work.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use crate::harness::Server;
use crate::harness::log::{file, hold};

/// Kills after so many answers: at the moment when a client has its answer, some time later, or when
/// nothing has got into the log for some time.
pub(super) struct Fuse {
    /// How many answers there are to be; the last of them sets it off.
    length: usize,
    answers: AtomicUsize,
    /// How long the log is held up before the kill.
    held_up: Option<(PathBuf, Duration)>,
    delay: Duration,
    /// How long those who do not notice go on after it.
    aftermath: Duration,
    victim: Mutex<Option<Server>>,
    burnt: AtomicBool,
    over: AtomicBool,
}

impl Fuse {
    pub(super) fn random(random: &mut ChaCha8Rng, victim: Server, log: Option<&Path>) -> Self {
        let mut micros = |most| Duration::from_micros(random.random_range(0..most));
        let (delay, held_up, aftermath) = (micros(20_000), micros(20_000), micros(30_000));
        let (at_once, holds_up) = (random.random_bool(0.5), random.random_bool(0.3));
        Self {
            length: random.random_range(1..500),
            answers: AtomicUsize::new(0),
            held_up: log.filter(|_| holds_up).map(|dir| (file(dir), held_up)),
            delay: if at_once { Duration::ZERO } else { delay },
            aftermath,
            victim: Mutex::new(Some(victim)),
            burnt: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    /// There was an answer.
    pub(super) async fn burn(&self) {
        if self.answers.fetch_add(1, Ordering::Relaxed) + 1 != self.length {
            return;
        }
        // Timers are too coarse for no time at all.
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match &self.held_up {
            None => self.kill(),
            Some((log, time)) => {
                // Whatever is acknowledged from here on is not in the log.
                let hold = hold(log);
                tokio::time::sleep(*time).await;
                self.kill();
                drop(hold);
            }
        }
        self.burnt.store(true, Ordering::Release);
        tokio::time::sleep(self.aftermath).await;
        self.over.store(true, Ordering::Relaxed);
    }

    fn kill(&self) {
        let victim = self.victim.lock();
        let mut victim = victim.unwrap_or_else(PoisonError::into_inner);
        victim.as_mut().expect("nobody else kills it").kill();
    }

    /// Whether there was a kill.
    pub(super) fn is_burnt(&self) -> bool {
        self.burnt.load(Ordering::Acquire)
    }

    /// Whether everybody is to stop.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn take_victim(&self) -> Server {
        let victim = self.victim.lock();
        let mut victim = victim.unwrap_or_else(PoisonError::into_inner);
        victim.take().expect("it is taken once")
    }
}
