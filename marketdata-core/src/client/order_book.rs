//! A client's copy of a book, order by order: right, or known not to be.

use orderbook_core::{Level, OrderId, Price, Quantity, Side};

use crate::client::sequence::{Arrival, Gap, Sequencer};
use crate::orders::displayed::DisplayedOrders;
use crate::{DisplayedOrder, OrderError, OrderMessage, OrderSnapshot, Progress, QueuePosition};

/// How many messages a [`ClientOrderBook`] keeps that it cannot apply yet. The default is for a feed
/// whose messages come in order, over one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClientOrderSettings {
    /// How many early messages are held back until what is missing before them comes. With one more
    /// the missing one counts as lost. Zero where messages cannot overtake each other.
    pub hold_back: usize,
    /// How many messages are kept while the book waits for a snapshot; the oldest gives way.
    pub buffer: usize,
}

impl Default for ClientOrderSettings {
    fn default() -> Self {
        Self {
            hold_back: 0,
            buffer: 10_000,
        }
    }
}

/// A copy of the displayed orders of a market and their queues, kept from a snapshot and the messages
/// of an [`OrderFeed`](crate::OrderFeed), or of any other feed that can be put that way.
///
/// A book is either live, and then equals that of the venue as of message
/// [`sequence`](Self::sequence); or it is not, has no orders, and
/// [waits for a snapshot](Self::needs_snapshot). Any error makes it so.
///
/// ```
/// use marketdata_core::{ClientOrderBook, OrderChange, OrderMessage, OrderSnapshot};
/// use orderbook_core::{OrderId, Price, Quantity, Side};
///
/// let mut book = ClientOrderBook::default();
/// book.restart(&OrderSnapshot::default())?; // The feed has said nothing so far.
/// let (side, price) = (Side::Sell, Price::new(100));
/// for (sequence, quantity) in [(1, 5), (2, 3)] {
///     let (order_id, quantity) = (OrderId::new(sequence), Quantity::new(quantity));
///     let change = OrderChange::Added { side, price, quantity };
///     book.apply(&OrderMessage { sequence, order_id, change })?;
/// }
/// assert_eq!(book.best(side).unwrap().quantity, Quantity::new(8));
/// assert_eq!(book.position(OrderId::new(2)).unwrap().quantity, Quantity::new(5));
/// # Ok::<(), marketdata_core::OrderDesync>(())
/// ```
///
/// # Following a feed
///
/// Listen first and ask for a snapshot then: what comes before it is kept, and applied on top of it.
/// From there on messages may be repeated, and may overtake each other as far as the
/// [settings](ClientOrderSettings) say. After an error ask for another snapshot, and go on applying
/// messages meanwhile.
///
/// There is no clock here: that a message is lost shows only once others have come, more than may be
/// held back. Who wants to know sooner looks at [`missing`](Self::missing).
///
/// # Cost
///
/// With *n* orders, a message costs O(log n), amortised where an order leaves, and one that has to
/// wait O(log waiting) more. Memory is O(n + waiting).
#[derive(Debug, Clone)]
pub struct ClientOrderBook {
    settings: ClientOrderSettings,
    /// Empty while the book is not live.
    orders: DisplayedOrders,
    messages: Sequencer<OrderMessage>,
}

/// Why a book cannot be the venue's any more, or not become it. It needs another snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderDesync {
    /// Messages got lost: too many others wait for them.
    #[error("messages are missing between {have} and {next}")]
    Gap {
        /// The newest message in the book.
        have: u64,
        /// The oldest message after it that came.
        next: u64,
    },
    /// The next message cannot be true of the orders in the book.
    #[error("message {sequence} cannot be true: {error}")]
    Impossible {
        /// The message.
        sequence: u64,
        /// What is wrong with it.
        error: OrderError,
    },
    /// The snapshot cannot be one of a book.
    #[error("the snapshot cannot be true: {error}")]
    BadSnapshot {
        /// What is wrong with it.
        error: OrderError,
    },
    /// The snapshot is older than messages that are gone. Where no newer one is to be had, because
    /// the feed began anew, [`ClientOrderBook::reset`] forgets about those.
    #[error("the snapshot is of message {sequence}, but only one of {needed} or later will do")]
    OldSnapshot {
        /// The newest message in it.
        sequence: u64,
        /// The newest message that it would have to have.
        needed: u64,
    },
}

impl Default for ClientOrderBook {
    fn default() -> Self {
        Self::new(ClientOrderSettings::default())
    }
}

impl ClientOrderBook {
    /// A book that waits for its first snapshot.
    pub const fn new(settings: ClientOrderSettings) -> Self {
        Self {
            settings,
            orders: DisplayedOrders::new(),
            messages: Sequencer::new(settings.hold_back, settings.buffer),
        }
    }

    /// Takes in the next message that came: the book's next one, or one that is early, late or
    /// repeated.
    ///
    /// # Errors
    ///
    /// [`OrderDesync::Gap`] or [`OrderDesync::Impossible`] where the book cannot be the venue's from
    /// here on. It has no orders then, and waits for a snapshot; messages that wait for it are kept.
    /// While it waits, there is no error.
    pub fn apply(&mut self, message: &OrderMessage) -> Result<Progress, OrderDesync> {
        let sequence = message.sequence;
        let after = sequence.saturating_sub(1);
        match self.messages.offer(after, sequence, *message) {
            Arrival::Next(message) => {
                self.follow(&message)?;
                let messages = 1 + self.catch_up()?;
                Ok(Progress::Applied { messages })
            }
            Arrival::HeldBack => Ok(Progress::HeldBack),
            Arrival::Buffered => Ok(Progress::Buffered),
            Arrival::Repeated => Ok(Progress::Repeated),
            Arrival::Gap(Gap { have, next }) => Err(self.clear(OrderDesync::Gap { have, next })),
        }
    }

    /// Starts over from a snapshot. Messages that wait are applied on top of it where they are
    /// newer. A book that is live does not need an older one, and leaves it. O(n log n).
    ///
    /// # Errors
    ///
    /// An [`OrderDesync`] where the snapshot is wrong, too old, or does not go with the messages that
    /// wait: ask for another one.
    pub fn restart(&mut self, snapshot: &OrderSnapshot) -> Result<Progress, OrderDesync> {
        let (sequence, needed) = (snapshot.sequence, self.messages.oldest_start());
        if sequence < needed {
            return if self.needs_snapshot() {
                Err(OrderDesync::OldSnapshot { sequence, needed })
            } else {
                Ok(Progress::Repeated)
            };
        }
        match DisplayedOrders::of(snapshot) {
            Ok(orders) => self.orders = orders,
            Err(error) => {
                self.messages.lose(needed);
                return Err(self.clear(OrderDesync::BadSnapshot { error }));
            }
        }
        self.messages.start(sequence);
        let messages = self.catch_up()?;
        Ok(Progress::Applied { messages })
    }

    /// Forgets everything: to be called where the feed begins anew, and its numbers with it.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings);
    }

    /// Applies what waits and fits now. Returns how many messages that were.
    fn catch_up(&mut self) -> Result<usize, OrderDesync> {
        let mut messages = 0;
        while let Some(message) = self.messages.next() {
            self.follow(&message)?;
            messages += 1;
        }
        match self.messages.give_up() {
            None => Ok(messages),
            Some(Gap { have, next }) => Err(self.clear(OrderDesync::Gap { have, next })),
        }
    }

    /// Applies a message whose turn it is.
    fn follow(&mut self, message: &OrderMessage) -> Result<(), OrderDesync> {
        let sequence = message.sequence;
        match self.orders.apply(message.order_id, &message.change) {
            Ok(()) => {
                self.messages.confirm(sequence);
                Ok(())
            }
            Err(error) => {
                self.messages.lose(sequence);
                Err(self.clear(OrderDesync::Impossible { sequence, error }))
            }
        }
    }

    /// Lets go of a book that is wrong.
    fn clear(&mut self, why: OrderDesync) -> OrderDesync {
        self.orders = DisplayedOrders::new();
        why
    }

    /// Whether the book is not live and waits for a snapshot.
    pub const fn needs_snapshot(&self) -> bool {
        !self.messages.is_running()
    }

    /// The newest message in the book; `None` while it is not live.
    pub const fn sequence(&self) -> Option<u64> {
        if self.needs_snapshot() {
            return None;
        }
        Some(self.messages.newest())
    }

    /// The first and the last message that others wait for, of a book that is live: what to ask for
    /// where the venue repeats messages on request.
    pub fn missing(&self) -> Option<(u64, u64)> {
        let Gap { have, next } = self.messages.gap()?;
        Some((have.saturating_add(1), next.saturating_sub(1)))
    }

    /// How many messages wait: for what is missing before them, or for a snapshot.
    pub fn waiting(&self) -> usize {
        self.messages.waiting()
    }

    /// The settings.
    pub const fn settings(&self) -> &ClientOrderSettings {
        &self.settings
    }

    /// The number of displayed orders. O(1).
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether nothing is displayed, or the book is not live. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best bid or ask level; `None` while the book is not live. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels(side).next()
    }

    /// What is displayed at a price, in lots; zero where there is no level, and while the book is
    /// not live. O(log levels).
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.orders.quantity_at(side, price)
    }

    /// The levels of a side, best first: the depth (L2).
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.orders.levels(side)
    }

    /// The orders of a side in the order in which they would trade: best price first, at one price
    /// oldest first.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = DisplayedOrder> + '_ {
        self.orders.orders(side)
    }

    /// The orders at a price, oldest first. O(log levels), and O(1) per order.
    pub fn orders_at(&self, side: Side, price: Price) -> impl Iterator<Item = DisplayedOrder> + '_ {
        self.orders.orders_at(side, price)
    }

    /// An order and its side; `None` where it is not displayed. O(log n).
    pub fn order(&self, id: OrderId) -> Option<(Side, DisplayedOrder)> {
        self.orders.order(id)
    }

    /// What is ahead of an order at its price; `None` where it is not displayed. O(log n), however
    /// much that is.
    pub fn position(&self, id: OrderId) -> Option<QueuePosition> {
        self.orders.position(id)
    }

    /// All displayed orders; `None` while the book is not live. O(n).
    pub fn snapshot(&self) -> Option<OrderSnapshot> {
        let sequence = self.sequence()?;
        Some(self.orders.snapshot(sequence))
    }
}
