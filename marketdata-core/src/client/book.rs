//! A client's copy of a book that somebody else publishes: a snapshot, changed by updates.
//!
//! What can go wrong on the way is found out here: updates that are lost, repeated or come in the
//! wrong order, a book that differs from the venue's. How to connect and where to get a snapshot
//! is the business of the caller.
//!
//! # Where updates fit
//!
//! With the book as of change *id*, and an update that follows change *after* and ends with *last*:
//!
//! | | the update |
//! |---|---|
//! | *last* <= *id* | is old: the book has it |
//! | *after* <= *id* < *last* | comes next |
//! | *id* < *after* | is early: something in between is missing |
//!
//! This is how Binance says to keep a local book ("How to manage a local order book correctly"),
//! for spot, where *after* is `U - 1`, and for futures, where it is `pu`, after a snapshot and from
//! then on. It is more patient in one respect: an update that reaches back over what the book has
//! already is welcome not only after a snapshot. Totals make that harmless.

use orderbook_core::{Level, Price, Quantity, Side};

use crate::client::sequence::{Arrival, Gap, Sequencer};
use crate::depth::levels::Levels;
use crate::{
    BookState, BookUpdate, ClientSettings, DepthSnapshot, Desync, GroupedDepth, Grouping, Progress,
    UpdateIds,
};

/// A copy of a book, kept from a snapshot and updates, that knows when it can be trusted.
///
/// A book is either live, and then equals that of the venue as of [`update_id`](Self::update_id), as
/// far as the snapshot went; or it is not, has no levels, and
/// [waits for a snapshot](Self::needs_snapshot). Any error makes it so: no update is ever taken in
/// by half.
///
/// With *l* levels, a level of an update costs O(log l), and an update that has a checksum that of
/// its levels; one that has to wait O(log waiting) more. Memory is that of the levels and of the
/// updates that wait, of both at most as many as the [settings](ClientSettings) say.
///
/// ```
/// use marketdata_core::{BookUpdate, ClientBook, ClientSettings, DepthSnapshot};
/// use orderbook_core::{Level, Price, Quantity, Side};
///
/// let mut book = ClientBook::new(ClientSettings::default());
/// let bid = |price, quantity| vec![Level {
///     price: Price::new(price),
///     quantity: Quantity::new(quantity),
/// }];
/// // Subscribe first: what comes before the snapshot is kept, and applied on top of it.
/// book.apply(BookUpdate::consecutive(9, 11, bid(100, 5), vec![]))?;
/// let snapshot = DepthSnapshot { last_update_id: 10, bids: bid(99, 1), asks: vec![] };
/// book.restart(&snapshot, None)?;
/// assert_eq!(book.best(Side::Buy), bid(100, 5).pop());
///
/// // Change 12 got lost: the book says why it cannot go on, and waits for another snapshot.
/// let lost = book.apply(BookUpdate::consecutive(13, 13, bid(101, 2), vec![]));
/// assert_eq!(lost.unwrap_err().to_string(), "updates are missing between 11 and 13");
/// assert!(book.needs_snapshot());
/// # Ok::<(), marketdata_core::Desync>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClientBook {
    settings: ClientSettings,
    /// Empty while the book is not live.
    levels: Levels,
    updates: Sequencer<BookUpdate>,
    /// Why the book was lost the last time.
    lost: Option<Desync>,
}

impl ClientBook {
    /// A book that waits for its first snapshot.
    pub const fn new(settings: ClientSettings) -> Self {
        Self {
            lost: None,
            levels: Levels::new(),
            updates: sequencer(&settings),
            settings,
        }
    }

    /// Takes in the next message that came: the book's next update, or one that is early, late or
    /// repeated.
    ///
    /// # Errors
    ///
    /// A [`Desync`] where the book cannot be the venue's from here on. It has no levels then, and
    /// waits for a snapshot; updates that wait for it are kept. While it waits, there is no error
    /// but [`Desync::Backwards`].
    pub fn apply(&mut self, update: impl Into<BookUpdate>) -> Result<Progress, Desync> {
        let update = update.into();
        let Some(UpdateIds { after, last }) = update.ids else {
            if self.needs_snapshot() {
                return Ok(Progress::Repeated);
            }
            self.take_in(&update)?;
            return Ok(Progress::Applied { messages: 1 });
        };
        if last < after {
            // Whatever waits has ids of old.
            self.updates = sequencer(&self.settings);
            return Err(self.lose(Desync::Backwards { after, last }));
        }
        match self.updates.offer(after, last, update) {
            Arrival::Next(update) => {
                self.take_in(&update)?;
                let messages = 1 + self.catch_up()?;
                Ok(Progress::Applied { messages })
            }
            Arrival::HeldBack => Ok(Progress::HeldBack),
            Arrival::Buffered => Ok(Progress::Buffered),
            Arrival::Repeated => Ok(Progress::Repeated),
            Arrival::Gap(gap) => Err(self.lose(gap.into())),
        }
    }

    /// Starts over from a snapshot, be it asked for or a message of the stream, with its checksum
    /// where the venue publishes one. Its levels may come in any order. Updates that wait are
    /// applied on top of it where they are newer. A book that is live does not need an older one,
    /// and leaves it.
    ///
    /// Where the updates have no ids, that of the snapshot means nothing and may be zero.
    ///
    /// # Errors
    ///
    /// A [`Desync`] where this snapshot is wrong, too old, or does not go with the updates that
    /// wait: ask for another one.
    pub fn restart(
        &mut self,
        snapshot: &DepthSnapshot,
        checksum: Option<u32>,
    ) -> Result<Progress, Desync> {
        let (update_id, needed) = (snapshot.last_update_id, self.updates.oldest_start());
        if update_id < needed {
            if self.needs_snapshot() {
                return Err(self.lose(Desync::OldSnapshot { update_id, needed }));
            }
            return Ok(Progress::Repeated);
        }
        self.levels = Levels::from_snapshot(snapshot);
        if let Err(why) = self.check(checksum) {
            self.updates.lose(needed);
            return Err(self.lose(why));
        }
        self.updates.start(update_id);
        let messages = self.catch_up()?;
        Ok(Progress::Applied { messages })
    }

    /// Forgets everything: to be called where a new connection begins, for nobody knows what was
    /// lost in between, and ids may begin anew.
    pub fn reset(&mut self) {
        *self = Self::new(self.settings);
    }

    /// Applies what waits and fits now. Returns how many updates that were.
    fn catch_up(&mut self) -> Result<usize, Desync> {
        let mut updates = 0;
        while let Some(update) = self.updates.next() {
            self.take_in(&update)?;
            updates += 1;
        }
        match self.updates.give_up() {
            None => Ok(updates),
            Some(gap) => Err(self.lose(gap.into())),
        }
    }

    /// Applies an update whose turn it is.
    fn take_in(&mut self, update: &BookUpdate) -> Result<(), Desync> {
        self.levels.set_all(&update.bids, &update.asks);
        let last = update.ids.map_or(self.updates.newest(), |ids| ids.last);
        match self.check(update.checksum) {
            Ok(()) => {
                self.updates.confirm(last);
                Ok(())
            }
            Err(why) => {
                self.updates.lose(last);
                Err(self.lose(why))
            }
        }
    }

    /// Drops the levels that are too many, and finds out whether the book can be right.
    fn check(&mut self, checksum: Option<u32>) -> Result<(), Desync> {
        if let Some(limit) = self.settings.levels {
            self.levels.truncate(limit);
        }
        if let (Some(published), Some(form)) = (checksum, &self.settings.checksum) {
            let computed = form.checksum_of(&self.levels);
            if computed != published {
                return Err(Desync::Checksum {
                    published,
                    computed,
                });
            }
        }
        match self.levels.crossed() {
            Some((bid, ask)) if self.settings.refuse_crossed => Err(Desync::Crossed { bid, ask }),
            _ => Ok(()),
        }
    }

    /// Lets go of a book that is wrong.
    fn lose(&mut self, why: Desync) -> Desync {
        self.lost = Some(why);
        self.levels.clear();
        why
    }

    /// Whether the book can be trusted, and why not.
    pub fn state(&self) -> BookState {
        if self.needs_snapshot() {
            self.lost.map_or(BookState::New, BookState::Lost)
        } else {
            BookState::Live
        }
    }

    /// Whether the book is not live and waits for a snapshot.
    pub const fn needs_snapshot(&self) -> bool {
        !self.updates.is_running()
    }

    /// The newest change that is in the book; `None` while it is not live. It stays at that of the
    /// snapshot where updates have no ids.
    pub const fn update_id(&self) -> Option<u64> {
        if self.needs_snapshot() {
            return None;
        }
        Some(self.updates.newest())
    }

    /// The first and the last change that others wait for, of a book that is live: the venue is
    /// ahead of it.
    pub fn missing(&self) -> Option<(u64, u64)> {
        let Gap { have, next } = self.updates.gap()?;
        Some((have.saturating_add(1), next.saturating_sub(1)))
    }

    /// How many updates wait: for what is missing before them, or for a snapshot.
    pub fn waiting(&self) -> usize {
        self.updates.waiting()
    }

    /// The settings.
    pub const fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// The best bid or ask level; `None` while the book is not live. O(log levels).
    pub fn best(&self, side: Side) -> Option<Level> {
        self.levels.best(side)
    }

    /// What is displayed at a price, in lots; zero where there is no level, and while the book is
    /// not live. O(log levels).
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.levels.quantity_at(side, price)
    }

    /// The levels of a side, best first; none while the book is not live.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.levels.of(side)
    }

    /// The best `limit` levels of each side; `None` while the book is not live. O(limit).
    pub fn snapshot(&self, limit: usize) -> Option<DepthSnapshot> {
        let update_id = self.update_id()?;
        Some(self.levels.snapshot(update_id, limit))
    }

    /// The best `limit` groups of each side; `None` while the book is not live. O(levels in them).
    pub fn grouped(&self, grouping: Grouping, limit: usize) -> Option<GroupedDepth> {
        let update_id = self.update_id()?;
        Some(self.levels.grouped(update_id, grouping, limit))
    }
}

const fn sequencer(settings: &ClientSettings) -> Sequencer<BookUpdate> {
    Sequencer::new(settings.hold_back, settings.buffer)
}
