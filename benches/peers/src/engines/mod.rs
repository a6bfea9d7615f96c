//! The books that are compared, each made an [`Engine`](crate::engine::Engine).

pub mod limitbook;
pub mod lobster;
pub mod matchcore;
pub mod orderbook_rs;
pub mod ours;
