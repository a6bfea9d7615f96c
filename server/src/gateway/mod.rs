//! The gateways: REST and WebSocket, and what stands between a socket and the services.

pub(crate) mod auth;
mod hub;
mod limits;
mod router;
mod serve;
mod websocket;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use hub::{Hub, Keep};
pub(crate) use limits::ClientLimits;
pub(crate) use router::router;
pub(crate) use serve::{places, serve};

use crate::accounts::{BalanceModel, Credentials};
use crate::api::symbols::Symbols;
use crate::bus::ReadModel;
use crate::config::Config;
use crate::error::ApiError;
use crate::marketdata::MarketModel;
use crate::orders::{OrderModel, Receipt, Sequencer};

/// Everything that a request may need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) symbols: Arc<Symbols>,
    pub(crate) sequencer: Sequencer,
    pub(crate) orders: ReadModel<OrderModel>,
    pub(crate) balances: ReadModel<BalanceModel>,
    pub(crate) markets: ReadModel<MarketModel>,
    pub(crate) credentials: Credentials,
    pub(crate) hub: Hub,
    pub(crate) limits: ClientLimits,
    pub(crate) faucet: bool,
    /// The places for WebSocket connections.
    pub(crate) websockets: Arc<Semaphore>,
}

impl App {
    /// Hands in a command and waits until it is durable and was carried out.
    pub(crate) async fn submit(
        &self,
        command: exchange_engine::Command,
    ) -> Result<Receipt, ApiError> {
        let receipt = self.sequencer.submit(command).await?;
        receipt.outcome().result?;
        Ok(receipt)
    }
}
