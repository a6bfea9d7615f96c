//! Instruments as text: how a configuration and operators say what is listed, and for which fees.

use accounts_core::{Amount, FeeRate, FeeSchedule, FeeTier};
use anyhow::{Context, ensure};
use orderbook_core::{Instrument, Notional, Step};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::AssetConfig;

/// An instrument as it is configured, or as an operator lists it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstrumentConfig {
    pub(crate) symbol: String,
    pub(crate) base: String,
    pub(crate) quote: String,
    pub(crate) tick_size: String,
    pub(crate) lot_size: String,
    pub(crate) min_price: String,
    pub(crate) max_price: String,
    pub(crate) min_quantity: String,
    pub(crate) max_quantity: String,
    pub(crate) min_notional: String,
    pub(crate) maker_fee: String,
    pub(crate) taker_fee: String,
    /// The fees of those who trade more.
    #[serde(rename = "fee_tier", default)]
    pub(crate) fee_tiers: Vec<FeeTierConfig>,
}

/// The fees of those who have traded so much.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FeeTierConfig {
    pub(crate) volume: String,
    pub(crate) maker_fee: String,
    pub(crate) taker_fee: String,
}

impl InstrumentConfig {
    /// Its grid and its limits.
    pub(crate) fn parse(&self) -> anyhow::Result<Instrument> {
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

    /// Its fees.
    pub(crate) fn fees(&self, quote: &AssetConfig) -> anyhow::Result<FeeSchedule> {
        fees(&self.maker_fee, &self.taker_fee, &self.fee_tiers, quote)
    }
}

/// Reads fees: those of everybody, and those of the tiers.
pub(crate) fn fees(
    maker_fee: &str,
    taker_fee: &str,
    above: &[FeeTierConfig],
    quote: &AssetConfig,
) -> anyhow::Result<FeeSchedule> {
    ensure!(
        above.len() < FeeSchedule::MAX_TIERS,
        "there are at most {} times fee_tier",
        FeeSchedule::MAX_TIERS - 1
    );
    let mut tiers = vec![tier(Amount::ZERO, maker_fee, taker_fee)?];
    for (number, configured) in (1..).zip(above) {
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
    use super::super::{Config, SAMPLE};
    use super::*;

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
