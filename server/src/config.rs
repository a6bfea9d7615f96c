//! The configuration file.

mod instrument;

use std::path::Path;

use accounts_core::{AssetId, FeeSchedule};
use anyhow::{Context, ensure};
use exchange_engine::{Command, Exchange, InstrumentId, Listing};
use ipnet::IpNet;
use orderbook_core::{Instrument, Timestamp};
use serde::Deserialize;

pub(crate) use instrument::{FeeTierConfig, InstrumentConfig, fees};

use crate::orders::{Listings, StartError, rehearse};

/// The fewest closed orders of an account that may be remembered.
const MIN_CLOSED_ORDERS: usize = 1_000;

/// The built-in configuration is the documented sample.
const SAMPLE: &str = include_str!("../exchange.sample.toml");

/// A configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Whether the fees here take the place of those that are in force, which operators may have set.
    #[serde(default)]
    set_fees_at_start: bool,
    #[serde(rename = "asset", default)]
    assets: Vec<AssetConfig>,
    #[serde(rename = "instrument", default)]
    instruments: Vec<InstrumentConfig>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) memory: Memory,
    #[serde(default)]
    pub(crate) snapshots: SnapshotPolicy,
}

/// An asset.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssetConfig {
    pub(crate) code: String,
    pub(crate) decimals: u8,
}

/// Limits on clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) request_weight_per_minute: u32,
    pub(crate) orders_per_10_seconds: u32,
    pub(crate) orders_per_day: u32,
    pub(crate) refusals_before_ban: u32,
    pub(crate) ban_seconds: u64,
    /// The nets of the proxies whose word on whom they speak for is taken.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) connections: usize,
    pub(crate) streams_per_connection: usize,
    pub(crate) websocket_connections: usize,
    pub(crate) websocket_connections_per_address: usize,
    pub(crate) websocket_buffer_bytes: usize,
    pub(crate) websocket_messages_per_second: u32,
    pub(crate) websocket_lifetime_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_weight_per_minute: 60_000,
            orders_per_10_seconds: 1_000,
            orders_per_day: 2_000_000,
            refusals_before_ban: 100,
            ban_seconds: 120,
            trusted_proxies: Vec::new(),
            connections: 20_000,
            streams_per_connection: 1_024,
            websocket_connections: 10_000,
            websocket_connections_per_address: 300,
            websocket_buffer_bytes: 1_048_576,
            websocket_messages_per_second: 10,
            websocket_lifetime_seconds: 86_400,
        }
    }
}

impl Limits {
    fn check(&self) -> anyhow::Result<()> {
        let &Self {
            request_weight_per_minute,
            orders_per_10_seconds,
            orders_per_day,
            refusals_before_ban,
            ban_seconds: _,
            trusted_proxies: _,
            connections,
            streams_per_connection,
            websocket_connections,
            websocket_connections_per_address,
            websocket_buffer_bytes,
            websocket_messages_per_second,
            websocket_lifetime_seconds,
        } = self;
        let counts = [
            request_weight_per_minute,
            orders_per_10_seconds,
            orders_per_day,
            refusals_before_ban,
            websocket_messages_per_second,
            websocket_lifetime_seconds,
        ];
        let sizes = [
            connections,
            streams_per_connection,
            websocket_connections,
            websocket_connections_per_address,
            websocket_buffer_bytes,
        ];
        ensure!(
            !counts.contains(&0) && !sizes.contains(&0),
            "a limit of nothing would keep everybody out"
        );
        Ok(())
    }
}

/// What is kept in memory for queries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Memory {
    pub(crate) candles: usize,
    pub(crate) trades: usize,
    pub(crate) ticker_trades: usize,
    pub(crate) closed_orders: usize,
    pub(crate) fills: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            candles: 2_000,
            trades: 10_000,
            ticker_trades: 5_000_000,
            closed_orders: 1_000,
            fills: 1_000,
        }
    }
}

/// How often snapshots are made, and what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SnapshotPolicy {
    /// After so many inputs.
    pub(crate) every: u64,
    /// So many are kept.
    pub(crate) keep: usize,
    /// Whether frames of the log are forgotten that the oldest of them makes needless.
    pub(crate) forget_log: bool,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        Self {
            every: 500_000,
            keep: 2,
            forget_log: false,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file, or takes the built-in one.
    pub(crate) fn load(file: Option<&Path>) -> anyhow::Result<Self> {
        let (text, name) = match file {
            Some(file) => {
                let name = file.display().to_string();
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("the configuration {name} cannot be read"))?;
                (text, name)
            }
            None => (SAMPLE.into(), "built in".into()),
        };
        let config: Self = toml::from_str(&text)
            .with_context(|| format!("the configuration {name} cannot be understood"))?;
        config
            .check()
            .with_context(|| format!("the configuration {name}"))?;
        Ok(config)
    }

    /// Everything is checked before anything is written anywhere.
    fn check(&self) -> anyhow::Result<()> {
        for instrument in &self.instruments {
            self.asset(&instrument.base)
                .and_then(|_| self.parse(instrument))
                .with_context(|| instrument.symbol.clone())?;
        }
        let exchange = Exchange::new();
        let commands = self.genesis(&exchange, &Listings::default())?;
        rehearse(exchange, Timestamp::default(), &commands)?;
        let SnapshotPolicy { every, keep, .. } = self.snapshots;
        ensure!(
            every > 0 && keep >= 2,
            "a snapshot is made after at least one input, and at least two are kept"
        );
        self.limits.check()?;
        // The answer to a cancellation tells of orders that have just closed.
        ensure!(
            self.memory.closed_orders >= MIN_CLOSED_ORDERS,
            "closed_orders is at least {MIN_CLOSED_ORDERS}"
        );
        // Whether older ones are missing shows in the number of the oldest that is there.
        ensure!(self.memory.trades > 0, "trades is at least 1");
        Ok(())
    }

    /// Whether an instrument is configured.
    pub(crate) fn lists(&self, symbol: &str) -> bool {
        let mut instruments = self.instruments.iter();
        instruments.any(|instrument| instrument.symbol == symbol)
    }

    fn asset(&self, code: &str) -> anyhow::Result<&AssetConfig> {
        let mut assets = self.assets.iter();
        let asset = assets.find(|asset| asset.code == code);
        asset.with_context(|| format!("no [[asset]] has the code {code}"))
    }

    fn parse(&self, instrument: &InstrumentConfig) -> anyhow::Result<(Instrument, FeeSchedule)> {
        let quote = self.asset(&instrument.quote)?;
        Ok((instrument.parse()?, instrument.fees(quote)?))
    }

    /// The commands that bring an exchange to what is configured.
    ///
    /// # Errors
    ///
    /// Where the exchange already lists something in another way, or does not list it any more.
    pub(crate) fn genesis(
        &self,
        exchange: &Exchange,
        listings: &Listings,
    ) -> Result<Vec<Command>, StartError> {
        let mut commands = Vec::new();
        let mut assets: Vec<(AssetId, String)> = exchange
            .assets()
            .map(|(id, asset)| (id, asset.code.clone()))
            .collect();
        let next = |count: usize| u32::try_from(count).expect("ids are handed out one by one");
        for AssetConfig { code, decimals } in &self.assets {
            let listed = exchange.assets().find(|(_, asset)| asset.code == *code);
            match listed {
                Some((_, asset)) if asset.decimals != *decimals => {
                    return Err(StartError::Configuration(format!(
                        "asset {code} has {} decimals since the first start, the configuration \
                         says {decimals}",
                        asset.decimals
                    )));
                }
                Some(_) => {}
                None => {
                    let asset = AssetId::new(next(assets.len()));
                    assets.push((asset, code.clone()));
                    commands.push(Command::AddAsset {
                        asset,
                        code: code.clone(),
                        decimals: *decimals,
                    });
                }
            }
        }
        let asset_id = |code: &str| {
            assets
                .iter()
                .find(|(_, known)| known == code)
                .map(|(id, _)| *id)
                .ok_or_else(|| StartError::Configuration(format!("asset {code} is not configured")))
        };
        let mut new_ids = (listings.next_id().get()..).map(InstrumentId::new);
        for configured in &self.instruments {
            let (instrument, fees) = self
                .parse(configured)
                .map_err(|error| StartError::Configuration(format!("{error:#}")))?;
            let (base, quote) = (asset_id(&configured.base)?, asset_id(&configured.quote)?);
            let symbol = configured.symbol.as_str();
            let Some(market) = exchange.market_by_symbol(symbol) else {
                if listings.has_listed(symbol) {
                    // No reason not to start: an operator may have delisted it while it ran.
                    tracing::warn!(
                        symbol,
                        "delisted, and does not come back: take it out of the configuration"
                    );
                    continue;
                }
                let id = new_ids.next().expect("the numbers go on");
                commands.push(Command::ListInstrument(Listing {
                    id,
                    instrument,
                    base,
                    quote,
                    fees,
                }));
                continue;
            };
            if *market.book().instrument() != instrument
                || (market.base(), market.quote()) != (base, quote)
            {
                if listings.has_listed_again(symbol) {
                    tracing::warn!(
                        symbol,
                        "listed anew by an operator, otherwise than in the configuration"
                    );
                    continue;
                }
                return Err(StartError::Configuration(format!(
                    "{symbol} is listed with another grid, other limits or other assets since the \
                     first start; these cannot change"
                )));
            }
            if *market.fees() == fees {
                continue;
            }
            if !self.set_fees_at_start {
                tracing::warn!(
                    symbol,
                    "the fees in force are not those of the configuration, which count where \
                     set_fees_at_start = true"
                );
                continue;
            }
            commands.push(Command::SetFees {
                instrument: market.id(),
                fees,
            });
        }
        Ok(commands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file leaves out is as the documented sample has it.
    #[test]
    fn the_sample_states_the_defaults() {
        let sample = Config::load(None).expect("the sample is a configuration");
        assert_eq!(sample.limits, Limits::default());
        assert_eq!(sample.memory, Memory::default());
        assert_eq!(sample.snapshots, SnapshotPolicy::default());
    }
}
