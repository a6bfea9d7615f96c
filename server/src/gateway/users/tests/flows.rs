//! Whoever puts together what accounts are told comes to what the read models have.
//!
//! The inputs are those that the exchange is compared with its model on.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use accounts_core::Event as LedgerEvent;
use exchange_engine::Event;
use oracle::engine_commands::{COMMAND, HEADER, Inputs, seeded};
use proptest::prelude::*;

use super::*;
use crate::accounts::BalanceModel;
use crate::api::orders::{OwnTrade, QueriedOrder};
use crate::api::symbols::Symbols;

/// What a client knows of an account from what it was told.
#[derive(Default)]
struct Client {
    inbox: Option<Inbox>,
    /// The newest report of each order.
    orders: BTreeMap<u64, Value>,
    /// What is free and locked of each asset.
    balances: HashMap<String, (String, String)>,
    trades: Vec<Value>,
    last_execution: Option<u64>,
}

impl Client {
    /// Takes in what was said, in order. What was cancelled was cancelled under that name.
    fn hear(&mut self, kinds: &mut BTreeSet<String>, cancellation: &str) {
        let inbox = self.inbox.take().expect("it listens");
        let mut ear = Ear(inbox);
        for event in ear.heard() {
            match event["e"].as_str().expect("a text") {
                "executionReport" => {
                    let seen = format!("{} {}", event["x"], event["X"]).replace('"', "");
                    kinds.insert(seen);
                    if event["x"] == "CANCELED" {
                        assert_eq!(event["c"], cancellation, "{event}");
                    }
                    self.report(event);
                }
                "outboundAccountPosition" => {
                    for balance in event["B"].as_array().expect("a list") {
                        let text = |name: &str| balance[name].as_str().expect("a text").to_owned();
                        self.balances.insert(text("a"), (text("f"), text("l")));
                    }
                }
                other => _ = kinds.insert(other.into()),
            }
        }
        self.inbox = Some(ear.0);
    }

    fn report(&mut self, event: Value) {
        let execution = event["I"].as_u64();
        assert!(execution > self.last_execution, "{event}");
        self.last_execution = execution;
        let id = event["i"].as_u64().expect("a number");
        let before = self.orders.get(&id);
        assert_eq!(before.is_none(), event["x"] == "NEW", "{event}");
        if let Some(before) = before {
            let was_open = ["NEW", "PARTIALLY_FILLED"]
                .iter()
                .any(|it| before["X"] == *it);
            assert!(was_open, "{event} after {before}");
        }
        let is_open = ["NEW", "PARTIALLY_FILLED"]
            .iter()
            .any(|it| event["X"] == *it);
        assert_eq!(event["w"], is_open, "{event}");
        // What has traded grows by each trade. Both have as many decimal places; what a number of
        // this machine cannot hold is left to the comparison with what is there.
        let number = |event: &Value, name: &str| -> Option<u128> {
            let digits = event[name].as_str().expect("a text").replace('.', "");
            digits.parse().ok()
        };
        let grown = |total: &str, last: &str| {
            let so_far = before.map_or(Some(0), |before| number(before, total));
            let numbers = (so_far, number(&event, last), number(&event, total));
            if let (Some(so_far), Some(last), Some(total)) = numbers {
                assert_eq!(total, so_far + last, "{event}");
            }
        };
        grown("z", "l");
        grown("Z", "Y");
        assert_eq!(event["x"] == "TRADE", event["t"] != -1);
        if event["x"] == "TRADE" {
            self.trades.push(event.clone());
        }
        self.orders.insert(id, event);
    }

    /// The client knows as much of an order as who asks for it.
    fn assert_order(&self, order: &Value) {
        let id = order["orderId"].as_u64().expect("a number");
        let told = self.orders.get(&id);
        let told = told.unwrap_or_else(|| panic!("never told of {order}"));
        let name = if told["x"] == "CANCELED" { "C" } else { "c" };
        for (told_as, asked_as) in [
            ("s", "symbol"),
            (name, "clientOrderId"),
            ("S", "side"),
            ("o", "type"),
            ("f", "timeInForce"),
            ("q", "origQty"),
            ("p", "price"),
            ("P", "stopPrice"),
            ("F", "icebergQty"),
            ("X", "status"),
            ("z", "executedQty"),
            ("Z", "cummulativeQuoteQty"),
            ("Q", "origQuoteOrderQty"),
            ("O", "time"),
            ("T", "updateTime"),
            ("V", "selfTradePreventionMode"),
        ] {
            assert_eq!(told[told_as], order[asked_as], "{told_as} of {told}");
        }
    }

    fn assert_trade(&self, index: usize, trade: &Value) {
        let told = &self.trades[index];
        for (told_as, asked_as) in [
            ("t", "id"),
            ("i", "orderId"),
            ("L", "price"),
            ("l", "qty"),
            ("Y", "quoteQty"),
            ("n", "commission"),
            ("N", "commissionAsset"),
            ("T", "time"),
            ("m", "isMaker"),
        ] {
            assert_eq!(told[told_as], trade[asked_as], "{told_as} of {told}");
        }
    }
}

fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("plain data")
}

/// Tells all accounts what comes of some bytes. Returns what kinds of things were told.
fn compare(bytes: &[u8]) -> BTreeSet<String> {
    let mut model = oracle::engine::Exchange::default();
    let mut inputs = Inputs::new(bytes);
    let mut flow = Flow::new();
    while let Some(input) = inputs.next_input(&model, &model.open_orders()) {
        // What is refused changes nothing.
        if model.apply(&input).is_ok() {
            flow.apply(&input);
        }
    }
    flow.assert_known();
    flow.kinds
}

struct Flow {
    exchange: Exchange,
    users: UserStreams,
    orders: OrderModel,
    balances: BalanceModel,
    clients: BTreeMap<AccountId, Client>,
    kinds: BTreeSet<String>,
    seq: u64,
}

impl Flow {
    fn new() -> Self {
        let memory = Memory {
            closed_orders: usize::MAX,
            fills: usize::MAX,
            ..Memory::default()
        };
        Self {
            exchange: Exchange::new(),
            users: UserStreams::new(Listed::by(&Exchange::new())),
            orders: OrderModel::new(&memory),
            balances: BalanceModel::default(),
            clients: BTreeMap::new(),
            kinds: BTreeSet::new(),
            seq: 0,
        }
    }

    fn apply(&mut self, input: &Input) {
        let mut events = Vec::new();
        let known = Listed::by(&self.exchange);
        let result = self.exchange.apply(input, &mut events);
        let is = |what: fn(&Event) -> bool| events.iter().any(what);
        let listed = is(|event| matches!(event, Event::InstrumentListed { .. }));
        let asset = is(|event| matches!(event, Event::Ledger(LedgerEvent::AssetAdded { .. })));
        let listed = if listed || asset {
            Listed::by(&self.exchange)
        } else {
            // What is delisted is still told of.
            known
        };
        self.seq += 1;
        let outcome = Outcome {
            time: input.time,
            result,
            events,
        };
        self.know(listed, &outcome);
        self.tell(outcome);
        let cancellation = match input.command {
            Command::CancelAs { name, .. } | Command::CancelAllAs { name, .. } => name.to_string(),
            _ => format!("cancel-{}", self.seq),
        };
        for client in self.clients.values_mut() {
            client.hear(&mut self.kinds, &cancellation);
        }
        if self.seq.is_multiple_of(8) {
            self.assert_known();
        }
    }

    /// Lets the clients listen, also those of new accounts.
    fn know(&mut self, listed: Listed, outcome: &Outcome) {
        self.users = UserStreams::new(listed);
        for event in &outcome.events {
            if let Event::Ledger(LedgerEvent::AccountOpened { account }) = event {
                self.clients.insert(*account, Client::default());
            }
        }
        for (account, client) in &mut self.clients {
            let (outbox, inbox) = Outbox::new(1 << 24);
            let key = Authority::Key("key".into());
            self.users.subscribe(*account, outbox, Wrap::Raw, key);
            client.inbox = Some(inbox);
        }
    }

    fn tell(&mut self, outcome: Outcome) {
        let wanted = |account| self.users.hears(account);
        let mut executions = Executions::of(&wanted);
        self.orders
            .apply_and_tell(self.seq, &outcome, &mut executions);
        self.balances.apply(&outcome);
        let executions = executions.into_told();
        let batch = Batch {
            prev_seq: self.seq - 1,
            outcomes: vec![outcome],
            listings: Vec::new(),
        };
        self.users.publish(&batch, &executions);
    }

    fn assert_known(&self) {
        let symbols = Symbols::new(&self.exchange);
        for (account, client) in &self.clients {
            for order in self.orders.orders(*account) {
                // What has been delisted cannot be asked for.
                if let Some(symbol) = symbols.get(order.instrument) {
                    client.assert_order(&json(QueriedOrder::new(order, symbol)));
                }
            }
            let fills = self.orders.fills(*account);
            for (index, fill) in fills.enumerate() {
                if let Some(symbol) = symbols.get(fill.instrument) {
                    let trade = OwnTrade::new(fill, &symbols, symbol);
                    client.assert_trade(index, &json(trade.expect("known assets")));
                }
            }
            let balances = self.balances.account(*account);
            for (asset, balance) in balances.into_iter().flat_map(|of| &of.balances) {
                let asset = symbols.asset(*asset).expect("assets stay");
                let expected = (asset.amount(balance.available), asset.amount(balance.held));
                assert_eq!(client.balances.get(&asset.code), Some(&expected));
            }
        }
    }
}

/// A comparison proves nothing about what was never there.
#[test]
fn everything_that_can_be_told_is_told_some_time() {
    let mut kinds = BTreeSet::new();
    for block in 0..24 {
        kinds.append(&mut compare(&seeded(20_261_127, block, 150)));
    }
    let expected = [
        "CANCELED CANCELED",
        "EXPIRED EXPIRED",
        "NEW NEW",
        "REPLACED NEW",
        "REPLACED PARTIALLY_FILLED",
        "TRADE FILLED",
        "TRADE PARTIALLY_FILLED",
        "TRADE_PREVENTION EXPIRED_IN_MATCH",
        "TRADE_PREVENTION NEW",
        "balanceUpdate",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_told_adds_up_to_what_is_there(
        bytes in prop::collection::vec(any::<u8>(), 0..HEADER + COMMAND * 100),
    ) {
        compare(&bytes);
    }
}
