//! The displayed orders of a book, one by one.

pub(crate) mod displayed;
mod feed;
mod message;
pub(crate) mod queue;

pub use feed::OrderFeed;
pub use message::{DisplayedOrder, OrderChange, OrderError, OrderMessage, OrderSnapshot};
pub use queue::QueuePosition;
