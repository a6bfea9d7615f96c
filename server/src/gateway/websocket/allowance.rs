//! How many messages a client may send.

use std::time::Duration;

use tokio::time::Instant;

/// How much may come at once: what is allowed in so long.
const BURST: Duration = Duration::from_secs(5);

/// What a client may still send: a bucket that empties steadily.
#[derive(Debug)]
pub(super) struct Allowance {
    /// How long one message fills the bucket.
    cost: Duration,
    /// When it is empty if nothing more comes.
    empty_at: Instant,
}

impl Allowance {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            cost: Duration::from_secs(1) / per_second,
            empty_at: Instant::now(),
        }
    }

    /// Counts a message; whether it is allowed.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        self.empty_at = self.empty_at.max(now) + self.cost;
        self.empty_at - now <= BURST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_a_steady_rate_are_allowed() {
        let mut allowance = Allowance::new(10);
        for _ in 0..50 {
            assert!(allowance.take());
        }
        for _ in 0..20 {
            tokio::time::advance(Duration::from_millis(100)).await;
            assert!(allowance.take());
        }
        assert!(!allowance.take());
        tokio::time::advance(Duration::from_millis(50)).await;
        assert!(!allowance.take(), "what was too much counts as well");
        tokio::time::advance(Duration::from_secs(60)).await;
        let allowed = (0..).take_while(|_| allowance.take());
        assert_eq!(allowed.count(), 50, "rest is not saved up");
    }
}
