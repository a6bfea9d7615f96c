//! The exchange and its model.

use std::fmt::Debug;

use accounts_core::{AccountId, AssetId, Event as LedgerEvent};
use exchange_engine::{
    Event, Exchange, ExchangeSnapshot, FEE_ACCOUNT, Input, Market, OpenOrder as Open, OrderRef,
    Reject, replay,
};
use num_bigint::BigInt;
use orderbook_core::{Event as BookEvent, Level, OrderId, RestingOrder, Side};

use super::ledger::balances;
use super::{At, COMMANDS_PER_SNAPSHOT, Coverage};
use crate::auditor::{Auditor, OpenOrder};
use crate::engine::{Exchange as Model, Market as ModelMarket};
use crate::engine_commands::{COMMAND, HEADER, Inputs};
use crate::exchange_auditor::ExchangeAuditor;
use crate::ledger::Balances;

/// Of so many inputs at most each one is compared in full. In longer runs, of which there are many,
/// the costlier comparisons have their turns.
const SHORT: usize = 512;

/// How often they have them in longer runs.
const TURN: usize = 16;

/// Decodes the bytes, runs the exchange and its model, and compares them after every input. Checks I1
/// to I8 on the way.
///
/// After each input, refused or not, these are compared: the result, the events, all balances, all
/// orders of all books, the sums that prove the money, and what the events alone add up to. Limits,
/// halts, names and volumes show in the hash of the state and in what comes of later inputs. Where
/// there are many inputs, every sixteenth time only: that a refusal left the hash as it was, each
/// query for an open order, the depth, and the open orders by the events. Every sixteenth time, of
/// many inputs every sixty-fourth, an exchange is restored that goes along from there.
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn engine(bytes: &[u8]) -> Coverage<Reject> {
    let commands = bytes.len().saturating_sub(HEADER) / COMMAND;
    let mut run = Run::new(commands <= SHORT);
    let mut decoded = Inputs::new(bytes);
    while let Some(input) = decoded.next_input(&run.model, &run.open) {
        run.next(input);
    }
    run.replay();
    run.coverage
}

/// Runs the exchange and its model on these inputs and compares them in full; see [`engine()`].
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn inputs(inputs: impl IntoIterator<Item = Input>) -> Coverage<Reject> {
    let mut run = Run::new(true);
    for input in inputs {
        run.next(input);
    }
    run.replay();
    run.coverage
}

struct Run {
    in_full: bool,
    exchange: Exchange,
    model: Model,
    auditor: ExchangeAuditor,
    /// Restored from a snapshot of the exchange a few inputs ago, and fed the same inputs since.
    restored: Exchange,
    /// The open orders of the model.
    open: Vec<Open>,
    inputs: Vec<Input>,
    /// All events; the buffer holds them when the next input comes.
    history: Vec<Event>,
    /// Of each input, whether it was refused and where its events start.
    outcomes: Vec<(Result<(), Reject>, usize)>,
    refusals: usize,
    coverage: Coverage<Reject>,
}

impl Run {
    fn new(in_full: bool) -> Self {
        Self {
            in_full,
            exchange: Exchange::new(),
            model: Model::default(),
            auditor: ExchangeAuditor::default(),
            restored: Exchange::new(),
            open: Vec::new(),
            inputs: Vec::new(),
            history: Vec::new(),
            outcomes: Vec::new(),
            refusals: 0,
            coverage: Coverage::default(),
        }
    }

    fn next(&mut self, input: Input) {
        self.step(&At {
            subject: "exchange",
            index: self.inputs.len(),
            command: &input,
        });
        self.inputs.push(input);
    }

    fn step(&mut self, at: &At<'_, Input>) {
        let expected = self.model.apply(at.command);
        let before = self.hash_before(expected.is_err());
        let seen = self.history.len();
        let last = self.history.last().cloned();
        let result = self.exchange.apply(at.command, &mut self.history);
        let Some(events) = self.history.get(seen..) else {
            panic!("{at}\nevents that were there before are gone");
        };
        let told = seen.checked_sub(1).map(|index| &self.history[index]);
        at.same("event before these", &told, &last.as_ref());
        compare_outcome(at, &expected, result, events);
        if before.is_some() {
            let after = Some(self.exchange.state_hash());
            at.same("state after a refusal (I6)", &after, &before);
        }

        let mut buffer = Vec::new();
        let again = self.restored.apply(at.command, &mut buffer);
        at.same("results of the restored exchange (I8)", &again, &result);
        at.same("events of the restored exchange (I8)", &buffer[..], events);

        if let Err(what) = self.auditor.fold(events) {
            panic!("{at}\nthe events do not add up (I3, I7): {what}");
        }
        let turn = self.in_full || at.index % TURN == TURN - 1;
        self.open = self.model.open_orders();
        let sides = Sides {
            exchange: &self.exchange,
            model: &self.model,
            auditor: &self.auditor,
            open: &self.open,
        };
        sides.compare(at, turn);
        self.note(result, seen);
        let every = COMMANDS_PER_SNAPSHOT * if self.in_full { 1 } else { 4 };
        if at.index % every == every - 1 {
            self.restore(at);
        }
    }

    /// The hash of the state, where the input is about to be refused and this is compared.
    fn hash_before(&mut self, refused: bool) -> Option<exchange_engine::StateHash> {
        self.refusals += usize::from(refused);
        let turn = self.in_full || self.refusals.is_multiple_of(TURN);
        (refused && turn).then(|| self.exchange.state_hash())
    }

    fn note(&mut self, result: Result<(), Reject>, seen: usize) {
        self.outcomes.push((result, seen));
        let events = &self.history[seen..];
        self.coverage
            .note_outcome(result, events, &self.model, self.open.len());
    }

    /// From here on, an exchange that was restored from bytes just now goes along (I8).
    fn restore(&mut self, at: &At<'_, Input>) {
        let snapshot = self.exchange.snapshot();
        let hash = self.exchange.state_hash();
        at.same("restored state (I8)", &self.restored.state_hash(), &hash);
        let decoded = ExchangeSnapshot::decode(&snapshot.encode());
        at.same("decoded snapshot (I8)", &decoded.as_ref(), &Ok(&snapshot));
        self.restored = Exchange::restore(&snapshot)
            .unwrap_or_else(|error| panic!("{at}\nthe snapshot is refused (I8): {error}"));
        at.same(
            "state just restored (I8)",
            &self.restored.state_hash(),
            &hash,
        );
    }

    /// The same inputs once more, into a new exchange (I8).
    fn replay(&self) {
        let mut exchange = Exchange::new();
        let mut seen = 0;
        let mut outcomes = self.outcomes.iter();
        replay(&mut exchange, &self.inputs, |input, result, events| {
            let first_time = outcomes.next();
            assert_eq!(first_time, Some(&(result, seen)), "a replay of {input:?}");
            assert!(
                self.history[seen..].starts_with(events),
                "a replay gives other events (I8): {input:?}"
            );
            seen += events.len();
        });
        assert_eq!(seen, self.history.len(), "a replay gives fewer events (I8)");
        assert_eq!(
            exchange.state_hash(),
            self.exchange.state_hash(),
            "a replay gives another exchange (I8)"
        );
    }
}

/// An exchange and its model where both have come as far, and what has been told on the way.
pub(crate) struct Sides<'a> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) model: &'a Model,
    pub(crate) auditor: &'a ExchangeAuditor,
    /// The open orders of the model.
    pub(crate) open: &'a [Open],
}

impl Sides<'_> {
    /// Checks the exchange, then compares all that can be asked; the costlier things in their turn.
    pub(crate) fn compare<C: Debug>(&self, at: &At<'_, C>, turn: bool) {
        if let Err(violation) = self.exchange.check() {
            panic!("{at}\n{violation}");
        }
        self.compare_balances(at);
        self.compare_lists(at);
        self.compare_open_orders(at, turn);
        for (id, expected) in self.model.markets() {
            let Some(market) = self.exchange.market(id) else {
                panic!("{at}\ninstrument {id} is missing");
            };
            self.compare_market(at, market, expected, turn);
        }
    }

    fn compare_balances<C: Debug>(&self, at: &At<'_, C>) {
        let (exchange, model) = (self.exchange, self.model);
        let now = balances(exchange.ledger());
        at.same("balances (I5)", &now, &model.balances());
        at.same("balances from events (I7)", &now, self.auditor.balances());
        let proof = exchange.proof();
        assert!(
            proof.adds_up(),
            "{at}\nthe money is not all there: {proof:?}"
        );
        at.same_list(
            "assets of the proof",
            proof.assets().iter().map(|it| it.asset),
            &model.assets().collect::<Vec<_>>(),
        );
        for it in proof.assets() {
            let (available, held, fees) = sums(&now, it.asset);
            at.same(
                "what customers have available",
                &it.available.get(),
                &available,
            );
            at.same("what customers have held", &it.held.get(), &held);
            at.same("what the fee account owns", &it.fees.get(), &fees);
            let external = BigInt::from(it.external.get());
            at.same(
                "deposits minus withdrawals (I4)",
                &external,
                &model.brought_in(it.asset),
            );
            let owed = self.auditor.owed(it.asset);
            at.same("what the world outside is owed (I7)", &external, &owed);
        }
    }

    fn compare_lists<C: Debug>(&self, at: &At<'_, C>) {
        let (exchange, model) = (self.exchange, self.model);
        let accounts: Vec<_> = model.accounts().collect();
        at.same_list("accounts", exchange.ledger().accounts(), &accounts);
        let assets: Vec<_> = model.assets().collect();
        at.same_list("assets", exchange.assets().map(|(id, _)| id), &assets);
        let listed: Vec<_> = model.markets().map(|(id, _)| id).collect();
        at.same_list("instruments", exchange.markets().map(Market::id), &listed);
        let newest = OrderId::new(model.placed());
        at.same("newest order", &exchange.last_order_id(), &newest);
        at.same("time", &exchange.time(), &model.time());
    }

    fn compare_market<C: Debug>(
        &self,
        at: &At<'_, C>,
        market: &Market,
        expected: &ModelMarket,
        turn: bool,
    ) {
        let (book, expected) = (market.book(), expected.book());
        let told = self.auditor.book(market.id());
        let mut open: Vec<RestingOrder> = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            at.same_list("orders", book.orders(side), expected.orders(side));
            open.extend(expected.orders(side));
            if turn {
                let levels: Vec<Level> = book.levels(side).collect();
                at.same("depth", &levels, &expected.levels(side));
                let told = told.map(|book| book.levels(side)).unwrap_or_default();
                at.same("depth from events (I7)", &levels, &told);
            }
        }
        at.same(
            "newest trade",
            &book.last_trade_id().get(),
            &expected.trades(),
        );
        at.same("time of the book", &book.time(), &expected.time());
        if turn {
            open.sort_by_key(|order| order.id);
            let told = told.map(Auditor::open_orders).unwrap_or_default();
            let open: Vec<OpenOrder> = open.into_iter().map(OpenOrder::from).collect();
            at.same("open orders from events (I3)", &open, &told);
        }
    }

    /// Each open order is found by its id and by its name, and by its owner only.
    fn compare_open_orders<C: Debug>(&self, at: &At<'_, C>, turn: bool) {
        let resting = self.exchange.markets().map(|market| market.book().len());
        at.same("number of open orders", &resting.sum(), &self.open.len());
        if !turn {
            return;
        }
        for order in self.open {
            let names = order.client_order_id.map(OrderRef::Client);
            for wanted in names.into_iter().chain([OrderRef::Id(order.id)]) {
                let found = self
                    .exchange
                    .open_order(order.account, order.instrument, wanted);
                at.same("open order", &found.map(|(open, _)| open), &Some(*order));
            }
            let wanted = OrderRef::Id(order.id);
            let stranger = AccountId::new(order.account.get().wrapping_add(1));
            let found = self.exchange.open_order(stranger, order.instrument, wanted);
            at.same("somebody else's order", &found, &None);
        }
    }
}

/// What the exchange answered, and what the model did.
pub(crate) fn compare_outcome<C: Debug>(
    at: &At<'_, C>,
    expected: &Result<Vec<Event>, Reject>,
    result: Result<(), Reject>,
    events: &[Event],
) {
    let reason = expected.as_ref().map(|_| ()).map_err(|reason| *reason);
    at.same("results", &result, &reason);
    if let Ok(expected) = expected {
        let posted = |event: &&Event| matches!(event, Event::Ledger(LedgerEvent::Posted(_)));
        let facts = events.iter().filter(|event| !posted(event));
        at.same_list("events", facts, &expected.iter().collect::<Vec<_>>());
    } else {
        at.same("events of a refused input (I6)", events, &[]);
    }
}

impl Coverage<Reject> {
    /// Notes what became of an input. The model has just done it too.
    pub(crate) fn note_outcome(
        &mut self,
        result: Result<(), Reject>,
        events: &[Event],
        model: &Model,
        open: usize,
    ) {
        self.note(result, open);
        let of_books = events.iter().filter_map(Event::of_book);
        let of_books: Vec<BookEvent> = of_books.map(|(_, event)| event).collect();
        self.note_book_events(&of_books);
        for kind in events.iter().filter_map(kind) {
            self.note_event(kind);
        }
        for situation in model.situations() {
            self.note_situation(situation);
        }
    }
}

/// What customers have available and held of an asset, and what the fee account owns.
fn sums(balances: &Balances, of: AssetId) -> (u128, u128, u128) {
    let mut sums = (0, 0, 0);
    for ((account, asset), (available, held)) in balances {
        if *asset != of {
            continue;
        }
        if *account == FEE_ACCOUNT {
            sums.2 += available + held;
        } else {
            sums.0 += available;
            sums.1 += held;
        }
    }
    sums
}

/// Of what is no event of a book.
const fn kind(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::OrderAccepted { .. }
        | Event::OrderAmended { .. }
        | Event::Traded { .. }
        | Event::Book { .. } => return None,
        Event::InstrumentListed { .. } => "InstrumentListed",
        Event::FeesChanged { .. } => "FeesChanged",
        Event::OrderRepeated { .. } => "OrderRepeated",
        Event::InstrumentDelisted { .. } => "InstrumentDelisted",
        Event::Halted { .. } => "Halted",
        Event::Resumed { .. } => "Resumed",
        Event::LimitsChanged { .. } => "LimitsChanged",
        Event::FeeAssetChosen { .. } => "FeeAssetChosen",
        Event::CancellationNamed { .. } => "CancellationNamed",
        Event::Ledger(event) => match event {
            LedgerEvent::AssetAdded { .. } => "AssetAdded",
            LedgerEvent::AccountOpened { .. } => "AccountOpened",
            LedgerEvent::AccountClosed { .. } => "AccountClosed",
            LedgerEvent::Deposited { .. } => "Deposited",
            LedgerEvent::Withdrawn { .. } => "Withdrawn",
            LedgerEvent::Posted(_) => "Posted",
        },
    })
}
