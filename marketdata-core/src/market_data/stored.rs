//! Market data as somebody kept it, to go on from.

use alloc::vec::Vec;

use orderbook_core::{Timestamp, TradeId};

use super::{MarketData, MarketError, Settings};
use crate::{
    Candles, Depth, DepthSnapshot, PublicTrade, Quote, StoredCandles, TradeAggregator, TradeError,
};

/// The market data of an instrument as somebody kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoredMarket {
    /// The newest time seen.
    pub now: Timestamp,
    /// Every level.
    pub depth: DepthSnapshot,
    /// The candles of every interval.
    pub candles: Vec<StoredCandles>,
    /// The trades of the longest window and of the tape, and the last one before them, which is the
    /// previous close and may be the last of all; by ascending id.
    pub trades: Vec<PublicTrade>,
    /// The id of the newest trade of all; `None` before the first.
    pub newest_trade: Option<TradeId>,
    /// The time of the newest trade that was left out of the trades although the longest window held
    /// it, for the bound on memory.
    pub truncated: Option<Timestamp>,
    /// The id of the newest aggregate trade that was told; zero before the first.
    pub last_aggregate: u64,
}

impl MarketData {
    /// What it takes to [go on](Self::restore) from here, between two commands of the book.
    pub fn stored(&self) -> StoredMarket {
        let first = self.ticker.trades().next().map(|trade| trade.id);
        let is_before = |trade: &&PublicTrade| first.is_none_or(|first| trade.id < first);
        let on_tape = |limit| self.tape.since(TradeId::new(0), limit);
        let oldest = on_tape(1).next().map(|trade| trade.id);
        let gone = self.ticker.newest_gone();
        let gone = gone.filter(|gone| oldest.is_none_or(|oldest| gone.id < oldest));
        let on_tape = on_tape(usize::MAX).take_while(is_before);
        let before = gone.into_iter().chain(on_tape);
        StoredMarket {
            now: self.now(),
            depth: self.depth.snapshot(usize::MAX),
            candles: self.candles.stored(),
            trades: before.chain(self.ticker.trades()).copied().collect(),
            newest_trade: self.newest_trade,
            truncated: self.ticker.truncated(),
            last_aggregate: self.aggregator.newest(),
        }
    }

    /// Market data that goes on from what somebody kept, also in the middle of an interval: what has
    /// to be applied is what comes after that.
    ///
    /// It says the same as what was kept, as long as no trade is busted: those that had left both the
    /// windows and the tape are not known to it, but for the newest of them. Where the settings
    /// say to keep less than before, the oldest goes; where they say more, what is missing is still
    /// [said to be](crate::Tape::forgotten) missing.
    ///
    /// # Errors
    ///
    /// A [`MarketError`] where no market data would have been kept like that. The trades have to have
    /// ascending ids and times that do not run backwards.
    pub fn restore(settings: &Settings, stored: StoredMarket) -> Result<Self, MarketError> {
        let StoredMarket {
            now,
            depth,
            candles,
            trades,
            newest_trade,
            truncated,
            last_aggregate,
        } = stored;
        let depth = Depth::from_snapshot(&depth)?;
        let mut restored = Self {
            candles: Candles::restore(&settings.intervals, settings.candles, now, candles)?,
            quote: Quote::of(&depth),
            depth,
            aggregator: TradeAggregator::after(last_aggregate),
            ..Self::new(settings)
        };
        if let Some(truncated) = truncated.filter(|time| *time <= now) {
            restored.ticker.has_left_out(truncated);
        }
        // Trades are numbered from 1 on.
        let missing = match trades.first() {
            Some(first) => first.id.get().checked_sub(1).map(|id| (first.time, id)),
            None => newest_trade.map(|newest| (now, newest.get())),
        };
        if let Some((up_to, id)) = missing.filter(|(_, id)| *id > 0) {
            restored.ticker.has_missed(up_to);
            restored.tape.forget(TradeId::new(id));
        }
        for trade in &trades {
            let is_next = restored.newest_trade < Some(trade.id);
            if !is_next || trade.time < restored.ticker.now() || now < trade.time {
                return Err(TradeError::Misplaced { id: trade.id }.into());
            }
            restored.ticker.apply(trade)?;
            restored.tape.push(trade);
            restored.newest_trade = Some(trade.id);
        }
        restored.newest_trade = restored.newest_trade.max(newest_trade);
        restored.ticker.advance(now);
        Ok(restored)
    }
}
