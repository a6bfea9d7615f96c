//! Statistics of the last so many microseconds, worked out from all trades there were.

use marketdata_core::{PublicTrade, Volume};
use orderbook_core::{Notional, Price, Quantity, Timestamp, TradeId};

use super::{Refusal, nearest, paid};

/// The model of a `RollingTicker`.
#[derive(Debug, Clone)]
pub struct Ticker {
    windows: Vec<u64>,
    max_trades: usize,
    now: u64,
    /// The trades that are retained, in the order of time and id.
    trades: Vec<PublicTrade>,
    /// Whether no trade ever had to go.
    is_whole: bool,
    /// All that were not busted, in that order.
    all: Vec<PublicTrade>,
    /// Those that had to go because there were too many.
    dropped: Vec<PublicTrade>,
    /// Of each window the newest trade that was seen to leave it, and is not busted.
    before: Vec<Option<PublicTrade>>,
    last: Option<PublicTrade>,
}

/// What a ticker says about a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "those of a `TickerStats`")]
pub struct Stats {
    pub open: Option<Price>,
    pub high: Option<Price>,
    pub low: Option<Price>,
    pub last: Option<Price>,
    pub last_quantity: Option<Quantity>,
    /// `None` where that is not to be known: a trade before the window may have been dropped.
    pub previous_close: Option<Option<Price>>,
    pub volume: Volume,
    pub quote_volume: Notional,
    pub trade_count: u64,
    pub first_trade_id: Option<TradeId>,
    pub last_trade_id: Option<TradeId>,
    pub is_truncated: bool,
}

impl Ticker {
    /// No trades yet.
    pub fn new(windows: &[u64], max_trades: usize) -> Self {
        Self {
            windows: windows.to_vec(),
            max_trades,
            now: 0,
            trades: Vec::new(),
            is_whole: true,
            all: Vec::new(),
            dropped: Vec::new(),
            before: vec![None; windows.len()],
            last: None,
        }
    }

    /// Counts a trade, wherever in time it belongs.
    ///
    /// # Errors
    ///
    /// Where nothing changed hands, or where it is retained already.
    pub fn apply(&mut self, trade: &PublicTrade) -> Result<(), Refusal> {
        if trade.quantity.is_zero() {
            return Err(Refusal::NoQuantity);
        }
        if self.trades.iter().any(|other| key(other) == key(trade)) {
            return Err(Refusal::Repeated);
        }
        if self.last.is_none_or(|last| key(&last) < key(trade)) {
            self.last = Some(*trade);
        }
        for list in [&mut self.trades, &mut self.all] {
            list.push(*trade);
            list.sort_by_key(key);
        }
        self.advance(trade.time);
        Ok(())
    }

    /// Lets time pass.
    pub fn advance(&mut self, time: Timestamp) {
        self.now = self.now.max(time.get());
        for (window, before) in self.windows.iter().zip(&mut self.before) {
            let is_over = |trade: &&PublicTrade| self.now - trade.time.get() >= *window;
            let gone = self.trades.iter().filter(is_over);
            *before = gone.chain(&*before).max_by_key(|it| key(it)).copied();
        }
        let before = self.trades.len();
        let longest = self.windows.iter().max().copied().unwrap_or(0);
        self.trades
            .retain(|trade| self.now - trade.time.get() < longest);
        let too_many = self.trades.len().saturating_sub(self.max_trades);
        self.dropped.extend(self.trades.drain(..too_many));
        self.is_whole &= self.trades.len() == before;
    }

    /// Takes back a trade, retained or not, where `others` are kept elsewhere.
    pub fn bust(&mut self, trade: &PublicTrade, others: &[PublicTrade]) {
        self.trades.retain(|other| other != trade);
        self.all.retain(|other| other != trade);
        if self.last.as_ref() == Some(trade) {
            let kept = self.trades.iter().chain(others);
            self.last = kept.max_by_key(|it| key(it)).copied();
        }
        for (window, before) in self.windows.iter().zip(&mut self.before) {
            if before.as_ref() == Some(trade) {
                let is_over = |trade: &&PublicTrade| self.now - trade.time.get() >= *window;
                *before = self.trades.iter().rfind(is_over).copied();
            }
        }
    }

    /// The trades that are retained, in the order of time and id.
    pub fn trades(&self) -> &[PublicTrade] {
        &self.trades
    }

    /// All trades that there ever were, and that were not busted, in the order of time and id.
    pub fn all(&self) -> &[PublicTrade] {
        &self.all
    }

    /// Whether all trades are retained that there ever were, but those that were busted while they
    /// were.
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The newest trade of all.
    pub const fn last(&self) -> Option<PublicTrade> {
        self.last
    }

    /// What there is to say about a window; `None` where it is not one of the ticker's.
    pub fn stats(&self, window: u64) -> Option<Stats> {
        let place = self.windows.iter().position(|it| *it == window)?;
        let before = self.before[place];
        let is_within = |trade: &&PublicTrade| self.now - trade.time.get() < window;
        let within: Vec<PublicTrade> = self.trades.iter().filter(is_within).copied().collect();
        let (first, last) = (within.first(), within.last());
        let prices = || within.iter().map(|trade| trade.price);
        let quantities = within.iter().map(|trade| u128::from(trade.quantity.get()));
        let is_truncated = self.dropped.iter().any(|trade| is_within(&trade));
        // What was dropped may have left the window since, without anybody seeing it. It may also have
        // come again under its time and id with another price, since nobody remembers it.
        let mut dropped = self.dropped.iter();
        let is_vague =
            dropped.any(|trade| before.is_none_or(|it| key(&it) <= key(trade) && it != *trade));
        Some(Stats {
            open: first.map(|trade| trade.price),
            high: prices().max(),
            low: prices().min(),
            last: self.last.map(|trade| trade.price),
            last_quantity: self.last.map(|trade| trade.quantity),
            previous_close: (!is_vague).then(|| before.map(|trade| trade.price)),
            volume: Volume::new(quantities.sum()),
            quote_volume: nearest(&paid(&within)),
            trade_count: within.len() as u64,
            first_trade_id: first.map(|trade| trade.id),
            last_trade_id: last.map(|trade| trade.id),
            is_truncated,
        })
    }
}

fn key(trade: &PublicTrade) -> (Timestamp, TradeId) {
    (trade.time, trade.id)
}
