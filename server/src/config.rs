//! The configuration file.

use std::path::Path;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule, FeeTier};
use anyhow::{Context, ensure};
use exchange_engine::{Command, Exchange, InstrumentId, Listing};
use ipnet::IpNet;
use orderbook_core::{Instrument, Notional, Step, Timestamp};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::orders::{Listings, StartError, rehearse};

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
    #[serde(default)]
    pub(crate) snapshots: SnapshotPolicy,
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
    /// The fees of those who trade more.
    #[serde(rename = "fee_tier", default)]
    fee_tiers: Vec<FeeTierConfig>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeTierConfig {
    volume: String,
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
            let Some(market) = exchange.market_by_symbol(&configured.symbol) else {
                if listings.has_listed(&configured.symbol) {
                    return Err(StartError::Configuration(format!(
                        "{} has been delisted and does not come back: take it out of the \
                         configuration",
                        configured.symbol
                    )));
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
                return Err(StartError::Configuration(format!(
                    "{} is listed with another grid, other limits or other assets since the first \
                     start; these cannot change",
                    configured.symbol
                )));
            }
            if *market.fees() != fees {
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
    fn parse(&self) -> anyhow::Result<Instrument> {
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
        Ok(instrument)
    }

    /// The fees: those of everybody, and those of the tiers.
    fn fees(&self, quote: &AssetConfig) -> anyhow::Result<FeeSchedule> {
        ensure!(
            self.fee_tiers.len() < FeeSchedule::MAX_TIERS,
            "there are at most {} times fee_tier",
            FeeSchedule::MAX_TIERS - 1
        );
        let mut tiers = vec![tier(Amount::ZERO, &self.maker_fee, &self.taker_fee)?];
        for (number, configured) in (1..).zip(&self.fee_tiers) {
            let tier = configured.parse(quote).and_then(|tier| {
                let before = tiers.last().map(|before| before.volume);
                ensure!(
                    Some(tier.volume) > before,
                    "volume = {:?} is not above the one before it",
                    configured.volume
                );
                Ok(tier)
            });
            tiers.push(tier.with_context(|| format!("fee_tier {number}"))?);
        }
        // Whoever comes in may be of any tier, and so may who is met.
        let least = tiers.iter().map(|tier| tier.taker).min();
        let largest = tiers.iter().map(|tier| tier.maker).min();
        ensure!(
            largest
                .zip(least)
                .is_none_or(|(maker, taker)| maker.get() + taker.get() >= 0),
            "a maker_fee below zero is paid out of the taker_fee: none may be further below zero than \
             the lowest taker_fee is above"
        );
        Ok(FeeSchedule::new(tiers)?)
    }
}

impl FeeTierConfig {
    fn parse(&self, quote: &AssetConfig) -> anyhow::Result<FeeTier> {
        let what = || format!("volume = {:?}", self.volume);
        let volume = decimal("volume", &self.volume)?.normalize();
        // Units = mantissa * 10^(decimals - scale), where that is whole.
        let shift = u32::from(quote.decimals).checked_sub(volume.scale());
        let shift =
            shift.with_context(|| format!("{} is finer than {} is divided", what(), quote.code))?;
        let units = u128::try_from(volume.mantissa()).ok();
        let units = units.with_context(|| format!("{} is negative", what()))?;
        let units = 10_u128
            .checked_pow(shift)
            .and_then(|unit| units.checked_mul(unit));
        let units = units.with_context(|| format!("{} is too large", what()))?;
        tier(Amount::new(units), &self.maker_fee, &self.taker_fee)
    }
}

fn decimal(name: &str, text: &str) -> anyhow::Result<Decimal> {
    Decimal::from_str_exact(text).with_context(|| format!("{name} = {text:?} is no decimal"))
}

fn tier(volume: Amount, maker_fee: &str, taker_fee: &str) -> anyhow::Result<FeeTier> {
    let taker = fee_rate("taker_fee", taker_fee)?;
    ensure!(!taker.is_rebate(), "taker_fee is negative or above 1");
    Ok(FeeTier {
        volume,
        maker: fee_rate("maker_fee", maker_fee)?,
        taker,
    })
}

/// A rate; one below zero is a rebate.
fn fee_rate(name: &str, text: &str) -> anyhow::Result<FeeRate> {
    let fraction = decimal(name, text)?;
    // So large a number of digits is out of range as well.
    let ppm = fraction.checked_mul(Decimal::from(1_000_000));
    let ppm = ppm.unwrap_or(Decimal::MAX).normalize();
    ensure!(ppm.scale() == 0, "{name} has more than six decimal places");
    i32::try_from(ppm.mantissa())
        .ok()
        .and_then(|ppm| FeeRate::new(ppm).ok())
        .with_context(|| format!("{name} = {text:?} is more than all of it"))
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

    /// The sample, with more in the section of its last instrument, which is quoted in BTC.
    fn with_tiers(tiers: &str) -> anyhow::Result<FeeSchedule> {
        let (before, after) = SAMPLE.split_once("# Limits on clients").expect("limits");
        let config: Config = toml::from_str(&format!("{before}{tiers}\n# {after}"))?;
        config.check()?;
        let last = config.instruments.last().expect("instruments");
        Ok(config.parse(last)?.1)
    }

    fn tier(volume: &str, maker: &str, taker: &str) -> String {
        format!(
            "[[instrument.fee_tier]]
             volume = {volume:?}
             maker_fee = {maker:?}
             taker_fee = {taker:?}
            "
        )
    }

    #[test]
    fn tiers_follow_the_fees_of_everybody() {
        let tiers = [
            tier("0.5", "0.0005", "0.0008"),
            tier("1000000.00000001", "-0.0004", "0.0004"),
        ];
        let fees = with_tiers(&tiers.concat()).expect("they are in order");
        let found = fees.tiers().iter().map(|it| {
            let (volume, maker, taker) = (it.volume.get(), it.maker.get(), it.taker.get());
            (volume, maker, taker)
        });
        let expected = [
            (0, 1_000, 1_000),
            (50_000_000, 500, 800),
            (100_000_000_000_001, -400, 400),
        ];
        assert!(found.eq(expected), "{fees:?}");
    }

    #[test]
    fn tiers_that_are_no_good_are_named() {
        let first = tier("10", "0", "0.0005");
        let twice = |second: String| format!("{first}{second}");
        let many = (1..=32).map(|volume| tier(&volume.to_string(), "0", "0"));
        for (what, tiers, words) in [
            ("no number", tier("many", "0", "0"), &["1", "volume"][..]),
            ("nothing", tier("0", "0", "0"), &["1", "volume"]),
            (
                "less",
                twice(tier("9.9", "0", "0")),
                &["2", "volume", "9.9"],
            ),
            ("the same", twice(tier("10", "0", "0")), &["2", "volume"]),
            ("negative", tier("-1", "0", "0"), &["1", "volume"]),
            (
                "too fine",
                tier("0.000000001", "0", "0"),
                &["1", "volume", "BTC"],
            ),
            (
                "a taker who is paid",
                tier("1", "0", "-0.1"),
                &["1", "taker_fee"],
            ),
            (
                "a fee above one",
                twice(tier("11", "1.1", "0")),
                &["2", "maker_fee"],
            ),
            (
                "too many places",
                tier("1", "0.0000001", "0"),
                &["1", "maker_fee"],
            ),
            (
                "more paid out than comes in",
                twice(tier("11", "-0.0006", "0.001")),
                &["maker_fee", "taker_fee"],
            ),
            (
                "an unknown key",
                first.replace("maker_fee", "fee"),
                &["unknown field"],
            ),
            ("too many", many.collect(), &["31", "fee_tier"]),
        ] {
            let error = with_tiers(&tiers).expect_err(what);
            let said = format!("{error:#}");
            for word in words {
                assert!(said.contains(word), "{what}: {word:?} is not in: {said}");
            }
        }
    }
}
