//! The order book and its model.

use orderbook_core::{
    BookReject, Command, Event, OrderBook, OrderKind, Price, Quantity, RestingOrder, Side,
};

use super::{At, COMMANDS_PER_SNAPSHOT, Coverage};
use crate::auditor::Auditor;
use crate::book::Book;
use crate::commands::Commands;

/// Decodes the bytes, runs the order book and its model, and compares everything that can be
/// seen of them after every command. Checks I1, I2, I3, I6, I7 and I8 on the way.
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn book(bytes: &[u8]) -> Coverage<BookReject> {
    let commands = Commands::new(bytes);
    let mut run = Run::new(&commands);
    for (index, command) in commands.clone().enumerate() {
        run.step(&At {
            subject: commands.instrument().symbol(),
            index,
            command: &command,
        });
    }
    run.replay(commands);
    run.coverage
}

struct Run {
    book: OrderBook,
    model: Book,
    auditor: Auditor,
    /// Restored from a snapshot of the book a few commands ago, and fed the same commands since.
    restored: OrderBook,
    /// The events of the command before; the buffer holds them when the next one comes.
    previous: Vec<Event>,
    /// All events.
    history: Vec<Event>,
    coverage: Coverage<BookReject>,
}

impl Run {
    fn new(commands: &Commands<'_>) -> Self {
        let book = OrderBook::new(commands.instrument().clone());
        Self {
            model: Book::new(commands.instrument().clone()),
            auditor: Auditor::default(),
            restored: book.clone(),
            previous: Vec::new(),
            history: Vec::new(),
            coverage: Coverage::default(),
            book,
        }
    }

    fn step(&mut self, at: &At<'_, Command>) {
        let before = self.book.snapshot();
        let answer = self.book.validate(at.command);
        let mut buffer = self.previous.clone();
        let result = self.book.apply(at.command, &mut buffer);
        at.same("validate and apply", &answer, &result);

        let Some(events) = buffer.strip_prefix(self.previous.as_slice()) else {
            panic!("{at}\napply changed events that were there before: {buffer:#?}");
        };
        let expected = self.model.apply(at.command);
        match (result, &expected) {
            (Ok(()), Ok(expected)) => at.same("events", events, expected.as_slice()),
            (result, expected) => {
                at.same(
                    "results",
                    &result,
                    &expected.as_ref().map(|_| ()).map_err(|e| *e),
                );
                at.same("events of a refused command (I6)", events, &[]);
                at.same(
                    "snapshot after a refusal (I6)",
                    &self.book.snapshot(),
                    &before,
                );
            }
        }

        let mut buffer = Vec::new();
        let again = self.restored.apply(at.command, &mut buffer);
        at.same("results of the restored book (I8)", &again, &result);
        at.same(
            "events of the restored book (I8)",
            buffer.as_slice(),
            events,
        );

        if let Err(violation) = self.book.check() {
            panic!("{at}\n{violation}");
        }
        if let Err(what) = self.auditor.fold(events) {
            panic!("{at}\nthe events do not add up (I3): {what}");
        }
        self.history.extend_from_slice(events);
        self.previous = events.to_vec();
        self.coverage.note(result, self.book.len());
        self.coverage.note_book_events(events);
        self.compare_queries(at);
        if at.index % COMMANDS_PER_SNAPSHOT == COMMANDS_PER_SNAPSHOT - 1 {
            self.restore(at);
        }
    }

    fn compare_queries(&self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        let mut open = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            let orders: Vec<RestingOrder> = book.orders(side).copied().collect();
            at.same("orders", orders.as_slice(), model.orders(side));
            for order in &orders {
                at.same("order by id", &book.order(order.id), &model.order(order.id));
            }
            open.extend(orders);

            let levels: Vec<_> = book.levels(side).collect();
            at.same("levels", &levels, &model.levels(side));
            at.same(
                "levels from events (I7)",
                &levels,
                &self.auditor.levels(side),
            );
            at.same("best level", &book.best(side), &levels.first().copied());

            let (quantity, price) = terms(at.command);
            for limit in [None, Some(price)] {
                let (taken, cost) = book.cost_to_take(side, quantity, limit);
                let expected = model.cost_to_take(side, quantity.get(), limit);
                at.same("cost to take", &(taken.get(), cost.get()), &expected);
            }
            let (real, expected) = (
                book.would_match(side, price),
                model.would_match(side, price),
            );
            at.same("would match", &real, &expected);
        }
        at.same("number of orders", &book.len(), &open.len());
        at.same("emptiness", &book.is_empty(), &open.is_empty());
        at.same("newest trade", &book.last_trade_id().get(), &model.trades());
        open.sort_by_key(|order| order.id);
        at.same(
            "open orders from events (I3)",
            &open,
            &self.auditor.open_orders(),
        );
    }

    /// From here on, a book that was restored just now goes along (I8).
    fn restore(&mut self, at: &At<'_, Command>) {
        let snapshot = self.book.snapshot();
        at.same(
            "snapshot of the restored book (I8)",
            &self.restored.snapshot(),
            &snapshot,
        );
        self.restored = OrderBook::restore(&snapshot)
            .unwrap_or_else(|error| panic!("{at}\nthe snapshot is refused (I8): {error}"));
        at.same(
            "snapshot of a restored book (I8)",
            &self.restored.snapshot(),
            &snapshot,
        );
    }

    /// The same commands once more, into a new book and one buffer (I8).
    fn replay(&self, commands: Commands<'_>) {
        let mut book = OrderBook::new(commands.instrument().clone());
        let mut events = Vec::new();
        for command in commands {
            // Refusals have been compared the first time; here they only must not show.
            let _ = book.apply(&command, &mut events);
        }
        assert!(events == self.history, "a replay gives other events (I8)");
        assert_eq!(
            book.snapshot(),
            self.book.snapshot(),
            "a replay gives another book (I8)"
        );
    }
}

/// A quantity and a price to ask the books about; those of the command, where it has any.
fn terms(command: &Command) -> (Quantity, Price) {
    match *command {
        Command::Place(order) => match order.kind {
            OrderKind::Limit { price, .. } => (order.quantity, price),
            OrderKind::Market => (order.quantity, Price::default()),
        },
        Command::Replace {
            quantity, price, ..
        } => (quantity, price),
        Command::Reduce { by, .. } => (by, Price::default()),
        Command::Cancel { .. } => (Quantity::new(u64::MAX), Price::default()),
    }
}
