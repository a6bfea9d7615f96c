//! A client's book as of change 10, and updates whose totals are their ids.

use marketdata_core::{
    BookState, BookUpdate, ClientBook, ClientSettings, DepthSnapshot, Desync, Progress,
};
use orderbook_core::Side::{Buy, Sell};

use crate::given::level;

pub(crate) const IN_ORDER: ClientSettings = ClientSettings {
    levels: None,
    hold_back: 0,
    buffer: 1_000,
    checksum: None,
    refuse_crossed: false,
};

pub(crate) fn applied(messages: usize) -> Progress {
    Progress::Applied { messages }
}

pub(crate) fn gap(have: u64, next: u64) -> Result<Progress, Desync> {
    Err(Desync::Gap { have, next })
}

/// A snapshot with one bid, of as many lots as the id says.
pub(crate) fn snapshot(last_update_id: u64) -> DepthSnapshot {
    DepthSnapshot {
        last_update_id,
        bids: vec![level(100, last_update_id)],
        asks: vec![],
    }
}

/// An update after which the bid has as many lots as its last id says.
pub(crate) fn linked(previous: u64, last: u64) -> BookUpdate {
    BookUpdate::linked(previous, last, vec![level(100, last)], vec![])
}

pub(crate) fn consecutive(first: u64, last: u64) -> BookUpdate {
    BookUpdate::consecutive(first, last, vec![level(100, last)], vec![])
}

/// A book as of change 10.
pub(crate) fn at_ten(settings: ClientSettings) -> ClientBook {
    let mut book = ClientBook::new(settings);
    assert_eq!(book.restart(&snapshot(10), None), Ok(applied(0)));
    book
}

/// The book is live, as of this change.
#[track_caller]
pub(crate) fn is_at(book: &ClientBook, id: u64) {
    assert_eq!(book.state(), BookState::Live);
    assert_eq!(book.update_id(), Some(id));
    assert_eq!(book.best(Buy), Some(level(100, id)));
    assert_eq!(book.snapshot(9), Some(snapshot(id)));
}

#[track_caller]
pub(crate) fn is_lost(book: &ClientBook, why: Desync) {
    assert_eq!(book.state(), BookState::Lost(why));
    assert!(book.needs_snapshot());
    assert_eq!((book.update_id(), book.snapshot(1)), (None, None));
    assert_eq!((book.best(Buy), book.best(Sell)), (None, None));
    assert_eq!(book.levels(Buy).chain(book.levels(Sell)).count(), 0);
}

pub(crate) fn too_old(update_id: u64, needed: u64) -> Result<Progress, Desync> {
    Err(Desync::OldSnapshot { update_id, needed })
}
