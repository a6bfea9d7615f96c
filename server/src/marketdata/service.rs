//! The task that folds the feed into market data, and tells the public streams where this process
//! is the one that does.

use std::sync::Arc;
use std::time::Duration;

use exchange_engine::InstrumentId;
use marketdata_core::MarketEvent;
use orderbook_core::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::Publisher;
use super::model::MarketModel;
use crate::bus::{Batch, ConsumerGone, ReadModel};
use crate::orders::{OrderEntry, now};

const TICK: Duration = Duration::from_millis(100);
const TICKS_PER_SECOND: u32 = 10;

/// What the task needs once the exchange has started.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) entry: OrderEntry,
    /// The last sequence number that was there before this start. Nobody is told of it again.
    pub(crate) recovered: u64,
    /// Where this process tells the public streams.
    pub(crate) publisher: Option<Publisher>,
}

/// Folds until the feed ends; publishes from the start of the exchange on.
pub(crate) async fn run(
    model: ReadModel<MarketModel>,
    mut feed: mpsc::Receiver<Arc<Batch>>,
    started: oneshot::Receiver<Started>,
) {
    let mut fold = Fold {
        seq: model.folded(),
        model,
        told: u64::MAX,
        changes: Vec::new(),
    };
    let mut started = std::pin::pin!(started);
    let Started {
        entry,
        recovered,
        mut publisher,
    } = loop {
        tokio::select! {
            biased;
            batch = feed.recv() => {
                let Some(batch) = batch else { return };
                fold.apply(&batch);
            }
            started = &mut started => {
                let Ok(started) = started else { return };
                break started;
            }
        }
    };
    if let Some(publisher) = &mut publisher {
        fold.told = recovered;
        publisher.tell_how_things_are(&fold.model.read(), entry.progress().time);
    }
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tick = 0_u32;
    loop {
        let due = tokio::select! {
            batch = feed.recv() => {
                let Some(batch) = batch else { return };
                fold.apply(&batch);
                if fold.tell(publisher.as_mut(), now()).is_err() {
                    return;
                }
                continue;
            }
            _ = ticks.tick() => entry.progress(),
        };
        // Time passes only up to where every input is known.
        while fold.seq < due.seq {
            let Some(batch) = feed.recv().await else {
                return;
            };
            fold.apply(&batch);
        }
        fold.advance(due.time);
        tick = (tick + 1) % TICKS_PER_SECOND;
        if let Some(publisher) = &mut publisher {
            let model = fold.model.read();
            publisher.add_changes(&fold.changes, due.time);
            fold.changes.clear();
            publisher.add_tenth(&model, due.time);
            if tick == 0 {
                publisher.add_second(&model, due.time);
            }
            publisher.add_for_new_subscribers(&model, due.time);
        }
        let told = fold.tell(publisher.as_mut(), due.time);
        let beat = publisher.as_ref().map_or(Ok(()), |it| it.beat(due.time));
        if told.and(beat).is_err() {
            return;
        }
    }
}

/// The model, how far it is, and what the last step changed.
struct Fold {
    model: ReadModel<MarketModel>,
    seq: u64,
    /// What changed up to here is old news.
    told: u64,
    changes: Vec<(InstrumentId, MarketEvent)>,
}

impl Fold {
    fn apply(&mut self, batch: &Batch) {
        {
            let mut markets = self.model.write();
            for outcome in &batch.outcomes {
                markets
                    .apply(outcome, &mut self.changes)
                    .expect("the feed has every event of every book, so depth follows (I7)");
            }
        }
        self.seq = batch.last_seq();
        self.model.advance(self.seq);
        if self.seq <= self.told {
            self.changes.clear();
        }
    }

    fn advance(&mut self, time: Timestamp) {
        self.model.write().advance(time, &mut self.changes);
    }

    /// Tells what changed and forgets it.
    fn tell(
        &mut self,
        publisher: Option<&mut Publisher>,
        now: Timestamp,
    ) -> Result<(), ConsumerGone> {
        let told = publisher.map_or(Ok(()), |publisher| {
            publisher.add_changes(&self.changes, now);
            publisher.send(self.seq)
        });
        self.changes.clear();
        told
    }
}
