//! The same inputs give the same events and the same state, today and in ten years.
//!
//! The golden values below change only where rules or encodings do. Old logs and snapshots become
//! unreadable then, or lead to another state: not a thing to do unawares.

mod desk;

use std::fmt::Write;

use accounts_core::{AccountLimits, Amount, AssetId, OrderLimits, OrderRate, PriceCollar};
use desk::*;
use exchange_engine::frame::{Chain, Frame, PAYLOAD_VERSION, StoredFrame};
use exchange_engine::{
    Command, Event, Exchange, ExchangeSnapshot, Input, Listing, OrderRef, Reject, Scope, StateHash,
    replay,
};
use orderbook_core::{
    AccountId, CloseReason, Event as BookEvent, Notional, OrderId, OrderKind, PostOnly, Price,
    Quantity, Resting, SelfTradePrevention, Side, TimeInForce, Timestamp,
};

/// Numbers that look random: the generator of Knuth's MMIX, of which the upper bits are good.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// When the first input comes in.
const START: u64 = 1_700_000_000_000_000;

/// The state that the inputs lead to.
const STATE: &str = "69669dabcc1c1998ff1fa6d2572f2d516f4811870e747c0ced99dac864d2f233";

/// From one input to the next: half an hour, so that there are days enough for fee tiers.
const PAUSE: u64 = DAY / 48;

/// Terms of any kind; a date is soon after the input, or has just passed.
fn time_in_force(random: &mut Random, inputs: u64) -> TimeInForce {
    let until = START + PAUSE * (inputs + random.below(200));
    match random.below(12) {
        0 => TimeInForce::IOC,
        1 => TimeInForce::ImmediateOrCancel {
            minimum: Quantity::new(random.below(20)),
        },
        2 => TimeInForce::FOK,
        3 => TimeInForce::POST_ONLY,
        4 => TimeInForce::Rest(Resting {
            post_only: Some(PostOnly::Slide),
            ..Resting::PLAIN
        }),
        5 => TimeInForce::gtd(Timestamp::new(until)),
        6 => TimeInForce::iceberg(Quantity::new(1 + random.below(8))),
        7 => TimeInForce::Rest(Resting {
            until: Some(Timestamp::new(until)),
            post_only: Some(PostOnly::Slide),
            display: Some(Quantity::new(3)),
        }),
        _ => TimeInForce::GTC,
    }
}

fn self_trade(random: &mut Random) -> Option<SelfTradePrevention> {
    match random.below(12) {
        0 => Some(SelfTradePrevention::Allow),
        1 => Some(SelfTradePrevention::ExpireMaker),
        2 => Some(SelfTradePrevention::ExpireTaker),
        3 => Some(SelfTradePrevention::ExpireBoth),
        4 => Some(SelfTradePrevention::Decrement),
        _ => None,
    }
}

/// What somebody decides who does not trade.
fn decision(random: &mut Random, account: AccountId) -> Command {
    let limits = |random: &mut Random| OrderLimits {
        max_quantity: Some(Quantity::new(30 + random.below(10))),
        max_notional: Some(Amount::new(3_500)),
        max_open_orders: Some(12),
        max_position: Some(Amount::new(1_500)),
    };
    match random.below(16) {
        0..5 => {
            let asset = match random.below(4) {
                0 => None,
                1 => Some(USD),
                2 => Some(TOK),
                _ => Some(BTC),
            };
            choose(account, asset)
        }
        5 => Command::LimitInstrument {
            instrument: BTCUSD,
            limits: limits(random),
            collar: Some(PriceCollar::new(80_000)),
        },
        6..8 => Command::LimitAccount {
            account,
            limits: AccountLimits {
                max_open_orders: Some(15),
                order_rate: Some(OrderRate {
                    orders: 2,
                    micros: 12 * PAUSE,
                }),
            },
        },
        8 => Command::LimitAccountIn {
            account,
            instrument: BTCUSD,
            limits: limits(random),
        },
        9 => Command::CloseAccount { account },
        _ => {
            let price = 2 + random.below(3);
            let side = ["buy", "sell"][usize::from(random.below(2) == 0)];
            on(TOKUSD, place(account, &format!("{side} 2 @ {price}")))
        }
    }
}

/// Now and then trading stops for twenty inputs; somebody forgets that it goes on already.
fn halt(inputs: u64) -> Option<Command> {
    let (round, step) = (inputs / 200, inputs % 200);
    let scope = match round % 3 {
        0 => Scope::Venue,
        1 => Scope::Instrument(BTCUSD),
        _ => Scope::Account(AccountId::new(1 + round / 3 % 3)),
    };
    match step {
        100 => Some(Command::Halt {
            scope,
            cancel_orders: round % 2 == 0,
        }),
        120 | 190 => Some(Command::Resume { scope }),
        _ => None,
    }
}

/// Two pairs, three accounts with money, and four thousand orders, cancels, deposits and decisions.
fn inputs() -> Vec<Input> {
    let mut time = START;
    let mut pair = listing(BTCUSD, "BTCUSD");
    pair.fees = tiers([
        (0, 25_000, 90_000),
        (10_000, 20_000, 80_000),
        (40_000, -60_000, 60_000),
    ]);
    let token = Listing {
        base: TOK,
        ..listing(TOKUSD, "TOKUSD")
    };
    let once = Listing {
        base: TOK,
        ..listing(USDTOK, "ONCE")
    };
    let mut commands = vec![
        add_asset(BTC, "BTC", 2),
        add_asset(USD, "USD", 2),
        add_asset(TOK, "TOK", 2),
        Command::ListInstrument(pair),
        Command::ListInstrument(token),
        Command::ListInstrument(once),
        Command::DelistInstrument { instrument: USDTOK },
    ];
    for account in [ANN, BOB, CAT] {
        commands.push(Command::OpenAccount { account });
        commands.push(deposit(account, BTC, 1_000));
        commands.push(deposit(account, USD, 100_000));
        commands.push(deposit(account, TOK, 500));
    }
    let mut random = Random(1);
    let mut orders = 0;
    for inputs in 0..4_000 {
        if let Some(command) = halt(inputs) {
            commands.push(command);
            continue;
        }
        let account = AccountId::new(1 + inputs % 3);
        let quantity = Quantity::new(1 + random.below(40));
        let price = Price::new(90 + random.below(20).cast_signed());
        let order = OrderRef::Id(OrderId::new(1 + random.below(orders + 1)));
        let time_in_force = time_in_force(&mut random, inputs);
        // What the account placed lately; now and then the name is given to another order.
        let name = named(&format!("n{}", inputs.saturating_sub(3 * random.below(9))));
        let new_name = match random.below(10) {
            0 => name,
            _ => named(&format!("n{inputs}")),
        };
        commands.push(match random.below(22) {
            0 => cancel(account, OrderRef::Client(name)),
            1 => cancel(account, order),
            2 => reduce(account, order, quantity.get()),
            3 => Command::Replace {
                account,
                instrument: BTCUSD,
                order: OrderRef::Client(name),
                client_order_id: Some(new_name),
                quantity,
                price,
                time_in_force,
            },
            4 => withdraw(account, USD, 1_000),
            5 => deposit(account, [BTC, USD][usize::from(quantity.get() > 9)], 50),
            6 if price.get() == 99 => cancel_all(account),
            7 | 10 => amend(account, OrderRef::Client(name), quantity.get(), price.get()),
            8 if price.get() > 99 => Command::AdvanceTime,
            20.. => decision(&mut random, account),
            what => {
                orders += 1;
                Command::Place {
                    account,
                    instrument: BTCUSD,
                    client_order_id: (what > 10).then_some(new_name),
                    side: [Side::Buy, Side::Sell][usize::from(random.below(2) == 0)],
                    quantity,
                    kind: match what {
                        8 => OrderKind::MARKET,
                        9 => OrderKind::Market {
                            protection: (quantity.get() > 10).then_some(price),
                            budget: (quantity.get() > 20).then_some(Notional::new(1_500)),
                        },
                        _ => OrderKind::Limit {
                            price,
                            time_in_force,
                        },
                    },
                    self_trade: self_trade(&mut random),
                }
            }
        });
    }
    commands
        .into_iter()
        .map(|command| {
            time += PAUSE;
            Input {
                time: Timestamp::new(time),
                command,
            }
        })
        .collect()
}

type Outcome = (Result<(), Reject>, Vec<Event>);

type Which<'a> = &'a dyn Fn(&BookEvent) -> bool;

fn run(exchange: &mut Exchange, inputs: &[Input]) -> (Vec<Outcome>, StateHash) {
    let mut outcomes = Vec::new();
    replay(exchange, inputs, |_, result, events| {
        outcomes.push((result, events.to_vec()));
    });
    (outcomes, exchange.state_hash())
}

#[test]
fn the_same_inputs_give_the_same_events_and_the_same_state() {
    let inputs = inputs();
    let first = run(&mut Exchange::new(), &inputs);
    assert_eq!(first, run(&mut Exchange::new(), &inputs));

    // It would prove little if hardly anything happened.
    let refused = first.0.iter().filter(|(result, _)| result.is_err()).count();
    let trades = first.0.iter().flat_map(|(_, events)| events);
    let trades = trades.filter(|event| matches!(event, Event::Traded { .. }));
    assert!((400..3_000).contains(&refused), "{refused} refused");
    let trades = trades.count();
    assert!(trades > 300, "{trades} trades");
    all_kinds_of_refusals(&first.0);
    all_kinds_of_fees(&first.0);
    let amended = |it: &BookEvent| matches!(it, BookEvent::Amended { .. });
    let replenished = |it: &BookEvent| matches!(it, BookEvent::Replenished { .. });
    let decremented = |it: &BookEvent| matches!(it, BookEvent::Decremented { .. });
    let met_itself = |it: &BookEvent| closed(it, CloseReason::SelfTrade);
    let out_of_budget = |it: &BookEvent| closed(it, CloseReason::BudgetSpent);
    let dated = |it: &BookEvent| {
        matches!(it, BookEvent::Closed { left: Some(_), .. }) && closed(it, CloseReason::Expired)
    };
    let wanted: [(&str, usize, Which<'_>); 6] = [
        ("amended", 10, &amended),
        ("replenished", 20, &replenished),
        ("decremented", 5, &decremented),
        ("met itself", 20, &met_itself),
        ("out of budget", 5, &out_of_budget),
        ("expired on the book", 5, &dated),
    ];
    for (what, least, which) in wanted {
        let happened = count(&first.0, which);
        assert!(happened >= least, "{happened} {what}");
    }
}

fn all_kinds_of_refusals(outcomes: &[Outcome]) {
    use accounts_core::{LedgerReject, LimitReject};

    let wanted: [Reject; 12] = [
        Reject::VenueHalted,
        Reject::InstrumentHalted,
        Reject::AccountHalted,
        Reject::NotHalted,
        Reject::DuplicateClientOrderId,
        LimitReject::TooManyOrders.into(),
        LimitReject::TooManyOpenOrders.into(),
        LimitReject::QuantityTooLarge.into(),
        LimitReject::OutsideCollar.into(),
        LimitReject::NotionalTooLarge.into(),
        LimitReject::PositionTooLarge.into(),
        LedgerReject::AccountNotEmpty.into(),
    ];
    for reject in wanted {
        let mut outcomes = outcomes.iter();
        assert!(outcomes.any(|it| it.0 == Err(reject)), "never: {reject}");
    }
}

fn all_kinds_of_fees(outcomes: &[Outcome]) {
    let mut kinds = std::collections::BTreeSet::new();
    for event in outcomes.iter().flat_map(|(_, events)| events) {
        let Event::Traded {
            instrument: BTCUSD,
            trade,
            maker_fee,
            taker_fee,
            ..
        } = event
        else {
            continue;
        };
        kinds.insert((trade.taker_side, "taker", taker_fee.asset));
        if maker_fee.amount.get() < 0 {
            kinds.insert((trade.taker_side, "rebate", maker_fee.asset));
        } else {
            kinds.insert((trade.taker_side, "maker", maker_fee.asset));
        }
    }
    // Each side pays each asset, on top, out of it, or by itself.
    assert_eq!(kinds.len(), 2 * 3 * 3, "{kinds:?}");
}

fn count(outcomes: &[Outcome], what: impl Fn(&BookEvent) -> bool) -> usize {
    let events = outcomes.iter().flat_map(|(_, events)| events);
    let of_book = events.filter_map(Event::of_book);
    of_book.filter(|(_, event)| what(event)).count()
}

fn closed(event: &BookEvent, because: CloseReason) -> bool {
    matches!(event, BookEvent::Closed { reason, .. } if *reason == because)
}

#[test]
fn a_snapshot_and_the_tail_are_the_full_replay() {
    let inputs = inputs();
    let (outcomes, hash) = run(&mut Exchange::new(), &inputs);
    for cut in [0, 1, 12, 500, 1_234, 2_400, 3_900, inputs.len()] {
        let mut exchange = Exchange::new();
        let (head, _) = run(&mut exchange, &inputs[..cut]);
        assert_eq!(head, outcomes[..cut]);
        let bytes = exchange.snapshot().encode();
        let snapshot = ExchangeSnapshot::decode(&bytes).expect("just encoded");
        let mut restored = Exchange::restore(&snapshot).expect("a possible exchange");
        let (tail, end) = run(&mut restored, &inputs[cut..]);
        assert_eq!(tail, outcomes[cut..], "cut at {cut}");
        assert_eq!(end, hash, "cut at {cut}");
    }
}

#[test]
fn inputs_survive_their_encoding() {
    let inputs = inputs();
    let bytes = postcard::to_allocvec(&inputs).expect("plain data");
    assert_eq!(postcard::from_bytes(&bytes), Ok(inputs));
}

#[test]
fn the_state_after_these_inputs_is_on_record() {
    let mut exchange = Exchange::new();
    assert_eq!(
        exchange.state_hash().to_string(),
        "512a1562cf0ef3c446bc759df6bab0d3c2395c9fba993bf883d274c90128fd18"
    );
    let (_, hash) = run(&mut exchange, &inputs());
    assert_eq!(hash.to_string(), STATE);
}

/// A log that this version of the encoding has written, to be read for as long as there are such logs.
/// Of each frame: number, epoch, first and last sequence number, the checksum before, its own, the
/// length of the payload, and that; all numbers little-endian.
const GOLDEN_LOG: &[u8] = include_bytes!("golden/version_3.log");

/// What is at the beginning of the rest of a file, which goes on after it.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (taken, after) = rest.split_first_chunk().expect("the file goes on");
    *rest = after;
    *taken
}

#[test]
fn the_log_on_record_is_read_and_leads_to_the_state_on_record() {
    let mut rest = GOLDEN_LOG;
    let (mut chain, mut inputs) = (Chain::default(), Vec::new());
    while !rest.is_empty() {
        let [number, epoch, first_seq, last_seq] =
            std::array::from_fn(|_| u64::from_le_bytes(take(&mut rest)));
        let [prev_crc, crc, length] = std::array::from_fn(|_| u32::from_le_bytes(take(&mut rest)));
        let (payload, after) = rest.split_at(length.try_into().expect("it is in memory"));
        rest = after;
        let stored = StoredFrame {
            number,
            epoch,
            first_seq,
            last_seq,
            prev_crc,
            crc,
            payload: payload.into(),
        };
        inputs.extend(chain.check(&stored).expect("it is whole").inputs);
    }
    assert_eq!((chain.number(), inputs.len()), (41, 4_019));
    let (_, hash) = run(&mut Exchange::new(), &inputs);
    assert_eq!(hash.to_string(), STATE);
}

/// The inputs are written as they were for the record. A new version of the encoding gets a record of
/// its own: what [`log_of`] gives then. Those of earlier versions stay, to be read.
#[test]
fn the_log_on_record_is_what_is_written() {
    assert!(log_of(&inputs()) == GOLDEN_LOG, "version {PAYLOAD_VERSION}");
}

/// A log of these inputs, of which a writer starts anew every now and then.
fn log_of(inputs: &[Input]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut prev_crc, mut first_seq) = (0, 1);
    for (number, inputs) in (1..).zip(inputs.chunks(100)) {
        let frame = Frame {
            number,
            epoch: 1 + number / 10,
            first_seq,
            inputs: inputs.into(),
        };
        let stored = frame.stored(prev_crc);
        for field in [number, frame.epoch, first_seq, stored.last_seq] {
            bytes.extend(field.to_le_bytes());
        }
        let length = u32::try_from(stored.payload.len()).expect("a hundred inputs");
        for field in [prev_crc, stored.crc, length] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(&stored.payload);
        (prev_crc, first_seq) = (stored.crc, stored.last_seq + 1);
    }
    bytes
}

#[test]
fn the_encoding_of_every_command_is_on_record() {
    let (one, two) = (
        OrderRef::Id(OrderId::new(300)),
        OrderRef::Client(named("x-1")),
    );
    let limit = |price, time_in_force| OrderKind::Limit {
        price: Price::new(price),
        time_in_force,
    };
    let place = |client_order_id, side, kind| Command::Place {
        account: AccountId::new(200),
        instrument: BTCUSD,
        client_order_id,
        side,
        quantity: Quantity::new(5),
        kind,
        self_trade: None,
    };
    let every_term = TimeInForce::Rest(Resting {
        until: Some(Timestamp::new(2_000)),
        post_only: Some(PostOnly::Slide),
        display: Some(Quantity::new(2)),
    });
    let prevented = |policy| Command::Place {
        account: ANN,
        instrument: BTCUSD,
        client_order_id: None,
        side: Side::Buy,
        quantity: Quantity::new(5),
        kind: OrderKind::MARKET,
        self_trade: Some(policy),
    };
    let replace = |order, time_in_force| Command::Replace {
        account: ANN,
        instrument: BTCUSD,
        order,
        client_order_id: None,
        quantity: Quantity::new(5),
        price: Price::new(100),
        time_in_force,
    };
    let mut listing = listing(BTCUSD, "BTCUSD");
    listing.fees = fees(1_000, 2_500);
    let commands = [
        add_asset(BTC, "BTC", 8),
        Command::ListInstrument(listing),
        Command::SetFees {
            instrument: BTCUSD,
            fees: fees(0, 1_000_000),
        },
        Command::OpenAccount { account: BOB },
        deposit(ANN, USD, 1_000),
        Command::Withdraw {
            account: ANN,
            asset: AssetId::new(u32::MAX),
            amount: Amount::new(u128::MAX),
        },
        place(None, Side::Buy, limit(100, TimeInForce::GTC)),
        place(Some(named("x-1")), Side::Sell, OrderKind::MARKET),
        place(None, Side::Buy, limit(-1, TimeInForce::IOC)),
        cancel(ANN, one),
        cancel(ANN, two),
        cancel_all(ANN),
        reduce(ANN, one, 7),
        replace(two, TimeInForce::FOK),
        replace(one, TimeInForce::POST_ONLY),
        place(None, Side::Buy, limit(100, every_term)),
        place(
            None,
            Side::Sell,
            OrderKind::Market {
                protection: Some(Price::new(90)),
                budget: Some(Notional::new(1_000)),
            },
        ),
        place(
            None,
            Side::Buy,
            limit(
                1,
                TimeInForce::ImmediateOrCancel {
                    minimum: Quantity::new(3),
                },
            ),
        ),
        prevented(SelfTradePrevention::ExpireMaker),
        prevented(SelfTradePrevention::Decrement),
        amend(ANN, two, 5, 100),
        Command::AdvanceTime,
        Command::CloseAccount { account: BOB },
        Command::DelistInstrument { instrument: BTCUSD },
        Command::Halt {
            scope: Scope::Venue,
            cancel_orders: true,
        },
        Command::Halt {
            scope: Scope::Instrument(BTCUSD),
            cancel_orders: false,
        },
        Command::Resume {
            scope: Scope::Account(BOB),
        },
        Command::LimitInstrument {
            instrument: BTCUSD,
            limits: OrderLimits {
                max_quantity: Some(Quantity::new(300)),
                max_notional: None,
                max_open_orders: Some(5),
                max_position: Some(Amount::new(200)),
            },
            collar: Some(PriceCollar::new(50_000)),
        },
        Command::LimitAccount {
            account: BOB,
            limits: AccountLimits {
                max_open_orders: Some(200),
                order_rate: Some(OrderRate {
                    orders: 10,
                    micros: 1_000_000,
                }),
            },
        },
        Command::LimitAccountIn {
            account: BOB,
            instrument: BTCUSD,
            limits: OrderLimits::default(),
        },
        choose(BOB, Some(TOK)),
        choose(BOB, None),
        Command::SetFees {
            instrument: BTCUSD,
            fees: tiers([(0, 1_000, 2_500), (300, -100, 500)]),
        },
        cancel_as(ANN, two, "y-2"),
        cancel_all_as(ANN, "y-2"),
    ];
    let recorded = [
        "e80700010342544308",
        "e807010106425443555344010001020280897a01c0843d0064feffffff0f0001020100d00f8827",
        "e807020101000080897a",
        "e8070302",
        "e807040102e807",
        "e8070501ffffffff0fffffffffffffffffffffffffffffffffffff03",
        "e80706c8010100000500c8010000",
        "e80706c801010103782d31010501000000",
        "e80706c801010000050001020000",
        "e80707010100ac02",
        "e8070701010103782d31",
        "e807080101",
        "e80709010100ac0207",
        "e8070a01010103782d310005c80103",
        "e8070a010100ac020005c8010100010000",
        "e80706c8010100000500c8010101d00f0101010200",
        "e80706c801010001050101b40101d00f00",
        "e80706c801010000050002020300",
        "e8070601010000050100000101",
        "e8070601010000050100000104",
        "e8070b01010103782d3105c801",
        "e8070c",
        "e8070d02",
        "e8070e01",
        "e8070f0001",
        "e8070f010100",
        "e807100202",
        "e807110101ac0200010501c80101d08603",
        "e807120201c801010ac0843d",
        "e80713020100000000",
        "e80714020104",
        "e807140200",
        "e80702010200d00f8827ac02c701e807",
        "e8071501010103782d3103792d32",
        "e80716010103792d32",
    ];
    let mut found = Vec::new();
    for command in commands {
        let input = Input {
            time: Timestamp::new(1_000),
            command,
        };
        let bytes = postcard::to_allocvec(&input).expect("plain data");
        assert_eq!(postcard::from_bytes::<Input>(&bytes), Ok(input));
        found.push(hex(&bytes));
    }
    assert_eq!(found, recorded);
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").expect("a string takes everything");
    }
    hex
}
