//! The configuration file.

use std::path::Path;

use accounts_core::{AssetId, FeeRate, FeeSchedule};
use anyhow::{Context, ensure};
use exchange_engine::{Command, Exchange, InstrumentId, Listing};
use orderbook_core::{Instrument, Notional, Step, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::orders::{StartError, rehearse};

/// The fewest closed orders of an account that may be remembered.
const MIN_CLOSED_ORDERS: usize = 1_000;

/// The built-in configuration is the documented sample.
const SAMPLE: &str = include_str!("../exchange.sample.toml");

/// A configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(rename = "asset", default)]
    assets: Vec<AssetConfig>,
    #[serde(rename = "instrument", default)]
    instruments: Vec<InstrumentConfig>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) memory: Memory,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssetConfig {
    code: String,
    decimals: u8,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct InstrumentConfig {
    symbol: String,
    base: String,
    quote: String,
    tick_size: String,
    lot_size: String,
    min_price: String,
    max_price: String,
    min_quantity: String,
    max_quantity: String,
    min_notional: String,
    maker_fee: String,
    taker_fee: String,
}

/// Limits on clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) request_weight_per_minute: u32,
    pub(crate) orders_per_10_seconds: u32,
    pub(crate) orders_per_day: u32,
    pub(crate) connections: usize,
    pub(crate) streams_per_connection: usize,
    pub(crate) websocket_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_weight_per_minute: 60_000,
            orders_per_10_seconds: 1_000,
            orders_per_day: 2_000_000,
            connections: 20_000,
            streams_per_connection: 1_024,
            websocket_connections: 10_000,
        }
    }
}

/// What is kept in memory for queries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Memory {
    pub(crate) candles: usize,
    pub(crate) trades: usize,
    pub(crate) closed_orders: usize,
    pub(crate) fills: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            candles: 2_000,
            trades: 10_000,
            closed_orders: 1_000,
            fills: 1_000,
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
            self.asset_id(&instrument.base)
                .and_then(|_| self.asset_id(&instrument.quote))
                .and_then(|_| instrument.parse())
                .with_context(|| instrument.symbol.clone())?;
        }
        let exchange = Exchange::new();
        let commands = self.genesis(&exchange)?;
        rehearse(exchange, Timestamp::default(), &commands)?;
        let Limits {
            request_weight_per_minute,
            orders_per_10_seconds,
            orders_per_day,
            connections,
            streams_per_connection,
            websocket_connections,
        } = self.limits;
        ensure!(
            request_weight_per_minute.min(orders_per_10_seconds.min(orders_per_day)) > 0
                && connections.min(streams_per_connection.min(websocket_connections)) > 0,
            "a limit of nothing would keep everybody out"
        );
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

    fn asset_id(&self, code: &str) -> anyhow::Result<usize> {
        self.assets
            .iter()
            .position(|asset| asset.code == code)
            .with_context(|| format!("no [[asset]] has the code {code}"))
    }

    /// The commands that bring an exchange to what is configured.
    ///
    /// # Errors
    ///
    /// Where the exchange already lists something in another way.
    pub(crate) fn genesis(&self, exchange: &Exchange) -> Result<Vec<Command>, StartError> {
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
        let mut new_ids = (exchange.markets().count()..)
            .map(next)
            .map(InstrumentId::new);
        for configured in &self.instruments {
            let (instrument, fees) = configured
                .parse()
                .map_err(|error| StartError::Configuration(format!("{error:#}")))?;
            let (base, quote) = (asset_id(&configured.base)?, asset_id(&configured.quote)?);
            let Some(market) = exchange.market_by_symbol(&configured.symbol) else {
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
                return Err(StartError::Configuration(format!(
                    "{} is listed with another grid, other limits or other assets since the first \
                     start; these cannot change",
                    configured.symbol
                )));
            }
            if market.fees() != fees {
                commands.push(Command::SetFees {
                    instrument: market.id(),
                    fees,
                });
            }
        }
        Ok(commands)
    }
}

impl InstrumentConfig {
    fn parse(&self) -> anyhow::Result<(Instrument, FeeSchedule)> {
        let decimal = |name: &str, text: &str| {
            Decimal::from_str_exact(text)
                .with_context(|| format!("{name} = {text:?} is no decimal"))
        };
        let step = |name: &str, text: &str| -> anyhow::Result<Step> {
            let value = decimal(name, text)?;
            Step::try_from(value).with_context(|| format!("{name} = {text:?}"))
        };
        let grid = Instrument::new(
            self.symbol.as_str(),
            step("tick_size", &self.tick_size)?,
            step("lot_size", &self.lot_size)?,
        )?;
        ensure!(
            self.symbol
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
            "a symbol has capital letters and digits only"
        );
        let price = |name: &str, text: &str| {
            grid.price_from_decimal(decimal(name, text)?)
                .with_context(|| format!("{name} = {text:?}"))
        };
        let quantity = |name: &str, text: &str| {
            grid.quantity_from_decimal(decimal(name, text)?)
                .with_context(|| format!("{name} = {text:?}"))
        };
        let min_notional = grid
            .notional_from_decimal(decimal("min_notional", &self.min_notional)?)
            .with_context(|| format!("min_notional = {:?}", self.min_notional))?;
        ensure!(min_notional >= Notional::ZERO, "min_notional is negative");
        let fees = FeeSchedule {
            maker: fee_rate("maker_fee", decimal("maker_fee", &self.maker_fee)?)?,
            taker: fee_rate("taker_fee", decimal("taker_fee", &self.taker_fee)?)?,
        };
        let instrument = grid
            .clone()
            .with_price_limits(
                price("min_price", &self.min_price)?,
                price("max_price", &self.max_price)?,
            )?
            .with_quantity_limits(
                quantity("min_quantity", &self.min_quantity)?,
                quantity("max_quantity", &self.max_quantity)?,
            )?
            .with_min_notional(min_notional);
        Ok((instrument, fees))
    }
}

fn fee_rate(name: &str, fraction: Decimal) -> anyhow::Result<FeeRate> {
    let ppm = (fraction * Decimal::from(1_000_000)).normalize();
    ensure!(ppm.scale() == 0, "{name} has more than six decimal places");
    let ppm = u32::try_from(ppm.mantissa())
        .ok()
        .with_context(|| format!("{name} is negative or above 1"))?;
    FeeRate::new(ppm).with_context(|| format!("{name} is negative or above 1"))
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
    }
}
