//! What the book does, as scenarios: one module for each theme. The notation is explained in
//! `notation`.

#[path = "../notation/mod.rs"]
mod notation;

mod amend;
mod cancel;
mod expiry;
mod extremes;
mod far_prices;
mod iceberg;
mod identity;
mod market;
mod mass_cancel;
mod post_only;
mod priority;
mod refusals;
mod replace;
mod self_trade;
mod time_in_force;
