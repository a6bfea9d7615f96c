//! Naive models of the exchange, and the means to compare the real thing with them.
//!
//! A model is written to be obviously right: sorted vectors, linear searches, no shared code with
//! what it judges. Each part of the exchange has one entry point that takes arbitrary bytes,
//! decodes them into commands, runs the part and its model side by side and panics where the two
//! disagree. Property tests, the seeded runner and libFuzzer all drive those same entry points,
//! so an input found by one is an input for the others.
//!
//! | what | model | bytes to commands | what the events alone say |
//! |---|---|---|---|
//! | order book | [`book`] | [`commands`] | [`auditor`] |
//! | ledger | [`ledger`] | [`ledger_commands`] | |
//! | market data | [`market`] | [`market_commands`] | |
//! | exchange | [`engine`] | [`engine_commands`] | [`exchange_auditor`] |
//!
//! The comparisons are in [`differential`]. The exchange with its log, under faults, is in
//! [`simulation`].

#![forbid(unsafe_code)]

pub mod auditor;
pub mod book;
pub mod commands;
pub mod differential;
pub mod engine;
pub mod engine_commands;
pub mod exchange_auditor;
pub mod ledger;
pub mod ledger_commands;
pub mod market;
pub mod market_commands;
pub mod simulation;
