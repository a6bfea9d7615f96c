//! The exchange against its model: on a corpus, on seeded random inputs, on shrinking ones, and on
//! what takes too many inputs to come about by chance.

use std::fs;
use std::path::Path;

use accounts_core::{
    AccountId, Amount, AssetId, FeeRate, FeeSchedule, FeeTier, InstrumentId, LedgerReject,
    LimitReject,
};
use exchange_engine::{ClientOrderId, Command, Input, Listing, OrderRef, Reject};
use oracle::differential::{self, Coverage};
use oracle::engine_commands;
use orderbook_core::{
    BookReject, CloseReason, Instrument, OrderKind, Price, Quantity, Side, Step, TimeInForce,
    Timestamp,
};
use proptest::prelude::*;

#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/engine");
    let mut coverage = Coverage::default();
    for file in fs::read_dir(corpus).expect("the corpus is part of the repository") {
        let bytes = file
            .and_then(|file| fs::read(file.path()))
            .expect("a readable file");
        coverage.add(&differential::engine(&bytes));
    }
    everything_happened(&coverage);
}

#[test]
fn seeded_inputs() {
    const INPUTS_PER_BLOCK: usize = 1_000;
    let blocks = if cfg!(debug_assertions) { 40 } else { 400 };

    let mut coverage = Coverage::default();
    for block in 0..blocks {
        let mut bytes = engine_commands::seeded(20_240_229, block, INPUTS_PER_BLOCK);
        if block % 8 == 0 {
            // Names that are about to be free again, which are rare.
            (bytes[0], bytes[1]) = (0, u8::MAX);
        }
        coverage.add(&differential::engine(&bytes));
    }

    assert!(coverage.trades > coverage.commands / 25, "{coverage:?}");
    assert!(coverage.most_orders > 20, "{coverage:?}");
    for kind in ["Rested", "Replenished", "Reduced", "Decremented", "Amended"] {
        let times = coverage.events.iter().find(|(seen, _)| *seen == kind);
        let times = times.map_or(0, |(_, times)| *times);
        assert!(times > coverage.commands / 2_000, "{kind}: {times} times");
    }
    everything_happened(&coverage);
    for situation in [
        "a name was used again",
        "a replacement was repeated",
        "a reserved rate capped a fee",
        "all cancelled under a name",
        "amended to another rate on top",
        "an account was halted and cancelled",
        "an instrument was halted and cancelled",
        "closed an account that had placed orders",
        "converted",
        "converted, the other way round",
        "delisted with open orders",
        "fee in a third asset",
        "fee in what is received",
        "fee on top of what is paid",
        "no price for a fee in a third asset",
        "not enough for a fee in a third asset",
        "rebate",
        "repeated while halted",
        "several pairs to convert with",
        "the collar protected a market order",
        "the venue was halted and cancelled",
        "traded in a later tier",
        "worth more than 128 bits",
    ] {
        happened(&coverage.situations, &situation);
    }
}

/// A comparison proves nothing about what never happened in it. What is missing here cannot happen:
/// the exchange finds orders itself, numbers them, gives no ranges, and settles what it holds.
fn everything_happened(coverage: &Coverage<Reject>) {
    for reason in [
        Reject::TimeWentBackwards,
        Reject::InvalidAsset,
        Reject::DuplicateAssetCode,
        Reject::UnknownInstrument,
        Reject::DuplicateInstrument,
        Reject::InvalidInstrument,
        Reject::GridTooFine,
        Reject::LimitsTooWide,
        Reject::UnknownOrder,
        Reject::DuplicateClientOrderId,
        Reject::VenueHalted,
        Reject::InstrumentHalted,
        Reject::AccountHalted,
        Reject::NotHalted,
        Reject::FeeAccount,
    ] {
        happened(&coverage.rejects, &reason);
    }
    for reason in [
        BookReject::QuantityOutOfRange,
        BookReject::PriceOutOfRange,
        BookReject::NotionalTooSmall,
        BookReject::MinimumTooLarge,
        BookReject::AlreadyExpired,
        BookReject::DisplayTooSmall,
        BookReject::InvalidReduction,
        BookReject::NothingToAmend,
        BookReject::WouldMatch,
        BookReject::SideFull,
        BookReject::BookFull,
    ] {
        happened(&coverage.rejects, &reason.into());
    }
    for reason in [
        LimitReject::TooManyOrders,
        LimitReject::TooManyOpenOrders,
        LimitReject::QuantityTooLarge,
        LimitReject::OutsideCollar,
        LimitReject::NotionalTooLarge,
        LimitReject::PositionTooLarge,
    ] {
        happened(&coverage.rejects, &reason.into());
    }
    for reason in [
        LedgerReject::UnknownAsset,
        LedgerReject::DuplicateAsset,
        LedgerReject::UnknownAccount,
        LedgerReject::DuplicateAccount,
        LedgerReject::AccountClosed,
        LedgerReject::AccountNotEmpty,
        LedgerReject::ZeroAmount,
        LedgerReject::InsufficientAvailable,
        LedgerReject::AmountOverflow,
    ] {
        happened(&coverage.rejects, &reason.into());
    }
    for reason in [
        CloseReason::Filled,
        CloseReason::Cancelled,
        CloseReason::Replaced,
        CloseReason::Expired,
        CloseReason::SelfTrade,
        CloseReason::BudgetSpent,
    ] {
        happened(&coverage.closes, &reason);
    }
    for event in [
        "Accepted",
        "AccountClosed",
        "AccountOpened",
        "Amended",
        "AssetAdded",
        "CancellationNamed",
        "Closed",
        "Decremented",
        "Deposited",
        "FeeAssetChosen",
        "FeesChanged",
        "Halted",
        "InstrumentDelisted",
        "InstrumentListed",
        "LimitsChanged",
        "OrderRepeated",
        "Posted",
        "Reduced",
        "Replenished",
        "Rested",
        "Resumed",
        "Traded",
        "Withdrawn",
    ] {
        happened(&coverage.events, &event);
    }
}

#[track_caller]
fn happened<T: PartialEq + std::fmt::Debug>(counts: &[(T, u64)], what: &T) {
    assert!(times(counts, what) > 0, "{what:?} never happened");
}

fn times<T: PartialEq>(counts: &[(T, u64)], what: &T) -> u64 {
    let seen = counts.iter().find(|(seen, _)| seen == what);
    seen.map_or(0, |(_, times)| *times)
}

const EUR: AssetId = AssetId::new(1);
const USD: AssetId = AssetId::new(2);
const EURUSD: InstrumentId = InstrumentId::new(1);
const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);

/// Two accounts with a million of both assets, and the pair of them in whole units.
fn opened(fees: FeeSchedule) -> Vec<Command> {
    let asset = |asset, code: &str| Command::AddAsset {
        asset,
        code: code.into(),
        decimals: 0,
    };
    let one = Step::new(1, 0).expect("a step");
    let instrument = Instrument::new("EURUSD", one, one)
        .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1_000)))
        .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(1_000)))
        .expect("an instrument");
    let listing = Listing {
        id: EURUSD,
        instrument,
        base: EUR,
        quote: USD,
        fees,
    };
    let mut commands = vec![asset(EUR, "EUR"), asset(USD, "USD")];
    commands.push(Command::ListInstrument(listing));
    for account in [ANN, BOB] {
        commands.push(Command::OpenAccount { account });
        commands.extend([EUR, USD].map(|asset| Command::Deposit {
            account,
            asset,
            amount: Amount::new(1_000_000),
        }));
    }
    commands
}

fn order(account: AccountId, side: Side, name: Option<&str>, tif: TimeInForce) -> Command {
    Command::Place {
        account,
        instrument: EURUSD,
        client_order_id: name.map(named),
        side,
        quantity: Quantity::new(10),
        kind: OrderKind::Limit {
            price: Price::new(100),
            time_in_force: tif,
        },
        self_trade: None,
    }
}

fn named(name: &str) -> ClientOrderId {
    name.parse().expect("a legal name")
}

fn at(time: u64, command: Command) -> Input {
    Input {
        time: Timestamp::new(time),
        command,
    }
}

/// A name is taken as long as its order is open or among the newest thousand with a name.
#[test]
fn a_thousand_names() {
    let buy = |name: &str, tif| order(ANN, Side::Buy, Some(name), tif);
    let mut commands = opened(FeeSchedule::default());
    commands.push(buy("first", TimeInForce::IOC));
    commands.push(buy("open", TimeInForce::GTC));
    let others = (0..998).map(|number| buy(&format!("other-{number}"), TimeInForce::IOC));
    commands.extend(others);
    // Those are a thousand; the names of others do not count.
    commands.push(order(BOB, Side::Buy, Some("first"), TimeInForce::IOC));
    commands.push(order(ANN, Side::Buy, None, TimeInForce::IOC));
    commands.push(buy("first", TimeInForce::IOC));
    commands.push(buy("first", TimeInForce::GTC));
    commands.push(buy("one-more", TimeInForce::IOC));
    commands.push(buy("first", TimeInForce::GTC));
    // Open, and older than that.
    commands.push(buy("open", TimeInForce::GTC));
    commands.push(Command::Cancel {
        account: ANN,
        instrument: EURUSD,
        order: OrderRef::Client(named("open")),
    });
    commands.push(buy("open", TimeInForce::IOC));

    let coverage = differential::inputs(commands.into_iter().map(|command| at(1, command)));
    assert_eq!(times(&coverage.events, &"OrderRepeated"), 2);
    let duplicates = times(&coverage.rejects, &Reject::DuplicateClientOrderId);
    assert_eq!(duplicates, 1, "{coverage:?}");
    assert_eq!(times(&coverage.situations, &"a name was used again"), 2);
}

/// A day counts for a tier from the next midnight on, and for thirty days.
#[test]
fn thirty_days() {
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;
    let tier = |volume, ppm| FeeTier {
        volume: Amount::new(volume),
        maker: FeeRate::ZERO,
        taker: FeeRate::new(ppm).expect("a rate"),
    };
    let fees = FeeSchedule::new([tier(0, 100_000), tier(1_000, 50_000)]).expect("a schedule");
    let trade = |time| {
        let sell = order(ANN, Side::Sell, None, TimeInForce::GTC);
        let buy = order(BOB, Side::Buy, None, TimeInForce::IOC);
        [at(time, sell), at(time, buy)]
    };
    let mut inputs: Vec<Input> = opened(fees).into_iter().map(|it| at(DAY, it)).collect();
    for time in [DAY, 2 * DAY - 1] {
        inputs.extend(trade(time));
    }
    let before = differential::inputs(inputs.clone());
    assert_eq!(times(&before.situations, &"traded in a later tier"), 0);
    inputs.extend(trade(32 * DAY - 1));
    let last_day = differential::inputs(inputs.clone());
    assert_eq!(times(&last_day.situations, &"traded in a later tier"), 2);
    inputs.extend(trade(62 * DAY));
    let too_late = differential::inputs(inputs);
    assert_eq!(times(&too_late.situations, &"traded in a later tier"), 2);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        // The corpus is where inputs worth keeping go.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..1_500)) {
        differential::engine(&bytes);
    }
}
