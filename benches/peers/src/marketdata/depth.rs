//! A client's copy of a book, kept from the diffs that a venue publishes.

use benches::{book_events, mixed};
use depthbook::{BookStore, Scale9};
use marketdata_core::{
    ClientBook, ClientSettings, Depth, DepthDiff, DepthDiffBuilder, DepthSnapshot,
};
use orderbook_core::{Level, Side};
use rust_decimal::Decimal;
use wickra_exchange_core::{BookDelta, BookLevel, OrderBookBuilder, OrderBookSnapshot, Symbol};

use crate::contest::Contestant;
use crate::whole;

/// Price and quantity of the best bid and ask; compared after every diff.
pub type Best = Option<((i64, u64), (i64, u64))>;

/// A level in the end: whether it is a bid, price and quantity. Best first.
pub type Row = (bool, i64, u64);

/// What a book of `messages` messages publishes: a diff of so many changes each.
///
/// # Panics
///
/// Never.
pub fn diffs(seed: u64, messages: usize, changes: usize) -> Vec<DepthDiff> {
    let mut depth = Depth::new();
    let (mut builder, mut recorded, mut diffs) = (DepthDiffBuilder::new(), 0, Vec::new());
    for (_, event) in book_events(&mixed(seed, messages, 1_000)) {
        for change in depth.apply(&event).expect("the events are those of a book") {
            builder.record(&change);
            recorded += 1;
            if recorded % changes == 0 {
                diffs.extend(builder.take());
            }
        }
    }
    diffs
}

const fn bare(level: Level) -> (i64, u64) {
    (level.price.get(), level.quantity.get())
}

/// Ours.
pub struct Ours(ClientBook);

impl Contestant for Ours {
    const NAME: &'static str = "ours";
    const REMARK: &'static str = "integers";
    type Settings = ();
    type Given = DepthDiff;
    type Input = DepthDiff;
    type Answer = Best;
    type Row = Row;

    fn inputs(given: &[DepthDiff]) -> Vec<DepthDiff> {
        given.to_vec()
    }

    fn new((): &(), _: &DepthDiff) -> Self {
        let mut book = ClientBook::new(ClientSettings::default());
        let empty = book.restart(&DepthSnapshot::default(), None);
        empty.expect("nothing is wrong with nothing");
        Self(book)
    }

    #[inline]
    fn apply(&mut self, diff: DepthDiff) -> Best {
        self.0.apply(diff).expect("it is the next one");
        let best = |side| self.0.best(side).map(bare);
        best(Side::Buy).zip(best(Side::Sell))
    }

    fn rows(self) -> Vec<Row> {
        let side = |side| self.0.levels(side).map(bare).collect::<Vec<_>>();
        rows(side(Side::Buy), side(Side::Sell))
    }
}

fn rows(bids: Vec<(i64, u64)>, asks: Vec<(i64, u64)>) -> Vec<Row> {
    let bids = bids
        .into_iter()
        .map(|(price, quantity)| (true, price, quantity));
    let asks = asks
        .into_iter()
        .map(|(price, quantity)| (false, price, quantity));
    bids.chain(asks).collect()
}

/// depthbook: a store of the books of many venues, each behind a lock; 200 levels of a side.
pub struct Depthbook(BookStore);

const VENUE: &str = "venue";
const SYMBOL: &str = "BTCUSDT";

/// A diff in its words. Its sequence numbers have to be consecutive, so that they count diffs.
#[derive(Debug, Clone)]
pub struct Delta {
    sequence: u64,
    bids: Vec<depthbook::Level>,
    asks: Vec<depthbook::Level>,
}

impl Contestant for Depthbook {
    const NAME: &'static str = "depthbook 0.7.0";
    const REMARK: &'static str = "integers, 200 levels, locks";
    type Settings = ();
    type Given = DepthDiff;
    type Input = Delta;
    type Answer = Best;
    type Row = Row;

    fn inputs(given: &[DepthDiff]) -> Vec<Delta> {
        let raw = |number: i64| Scale9::from_raw(number);
        let levels = |levels: &[Level]| {
            let level = |level: &Level| {
                let quantity = whole(level.quantity.get());
                depthbook::Level::new(raw(level.price.get()), raw(quantity))
            };
            levels.iter().map(level).collect()
        };
        let delta = |(sequence, diff): (u64, &DepthDiff)| Delta {
            sequence,
            bids: levels(&diff.bids),
            asks: levels(&diff.asks),
        };
        (1..).zip(given).map(delta).collect()
    }

    fn new((): &(), _: &DepthDiff) -> Self {
        let store = BookStore::new();
        let empty = store.apply_snapshot(VENUE, SYMBOL, &[], &[], 0, 0);
        empty.expect("nothing is wrong with nothing");
        Self(store)
    }

    #[inline]
    fn apply(&mut self, delta: Delta) -> Best {
        let Delta {
            sequence,
            bids,
            asks,
        } = &delta;
        let applied = self
            .0
            .apply_delta(VENUE, SYMBOL, bids, asks, *sequence, *sequence);
        applied.expect("it is the next one");
        let (bid, ask) = self.0.bbo(VENUE, SYMBOL)?;
        Some((of_depthbook(&bid), of_depthbook(&ask)))
    }

    fn rows(self) -> Vec<Row> {
        let book = self.0.snapshot(VENUE, SYMBOL, usize::MAX);
        let book = book.expect("there is one");
        let side = |side: &depthbook::Side| side.levels().map(of_depthbook).collect();
        rows(side(&book.bids), side(&book.asks))
    }
}

fn of_depthbook(level: &depthbook::Level) -> (i64, u64) {
    let quantity = u64::try_from(level.qty.raw()).unwrap_or_default();
    (level.price.raw(), quantity)
}

/// wickra-exchange-core, whose messages name their market.
pub struct Wickra(OrderBookBuilder);

impl Contestant for Wickra {
    const NAME: &'static str = "wickra-exchange-core 0.2.1";
    const REMARK: &'static str = "decimals";
    type Settings = ();
    type Given = DepthDiff;
    type Input = BookDelta;
    type Answer = Best;
    type Row = Row;

    fn inputs(given: &[DepthDiff]) -> Vec<BookDelta> {
        let levels = |levels: &[Level]| {
            let level = |level: &Level| {
                let price = Decimal::from(level.price.get());
                BookLevel::new(price, Decimal::from(level.quantity.get()))
            };
            levels.iter().map(level).collect()
        };
        let delta = |diff: &DepthDiff| BookDelta {
            symbol: Symbol::new("BTC", "USDT"),
            first_update_id: diff.first_update_id,
            final_update_id: diff.last_update_id,
            bids: levels(&diff.bids),
            asks: levels(&diff.asks),
            timestamp: 0,
        };
        given.iter().map(delta).collect()
    }

    fn new((): &(), _: &DepthDiff) -> Self {
        let symbol = Symbol::new("BTC", "USDT");
        let mut book = OrderBookBuilder::new(symbol.clone());
        book.apply_snapshot(&OrderBookSnapshot {
            symbol,
            last_update_id: 0,
            bids: Vec::new(),
            asks: Vec::new(),
            timestamp: 0,
        });
        Self(book)
    }

    #[inline]
    fn apply(&mut self, delta: BookDelta) -> Best {
        let applied = self.0.apply_delta(&delta);
        assert_eq!(applied, wickra_exchange_core::BookUpdate::Applied);
        let (bid, ask) = self.0.best_bid().zip(self.0.best_ask())?;
        Some((of_wickra(bid), of_wickra(ask)))
    }

    fn rows(self) -> Vec<Row> {
        let snapshot = self.0.to_snapshot(usize::MAX);
        let side = |levels: &[BookLevel]| {
            let level = |level: &BookLevel| of_wickra((level.price, level.quantity));
            levels.iter().map(level).collect()
        };
        rows(side(&snapshot.bids), side(&snapshot.asks))
    }
}

fn of_wickra((price, quantity): (Decimal, Decimal)) -> (i64, u64) {
    let price = i64::try_from(price).unwrap_or_default();
    (price, u64::try_from(quantity).unwrap_or_default())
}
