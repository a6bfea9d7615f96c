//! The real binary, driven from outside: over HTTP, WebSocket, signals and its files.

mod harness;

mod accounts;
mod bad_input;
mod configuration;
mod damage;
mod demo;
mod durability;
mod market_data;
mod secrets;
mod streams;
mod walkthrough;
