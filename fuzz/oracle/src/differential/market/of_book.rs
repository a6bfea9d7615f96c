//! The market data of a book.

use std::collections::BTreeMap;

use marketdata_core::{
    AggregateTrade, LevelChange, MarketData, MarketEvent, PublicTrade, Quote, Settings, Tape,
    TickerStats,
};
use num_bigint::{BigInt, BigUint};
use orderbook_core::{Command, Event, Level, OrderBook, Price, Quantity, Side, Timestamp, TradeId};

use super::super::{At, Coverage};
use super::queries::{self, Names};
use super::store::Store;
use super::{bust_candles, kind};
use crate::commands;
use crate::market::{self, Refusal, Told};
use crate::market_commands::{Around, Commands};

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// Inputs of so many commands at most are compared in full after every command.
const SHORT: usize = 256;

/// Runs the book, its market data and the model of that.
pub(super) fn run(mut around: Commands<'_>, commands: commands::Commands<'_>) -> Coverage<Refusal> {
    let mut run = Run::new(&around, &commands);
    let last = commands.len().saturating_sub(1);
    let every = if commands.len() <= SHORT { 1 } else { 8 };
    for (index, command) in commands.enumerate() {
        let around = around.around().expect("as many as commands");
        let at = At {
            subject: "market of a book",
            index,
            command: &(around, command),
        };
        run.step(&at);
        if index % every == every - 1 || index == last {
            run.compare(&at);
        }
    }
    run.coverage
}

/// A command and what is around it.
type Step = (Around, Command);

struct Run {
    names: Names,
    book: OrderBook,
    data: MarketData,
    settings: Settings,
    /// Restored from the market data some commands ago, and fed the same events since.
    restored: Option<MarketData>,
    candles: market::Candles,
    ticker: market::Ticker,
    /// How many trades the tape keeps.
    capacity: usize,
    tape: Vec<PublicTrade>,
    /// The sum of what was paid for each, whichever way it went.
    paid: BigUint,
    /// All trades, busted ones too.
    trades: Vec<PublicTrade>,
    busted: Vec<PublicTrade>,
    /// What the changes of levels alone say, bids and asks.
    levels: [BTreeMap<Price, Quantity>; 2],
    update_id: u64,
    aggregates: market::Aggregates,
    store: Store,
    coverage: Coverage<Refusal>,
}

impl Run {
    fn new(around: &Commands<'_>, commands: &commands::Commands<'_>) -> Self {
        let settings = around.settings();
        let names = Names::new(settings);
        let real = Settings {
            intervals: names.intervals(),
            windows: names.windows(),
            candles: settings.candles,
            trades: settings.trades,
            window_trades: settings.window_trades,
        };
        Self {
            data: MarketData::new(&real),
            settings: real,
            restored: None,
            names,
            book: OrderBook::new(commands.instrument().clone()),
            candles: market::Candles::new(&settings.buckets, settings.candles),
            ticker: market::Ticker::new(&settings.windows, settings.window_trades),
            capacity: settings.trades,
            tape: Vec::new(),
            trades: Vec::new(),
            paid: BigUint::ZERO,
            busted: Vec::new(),
            levels: Default::default(),
            update_id: 0,
            aggregates: market::Aggregates::default(),
            store: Store::default(),
            coverage: Coverage::default(),
        }
    }

    fn step(&mut self, at: &At<'_, Step>) {
        let (around, command) = at.command;
        if around.restore {
            self.restore(at);
        }
        if let Some(ago) = around.bust {
            self.bust(at, ago);
        }
        if around.advance {
            let mut changes = Vec::new();
            self.data.advance(around.time, &mut changes);
            if let Some(restored) = &mut self.restored {
                let mut echo = Vec::new();
                restored.advance(around.time, &mut echo);
                self.same_echo(at, &echo, &changes);
            }
            let told = self.pass(around.time).into_iter().map(Change::Candle);
            self.same_changes(at, &changes, &told.collect::<Vec<_>>());
        }
        let mut events = Vec::new();
        // What a book refuses is none of the market's business.
        let _ = self.book.apply(command, &mut events);
        for event in &events {
            self.event(at, around.time, event);
        }
        self.coverage.note(Ok(()), self.book.len());
    }

    /// Lets time pass in the models.
    fn pass(&mut self, time: Timestamp) -> Vec<Told> {
        self.ticker.advance(time);
        self.candles.advance(time)
    }

    fn event(&mut self, at: &At<'_, Step>, time: Timestamp, event: &Event) {
        let best = self.best();
        let mut changes = Vec::new();
        let result = self.data.apply(time, event, &mut changes);
        at.same("results of the market data", &result, &Ok(()));
        if let Some(restored) = &mut self.restored {
            let mut echo = Vec::new();
            let again = restored.apply(time, event, &mut echo);
            at.same("results of restored market data", &again, &result);
            self.same_echo(at, &echo, &changes);
        }
        self.refuse_again(at, time, event);
        let told = self.pass(time);
        let mut expected: Vec<Change> = told.into_iter().map(Change::Candle).collect();
        let trade = match event {
            Event::Traded(trade) => {
                let now = Timestamp::new(self.candles.now());
                Some(PublicTrade::new(now, trade))
            }
            _ => None,
        };
        let aggregate = self.aggregates.apply(event, trade.as_ref());
        if aggregate.is_some_and(|it| it.first_trade_id < it.last_trade_id) {
            self.coverage
                .note_situation("several trades in an aggregate");
        }
        expected.extend(aggregate.map(Change::Aggregated));
        if let Some(trade) = trade {
            self.count(&trade);
            expected.push(Change::Traded(trade));
        }
        let levels = changes.iter().filter_map(|change| match change {
            MarketEvent::LevelChanged(change) => Some(*change),
            _ => None,
        });
        for change in levels {
            self.set(at, change);
            expected.push(Change::Level(change));
        }
        if changes
            .iter()
            .filter(|it| matches!(it, MarketEvent::LevelChanged(_)))
            .count()
            == 2
        {
            self.coverage
                .note_situation("an order moved from level to level");
        }
        if self.best() != best {
            let [bid, ask] = self.best();
            expected.push(Change::Best(self.update_id, bid, ask));
        }
        self.same_changes(at, &changes, &expected);
    }

    /// A trade that was there already is refused, and nothing changes.
    fn refuse_again(&self, at: &At<'_, Step>, time: Timestamp, event: &Event) {
        if !matches!(event, Event::Traded(_)) || !at.index.is_multiple_of(16) {
            return;
        }
        let mut again = self.data.clone();
        let mut changes = Vec::new();
        let result = again.apply(time, event, &mut changes);
        assert!(result.is_err(), "{at}\n{event:?} is taken twice");
        at.same("changes by what is refused", &changes, &Vec::new());
        at.same("market data after a refusal", &again, &self.data);
    }

    fn count(&mut self, trade: &PublicTrade) {
        // At the present time nothing is late.
        assert_eq!(self.candles.apply(trade), Ok(Vec::new()));
        assert_eq!(self.ticker.apply(trade), Ok(()));
        self.paid += BigInt::from(trade.notional().get()).magnitude();
        self.names.is_loose = self.paid > BigUint::from(i128::MAX.unsigned_abs());
        self.trades.push(*trade);
        self.tape.push(*trade);
        let too_many = self.tape.len().saturating_sub(self.capacity);
        self.tape.drain(..too_many);
        self.coverage.trades += 1;
    }

    fn best(&self) -> [Option<Level>; 2] {
        let level = |(price, quantity): (&Price, &Quantity)| Level {
            price: *price,
            quantity: *quantity,
        };
        let [bids, asks] = &self.levels;
        [
            bids.last_key_value().map(level),
            asks.first_key_value().map(level),
        ]
    }

    fn set(&mut self, at: &At<'_, Step>, change: LevelChange) {
        self.update_id += 1;
        at.same("numbers of changes", &change.update_id, &self.update_id);
        let levels = &mut self.levels[usize::from(change.side == Side::Sell)];
        let before = levels.get(&change.price).copied().unwrap_or_default();
        assert!(before != change.quantity, "{at}\n{change:?} is none");
        if change.quantity.is_zero() {
            levels.remove(&change.price);
        } else {
            levels.insert(change.price, change.quantity);
        }
    }

    /// Takes back the trade that was so many trades ago.
    fn bust(&mut self, at: &At<'_, Step>, ago: u64) {
        let ago = usize::try_from(ago).unwrap_or(usize::MAX);
        let trade = self.trades.iter().rev().nth(ago).copied();
        let id = trade.map_or(TradeId::new(u64::MAX), |trade| trade.id);
        let known = self.known();
        let mut changes = Vec::new();
        let busted = self.data.bust(id, &mut changes);
        let changes = self.changes(&changes);
        let trade = known.iter().find(|trade| trade.id == id);
        at.same("busts", &busted.as_ref(), &trade);
        let Some(trade) = trade else {
            at.same(
                "changes by a bust of what is not known",
                &changes,
                &Vec::new(),
            );
            return;
        };
        at.same(
            "first change by a bust",
            &changes.first(),
            &Some(&Change::Busted(*trade)),
        );
        let told: Vec<Told> = changes[1..]
            .iter()
            .filter_map(|change| match change {
                Change::Candle(told) => Some(*told),
                _ => None,
            })
            .collect();
        at.same(
            "number of candles changed by a bust",
            &told.len(),
            &(changes.len() - 1),
        );
        self.tape.retain(|other| other != trade);
        self.ticker.bust(trade, &self.tape);
        // Only what is in the windows helps to put candles right.
        let trades = self.trades.iter().copied();
        let unknown: Vec<PublicTrade> = trades
            .filter(|it| !self.ticker.trades().contains(it) && !self.busted.contains(it))
            .collect();
        self.bust_restored(at, trade, &told, &unknown);
        bust_candles(at, &self.names, &mut self.candles, trade, &unknown, &told);
        self.busted.push(*trade);
        self.hear(at, &told);
        self.coverage.note_event("TradeBusted");
        self.coverage.note_situation("busted in a book");
    }

    /// What is restored knows less: it may not know the trade, or not those that it takes to work out
    /// what becomes of its candles. But what it says of them has to be right.
    fn bust_restored(
        &mut self,
        at: &At<'_, Step>,
        trade: &PublicTrade,
        told: &[Told],
        unknown: &[PublicTrade],
    ) {
        let Some(mut restored) = self.restored.take() else {
            return;
        };
        let mut changes = Vec::new();
        if restored.bust(trade.id, &mut changes) != Some(*trade) {
            return;
        }
        let candles = self.changes(&changes).into_iter();
        let candles = candles.filter_map(|change| match change {
            Change::Candle(told) => Some(told),
            _ => None,
        });
        let candles: Vec<Told> = candles.collect();
        let unknown = [unknown, self.ticker.trades()].concat();
        let mut model = self.candles.clone();
        bust_candles(at, &self.names, &mut model, trade, &unknown, &candles);
        if candles == told {
            self.restored = Some(restored);
        }
    }

    fn restore(&mut self, at: &At<'_, Step>) {
        let restored = MarketData::restore(&self.settings, self.data.stored());
        self.restored = match restored {
            Ok(restored) => {
                // Where the last one was busted it may still have one from before.
                if let last @ Some(_) = self.data.last_trade() {
                    at.same("restored last trades", &restored.last_trade(), &last);
                }
                Some(restored)
            }
            Err(error) => panic!("{at}\nwhat is stored is refused: {error}"),
        };
        self.coverage
            .note_situation("market data of a book restored");
    }

    fn same_echo(&self, at: &At<'_, Step>, echo: &[MarketEvent], changes: &[MarketEvent]) {
        let (echo, changes) = (self.changes(echo), self.changes(changes));
        at.same("changes of restored market data", &echo, &changes);
    }

    /// The trades that are kept somewhere.
    fn known(&self) -> Vec<PublicTrade> {
        let mut known = [self.ticker.trades(), &self.tape[..]].concat();
        known.extend(self.ticker.last());
        known.sort_by_key(|trade| trade.id);
        known.dedup();
        known
    }

    fn changes(&self, changes: &[MarketEvent]) -> Vec<Change> {
        let change = |change: &MarketEvent| match *change {
            MarketEvent::Traded(trade) => Change::Traded(trade),
            MarketEvent::TradeBusted(trade) => Change::Busted(trade),
            MarketEvent::LevelChanged(change) => Change::Level(change),
            MarketEvent::BestChanged {
                update_id,
                quote: Quote { bid, ask },
            } => Change::Best(update_id, bid, ask),
            MarketEvent::Candle(event) => Change::Candle(self.names.told(&event)),
            MarketEvent::Aggregated(trade) => Change::Aggregated(trade),
        };
        changes.iter().map(change).collect()
    }

    fn same_changes(&mut self, at: &At<'_, Step>, changes: &[MarketEvent], expected: &[Change]) {
        let changes = self.changes(changes);
        let compared = |change: &Change| match *change {
            Change::Candle(told) => Change::Candle(self.names.loosen(told)),
            other => other,
        };
        let expected: Vec<Change> = expected.iter().map(compared).collect();
        at.same("changes", &changes, &expected);
        let told: Vec<Told> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Candle(told) => Some(*told),
                _ => None,
            })
            .collect();
        self.hear(at, &told);
        for change in &changes {
            self.coverage.note_event(match change {
                Change::Traded(_) => "Traded",
                Change::Busted(_) => "TradeBusted",
                Change::Level(_) => "LevelChanged",
                Change::Best(..) => "BestChanged",
                Change::Aggregated(_) => "Aggregated",
                Change::Candle(_) => continue,
            });
        }
    }

    fn hear(&mut self, at: &At<'_, Step>, told: &[Told]) {
        for told in told {
            self.coverage.note_event(kind(told));
        }
        if let Err(what) = self.store.hear(told) {
            panic!("{at}\n{what}: {told:?}");
        }
    }

    fn compare(&self, at: &At<'_, Step>) {
        let (data, book, names) = (&self.data, &self.book, &self.names);
        let (around, _) = at.command;
        let get = |interval| data.candles(interval);
        queries::compare_candles(at, names, &get, &self.candles, around.range);
        let stats = |window| data.ticker(window).map(|ticker| ticker.stats);
        queries::compare_ticker(at, names, &stats, &self.ticker);
        if let Some(restored) = &self.restored {
            let get = |interval| restored.candles(interval);
            queries::compare_candles(at, names, &get, &self.candles, around.range);
            self.compare_restored_ticker(at, restored);
            at.same("restored depth", restored.depth(), data.depth());
            self.compare_forgotten(at, restored.tape());
            // Where some were busted it may still have others from before.
            let tape: Vec<&PublicTrade> = restored.tape().recent(usize::MAX).collect();
            let is_there = |trade: &PublicTrade| tape.contains(&trade);
            let is_complete = data.tape().recent(usize::MAX).all(is_there);
            assert!(is_complete, "{at}\nrestored tape lacks some: {tape:?}");
            at.same("restored time", &restored.now(), &data.now());
            at.same("restored quotes", &restored.quote(), &data.quote());
        }
        if let Err(what) = self.store.compare(&self.candles, |it| names.compared(it)) {
            panic!("{at}\n{what}");
        }
        at.same(
            "last trades",
            &data.last_trade(),
            &self.ticker.last().as_ref(),
        );
        at.same("times", &data.now().get(), &self.candles.now());
        let depth = data.depth();
        let snapshot = depth.snapshot(usize::MAX);
        at.same("newest changes", &depth.update_id(), &self.update_id);
        at.same("newest changes", &snapshot.last_update_id, &self.update_id);
        for side in SIDES {
            let levels: Vec<Level> = book.levels(side).collect();
            at.same_list("levels", depth.levels(side), &levels);
            let best = levels.first().copied();
            at.same("best levels", &depth.best(side), &best);
            let quote = match side {
                Side::Buy => data.quote().bid,
                Side::Sell => data.quote().ask,
            };
            at.same("best levels of the market data", &quote, &best);
            let (told, in_snapshot): (Vec<Level>, _) = match side {
                Side::Buy => (self.told(0).rev().collect(), &snapshot.bids),
                Side::Sell => (self.told(1).collect(), &snapshot.asks),
            };
            at.same("levels from changes", &told, &levels);
            at.same("levels of a snapshot", in_snapshot, &levels);
        }
        let tape = data.tape();
        self.compare_forgotten(at, tape);
        let recent = tape.recent(usize::MAX).copied();
        at.same_list("tape", recent, &self.tape);
        let few = around.range.limit;
        let newest = &self.tape[self.tape.len().saturating_sub(few)..];
        at.same_list("newest of the tape", tape.recent(few).copied(), newest);
        let id = self.trades.iter().rev().nth(few).map(|trade| trade.id);
        let id = id.unwrap_or_default();
        let since = self.tape.iter().filter(|trade| trade.id >= id).take(few);
        let since: Vec<PublicTrade> = since.copied().collect();
        at.same_list("tape since", tape.since(id, few).copied(), &since);
    }

    /// What is on a tape is all there was after what is forgotten.
    fn compare_forgotten(&self, at: &At<'_, Step>, tape: &Tape) {
        let since = tape.forgotten();
        let is_after = |trade: &&PublicTrade| Some(trade.id) > since;
        let trades = self.trades.iter().filter(is_after);
        let trades = trades.filter(|trade| !self.busted.contains(trade));
        let trades: Vec<PublicTrade> = trades.copied().collect();
        let tape = tape.recent(usize::MAX).copied();
        at.same_list("trades after what is forgotten", tape, &trades);
    }

    /// As long as none was busted they are the same. Otherwise, where trades were left out of the
    /// original, the restored one may have more of them.
    fn compare_restored_ticker(&self, at: &At<'_, Step>, restored: &MarketData) {
        let now = self.candles.now();
        for window in &self.settings.windows {
            let stats = |data: &MarketData| {
                let ticker = data.ticker(*window);
                ticker.expect("one of the windows").stats
            };
            let (restored, original) = (stats(restored), stats(&self.data));
            if self.busted.is_empty() {
                at.same("restored statistics", &restored, &original);
                continue;
            }
            if original.is_truncated {
                let is_within = |trade: &&PublicTrade| {
                    now - trade.time.get() < window.micros() && !self.busted.contains(trade)
                };
                let count = self.trades.iter().filter(is_within).count() as u64;
                let is_right = restored.is_truncated || restored.trade_count == count;
                assert!(
                    is_right,
                    "{at}\nof {count} trades the restored ticker has {restored:?}"
                );
                continue;
            }
            let sums = |stats: TickerStats| {
                (
                    (stats.open, stats.high, stats.low),
                    (stats.volume, stats.quote_volume, stats.trade_count),
                    (stats.first_trade_id, stats.last_trade_id),
                    stats.is_truncated,
                )
            };
            at.same("restored statistics", &sums(restored), &sums(original));
        }
    }

    fn told(&self, side: usize) -> impl DoubleEndedIterator<Item = Level> + '_ {
        self.levels[side].iter().map(|(price, quantity)| Level {
            price: *price,
            quantity: *quantity,
        })
    }
}

/// A change in the words of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Traded(PublicTrade),
    Busted(PublicTrade),
    Level(LevelChange),
    Best(u64, Option<Level>, Option<Level>),
    Candle(Told),
    Aggregated(AggregateTrade),
}
