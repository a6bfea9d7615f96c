//! The event bus: how what was decided reaches everybody who folds it or passes it on.
//!
//! ```text
//! sequencer ─▶ Outlet(feed) ─┬─ InProcessBus ─▶ folds of this process
//!                            └─ RedisBus ─────▶ Follower ─▶ folds of another process
//! market data ─▶ Outlet(market) ─┬─ Hub ──────▶ WebSocket connections
//!                                └─ RedisBus ─▶ Follower ─▶ Hub of another process
//! ```
//!
//! Every [`Packet`] names its stream, its epoch, where it ends and where the one before it ended,
//! so a gap never goes unnoticed. Redis Pub/Sub loses packets when a subscriber is slow or absent;
//! a [`Follower`] gets what it missed over a direct [link](crate::link) to the process that publishes: from
//! the outlet, which remembers the newest packets, or, for the feed, from the log itself. While
//! Redis is away, all of it comes over the link.

mod batch;
mod follower;
mod in_process;
mod outlet;
mod packet;
mod read_model;
pub(crate) mod redis;
mod tail;
#[cfg(test)]
mod testing;

pub(crate) use batch::{Batch, Outcome};
pub(crate) use follower::{Follower, Takes};
pub(crate) use in_process::InProcessBus;
pub(crate) use outlet::{ConsumerGone, EventBus, Outlet};
pub(crate) use packet::{Body, Keep, Message, Packet, Place, Position, Stream};
pub(crate) use read_model::ReadModel;
pub(crate) use tail::{Feed, Record, Tail, TailError, apply, packet};
