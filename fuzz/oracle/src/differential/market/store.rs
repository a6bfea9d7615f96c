//! The candles of somebody who hears of events and of nothing else.

use std::collections::BTreeMap;

use marketdata_core::Candle;
use orderbook_core::Timestamp;

use crate::market::{Buckets, Candles, Told};

/// What somebody knows who hears of events only: of each bucket the candle, that there is none, or
/// nothing to rely on.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    candles: BTreeMap<(Buckets, Timestamp), Known>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    candle: Option<Candle>,
    is_closed: bool,
    is_outdated: bool,
}

impl Store {
    /// Takes note of events.
    pub(super) fn hear(&mut self, told: &[Told]) -> Result<(), &'static str> {
        for told in told {
            match *told {
                Told::Closed(buckets, candle) => {
                    let known = self.candles.entry((buckets, candle.open_time)).or_default();
                    if known.is_closed {
                        return Err("closed twice");
                    }
                    known.is_closed = true;
                    known.candle = Some(candle);
                }
                Told::Corrected(buckets, candle) => {
                    let known = self.candles.entry((buckets, candle.open_time)).or_default();
                    known.candle = Some(candle);
                }
                Told::Emptied(buckets, open_time) => {
                    let known = self.candles.entry((buckets, open_time)).or_default();
                    known.candle = None;
                }
                Told::Outdated(buckets, open_time) => {
                    let known = self.candles.entry((buckets, open_time)).or_default();
                    known.is_outdated = true;
                }
            }
        }
        Ok(())
    }

    /// What was told of a candle can be relied on again.
    pub(super) fn repair(&mut self, buckets: Buckets, open_time: Timestamp) {
        let known = self.candles.entry((buckets, open_time)).or_default();
        known.is_outdated = false;
    }

    /// What was told and what there is now: the same, of the buckets that are over.
    pub(super) fn compare(
        &self,
        model: &Candles,
        same: impl Fn(Candle) -> Candle,
    ) -> Result<(), String> {
        for buckets in model.buckets() {
            let candles = model.candles(buckets);
            let present = Timestamp::new(buckets.open(model.now()));
            let is_over = |candle: &&Candle| candle.open_time < present;
            for candle in candles.iter().filter(is_over) {
                let known = self.candles.get(&(buckets, candle.open_time));
                let known = known.copied().unwrap_or_default();
                if !known.is_outdated && known.candle.map(&same) != Some(same(*candle)) {
                    return Err(format!("of {candle:?} only {known:?} was told"));
                }
            }
            let Some(oldest) = candles.first() else {
                continue;
            };
            let told = self.candles.range((buckets, oldest.open_time)..);
            let told = told.take_while(|((of, _), _)| *of == buckets);
            for ((_, open_time), known) in told {
                let is_there = candles.iter().any(|it| it.open_time == *open_time);
                if known.candle.is_some() && !known.is_outdated && !is_there {
                    return Err(format!("{known:?} was told and is not there"));
                }
            }
        }
        Ok(())
    }
}
