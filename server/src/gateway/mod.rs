//! The gateways: REST, WebSocket and the trading page, and what stands between a socket and the
//! services.

pub(crate) mod auth;
mod client;
mod dispatch;
mod elsewhere;
mod hub;
mod limits;
pub(crate) mod operation;
pub(crate) mod operator;
pub(crate) mod outbox;
mod page;
pub(crate) mod parameters;
mod patient;
mod reference;
mod registry;
mod router;
mod serve;
pub(crate) mod users;
mod websocket;
mod ws_api;

use std::sync::Arc;

pub(crate) use client::party;
pub(crate) use hub::Hub;
pub(crate) use limits::{ClientLimits, OrderCount};
pub(crate) use registry::REGISTRY;
pub(crate) use router::Gateway;
pub(crate) use serve::{Front, serve, serve_clients};
pub(crate) use users::UserStreams;
pub(crate) use websocket::Places;

use crate::accounts::{BalanceModel, Credentials, PositionModel};
use crate::api::symbols::Symbols;
use crate::bus::ReadModel;
use crate::config::Config;
use crate::error::ApiError;
use crate::health::Health;
use crate::listed::Listed;
use crate::marketdata::MarketModel;
use crate::orders::{OrderEntry, OrderModel, Receipt};
use crate::shared_key::SharedKey;
use crate::store::Store;

/// Everything that a request may need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) listed: Listed,
    pub(crate) entry: OrderEntry,
    pub(crate) orders: ReadModel<OrderModel>,
    pub(crate) balances: ReadModel<BalanceModel>,
    pub(crate) positions: ReadModel<PositionModel>,
    pub(crate) markets: ReadModel<MarketModel>,
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hub: Hub,
    pub(crate) users: UserStreams,
    pub(crate) limits: ClientLimits,
    pub(crate) faucet: bool,
    /// What operators prove themselves with, where there are any.
    pub(crate) operators: Option<SharedKey>,
    pub(crate) health: Arc<Health>,
    /// The places for WebSocket connections.
    pub(crate) websockets: Places,
}

impl App {
    /// What is listed now.
    pub(crate) fn symbols(&self) -> Arc<Symbols> {
        self.listed.symbols()
    }

    /// Waits until the folds have everything that anybody was told of: who connects first shall not
    /// have to.
    pub(crate) async fn catch_up(&self) {
        let published = self.entry.published();
        drop(self.orders.at(published).await);
        drop(self.balances.at(published).await);
        drop(self.positions.at(published).await);
        drop(self.markets.at(published).await);
    }

    /// Hands in a command and waits until it is durable and was carried out.
    pub(crate) async fn submit(
        &self,
        command: exchange_engine::Command,
    ) -> Result<Receipt, ApiError> {
        let receipt = self.entry.submit(command).await?;
        receipt.outcome().result?;
        Ok(receipt)
    }
}
