//! The exchange and its model.

use accounts_core::{AccountId, Event as LedgerEvent};
use exchange_engine::{Event, Exchange, ExchangeSnapshot, Input, Market, OrderRef, Reject, replay};
use orderbook_core::{Event as BookEvent, Level, OrderId, RestingOrder, Side};

use super::ledger::balances;
use super::{At, COMMANDS_PER_SNAPSHOT, Coverage};
use crate::auditor::{Auditor, OpenOrder};
use crate::engine::{Exchange as Model, Market as ModelMarket};
use crate::engine_commands::Inputs;
use crate::exchange_auditor::ExchangeAuditor;

/// Decodes the bytes, runs the exchange and its model, and compares results, events, balances and
/// books after every input. Checks I1 to I8 on the way.
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn engine(bytes: &[u8]) -> Coverage<Reject> {
    let mut run = Run::default();
    let mut inputs = Inputs::new(bytes);
    while let Some(input) = inputs.next_input(&run.model.open_orders()) {
        run.step(&At {
            subject: "exchange",
            index: run.inputs.len(),
            command: &input,
        });
        run.inputs.push(input);
    }
    run.replay();
    run.coverage
}

#[derive(Default)]
struct Run {
    exchange: Exchange,
    model: Model,
    auditor: ExchangeAuditor,
    /// Restored from a snapshot of the exchange a few inputs ago, and fed the same inputs since.
    restored: Exchange,
    inputs: Vec<Input>,
    /// All events; the buffer holds them when the next input comes.
    history: Vec<Event>,
    /// Of each input, whether it was refused and where its events start.
    outcomes: Vec<(Result<(), Reject>, usize)>,
    coverage: Coverage<Reject>,
}

impl Run {
    fn step(&mut self, at: &At<'_, Input>) {
        let expected = self.model.apply(at.command);
        let before = expected.is_err().then(|| self.exchange.state_hash());
        let seen = self.history.len();
        let last = self.history.last().cloned();
        let result = self.exchange.apply(at.command, &mut self.history);
        at.same(
            "results",
            &result,
            &expected.as_ref().map(|_| ()).map_err(|reject| *reject),
        );
        let Some(events) = self.history.get(seen..) else {
            panic!("{at}\nevents that were there before are gone");
        };
        let told = seen.checked_sub(1).map(|index| &self.history[index]);
        at.same("event before these", &told, &last.as_ref());

        if let Ok(expected) = &expected {
            let changed =
                |event: &Event| matches!(event, Event::Ledger(LedgerEvent::BalanceChanged { .. }));
            let facts: Vec<&Event> = events.iter().filter(|event| !changed(event)).collect();
            at.same("events", &facts, &expected.iter().collect());
        } else {
            at.same("events of a refused input (I6)", events, &[]);
            let hash = self.exchange.state_hash();
            at.same("state after a refusal (I6)", &Some(hash), &before);
        }

        let mut buffer = Vec::new();
        let again = self.restored.apply(at.command, &mut buffer);
        at.same("results of the restored exchange (I8)", &again, &result);
        at.same("events of the restored exchange (I8)", &buffer[..], events);

        if let Err(violation) = self.exchange.check() {
            panic!("{at}\n{violation}");
        }
        if let (Ok(()), exchange_engine::Command::ListInstrument(listing)) =
            (result, &at.command.command)
        {
            self.auditor.listed(listing);
        }
        if let Err(what) = self.auditor.fold(events) {
            panic!("{at}\nthe events do not add up (I3, I7): {what}");
        }
        self.compare_balances(at);
        self.compare_open_orders(at);
        let mut resting = 0;
        for (id, expected) in self.model.markets() {
            let Some(market) = self.exchange.market(id) else {
                panic!("{at}\ninstrument {id} is missing");
            };
            resting += market.book().len();
            self.compare_market(at, market, expected);
        }
        self.note(result, seen, resting);
        if at.index % COMMANDS_PER_SNAPSHOT == COMMANDS_PER_SNAPSHOT - 1 {
            self.restore(at);
        }
    }

    fn note(&mut self, result: Result<(), Reject>, seen: usize, resting: usize) {
        self.outcomes.push((result, seen));
        self.coverage.note(result, resting);
        let of_books = self.history[seen..].iter().filter_map(Event::of_book);
        let events: Vec<BookEvent> = of_books.map(|(_, event)| event).collect();
        self.coverage.note_book_events(&events);
    }

    fn compare_balances(&self, at: &At<'_, Input>) {
        let (exchange, model) = (&self.exchange, &self.model);
        let now = balances(exchange.ledger());
        at.same("balances (I5)", &now, &model.balances());
        at.same("balances from events (I7)", &now, self.auditor.balances());
        let accounts: Vec<_> = exchange.ledger().accounts().collect();
        at.same("accounts", &accounts, &model.accounts().collect());
        let assets: Vec<_> = exchange.assets().map(|(id, _)| id).collect();
        at.same("assets", &assets, &model.assets().collect());
        let listed: Vec<_> = exchange.markets().map(Market::id).collect();
        at.same(
            "instruments",
            &listed,
            &model.markets().map(|(id, _)| id).collect(),
        );
        at.same(
            "newest order",
            &exchange.last_order_id(),
            &OrderId::new(model.placed()),
        );
        at.same("time", &exchange.time(), &model.time());
    }

    fn compare_market(&self, at: &At<'_, Input>, market: &Market, expected: &ModelMarket) {
        let (book, expected) = (market.book(), expected.book());
        let mut open = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            let orders: Vec<RestingOrder> = book.orders(side).collect();
            at.same("orders", &orders[..], expected.orders(side));
            open.extend(orders);
            let levels: Vec<Level> = book.levels(side).collect();
            at.same("depth", &levels, &expected.levels(side));
            let told = self.auditor.book(market.id());
            let told = told.map(|book| book.levels(side)).unwrap_or_default();
            at.same("depth from events (I7)", &levels, &told);
        }
        at.same(
            "newest trade",
            &book.last_trade_id().get(),
            &expected.trades(),
        );
        at.same("time of the book", &book.time(), &expected.time());
        open.sort_by_key(|order| order.id);
        let told = self.auditor.book(market.id());
        let told = told.map(Auditor::open_orders).unwrap_or_default();
        let open: Vec<OpenOrder> = open.into_iter().map(OpenOrder::from).collect();
        at.same("open orders from events (I3)", &open, &told);
    }

    /// Each open order is found by its id and by its name, and by its owner only.
    fn compare_open_orders(&self, at: &At<'_, Input>) {
        let open = self.model.open_orders();
        let resting = self.exchange.markets().map(|market| market.book().len());
        at.same("number of open orders", &resting.sum(), &open.len());
        for order in &open {
            let names = order.client_order_id.map(OrderRef::Client);
            for wanted in names.into_iter().chain([OrderRef::Id(order.id)]) {
                let found = self
                    .exchange
                    .open_order(order.account, order.instrument, wanted);
                at.same("open order", &found.map(|(open, _)| *open), &Some(*order));
            }
            let wanted = OrderRef::Id(order.id);
            let stranger = AccountId::new(order.account.get().wrapping_add(1));
            let found = self.exchange.open_order(stranger, order.instrument, wanted);
            at.same("somebody else's order", &found, &None);
        }
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
