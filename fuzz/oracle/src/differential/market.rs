//! Market data and its model.

mod of_book;
mod queries;
mod store;

use std::fmt::Debug;

use marketdata_core::{
    Candle, CandleEvent, Candles, GapPolicy, PublicTrade, RollingTicker, TradeError,
};
use num_bigint::{BigInt, BigUint};
use orderbook_core::Timestamp;

use super::{At, Coverage};
use crate::market::{self, Bust, Refusal, Told};
use crate::market_commands::{self, Command, Commands, Input, Settings};
use queries::Names;
use store::Store;

/// Inputs of so many commands at most are compared in full after every command. In longer ones,
/// of which there are many, that has its turns.
const SHORT: usize = 256;

/// Decodes the bytes, runs candles and a ticker or all market data of a book, and compares with the
/// model what is told after every command, and what can be asked.
///
/// What is told is compared after each command; the queries after each where the input is short,
/// and else after some and the last.
///
/// # Panics
///
/// Where the two disagree.
pub fn market(bytes: &[u8]) -> Coverage<Refusal> {
    let commands = Commands::new(bytes);
    if let Some(of_book) = market_commands::of_book(bytes) {
        return of_book::run(commands, of_book);
    }
    let mut run = Run::new(commands.settings());
    let last = commands.len().saturating_sub(1);
    let every = if commands.len() <= SHORT { 1 } else { 8 };
    for (index, command) in commands.enumerate() {
        let at = At {
            subject: "market",
            index,
            command: &command,
        };
        run.step(&at);
        if index % every == every - 1 || index == last {
            run.compare(&at);
        }
    }
    run.coverage
}

struct Run {
    settings: Settings,
    names: Names,
    candles: Candles,
    /// Restored from the candles some commands ago, and fed the same inputs since.
    restored: Candles,
    model: market::Candles,
    ticker: RollingTicker,
    ticker_model: market::Ticker,
    /// All that was counted, in the order in which it came, and not taken back.
    trades: Vec<PublicTrade>,
    /// The same with those that were taken back.
    heard: Vec<PublicTrade>,
    /// The sum of what was paid for each, whichever way it went.
    paid: BigUint,
    /// What somebody has who hears of events only.
    store: Store,
    coverage: Coverage<Refusal>,
}

impl Run {
    fn new(settings: &Settings) -> Self {
        let names = Names::new(settings);
        let candles = Candles::new(&names.intervals(), settings.candles);
        Self {
            restored: candles.clone(),
            candles,
            model: market::Candles::new(&settings.buckets, settings.candles),
            ticker: RollingTicker::new(&names.windows(), settings.window_trades),
            ticker_model: market::Ticker::new(&settings.windows, settings.window_trades),
            trades: Vec::new(),
            heard: Vec::new(),
            paid: BigUint::ZERO,
            store: Store::default(),
            settings: settings.clone(),
            names,
            coverage: Coverage::default(),
        }
    }

    fn step(&mut self, at: &At<'_, Command>) {
        match at.command.input {
            Input::Trade(trade) => self.trade(at, &trade),
            Input::Advance(time) => self.advance(at, time),
            Input::Bust { trade, known } => self.bust(at, &trade, known),
            Input::Restore => self.restore(at),
        }
        if at.command.repair {
            self.repair(at);
        }
    }

    fn trade(&mut self, at: &At<'_, Command>, trade: &PublicTrade) {
        let result = self.ticker.apply(trade).map_err(refusal);
        let expected = self.ticker_model.apply(trade);
        at.same("results of the ticker", &result, &expected);

        self.coverage.note(result, 0);
        let is_another = |other: &PublicTrade| other.id == trade.id && other != trade;
        if self.heard.iter().any(is_another) {
            // Nobody can say which of the two was the first or last of a candle.
            return;
        }
        self.paid += BigInt::from(trade.notional().get()).magnitude();
        self.names.is_loose = self.paid > BigUint::from(i128::MAX.unsigned_abs());
        let mut events: Vec<CandleEvent> = Vec::new();
        let result = self.candles.apply(trade, &mut events).map_err(refusal);
        let before = self.model.now();
        let (expected, told) = match self.model.apply(trade) {
            Ok(told) => (Ok(()), told),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        at.same("results of the candles", &result, &expected);
        let told = self.told(at, &events, &told);

        let mut echo: Vec<CandleEvent> = Vec::new();
        let again = self.restored.apply(trade, &mut echo).map_err(refusal);
        at.same("results of restored candles", &again, &result);
        self.same_echo(at, &echo, &events);

        if result.is_ok() {
            self.trades.push(*trade);
            self.heard.push(*trade);
            self.coverage.trades += 1;
            self.note(trade, before, &told);
        }
    }

    fn advance(&mut self, at: &At<'_, Command>, time: Timestamp) {
        let mut events: Vec<CandleEvent> = Vec::new();
        self.candles.advance(time, &mut events);
        let told = self.model.advance(time);
        self.told(at, &events, &told);
        let mut echo: Vec<CandleEvent> = Vec::new();
        self.restored.advance(time, &mut echo);
        self.same_echo(at, &echo, &events);
        self.ticker.advance(time);
        self.ticker_model.advance(time);
        self.coverage.note(Ok(()), 0);
    }

    fn bust(&mut self, at: &At<'_, Command>, trade: &PublicTrade, known: usize) {
        self.coverage.note(Ok(()), 0);
        self.bust_in_ticker(at, trade);
        let Some(place) = self.trades.iter().rposition(|other| other == trade) else {
            return;
        };
        self.trades.remove(place);
        let (unknown, known) = self
            .trades
            .split_at(self.trades.len().saturating_sub(known));
        let between = |from: Timestamp, to: Timestamp| {
            // The last bucket of all has no other end to name.
            let is_last = to.get() == u64::MAX;
            let is_within = |trade: &&PublicTrade| {
                (from..to).contains(&trade.time) || is_last && trade.time == to
            };
            let is_missing = unknown.iter().any(|trade| is_within(&trade));
            let within = known.iter().filter(is_within).copied();
            (!is_missing).then(|| within.collect())
        };
        let mut events: Vec<CandleEvent> = Vec::new();
        self.candles.bust(trade, between, &mut events);
        let mut echo: Vec<CandleEvent> = Vec::new();
        self.restored.bust(trade, between, &mut echo);
        let told: Vec<Told> = events.iter().map(|it| self.names.told(it)).collect();
        bust_candles(at, &self.names, &mut self.model, trade, unknown, &told);
        let is_kept = |told: &Told| match *told {
            Told::Outdated(buckets, open) => self.model.forgotten(buckets) < Some(open),
            _ => false,
        };
        let is_open = |told: &Told| match *told {
            Told::Corrected(_, candle) => candle.close_time.get() > self.model.now(),
            _ => false,
        };
        for (happened, what) in [
            (told.iter().any(is_kept), "outdated and kept"),
            (told.iter().any(is_open), "an open candle was corrected"),
        ] {
            if happened {
                self.coverage.note_situation(what);
            }
        }
        self.hear(at, &told);
        if self.names.is_loose {
            // What can still be told depends on where it saturated on the way.
            self.restored = self.candles.clone();
        } else {
            self.same_echo(at, &echo, &events);
        }
    }

    /// Puts right what is outdated, with the help of all trades.
    fn repair(&mut self, at: &At<'_, Command>) {
        for (buckets, open, candle) in self.model.outdated() {
            // There is no candle to put in the place of one that should be gone.
            let Some(candle) = candle else {
                continue;
            };
            let interval = self.names.interval(buckets);
            let mut events: Vec<CandleEvent> = Vec::new();
            let result = self.candles.replace(interval, candle, &mut events);
            at.same("results of a replacement", &result, &Ok(()));
            self.told(at, &events, &[Told::Corrected(buckets, candle)]);
            self.model.repair(buckets, open);
            self.store.repair(buckets, open);
            self.coverage.note_situation("put right");
            let mut echo: Vec<CandleEvent> = Vec::new();
            let again = self.restored.replace(interval, candle, &mut echo);
            at.same("results of restored candles", &again, &result);
            self.same_echo(at, &echo, &events);
        }
    }

    /// Of several trades with its id any may be meant.
    fn bust_in_ticker(&mut self, at: &At<'_, Command>, trade: &PublicTrade) {
        let model = &mut self.ticker_model;
        let known = model.trades().iter().copied().chain(model.last());
        let known: Vec<PublicTrade> = known.filter(|it| it.id == trade.id).collect();
        let Some(busted) = self.ticker.bust(trade.id) else {
            at.same("busts in the ticker", &None, &known.first());
            return;
        };
        let is_known = known.contains(&busted);
        assert!(is_known, "{at}\na bust of {busted:?}, which is not known");
        if model.last() == Some(busted) {
            self.coverage.note_situation("the last trade was busted");
        }
        model.bust(&busted, &[]);
        self.coverage.note_situation("busted in a ticker");
    }

    fn restore(&mut self, at: &At<'_, Command>) {
        self.coverage.note(Ok(()), 0);
        self.coverage.note_situation("restored");
        let now = self.model.now();
        self.restored = queries::restored(&self.candles, &self.names, &self.settings, now)
            .unwrap_or_else(|error| panic!("{at}\nstored candles are refused: {error}"));
        self.compare(at);
    }

    /// Compares what is told; returns it in the words of the model.
    fn told(
        &mut self,
        at: &At<'_, Command>,
        events: &[CandleEvent],
        expected: &[Told],
    ) -> Vec<Told> {
        let told: Vec<Told> = events.iter().map(|it| self.names.told(it)).collect();
        let expected: Vec<Told> = expected.iter().map(|it| self.names.loosen(*it)).collect();
        at.same("events", &told, &expected);
        self.hear(at, &told);
        told
    }

    fn hear(&mut self, at: &At<'_, Command>, told: &[Told]) {
        for told in told {
            self.coverage.note_event(kind(told));
        }
        if let Err(what) = self.store.hear(told) {
            panic!("{at}\n{what}: {told:?}");
        }
    }

    fn same_echo(&self, at: &At<'_, Command>, echo: &[CandleEvent], events: &[CandleEvent]) {
        let told = |events: &[CandleEvent]| -> Vec<Told> {
            events.iter().map(|it| self.names.told(it)).collect()
        };
        at.same("events of restored candles", &told(echo), &told(events));
    }

    fn compare(&mut self, at: &At<'_, Command>) {
        let range = at.command.range;
        let (names, model) = (&self.names, &self.model);
        queries::compare_candles(at, names, &|it| self.candles.get(it), model, range);
        queries::compare_candles(at, names, &|it| self.restored.get(it), model, range);
        queries::compare_ticker(at, names, &|it| self.ticker.stats(it), &self.ticker_model);
        let trades = self.ticker_model.trades();
        at.same_list(
            "trades of the ticker",
            self.ticker.trades().copied(),
            trades,
        );
        let last = self.ticker_model.last();
        at.same("last trades", &self.ticker.last(), &last.as_ref());
        let (from, to) = (range.from.unwrap_or_default(), range.to.unwrap_or_default());
        let is_last = to.get() == u64::MAX;
        let is_within =
            |trade: &&PublicTrade| (from..to).contains(&trade.time) || is_last && trade.time == to;
        let all = self.ticker_model.all();
        let between = self.ticker.trades_between(from, to);
        if let Some(between) = &between {
            let expected: Vec<PublicTrade> = all.iter().filter(is_within).copied().collect();
            at.same("trades between", between, &expected);
        }
        let is_known = between.is_some() || !self.ticker_model.is_whole();
        assert!(is_known, "{at}\ntrades are not known that never left");
        let windows = self.settings.windows.iter();
        let mut stats = windows.filter_map(|window| self.ticker_model.stats(*window));
        let quiet = |buckets| {
            let filled = model.range(buckets, range, GapPolicy::PreviousClose);
            filled.iter().any(Candle::is_flat)
        };
        for (happened, what) in [
            (
                stats.any(|stats| stats.is_truncated),
                "a window was truncated",
            ),
            (model.buckets().any(quiet), "quiet intervals were filled in"),
            (names.is_loose, "a quote volume may have saturated"),
        ] {
            if happened {
                self.coverage.note_situation(what);
            }
        }
        if let Err(what) = self.store.compare(model, |it| names.compared(it)) {
            panic!("{at}\n{what}");
        }
    }

    fn note(&mut self, trade: &PublicTrade, before: u64, told: &[Told]) {
        let time = trade.time.get();
        let inserted = told.iter().any(|told| match told {
            Told::Corrected(_, candle) => candle.trade_count == 1,
            _ => false,
        });
        let year = 366 * 86_400_000_000;
        let closed = told.iter().filter(|it| matches!(it, Told::Closed(..)));
        let several = closed.count() > 2;
        for (happened, what) in [
            (several, "closed several candles at once"),
            (time == before, "at the same time"),
            (time < before, "late"),
            (inserted, "late, in a quiet bucket"),
            (
                time > before.saturating_add(year) && before > 0,
                "years later",
            ),
            (time == u64::MAX, "at the end of time"),
            (trade.price.get() < 0, "at a price below zero"),
        ] {
            if happened {
                self.coverage.note_situation(what);
            }
        }
    }
}

/// Compares what is told of a bust, and does in the model what was told.
fn bust_candles<C: Debug>(
    at: &At<'_, C>,
    names: &Names,
    model: &mut market::Candles,
    trade: &PublicTrade,
    unknown: &[PublicTrade],
    told: &[Told],
) {
    let expected = model.bust(trade, unknown);
    let fits = |(told, expected): (&Told, &Bust)| match expected {
        Bust::Certain(only) => *told == names.loosen(*only),
        Bust::Either(one, other) => [one, other].map(|it| names.loosen(*it)).contains(told),
    };
    assert!(
        told.len() == expected.len() && told.iter().zip(&expected).all(fits),
        "{at}\nevents of a bust differ\n  real:  {told:?}\n  model: {expected:?}"
    );
    model.settle(trade, told);
}

const fn kind(told: &Told) -> &'static str {
    match told {
        Told::Closed(..) => "Closed",
        Told::Corrected(..) => "Corrected",
        Told::Emptied(..) => "Emptied",
        Told::Outdated(..) => "Outdated",
    }
}

fn refusal(error: TradeError) -> Refusal {
    match error {
        TradeError::NoQuantity => Refusal::NoQuantity,
        TradeError::Repeated { .. } => Refusal::Repeated,
        other => unreachable!("{other:?} is not one of the contract's"),
    }
}
