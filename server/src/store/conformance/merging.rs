//! A store that was filled in pieces is what the models in memory are.
//!
//! Commands made at random go through a real exchange. What comes of them is cut into batches and
//! the batches into changes, both at random, and then store and models have to agree.

use std::sync::Arc;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule, FeeTier};
use exchange_engine::{ClientOrderId, Command, Exchange, Input, InstrumentId, Listing, OrderRef};
use marketdata_core::Interval;
use orderbook_core::{
    AccountId, Instrument, Notional, OrderId, OrderKind, PostOnly, Price, Quantity, Resting,
    SelfTradePrevention, Side, Step, TimeInForce, Timestamp, TradeId,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;

use super::{Place, TestResult};
use crate::bus::{Batch, Outcome};
use crate::config::Memory;
use crate::marketdata::MarketModel;
use crate::orders::OrderModel;
use crate::store::{Changes, FillQuery, OrderQuery, Store};

const ACCOUNTS: u64 = 3;
const INSTRUMENTS: u32 = 3;
/// Base, quote, and a third that fees may be paid in.
const ASSETS: [AssetId; 3] = [AssetId::new(1), AssetId::new(2), AssetId::new(3)];
const EVERYTHING: usize = 10_000;
/// A name is taken for long, so there are more of them than most accounts need.
const NAMES: usize = 40;

fn named(name: usize) -> Option<ClientOrderId> {
    format!("name-{name}").parse().ok()
}

/// One command, and where the feed is cut after it.
#[derive(Debug, Clone)]
struct Move {
    kind: u8,
    account: u64,
    instrument: u32,
    buys: bool,
    price: i64,
    quantity: u64,
    terms: u8,
    self_trade: Option<SelfTradePrevention>,
    name: Option<usize>,
    /// Which of the orders so far is meant.
    order: u64,
    pause: u64,
    ends_batch: bool,
    ends_changes: bool,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let pauses = prop_oneof![
        Just(0),
        Just(1),
        1..90_000_000_u64,
        Just(3_600_000_000),
        Just(86_400_000_000)
    ];
    let who = (0..14_u8, 1..=ACCOUNTS, 0..INSTRUMENTS, any::<bool>());
    let what = (
        95..106_i64,
        1..20_u64,
        0..16_u8,
        proptest::option::of(0..NAMES),
        proptest::option::of(self_trades()),
    );
    let when = (
        any::<u64>(),
        pauses,
        any::<bool>(),
        proptest::bool::weighted(0.3),
    );
    let one = (who, what, when).prop_map(|(who, what, when)| Move {
        kind: who.0,
        account: who.1,
        instrument: who.2,
        buys: who.3,
        price: what.0,
        quantity: what.1,
        terms: what.2,
        name: what.3,
        self_trade: what.4,
        order: when.0,
        pause: when.1,
        ends_batch: when.2,
        ends_changes: when.3,
    });
    proptest::collection::vec(one, 1..120)
}

fn self_trades() -> impl Strategy<Value = SelfTradePrevention> {
    prop_oneof![
        Just(SelfTradePrevention::Allow),
        Just(SelfTradePrevention::ExpireMaker),
        Just(SelfTradePrevention::ExpireTaker),
        Just(SelfTradePrevention::ExpireBoth),
        Just(SelfTradePrevention::Decrement),
    ]
}

impl Move {
    fn command(&self, orders: u64, now: u64) -> Command {
        let account = AccountId::new(self.account);
        let instrument = InstrumentId::new(self.instrument);
        let order = OrderRef::Id(OrderId::new(1 + self.order % orders.max(1)));
        let client_order_id = self.name.and_then(named);
        let quantity = Quantity::new(self.quantity);
        let price = Price::new(self.price);
        let resting = |until, post_only, display: Option<u64>| {
            TimeInForce::Rest(Resting {
                until,
                post_only,
                display: display.map(Quantity::new),
            })
        };
        let (few, soon) = (1 + self.order % 5, now + self.pause + 1);
        let time_in_force = match self.terms {
            0 => TimeInForce::IOC,
            1 => TimeInForce::FOK,
            2 => TimeInForce::POST_ONLY,
            3 => TimeInForce::ImmediateOrCancel {
                minimum: Quantity::new(few),
            },
            4 | 5 => resting(None, None, Some(few)),
            6 => resting(None, Some(PostOnly::Slide), None),
            7 => resting(Some(Timestamp::new(soon)), None, None),
            8 => resting(
                Some(Timestamp::new(u64::MAX)),
                Some(PostOnly::Slide),
                Some(few),
            ),
            _ => TimeInForce::GTC,
        };
        match self.kind {
            0 => Command::Cancel {
                account,
                instrument,
                order,
            },
            1 => Command::Reduce {
                account,
                instrument,
                order,
                by: Quantity::new(1 + self.quantity / 4),
            },
            2 => Command::Replace {
                account,
                instrument,
                order,
                client_order_id,
                quantity,
                price,
                time_in_force,
            },
            3 | 4 => Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            },
            5 if self.terms < 8 => Command::AdvanceTime,
            12 => Command::ChooseFeeAsset {
                account,
                asset: ASSETS.get(usize::from(self.terms % 4)).copied(),
            },
            kind => Command::Place {
                account,
                instrument,
                client_order_id,
                side: if self.buys { Side::Buy } else { Side::Sell },
                quantity,
                kind: match (kind, self.terms) {
                    (6, 0..8) => OrderKind::MARKET,
                    (6, _) => OrderKind::Market {
                        protection: self.terms.is_multiple_of(2).then_some(price),
                        budget: (self.terms < 14).then(|| Notional::new(i128::from(few) * 99)),
                    },
                    _ => OrderKind::Limit {
                        price,
                        time_in_force,
                    },
                },
                self_trade: self.self_trade,
            },
        }
    }
}

/// Three accounts with plenty of money, and two instruments.
fn opening() -> Vec<Command> {
    let [base, quote, third] = ASSETS;
    let tier = |volume, maker, taker| FeeTier {
        volume: Amount::new(volume),
        maker: FeeRate::new(maker).expect("a valid rate"),
        taker: FeeRate::new(taker).expect("a valid rate"),
    };
    // Amounts are small here: so must be what a fee is a part of.
    let tiers = [tier(0, 10_000, 25_000), tier(5_000, -5_000, 20_000)];
    let fees = FeeSchedule::new(tiers).expect("a valid schedule");
    let step = Step::new(1, 0).expect("a valid step");
    let mut commands = Vec::new();
    for (asset, code) in ASSETS.into_iter().zip(["BTC", "USD", "BNB"]) {
        commands.push(Command::AddAsset {
            asset,
            code: code.into(),
            decimals: 2,
        });
    }
    let pairs = [("BTCUSD", base), ("BTCUSDX", base), ("BNBUSD", third)];
    for (id, (symbol, base)) in (0..INSTRUMENTS).zip(pairs) {
        let instrument = Instrument::new(symbol, step, step)
            .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1_000)))
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(1_000)));
        commands.push(Command::ListInstrument(Listing {
            id: InstrumentId::new(id),
            instrument: instrument.expect("a valid instrument"),
            base,
            quote,
            fees: fees.clone(),
        }));
    }
    for account in (1..=ACCOUNTS).map(AccountId::new) {
        commands.push(Command::OpenAccount { account });
        for asset in ASSETS {
            let amount = Amount::new(1_000_000_000);
            commands.push(Command::Deposit {
                account,
                asset,
                amount,
            });
        }
    }
    commands
}

/// What a feed led to, in memory and in pieces for a store.
#[derive(Debug)]
struct Folded {
    orders: OrderModel,
    markets: MarketModel,
    placed: u64,
    pieces: Vec<Arc<Changes>>,
}

fn folded(moves: &[Move]) -> Folded {
    let memory = Memory::default();
    let mut folded = Folded {
        orders: OrderModel::new(&memory),
        markets: MarketModel::new(&memory),
        placed: 0,
        pieces: Vec::new(),
    };
    let mut exchange = Exchange::new();
    let mut time = 1_700_000_000_000_000;
    let mut batch = Batch {
        prev_seq: 0,
        outcomes: Vec::new(),
        listings: Vec::new(),
    };
    let mut changes = Changes::after(0);
    let opening = opening().into_iter().map(|command| (command, None));
    let moves = moves.iter().map(|step| (None, Some(step)));
    let all = opening
        .map(|(command, step)| (Some(command), step))
        .chain(moves);
    for (command, step) in all {
        time += step.map_or(0, |step| step.pause);
        let command = command.or_else(|| step.map(|step| step.command(folded.placed, time)));
        let Some(command) = command else { continue };
        let input = Input {
            time: Timestamp::new(time),
            command,
        };
        let mut events = Vec::new();
        let result = exchange.apply(&input, &mut events);
        let placed = events
            .iter()
            .filter(|event| matches!(event, exchange_engine::Event::OrderAccepted { .. }));
        folded.placed += placed.count() as u64;
        let outcome = Outcome {
            time: input.time,
            result,
            events,
        };
        folded.orders.apply(batch.last_seq() + 1, &outcome);
        let applied = folded.markets.apply(&outcome, &mut Vec::new());
        applied.expect("the feed is whole");
        batch.outcomes.push(outcome);
        if step.is_some_and(|step| step.ends_batch) {
            changes.add(&batch);
            batch = Batch {
                prev_seq: batch.last_seq(),
                outcomes: Vec::new(),
                listings: Vec::new(),
            };
            if step.is_some_and(|step| step.ends_changes) {
                let next = Changes::after(changes.cursor().seq);
                let piece = std::mem::replace(&mut changes, next);
                folded.pieces.push(Arc::new(piece));
            }
        }
    }
    if !batch.outcomes.is_empty() {
        changes.add(&batch);
    }
    folded.pieces.push(Arc::new(changes));
    assert_open_orders(&folded.orders, &exchange);
    folded
}

/// What is told of open orders is how they rest on their books.
fn assert_open_orders(orders: &OrderModel, exchange: &Exchange) {
    let mut open = 0;
    for market in exchange.markets() {
        let book = market.book();
        for resting in book.orders(Side::Buy).chain(book.orders(Side::Sell)) {
            let id = OrderRef::Id(resting.id);
            let told = orders.order(resting.account, market.id(), id);
            let told = told.map(|it| (it.kind.worst_price(), it.quantity, it.executed));
            let rests = (Some(resting.price), resting.quantity, resting.filled());
            assert_eq!(told, Some(rests), "{resting:?}");
            open += 1;
        }
    }
    let accounts = (1..=ACCOUNTS).map(AccountId::new);
    let told = accounts.map(|account| orders.open_orders(account).count());
    assert_eq!(told.sum::<usize>(), open);
}

async fn agree(store: &dyn Store, folded: &Folded) -> TestResult {
    for instrument in (0..INSTRUMENTS).map(InstrumentId::new) {
        let market = folded.markets.market(instrument).ok_or("listed")?;
        let trades = store
            .trades(instrument, TradeId::new(0), EVERYTHING)
            .await?;
        let expected = market.tape().since(TradeId::new(0), EVERYTHING);
        assert!(trades.rows.iter().eq(expected), "{trades:?}");
        for interval in Interval::STANDARD {
            let found = store.candles(instrument, interval, None, None, EVERYTHING);
            let found = found.await?.rows;
            let expected = market.candles(interval).ok_or("a standard interval")?;
            assert!(
                found.iter().copied().eq(expected.candles()),
                "{interval}: {found:?}"
            );
        }
        for account in (1..=ACCOUNTS).map(AccountId::new) {
            let query = OrderQuery {
                account,
                instrument,
                from_id: None,
                start: None,
                end: None,
                limit: EVERYTHING,
            };
            let orders = store.orders(&query).await?.rows;
            let ids = (1..=folded.placed).map(|id| OrderRef::Id(OrderId::new(id)));
            let expected: Vec<_> = ids
                .filter_map(|id| folded.orders.order(account, instrument, id))
                .collect();
            assert!(orders.iter().eq(expected.iter().copied()), "{orders:?}");
            for name in (0..NAMES).filter_map(named) {
                let newest = store.order(account, instrument, OrderRef::Client(name));
                let newest = newest.await?.rows;
                let mut named = expected.iter().copied().rev();
                let expected = named.find(|order| order.client_order_id == Some(name));
                assert_eq!(newest.as_ref(), expected);
            }
            let query = FillQuery {
                account,
                instrument,
                order_id: None,
                from_id: None,
                start: None,
                end: None,
                limit: EVERYTHING,
            };
            let fills = store.fills(&query).await?.rows;
            let all = folded.orders.fills(account);
            let expected = all.filter(|fill| fill.instrument == instrument);
            assert!(fills.iter().eq(expected), "{fills:?}");
        }
    }
    Ok(())
}

pub(super) async fn changes_cut_anywhere_add_up_to_what_is_in_memory(place: &Place) -> TestResult {
    const EMPTY: &str = "DELETE FROM trades; DELETE FROM candles; DELETE FROM orders;
        UPDATE history_cursor SET seq = 0";
    let store = place.open().await?;
    let mut runner = TestRunner::new(Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    });
    let case = async |moves: &[Move]| {
        place.tamper(EMPTY).await?;
        let folded = folded(moves);
        for changes in &folded.pieces {
            store.write(changes).await?;
        }
        agree(&*store, &folded).await
    };
    tokio::task::block_in_place(|| {
        runner.run(&moves(), |moves| {
            let result = Handle::current().block_on(case(&moves));
            result.map_err(|error| TestCaseError::fail(error.to_string()))
        })
    })?;
    Ok(())
}
