//! The order book and its model.

use orderbook_core::{
    AccountId, BookReject, BookSnapshot, Command, Event, Order, OrderBook, OrderId, OrderKind,
    Price, Quantity, Selection, SelfTradePrevention, Side, StateHash, Timestamp, TradeId,
};

use super::{At, Coverage};
use crate::auditor::{Auditor, OpenOrder};
use crate::book::{Book, traded};
use crate::commands::Commands;

/// Inputs of so many commands at most are compared in full after every command. In longer ones,
/// of which there are many, that has its turns.
const SHORT: usize = 512;

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// Decodes the bytes, runs the order book and its model, and compares what can be seen of them
/// after every command. Checks I1, I2, I3, I6, I7 and I8 on the way.
///
/// After each command, results, events, orders and levels are compared; the remaining queries,
/// the hash and what the events add up to after each where the input is short, and else after
/// some and the last; and now and then a book is restored that goes along from there.
///
/// # Panics
///
/// Where the two disagree or an invariant is broken.
pub fn book(bytes: &[u8]) -> Coverage<BookReject> {
    let commands = Commands::new(bytes);
    let mut run = Run::new(&commands);
    let last = commands.len().saturating_sub(1);
    let every = if commands.len() <= SHORT { 1 } else { 16 };
    for (index, command) in commands.clone().enumerate() {
        let at = At {
            subject: commands.instrument().symbol(),
            index,
            command: &command,
        };
        let in_full = index % every == every - 1 || index == last;
        run.step(&at, in_full);
        if index % (4 * every) == 4 * every - 1 || index == last {
            run.restore(&at);
        }
    }
    run.replay(commands);
    run.coverage
}

struct Run {
    book: OrderBook,
    model: Book,
    auditor: Auditor,
    /// Restored from a snapshot of the book some commands ago, and fed the same commands since.
    restored: OrderBook,
    /// What the restored one says.
    echo: Vec<Event>,
    /// The book when it was restored the last time.
    earlier: Option<(BookSnapshot, StateHash)>,
    /// All events; the buffer holds them when the next command comes.
    history: Vec<Event>,
    coverage: Coverage<BookReject>,
}

impl Run {
    fn new(commands: &Commands<'_>) -> Self {
        let instrument = commands.instrument();
        let book = OrderBook::new(instrument.clone());
        assert_eq!(book.instrument(), instrument);
        Self {
            book,
            model: Book::new(instrument.clone()),
            auditor: Auditor::default(),
            restored: OrderBook::new(instrument.clone()),
            echo: Vec::new(),
            earlier: None,
            history: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    fn step(&mut self, at: &At<'_, Command>, in_full: bool) {
        let hash = in_full.then(|| self.book.state_hash());
        let preview = match at.command {
            Command::Place(order) => Some(self.book.preview(order)),
            _ => None,
        };
        let named = named(at.command).and_then(|id| self.model.order(id).copied());

        let expected = self.model.apply(at.command);
        let answer = self.book.validate(at.command);
        let seen = self.history.len();
        let last = self.history.last().copied();
        let result = self.book.apply(at.command, &mut self.history);
        at.same("validate and apply", &answer, &result);
        let Some(events) = self.history.get(seen..) else {
            panic!("{at}\nevents that were there before are gone");
        };
        let told = seen.checked_sub(1).map(|index| self.history[index]);
        at.same("event before these", &told, &last);
        match (result, &expected) {
            (Ok(()), Ok(expected)) => {
                at.same("events", events, expected.as_slice());
                let instrument = self.book.instrument();
                self.coverage
                    .note_situations(instrument, at.command, named.as_ref(), events);
                if let Some((quantity, cost)) = preview {
                    let preview = (quantity.get(), cost.get());
                    at.same("preview and events", &preview, &traded(events));
                }
            }
            (result, expected) => {
                let expected = expected.as_ref().map(|_| ()).map_err(|reject| *reject);
                at.same("results", &result, &expected);
                at.same("events of a refused command (I6)", events, &[]);
                if let Some(hash) = hash {
                    let after = self.book.state_hash();
                    at.same("state after a refusal (I6)", &after, &hash);
                }
            }
        }

        self.echo.clear();
        let again = self.restored.apply(at.command, &mut self.echo);
        at.same("results of the restored book (I8)", &again, &result);
        at.same("events of the restored book (I8)", &self.echo[..], events);
        if let Err(what) = self.auditor.fold(events) {
            panic!("{at}\nthe events do not add up (I3): {what}");
        }

        self.compare_state(at);
        if in_full {
            self.compare_sums(at);
            self.compare_orders(at);
            self.compare_depth(at);
            self.compare_costs(at);
        }
        self.coverage.note(result, self.book.len());
        self.coverage.note_book_events(&self.history[seen..]);
    }

    /// What has to be right for anything else to be.
    fn compare_state(&self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        let mut orders = 0;
        for side in SIDES {
            let expected = model.orders(side);
            orders += expected.len();
            at.same_list("orders", book.orders(side), expected);
            let levels = model.levels(side);
            at.same_list("levels", book.levels(side), &levels);
            at.same("best level", &book.best(side), &levels.first().copied());
            let falls = levels.windows(2).all(|two| match side {
                Side::Buy => two[0].price > two[1].price,
                Side::Sell => two[0].price < two[1].price,
            });
            assert!(falls, "{at}\nlevels out of order (I2): {levels:?}");
        }
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
            assert!(bid.price < ask.price, "{at}\ncrossed (I1): {bid:?} {ask:?}");
        }
        at.same("number of orders", &book.len(), &orders);
        at.same("emptiness", &book.is_empty(), &(orders == 0));
        at.same("newest trade", &book.last_trade_id().get(), &model.trades());
        at.same("time", &book.time(), &model.time());
        if let Some(id) = named(at.command) {
            at.same("order by id", &book.order(id), &model.order(id).copied());
        }
    }

    /// The book's own opinion, and what the events add up to.
    fn compare_sums(&self, at: &At<'_, Command>) {
        if let Err(violation) = self.book.check() {
            panic!("{at}\n{violation}");
        }
        let mut open = Vec::new();
        for side in SIDES {
            open.extend(self.book.orders(side).map(OpenOrder::from));
            at.same_list(
                "levels from events (I7)",
                self.book.levels(side),
                &self.auditor.levels(side),
            );
        }
        open.sort_by_key(|order| order.id);
        let told = self.auditor.open_orders();
        at.same("open orders from events (I3)", &open, &told);
    }

    fn compare_orders(&self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        for side in SIDES {
            let orders = model.orders(side);
            for order in orders {
                let id = order.id;
                at.same("order by id", &book.order(id), &Some(*order));
                at.same(
                    "queue position",
                    &book.queue_position(id).map(Quantity::get),
                    &model.queue_position(id),
                );
            }
            for level in orders.chunk_by(|one, next| one.price == next.price) {
                let price = level[0].price;
                at.same_list("orders of a level", book.orders_at(side, price), level);
            }
            let (_, price) = terms(at.command);
            let level: Vec<_> = orders.iter().filter(|order| order.price == price).collect();
            let told: Vec<_> = book.orders_at(side, price).collect();
            at.same("orders at a price", &told.iter().collect(), &level);
        }
        let id = named(at.command).unwrap_or_default();
        at.same(
            "queue position of the order",
            &book.queue_position(id).map(Quantity::get),
            &model.queue_position(id),
        );
    }

    fn compare_depth(&self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        let (quantity, price) = terms(at.command);
        for side in SIDES {
            let levels = model.levels(side);
            let worst = levels.last().map(|level| level.price);
            for limit in [Some(price), worst].into_iter().flatten() {
                at.same(
                    "quantity within a price",
                    &u128::from(book.quantity_within(side, limit).get()),
                    &model.quantity_within(side, limit),
                );
            }
        }
        let several = usize::try_from(quantity.get() % 8).unwrap_or_default();
        for levels in [several, usize::MAX] {
            let imbalance = book.imbalance(levels);
            let (bids, asks) = (
                model.quantity_of_best(Side::Buy, levels),
                model.quantity_of_best(Side::Sell, levels),
            );
            at.same(
                "imbalance",
                &(imbalance.bids.get().into(), imbalance.asks.get().into()),
                &(bids, asks),
            );
            at.same(
                "imbalance per million",
                &imbalance.per_million(),
                &per_million(bids, asks),
            );
        }
    }

    fn compare_costs(&self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        let (quantity, price) = terms(at.command);
        for side in SIDES {
            for (quantity, limit) in [
                (quantity, None),
                (quantity, Some(price)),
                (Quantity::new(u64::MAX), Some(price)),
            ] {
                let (taken, cost) = book.cost_to_take(side, quantity, limit);
                let expected = model.cost_to_take(side, quantity.get(), limit);
                at.same("cost to take", &(taken.get(), cost.get()), &expected);
            }
            at.same(
                "would match",
                &book.would_match(side, price),
                &model.would_match(side, price),
            );
            let order = probe(at, side);
            let (quantity, cost) = book.preview(&order);
            // Of an order that would be refused it only has to say something.
            if let Some(expected) = model.preview(&order) {
                let preview = (quantity.get(), cost.get());
                at.same("previews", &(order, preview), &(order, expected));
            }
        }
    }

    /// From here on, a book that was restored just now goes along (I8).
    fn restore(&mut self, at: &At<'_, Command>) {
        let (book, model) = (&self.book, &self.model);
        let snapshot = book.snapshot();
        at.same(
            "bids of the snapshot",
            &snapshot.bids[..],
            model.orders(Side::Buy),
        );
        at.same(
            "asks of the snapshot",
            &snapshot.asks[..],
            model.orders(Side::Sell),
        );
        at.same("time of the snapshot", &snapshot.time, &model.time());
        let newest = TradeId::new(model.trades());
        at.same(
            "newest trade of the snapshot",
            &snapshot.last_trade_id,
            &newest,
        );
        at.same("instruments", &snapshot.instrument, book.instrument());

        let hash = book.state_hash();
        let again = &self.restored;
        at.same(
            "snapshot of the restored book (I8)",
            &again.snapshot(),
            &snapshot,
        );
        at.same("hash of the restored book (I8)", &again.state_hash(), &hash);
        let restored = restored(at, &snapshot);
        at.same(
            "snapshot just restored (I8)",
            &restored.snapshot(),
            &snapshot,
        );
        at.same("hash just restored (I8)", &restored.state_hash(), &hash);
        if let Err(violation) = restored.check() {
            panic!("{at}\na restored book: {violation}");
        }

        if let Some((before, its_hash)) = &self.earlier {
            let same = *before == snapshot;
            at.same(
                "equality of hashes and snapshots",
                &(*its_hash == hash),
                &same,
            );
        }
        let other = changed(&snapshot, at.index);
        if let (true, Ok(other)) = (other != snapshot, OrderBook::restore(&other)) {
            let same = other.state_hash() == hash;
            assert!(!same, "{at}\nanother book has the same hash: {other:?}");
        }
        self.restored = restored;
        self.earlier = Some((snapshot, hash));
    }

    /// The same commands once more, into a book with room made for some, and one buffer (I8).
    fn replay(&self, commands: Commands<'_>) {
        let instrument = commands.instrument().clone();
        let (orders, ticks) = (commands.len() % 67, commands.len() % 129);
        let mut book = OrderBook::with_capacity(instrument, orders, ticks);
        let mut events = Vec::with_capacity(self.history.len());
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
        assert_eq!(
            book.state_hash(),
            self.book.state_hash(),
            "a replay gives another hash (I8)"
        );
    }
}

fn restored(at: &At<'_, Command>, snapshot: &BookSnapshot) -> OrderBook {
    OrderBook::restore(snapshot)
        .unwrap_or_else(|error| panic!("{at}\nthe snapshot is refused (I8): {error}"))
}

/// A snapshot with one small difference, if there is something to make it in.
fn changed(snapshot: &BookSnapshot, choice: usize) -> BookSnapshot {
    let mut other = snapshot.clone();
    let orders = other.bids.len() + other.asks.len();
    let mut all = other.bids.iter_mut().chain(&mut other.asks);
    let order = all.nth(choice / 7 % orders.max(1));
    match (choice % 7, order) {
        (0, _) => other.last_trade_id = TradeId::new(other.last_trade_id.get() + 1),
        (1, _) => other.time = Timestamp::new(other.time.get().saturating_add(1)),
        (2, Some(order)) => order.account = AccountId::new(order.account.get() ^ 1),
        (3, Some(order)) => order.group = None,
        (4, Some(order)) => order.self_trade = SelfTradePrevention::Allow,
        (5, Some(order)) => order.until = None,
        (6, Some(order)) => order.quantity = Quantity::new(order.quantity.get().saturating_add(1)),
        _ => {}
    }
    other
}

/// By how many millionths of both one side outweighs the other, rounded towards zero.
fn per_million(bids: u128, asks: u128) -> Option<i32> {
    let (bids, asks) = (i128::try_from(bids).ok()?, i128::try_from(asks).ok()?);
    let share = (bids - asks).checked_mul(1_000_000)?;
    i32::try_from(share.checked_div(bids + asks)?).ok()
}

/// The order that a command names.
const fn named(command: &Command) -> Option<OrderId> {
    match *command {
        Command::Place(Order { id, .. }) => Some(id),
        Command::Cancel { order_id }
        | Command::Reduce { order_id, .. }
        | Command::Amend { order_id, .. }
        | Command::Replace { order_id, .. } => Some(order_id),
        Command::CancelAll(_) | Command::Expire { .. } => None,
    }
}

/// A quantity and a price to ask the books about; those of the command, where it has any.
fn terms(command: &Command) -> (Quantity, Price) {
    match *command {
        Command::Place(Order { quantity, kind, .. }) => {
            let price = match kind {
                OrderKind::Limit { price, .. } => price,
                OrderKind::Market { protection, .. } => protection.unwrap_or_default(),
            };
            (quantity, price)
        }
        Command::Amend {
            quantity, price, ..
        }
        | Command::Replace {
            quantity, price, ..
        } => (quantity, price),
        Command::Reduce { by, .. } => (by, Price::default()),
        Command::CancelAll(Selection { lowest, .. }) => {
            (Quantity::new(40), lowest.unwrap_or_default())
        }
        Command::Cancel { .. } | Command::Expire { .. } => (Quantity::new(u64::MAX), Price::new(1)),
    }
}

/// An order to ask for a preview of, made of the command.
fn probe(at: &At<'_, Command>, side: Side) -> Order {
    let (quantity, price) = terms(at.command);
    let self_trade = match at.index % 6 {
        0 => Some(SelfTradePrevention::Allow),
        1 => Some(SelfTradePrevention::ExpireMaker),
        2 => Some(SelfTradePrevention::ExpireTaker),
        3 => Some(SelfTradePrevention::ExpireBoth),
        4 => Some(SelfTradePrevention::Decrement),
        _ => None,
    };
    let kind = match *at.command {
        Command::Place(order) => order.kind,
        Command::Replace { time_in_force, .. } => OrderKind::Limit {
            price,
            time_in_force,
        },
        Command::Amend { .. } => OrderKind::Limit {
            price,
            time_in_force: orderbook_core::TimeInForce::FOK,
        },
        _ => OrderKind::Market {
            protection: None,
            budget: Some(price.notional(Quantity::new(100))),
        },
    };
    let (account, group) = match *at.command {
        Command::Place(order) => (order.account, order.group),
        _ => (AccountId::new(1), None),
    };
    Order {
        // None that the commands use.
        id: OrderId::new(u64::MAX / 3),
        account,
        group,
        side,
        quantity,
        kind,
        self_trade,
    }
}
