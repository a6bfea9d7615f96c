//! Books of venues, followed as their clients do, and what faults on the line do to that.
//!
//! The recordings are raw messages: of Binance the diffs, the best prices and a snapshot; of OKX
//! snapshots and updates with checksums.

mod recordings;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use marketdata_core::{
    BookUpdate, ChecksumForm, ClientBook, ClientSettings, DepthSnapshot, Desync, Progress,
};
use orderbook_core::{Instrument, Level, Quantity, Side, Step};
use rust_decimal::Decimal;
use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use Side::{Buy, Sell};

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    StreamingDecoder::new(File::open(path)?)?.read_to_string(&mut text)?;
    Ok(text)
}

/// A level as both venues write it: price and quantity, and at OKX more.
type LevelText<'a> = Vec<&'a str>;

fn level(instrument: &Instrument, price: &str, quantity: &str) -> anyhow::Result<Level> {
    let quantity = Decimal::from_str_exact(quantity)?;
    Ok(Level {
        price: instrument.price_from_decimal(Decimal::from_str_exact(price)?)?,
        // No order has a quantity of zero, but a level that is gone does.
        quantity: if quantity.is_zero() {
            Quantity::ZERO
        } else {
            instrument.quantity_from_decimal(quantity)?
        },
    })
}

fn levels(instrument: &Instrument, texts: &[LevelText<'_>]) -> anyhow::Result<Vec<Level>> {
    let one = |text: &LevelText<'_>| level(instrument, text[0], text[1]);
    texts.iter().map(one).collect()
}

#[derive(Deserialize)]
struct BinanceMessage<'a> {
    stream: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct BinanceDiff<'a> {
    #[serde(rename = "U")]
    first: u64,
    #[serde(rename = "u")]
    last: u64,
    #[serde(borrow, rename = "b")]
    bids: Vec<LevelText<'a>>,
    #[serde(borrow, rename = "a")]
    asks: Vec<LevelText<'a>>,
}

#[derive(Deserialize)]
struct BinanceBest<'a> {
    #[serde(rename = "u")]
    id: u64,
    #[serde(rename = "b")]
    bid: &'a str,
    #[serde(rename = "B")]
    bid_quantity: &'a str,
    #[serde(rename = "a")]
    ask: &'a str,
    #[serde(rename = "A")]
    ask_quantity: &'a str,
}

#[derive(Deserialize)]
struct BinanceSnapshot<'a> {
    #[serde(rename = "lastUpdateId")]
    last_update_id: u64,
    #[serde(borrow)]
    bids: Vec<LevelText<'a>>,
    #[serde(borrow)]
    asks: Vec<LevelText<'a>>,
}

/// Ten minutes of BTCUSDT.
struct Binance {
    snapshot: DepthSnapshot,
    /// How many diffs came before the snapshot did.
    before_snapshot: usize,
    diffs: Vec<BookUpdate>,
    /// The best bid and ask by update id.
    best: BTreeMap<u64, [Level; 2]>,
}

fn binance() -> anyhow::Result<Option<Binance>> {
    let Some(folder) = recordings::recording("binance_20240808") else {
        return Ok(None);
    };
    // Some of the far levels are older than the lot size of the day, 0.00001.
    let instrument = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 8)?)?;
    let mut binance = Binance {
        snapshot: DepthSnapshot::default(),
        before_snapshot: 0,
        diffs: Vec::new(),
        best: BTreeMap::new(),
    };
    let text = read(&folder.join("spot_btcusdt_20240808.jsonl.zst"))?
        + &read(&folder.join("spot_btcusdt_20240809.jsonl.zst"))?;
    for line in text.lines() {
        let (_, json) = line.split_once(' ').expect("a time and JSON");
        if json.starts_with(r#"{"lastUpdateId""#) {
            let snapshot: BinanceSnapshot<'_> = serde_json::from_str(json)?;
            binance.before_snapshot = binance.diffs.len();
            binance.snapshot = DepthSnapshot {
                last_update_id: snapshot.last_update_id,
                bids: levels(&instrument, &snapshot.bids)?,
                asks: levels(&instrument, &snapshot.asks)?,
            };
            continue;
        }
        let message: BinanceMessage<'_> = serde_json::from_str(json)?;
        match message.stream {
            "btcusdt@depth@100ms" => {
                let diff: BinanceDiff<'_> = serde_json::from_str(message.data.get())?;
                let bids = levels(&instrument, &diff.bids)?;
                let asks = levels(&instrument, &diff.asks)?;
                let update = BookUpdate::consecutive(diff.first, diff.last, bids, asks);
                binance.diffs.push(update);
            }
            "btcusdt@bookTicker" => {
                let best: BinanceBest<'_> = serde_json::from_str(message.data.get())?;
                let bid = level(&instrument, best.bid, best.bid_quantity)?;
                let ask = level(&instrument, best.ask, best.ask_quantity)?;
                binance.best.insert(best.id, [bid, ask]);
            }
            _ => {}
        }
    }
    Ok(Some(binance))
}

impl Binance {
    /// A book that has heard what came until the snapshot, and the diffs that are to come.
    fn started(&self, settings: ClientSettings) -> anyhow::Result<(ClientBook, &[BookUpdate])> {
        let mut book = ClientBook::new(settings);
        let (before, after) = self.diffs.split_at(self.before_snapshot);
        for diff in before {
            assert_eq!(book.apply(diff.clone())?, Progress::Buffered);
        }
        // Of the three that came before it, one reaches beyond it.
        assert_eq!(before.len(), 3);
        let progress = book.restart(&self.snapshot, None)?;
        assert_eq!(progress, Progress::Applied { messages: 1 });
        Ok((book, after))
    }
}

#[track_caller]
fn assert_same(one: &ClientBook, other: &ClientBook) {
    assert!(!one.needs_snapshot());
    assert_eq!((one.waiting(), other.waiting()), (0, 0));
    assert_eq!(one.snapshot(usize::MAX), other.snapshot(usize::MAX));
}

fn last_id(update: &BookUpdate) -> u64 {
    update.ids.map_or(0, |ids| ids.last)
}

#[test]
fn the_book_of_binance_has_the_best_prices_that_binance_published() -> anyhow::Result<()> {
    let Some(binance) = binance()? else {
        return Ok(());
    };
    let settings = ClientSettings {
        refuse_crossed: true,
        ..ClientSettings::default()
    };
    let (mut book, diffs) = binance.started(settings)?;
    let (mut compared, mut different) = (0, Vec::new());
    for diff in diffs {
        let id = last_id(diff);
        // Neither a gap nor a crossed book, in ten minutes.
        assert_eq!(
            book.apply(diff.clone())?,
            Progress::Applied { messages: 1 },
            "{id}"
        );
        assert_eq!(book.update_id(), Some(id));
        let newest = binance.best.range(..=id).next_back();
        let (_, [bid, ask]) = newest.expect("one came before the snapshot");
        compared += 1;
        if (book.best(Buy), book.best(Sell)) != (Some(*bid), Some(*ask)) {
            different.push(id);
        }
    }
    assert_eq!(compared, 6_492);
    // Of these two the newest best prices are three and four changes older.
    assert_eq!(different, [50_093_478_174, 50_093_480_542]);
    Ok(())
}

#[test]
fn a_lost_diff_of_binance_is_noticed_with_the_next_one_and_a_snapshot_mends_it()
-> anyhow::Result<()> {
    let Some(binance) = binance()? else {
        return Ok(());
    };
    let (mut book, diffs) = binance.started(ClientSettings::default())?;
    let mut lost = 0;
    for (number, diff) in diffs.iter().enumerate() {
        let later = diffs.get(number + 1..number + 5);
        if let Some([next, rest @ ..]) = later.filter(|_| number % 50 == 0) {
            let mut faulty = book.clone();
            let (have, next_first) = (last_id(&diffs[number]), next.ids.map_or(0, |it| it.after));
            assert_eq!(have, next_first);
            let gap = Desync::Gap {
                have: book.update_id().unwrap_or(0),
                next: next_first + 1,
            };
            assert_eq!(faulty.apply(next.clone()), Err(gap));
            assert!(faulty.needs_snapshot());
            // A snapshot that has what was lost comes after some more.
            let mut healthy = book.clone();
            healthy.apply(diff.clone())?;
            let snapshot = healthy.snapshot(usize::MAX).expect("live");
            healthy.apply(next.clone())?;
            for diff in rest {
                healthy.apply(diff.clone())?;
                assert_eq!(faulty.apply(diff.clone())?, Progress::Buffered);
            }
            faulty.restart(&snapshot, None)?;
            assert_same(&faulty, &healthy);
            lost += 1;
        }
        book.apply(diff.clone())?;
    }
    assert_eq!(lost, 130);
    Ok(())
}

#[test]
fn diffs_of_binance_that_swap_places_are_put_back_in_order() -> anyhow::Result<()> {
    let Some(binance) = binance()? else {
        return Ok(());
    };
    let settings = ClientSettings {
        hold_back: 1,
        ..ClientSettings::default()
    };
    let (mut straight, diffs) = binance.started(settings)?;
    let mut swapped = straight.clone();
    for (number, pair) in diffs.chunks_exact(2).enumerate() {
        let [first, second] = pair else { continue };
        assert_eq!(swapped.apply(second.clone())?, Progress::HeldBack);
        let both = Progress::Applied { messages: 2 };
        assert_eq!(swapped.apply(first.clone())?, both);
        assert_eq!(swapped.apply(second.clone())?, Progress::Repeated);
        straight.apply(first.clone())?;
        straight.apply(second.clone())?;
        if number % 100 == 0 {
            assert_same(&swapped, &straight);
        }
    }
    assert_same(&swapped, &straight);
    Ok(())
}

#[derive(Deserialize)]
struct OkxMessage<'a> {
    action: &'a str,
    arg: OkxArgument<'a>,
    #[serde(borrow)]
    data: [OkxBook<'a>; 1],
}

#[derive(Deserialize)]
struct OkxArgument<'a> {
    #[serde(rename = "instId")]
    instrument: &'a str,
}

#[derive(Deserialize)]
struct OkxBook<'a> {
    #[serde(borrow)]
    bids: Vec<LevelText<'a>>,
    #[serde(borrow)]
    asks: Vec<LevelText<'a>>,
    checksum: i32,
}

/// What is taken in by one of the three books of the recording.
struct Okx {
    instrument: usize,
    is_snapshot: bool,
    update: BookUpdate,
}

/// Name, decimals of a tick and of a lot.
const OKX_INSTRUMENTS: [(&str, u8, u8); 3] = [
    ("BTC-USD-220527", 1, 0),
    ("UNI-USD-SWAP", 3, 0),
    ("BTC-USDT", 1, 8),
];

fn okx() -> anyhow::Result<Option<Vec<Okx>>> {
    let Some(path) = recordings::recording("okx_depth_checksum/OKX.ws.1.0.zst") else {
        return Ok(None);
    };
    let mut instruments = Vec::new();
    for (name, tick, lot) in OKX_INSTRUMENTS {
        instruments.push(Instrument::new(
            name,
            Step::new(1, tick)?,
            Step::new(1, lot)?,
        )?);
    }
    let mut messages = Vec::new();
    for line in read(&path)?.lines() {
        let Some((_, json)) = line.split_once(": ").filter(|it| it.1.contains("checksum")) else {
            continue;
        };
        let message: OkxMessage<'_> = serde_json::from_str(json)?;
        let named = |it: &Instrument| it.symbol() == message.arg.instrument;
        let instrument = instruments.iter().position(named).expect("one of three");
        let [book] = &message.data;
        let bids = levels(&instruments[instrument], &book.bids)?;
        let asks = levels(&instruments[instrument], &book.asks)?;
        let checksum = book.checksum.cast_unsigned();
        messages.push(Okx {
            instrument,
            is_snapshot: message.action == "snapshot",
            update: BookUpdate::unnumbered(bids, asks).with_checksum(checksum),
        });
    }
    Ok(Some(messages))
}

/// A book per instrument, of 400 levels as the venue has it, that finds faults or does not look for them.
fn okx_books(is_strict: bool) -> anyhow::Result<Vec<ClientBook>> {
    let book = |(_, tick, lot)| {
        let form = ChecksumForm::okx(Step::new(1, tick)?, Step::new(1, lot)?);
        Ok(ClientBook::new(ClientSettings {
            levels: Some(400),
            checksum: is_strict.then_some(form),
            refuse_crossed: is_strict,
            ..ClientSettings::default()
        }))
    };
    OKX_INSTRUMENTS.into_iter().map(book).collect()
}

impl Okx {
    fn apply_to(&self, book: &mut ClientBook) -> Result<Progress, Desync> {
        if !self.is_snapshot {
            return book.apply(self.update.clone());
        }
        let snapshot = DepthSnapshot {
            last_update_id: 0,
            bids: self.update.bids.clone(),
            asks: self.update.asks.clone(),
        };
        book.restart(&snapshot, self.update.checksum)
    }
}

#[test]
fn every_checksum_of_okx_is_right() -> anyhow::Result<()> {
    let Some(messages) = okx()? else {
        return Ok(());
    };
    let mut books = okx_books(true)?;
    let (mut snapshots, mut updates) = (0, 0);
    for message in &messages {
        match message.apply_to(&mut books[message.instrument])? {
            Progress::Applied { messages: 0 } => snapshots += 1,
            Progress::Applied { messages: 1 } => updates += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((snapshots, updates), (3, 287));
    Ok(())
}

/// Each level that is among the best 25 after its message is one lot off, one at a time.
#[test]
fn a_wrong_lot_among_the_best_levels_of_okx_shows_in_the_checksum() -> anyhow::Result<()> {
    let Some(messages) = okx()? else {
        return Ok(());
    };
    let mut books = okx_books(true)?;
    let (mut noticed, mut beyond) = (0, 0);
    for message in &messages {
        let before = books[message.instrument].clone();
        message.apply_to(&mut books[message.instrument])?;
        let after = &books[message.instrument];
        let (bids, asks) = (&message.update.bids, &message.update.asks);
        let of_both = bids.iter().map(|level| (Buy, *level)).enumerate();
        let of_both = of_both.chain(asks.iter().map(|level| (Sell, *level)).enumerate());
        for (place, (side, level)) in of_both {
            let mut update = message.update.clone();
            let changed = match side {
                Buy => &mut update.bids[place],
                Sell => &mut update.asks[place],
            };
            changed.quantity = Quantity::new(level.quantity.get() + 1);
            let wrong = Okx { update, ..*message };
            let outcome = wrong.apply_to(&mut before.clone());
            // A level that is gone would have been among the best where it is not worse than they.
            let last_of_best = after.levels(side).take(25).last().map(|last| last.price);
            let counts = last_of_best.is_none_or(|last| side.opposite().accepts(last, level.price));
            if counts {
                assert!(
                    matches!(outcome, Err(Desync::Checksum { .. })),
                    "{outcome:?}"
                );
                noticed += 1;
            } else {
                assert!(outcome.is_ok());
                beyond += 1;
            }
        }
    }
    assert_eq!((noticed, beyond), (4_516, 3_748));
    Ok(())
}

/// A lost update shows in the checksum of the next one, unless the best levels are the same without
/// it; a snapshot mends it.
#[test]
fn a_lost_update_of_okx_shows_in_the_next_checksum() -> anyhow::Result<()> {
    let Some(messages) = okx()? else {
        return Ok(());
    };
    let (mut books, mut unaware) = (okx_books(true)?, okx_books(false)?);
    let (mut noticed, mut harmless) = (0, 0);
    for (number, message) in messages.iter().enumerate() {
        let instrument = message.instrument;
        let mut faulty = books[instrument].clone();
        let mut faulty_unaware = unaware[instrument].clone();
        message.apply_to(&mut books[instrument])?;
        message.apply_to(&mut unaware[instrument])?;
        let later = &messages[number + 1..];
        let next = later.iter().find(|next| next.instrument == instrument);
        let Some(next) = next.filter(|_| !message.is_snapshot) else {
            continue;
        };
        let mut healthy = books[instrument].clone();
        next.apply_to(&mut healthy)?;
        next.apply_to(&mut faulty_unaware)?;
        let best = |book: &ClientBook| book.snapshot(25);
        if best(&faulty_unaware) == best(&healthy) {
            assert!(next.apply_to(&mut faulty).is_ok());
            harmless += 1;
            continue;
        }
        let outcome = next.apply_to(&mut faulty);
        assert!(
            matches!(outcome, Err(Desync::Checksum { .. })),
            "{outcome:?}"
        );
        assert!(faulty.needs_snapshot());
        let snapshot = healthy.snapshot(usize::MAX).expect("live");
        faulty.restart(&snapshot, next.update.checksum)?;
        assert_same(&faulty, &healthy);
        noticed += 1;
    }
    assert_eq!((noticed, harmless), (272, 12));
    Ok(())
}
