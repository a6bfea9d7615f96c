//! Where a process with a log says what happens: in process, and over Redis where there is one.

use std::sync::Arc;
use std::time::Duration;

use ::redis::Client;
use tokio::time::MissedTickBehavior;

use crate::bus::redis::{Redis, RedisBus};
use crate::bus::{EventBus, Feed, InProcessBus, Outlet, Position};
use crate::gateway::Hub;
use crate::listed::Listed;
use crate::marketdata::Audience;
use crate::orders::{Recovered, Sequencer};

/// How many events of the feed are remembered for followers, before the log has to be read.
pub(crate) const REMEMBERED_EVENTS: usize = 500_000;
/// How many messages of the public streams are remembered.
const REMEMBERED_MESSAGES: usize = 50_000;
/// How often Redis is told how far the feed has come.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// The buses of a process.
pub(super) struct Buses {
    pub(super) hub: Hub,
    redis: Option<(Client, RedisBus)>,
}

impl Buses {
    pub(super) fn new(redis: Option<Client>) -> Self {
        Self {
            hub: Hub::default(),
            redis: redis.map(|client| (client, RedisBus::new())),
        }
    }

    pub(super) fn redis_bus(&self) -> Option<RedisBus> {
        self.redis.as_ref().map(|(_, bus)| bus.clone())
    }

    /// Where the feed is published: first to the folds of this process, and of these first to the one
    /// that the others have names from.
    pub(super) fn feed(&self, listed: &Listed, folds: InProcessBus) -> Outlet {
        let listed: Arc<dyn EventBus> = Arc::new(listed.clone());
        self.outlet(REMEMBERED_EVENTS, [listed, Arc::new(folds)])
    }

    /// Where the public streams are published.
    pub(super) fn market(&self) -> Outlet {
        self.outlet(REMEMBERED_MESSAGES, [Arc::new(self.hub.clone())])
    }

    fn outlet<const N: usize>(&self, remembers: usize, first: [Arc<dyn EventBus>; N]) -> Outlet {
        let redis = self
            .redis_bus()
            .map(|bus| Arc::new(bus) as Arc<dyn EventBus>);
        Outlet::new(remembers, first.into_iter().chain(redis).collect())
    }

    /// Who the messages of the public streams are for.
    pub(super) fn audience(&self, has_gateways: bool) -> Audience {
        if has_gateways || self.redis.is_some() {
            Audience::Everybody
        } else {
            Audience::Subscribers(self.hub.clone())
        }
    }

    /// What was is replayed; what comes is news.
    pub(super) fn begin(&self, recovered: &Recovered, feed: &Feed, sequencer: &Sequencer) {
        if let Some((client, bus)) = &self.redis {
            bus.begin(Redis::new(client.clone(), recovered.log));
            tokio::spawn(beat(feed.clone(), sequencer.clone()));
        }
        // Whoever asks before the first message is told of this epoch.
        self.hub.begin(Position {
            epoch: recovered.epoch,
            seq: 0,
        });
    }
}

/// Tells followers on Redis how far the feed has come, so that they notice when its last packet was
/// lost.
async fn beat(feed: Feed, sequencer: Sequencer) {
    let mut ticks = tokio::time::interval(HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let heartbeat = feed.heartbeat(sequencer.progress());
        if feed.outlet().beat(heartbeat).is_err() {
            return;
        }
    }
}
