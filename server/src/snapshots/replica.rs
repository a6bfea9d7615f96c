//! What a log leads to, worked out beside the sequencer.

use exchange_engine::Exchange;

use super::image::Rest;
use super::{At, Image, Models, SnapshotError, Snapshots, newest};
use crate::bus;
use crate::config::Memory;
use crate::log::{Chain, Frame, History, LogId};
use crate::orders::{Base, Listings};

/// An exchange and its models, up to a place in a log.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Known from the first frame on.
    pub(super) log: Option<LogId>,
    /// That of the last frame.
    pub(super) epoch: u64,
    pub(super) place: Chain,
    pub(super) exchange: Exchange,
    pub(super) listings: Listings,
    pub(super) models: Models,
}

impl Replica {
    /// Before the first frame.
    pub(crate) fn new(memory: &Memory) -> Self {
        Self {
            log: None,
            epoch: 0,
            place: Chain::default(),
            exchange: Exchange::new(),
            listings: Listings::default(),
            models: Models::new(memory),
        }
    }

    /// As of the newest snapshot that can be used; before the first frame where there is none.
    ///
    /// # Errors
    ///
    /// Where there is none and the log has no beginning, or either cannot be read.
    pub(crate) fn newest(
        snapshots: &dyn Snapshots,
        history: &dyn History,
        memory: &Memory,
    ) -> Result<Self, SnapshotError> {
        let restored = newest(snapshots, history, u64::MAX, |image| {
            Self::restore(image, memory)
        })?;
        Ok(restored.unwrap_or_else(|| Self::new(memory)))
    }

    /// As it was.
    pub(crate) fn restore(image: Image, memory: &Memory) -> Result<Self, SnapshotError> {
        Ok(Self {
            log: Some(image.log()),
            epoch: image.epoch(),
            place: image.place(),
            exchange: image.exchange()?,
            listings: image.rest.listings,
            models: Models::restore(memory, image.rest.models)?,
        })
    }

    /// The last sequence number.
    pub(crate) const fn seq(&self) -> u64 {
        self.place.last_seq()
    }

    /// Applies the next frame, which ends at `place`.
    pub(crate) fn apply(&mut self, frame: &Frame, place: Chain) {
        let batch = bus::apply(&mut self.exchange, frame);
        self.listings.apply(frame, &batch);
        self.models.apply(&batch);
        self.log.get_or_insert_with(|| LogId::of(frame));
        self.epoch = frame.epoch;
        self.place = place;
    }

    /// Where the snapshot of it is.
    pub(crate) const fn at(&self) -> At {
        At::of(self.place)
    }

    /// What a start begins with: the sequencer with the one, queries with the other.
    pub(crate) fn into_base(self) -> (Base, Models) {
        let base = Base {
            exchange: self.exchange,
            listings: self.listings,
            log: self.log,
            epoch: self.epoch,
            place: self.place,
        };
        (base, self.models)
    }

    /// The snapshot of it; there is none before the first frame.
    pub(crate) fn image(&self) -> Option<Image> {
        Some(Image {
            exchange: self.exchange.snapshot().encode(),
            rest: Rest {
                log: self.log?.bytes(),
                epoch: self.epoch,
                place: self.place,
                listings: self.listings.clone(),
                models: self.models.stored(),
            },
        })
    }
}
