//! What accounts hear, compared by eye, and with what the read models come to.

mod endings;
mod flows;
mod money;
mod orders;
mod service;
mod watch;

use std::sync::Arc;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule, FeeTier};
use exchange_engine::{Command, Exchange, Input, InstrumentId, Listing, OrderRef};
use orderbook_core::{
    AccountId, Instrument, OrderId, OrderKind, Price, Quantity, SelfTradePrevention, Side, Step,
    TimeInForce, Timestamp,
};
use serde_json::Value;

use super::{Authority, UserStreams, Wrap};
use crate::bus::{Batch, Outcome};
use crate::config::Memory;
use crate::gateway::outbox::{Inbox, Outbox, Outgoing};
use crate::listed::Listed;
use crate::orders::{Executions, OrderModel};

const SELLER: AccountId = AccountId::new(1);
const BUYER: AccountId = AccountId::new(2);
const STRANGER: AccountId = AccountId::new(3);
const BTC: AssetId = AssetId::new(0);
const USD: AssetId = AssetId::new(1);
const BNB: AssetId = AssetId::new(2);
const BTCUSD: InstrumentId = InstrumentId::new(0);
const BNBUSD: InstrumentId = InstrumentId::new(1);

/// Two pairs with prices of two decimals and quantities of one, three accounts with plenty of
/// everything, and who listens to them. Time goes on by a millisecond with each command.
struct Market {
    exchange: Exchange,
    orders: OrderModel,
    users: UserStreams,
    seq: u64,
}

/// What a connection hears.
struct Ear(Inbox);

impl Market {
    fn new() -> Self {
        let mut market = Self {
            exchange: Exchange::new(),
            orders: OrderModel::new(&Memory::default()),
            users: UserStreams::new(Listed::by(&Exchange::new())),
            seq: 0,
        };
        for (asset, code) in [(BTC, "BTC"), (USD, "USD"), (BNB, "BNB")] {
            market.apply(Command::AddAsset {
                asset,
                code: code.into(),
                decimals: 3,
            });
        }
        market.list(BTCUSD, "BTCUSD", BTC);
        market.list(BNBUSD, "BNBUSD", BNB);
        for account in [SELLER, BUYER, STRANGER] {
            market.apply(Command::OpenAccount { account });
            for asset in [BTC, USD, BNB] {
                let amount = Amount::new(1_000_000);
                market.apply(Command::Deposit {
                    account,
                    asset,
                    amount,
                });
            }
        }
        market.users = UserStreams::new(Listed::by(&market.exchange));
        market
    }

    fn list(&mut self, id: InstrumentId, symbol: &str, base: AssetId) {
        let step = |scale| Step::new(1, scale).expect("a valid step");
        let instrument = Instrument::new(symbol, step(2), step(1))
            .and_then(|it| it.with_price_limits(Price::new(1), Price::new(100_000)))
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)));
        self.apply(Command::ListInstrument(Listing {
            id,
            instrument: instrument.expect("a valid instrument"),
            base,
            quote: USD,
            fees: FeeSchedule::default(),
        }));
    }

    /// What a command leads to; it is not told to anybody yet.
    fn batch(&mut self, command: Command) -> Batch {
        let prev_seq = self.seq;
        self.seq += 1;
        let time = Timestamp::from_millis(1_000 + self.seq);
        let mut events = Vec::new();
        let result = self.exchange.apply(&Input { time, command }, &mut events);
        assert_eq!(result, Ok(()));
        Batch {
            prev_seq,
            outcomes: vec![Outcome {
                time,
                result,
                events,
            }],
            listings: Vec::new(),
        }
    }

    /// Carries out a command and tells who listens.
    fn apply(&mut self, command: Command) {
        let batch = self.batch(command);
        self.tell(&batch);
    }

    fn tell(&mut self, batch: &Batch) {
        let users = self.users.clone();
        let wanted = |account| users.hears(account);
        let mut executions = Executions::of(&wanted);
        for (seq, outcome) in (batch.prev_seq + 1..).zip(&batch.outcomes) {
            self.orders.apply_and_tell(seq, outcome, &mut executions);
        }
        self.users.publish(batch, &executions.into_told());
    }

    /// Places an order and gives its id.
    fn place(&mut self, account: AccountId, side: Side, quantity: u64, kind: OrderKind) -> OrderId {
        self.place_with(account, side, quantity, kind, None)
    }

    fn place_with(
        &mut self,
        account: AccountId,
        side: Side,
        quantity: u64,
        kind: OrderKind,
        self_trade: Option<SelfTradePrevention>,
    ) -> OrderId {
        self.place_in(BTCUSD, account, side, quantity, kind, self_trade)
    }

    fn place_in(
        &mut self,
        instrument: InstrumentId,
        account: AccountId,
        side: Side,
        quantity: u64,
        kind: OrderKind,
        self_trade: Option<SelfTradePrevention>,
    ) -> OrderId {
        let name = format!("order-of-{}", self.seq + 1);
        self.apply(Command::Place {
            account,
            instrument,
            client_order_id: name.parse().ok(),
            side,
            quantity: Quantity::new(quantity),
            kind,
            self_trade,
        });
        let newest = self.orders.orders(account).map(|order| order.id).max();
        newest.expect("an order was placed")
    }

    /// Makers pay 1 %, takers 2 %.
    fn charge_fees(&mut self) {
        let rate = |ppm| FeeRate::new(ppm).expect("a rate");
        let tier = FeeTier {
            volume: Amount::ZERO,
            maker: rate(10_000),
            taker: rate(20_000),
        };
        self.apply(Command::SetFees {
            instrument: BTCUSD,
            fees: FeeSchedule::new([tier]).expect("a schedule"),
        });
    }

    /// Listens to an account from now on.
    fn listen(&self, account: AccountId) -> Ear {
        self.listen_as(account, Wrap::Raw, Authority::Key("key".into()))
            .1
    }

    fn listen_as(&self, account: AccountId, wrap: Wrap, authority: Authority) -> (Outbox, Ear) {
        let (outbox, inbox) = Outbox::new(1 << 20);
        self.users
            .subscribe(account, outbox.clone(), wrap, authority);
        (outbox, Ear(inbox))
    }
}

impl Ear {
    /// All that was said since the last time.
    fn heard(&mut self) -> Vec<Value> {
        let texts = std::iter::from_fn(|| match self.0.try_next() {
            Some(Outgoing::Text(text)) => Some(text),
            Some(Outgoing::Close(why)) => panic!("sent away: {why:?}"),
            None => None,
        });
        texts
            .map(|text| serde_json::from_str(&text).expect("JSON"))
            .collect()
    }

    /// The reports of orders among it: what happened, how the order is, what it has traded of how
    /// much, and the trade.
    fn reports(&mut self) -> Vec<String> {
        let heard = self.heard();
        let reports = heard.iter().filter(|event| event["e"] == "executionReport");
        reports.map(report).collect()
    }

    /// How the connection ends, and what is said before.
    fn ending(&mut self) -> (Vec<Value>, (u16, &'static str)) {
        let mut said = Vec::new();
        loop {
            match self.0.try_next().expect("an ending") {
                Outgoing::Text(text) => said.push(serde_json::from_str(&text).expect("JSON")),
                Outgoing::Close(why) => return (said, why),
            }
        }
    }
}

/// A number without the zeros at its end.
fn short(number: &Value) -> &str {
    let number = number.as_str().expect("a decimal");
    number.trim_end_matches('0').trim_end_matches('.')
}

fn report(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().expect("a text").to_owned();
    let number = |name: &str| short(&event[name]).to_owned();
    let mut report = format!(
        "#{} {} {} {}/{}@{}",
        event["i"],
        text("x"),
        text("X"),
        number("z"),
        number("q"),
        number("p"),
    );
    if event["t"] != -1 {
        let role = if event["m"] == true { "maker" } else { "taker" };
        let trade = format!(
            " {role} {}@{} fee {} {}",
            number("l"),
            number("L"),
            number("n"),
            text("N")
        );
        report.push_str(&trade);
    }
    report
}

const fn limit(price: i64, time_in_force: TimeInForce) -> OrderKind {
    OrderKind::Limit {
        price: Price::new(price),
        time_in_force,
    }
}

const fn gtc(price: i64) -> OrderKind {
    limit(price, TimeInForce::GTC)
}

const fn by_id(order: OrderId) -> OrderRef {
    OrderRef::Id(order)
}
