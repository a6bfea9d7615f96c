//! The real binary, driven from outside: over HTTP, WebSocket, signals and its files.

mod harness;

mod accounts;
mod bad_input;
mod bench;
mod configuration;
mod damage;
mod decisions;
mod demo;
mod disks;
mod durability;
mod history;
mod kills;
mod looking;
mod market_data;
mod market_history;
mod market_info;
mod operators;
mod order_api;
mod outages;
mod page;
mod portfolio;
mod public_streams;
mod repeats;
mod roles;
mod second_factor;
mod secrets;
mod sessions;
mod snapshots;
mod sockets;
mod starts;
mod streams;
mod takeover;
mod user_streams;
mod walkthrough;
mod ws_api;
