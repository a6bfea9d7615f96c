use accounts_core::{Amount, FeeRate, FeeSchedule, OrderLimits};
use orderbook_core::{AccountId, Instrument, Price, Quantity, Step};

use super::*;
use crate::bus;
use crate::log::Frame;

const BTC: AssetId = AssetId::new(0);
const USD: AssetId = AssetId::new(1);
const XMR: AssetId = AssetId::new(7);

fn asset(asset: AssetId, code: &str) -> Command {
    let code = code.into();
    Command::AddAsset {
        asset,
        code,
        decimals: 8,
    }
}

fn list(id: u32, symbol: &str, base: AssetId) -> Command {
    let step = |scale| Step::new(1, scale).expect("a valid step");
    let instrument = Instrument::new(symbol, step(2), step(3))
        .and_then(|it| it.with_price_limits(Price::new(1), Price::new(100_000)))
        .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)));
    Command::ListInstrument(Listing {
        id: InstrumentId::new(id),
        instrument: instrument.expect("a valid instrument"),
        base,
        quote: USD,
        fees: FeeSchedule::default(),
    })
}

fn fees(id: u32, ppm: i32) -> Command {
    let rate = FeeRate::new(ppm).expect("a rate");
    Command::SetFees {
        instrument: InstrumentId::new(id),
        fees: FeeSchedule::flat(rate, rate).expect("fees"),
    }
}

fn limit(id: u32, quantity: u64) -> Command {
    Command::LimitInstrument {
        instrument: InstrumentId::new(id),
        limits: OrderLimits {
            max_quantity: Some(Quantity::new(quantity)),
            ..OrderLimits::default()
        },
        collar: None,
    }
}

fn delist(id: u32) -> Command {
    Command::DelistInstrument {
        instrument: InstrumentId::new(id),
    }
}

/// What becomes of frames of an exchange.
fn batches(exchange: &mut Exchange) -> Vec<Batch> {
    let account = AccountId::new(5);
    let frames = [
        vec![asset(BTC, "BTC"), asset(USD, "USD"), list(0, "BTCUSD", BTC)],
        vec![Command::OpenAccount { account }, fees(0, 1_000)],
        vec![Command::Deposit {
            account,
            asset: USD,
            amount: Amount::new(1),
        }],
        // Of these, some are refused.
        vec![list(3, "XMRUSD", XMR), asset(XMR, "XMR"), delist(9)],
        vec![list(3, "XMRUSD", XMR), limit(3, 10), list(4, "XMRUSD", XMR)],
        vec![list(8, "XMRBTC", XMR), delist(8)],
        vec![fees(3, 500), delist(0), limit(3, 20)],
        vec![list(9, "BTCUSD", BTC)],
    ];
    let mut first_seq = 1;
    let frames = frames.into_iter().map(|commands| {
        let inputs = commands.into_iter().map(|command| Input {
            time: Timestamp::default(),
            command,
        });
        let frame = Frame {
            number: first_seq,
            epoch: 1,
            first_seq,
            inputs: inputs.collect(),
        };
        first_seq += frame.inputs.len() as u64;
        bus::apply(exchange, &frame)
    });
    frames.collect()
}

/// All that clients may see.
fn seen(symbols: &Symbols) -> String {
    let all: Vec<_> = symbols.iter().collect();
    format!("{all:?} {:?}", symbols.assets())
}

fn ids(symbols: &Symbols) -> Vec<u32> {
    symbols.iter().map(|symbol| symbol.id.get()).collect()
}

#[test]
fn wherever_one_begins_it_leads_to_what_the_exchange_lists() {
    let mut exchange = Exchange::new();
    let batches = batches(&mut exchange);
    let expected = Symbols::new(&exchange);
    assert_eq!(ids(&expected), [3, 9]);
    let from_the_start = Listed::by(&Exchange::new());
    for batch in &batches {
        from_the_start.apply(batch);
        let begun = Listed::new(&from_the_start.catalogue(), Hub::default()).expect("it lists");
        // Those that it has are told once more.
        for batch in &batches {
            begun.apply(batch);
        }
        assert_eq!(seen(&begun.symbols()), seen(&expected));
        assert_eq!(begun.next_instrument(), InstrumentId::new(10));
        assert_eq!(begun.next_asset(), AssetId::new(8));
    }
    assert_eq!(seen(&from_the_start.symbols()), seen(&expected));
}

#[test]
fn what_is_delisted_has_no_name_but_is_known() {
    let listed = Listed::by(&Exchange::new());
    let mut before = Vec::new();
    for batch in &batches(&mut Exchange::new()) {
        before.push(listed.symbols());
        listed.apply(batch);
    }
    let now = listed.symbols();
    let gone = InstrumentId::new(0);
    assert_eq!(now.named("BTCUSD").expect("it is listed").id.get(), 9);
    assert_eq!(now.get(gone).expect("it was listed").name(), "BTCUSD");
    assert!(now.named("XMRBTC").is_err());
    // Whoever has looked before the end, goes on with what was there.
    let seen = before.last().expect("one of them");
    assert!(seen.named("BTCUSD").is_err());
    assert_eq!(before[1].named("BTCUSD").expect("it was").id, gone);
}

#[test]
fn streams_are_known_as_soon_as_there_are_instruments() {
    let hub = Hub::default();
    let nothing = Catalogue::of(&Exchange::new(), InstrumentId::new(0), 0);
    let listed = Listed::new(&nothing, hub.clone()).expect("nothing is listed");
    assert!(!hub.knows("btcusd@trade"));
    for batch in &batches(&mut Exchange::new()) {
        listed.apply(batch);
    }
    assert!(hub.knows("btcusd@trade") && hub.knows("xmrusd@kline_1m"));
}
