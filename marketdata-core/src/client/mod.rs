//! The other end of a feed: copies of a book, by levels and order by order, that find out what went
//! wrong on the way.

mod book;
mod order_book;
pub(crate) mod sequence;
mod sync;
mod update;

pub use book::ClientBook;
pub use order_book::{ClientOrderBook, ClientOrderSettings, OrderDesync};
pub use sync::{BookState, ClientSettings, Desync, Progress};
pub use update::{BookUpdate, UpdateIds};
