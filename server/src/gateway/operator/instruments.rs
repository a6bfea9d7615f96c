//! What operators list and delist, and for which fees it trades.

use accounts_core::FeeSchedule;
use exchange_engine::{Command, Listing};
use schemars::JsonSchema;
use serde::Deserialize;

use super::routes::{Done, carry_out};
use crate::accounts::Event;
use crate::api::decimal::fixed_signed;
use crate::api::symbols::AssetInfo;
use crate::config::{AssetConfig, FeeTierConfig, InstrumentConfig, fees};
use crate::error::ApiError;
use crate::gateway::operation::Call;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAsset {
    /// 1 to 16 capital letters and digits.
    asset: String,
    /// The decimal places of its smallest unit.
    decimals: u8,
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewInstrument {
    /// Capital letters and digits.
    symbol: String,
    base: String,
    quote: String,
    /// A decimal, as text, like all that follow.
    tick_size: String,
    lot_size: String,
    min_price: String,
    max_price: String,
    min_quantity: String,
    max_quantity: String,
    /// The least price times quantity of a limit order.
    min_notional: String,
    /// A fraction of what a trade brings in.
    maker_fee: String,
    taker_fee: String,
    /// The fees of those who trade more.
    #[serde(default)]
    tiers: Vec<Tier>,
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tier {
    /// What one has to have traded for the quote asset in thirty days: more in each than in the one
    /// before.
    volume: String,
    maker_fee: String,
    taker_fee: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewFees {
    symbol: String,
    /// A fraction of what a trade brings in, as text.
    maker_fee: String,
    taker_fee: String,
    /// The fees of those who trade more: all of them, as those there were are over.
    #[serde(default)]
    tiers: Vec<Tier>,
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Delisting {
    /// For the trail.
    reason: String,
}

impl From<Tier> for FeeTierConfig {
    fn from(tier: Tier) -> Self {
        Self {
            volume: tier.volume,
            maker_fee: tier.maker_fee,
            taker_fee: tier.taker_fee,
        }
    }
}

impl From<NewInstrument> for InstrumentConfig {
    fn from(new: NewInstrument) -> Self {
        Self {
            symbol: new.symbol,
            base: new.base,
            quote: new.quote,
            tick_size: new.tick_size,
            lot_size: new.lot_size,
            min_price: new.min_price,
            max_price: new.max_price,
            min_quantity: new.min_quantity,
            max_quantity: new.max_quantity,
            min_notional: new.min_notional,
            maker_fee: new.maker_fee,
            taker_fee: new.taker_fee,
            fee_tiers: new.tiers.into_iter().map(FeeTierConfig::from).collect(),
        }
    }
}

/// `POST /v1/operator/assets`
pub(super) async fn add_asset(call: Call) -> Result<Done, ApiError> {
    let NewAsset {
        asset: code,
        decimals,
        reason,
    } = call.json()?;
    let command = Command::AddAsset {
        asset: call.app.listed.next_asset(),
        code: code.clone(),
        decimals,
    };
    tried(&call, &command)?;
    change(&call, command, Event::OperatorAddedAsset, &code, &reason).await
}

/// `POST /v1/operator/instruments`
pub(super) async fn list(call: Call) -> Result<Done, ApiError> {
    let mut new: NewInstrument = call.json()?;
    let reason = std::mem::take(&mut new.reason);
    let new = InstrumentConfig::from(new);
    let symbols = call.app.symbols();
    let asset = |code: &str| symbols.asset_by_code(code).ok_or(ApiError::UNKNOWN_ASSET);
    let (base, quote) = (asset(&new.base)?, asset(&new.quote)?);
    let command = Command::ListInstrument(Listing {
        id: call.app.listed.next_instrument(),
        instrument: new.parse().map_err(|error| wrong(&error))?,
        base: base.id,
        quote: quote.id,
        fees: new
            .fees(&configured(quote))
            .map_err(|error| wrong(&error))?,
    });
    tried(&call, &command)?;
    change(&call, command, Event::OperatorListed, &new.symbol, &reason).await
}

/// `DELETE /v1/operator/instruments/{symbol}`
pub(super) async fn delist(call: Call) -> Result<Done, ApiError> {
    let Delisting { reason } = call.json()?;
    let symbols = call.app.symbols();
    let symbol = symbols.named(call.path("symbol"))?;
    let command = Command::DelistInstrument {
        instrument: symbol.id,
    };
    let event = Event::OperatorDelisted;
    change(&call, command, event, symbol.name(), &reason).await
}

/// `POST /v1/operator/fees`
pub(super) async fn set_fees(call: Call) -> Result<Done, ApiError> {
    let NewFees {
        symbol,
        maker_fee,
        taker_fee,
        tiers,
        reason,
    } = call.json()?;
    let symbols = call.app.symbols();
    let symbol = symbols.named(&symbol)?;
    let tiers: Vec<_> = tiers.into_iter().map(FeeTierConfig::from).collect();
    let fees = fees(&maker_fee, &taker_fee, &tiers, &configured(&symbol.quote))
        .map_err(|error| wrong(&error))?;
    let what = format!("{} {}", symbol.name(), rates(&fees));
    let command = Command::SetFees {
        instrument: symbol.id,
        fees,
    };
    change(&call, command, Event::OperatorSetFees, &what, &reason).await
}

/// Carries out a change of what is listed. This process has followed it by the time it answers;
/// others do a moment later.
async fn change(
    call: &Call,
    command: Command,
    event: Event,
    what: &str,
    reason: &str,
) -> Result<Done, ApiError> {
    let done = carry_out(call, command, None, event, what, reason).await?;
    // Behind this fold, what is listed is known.
    drop(call.app.markets.at(done.sequence).await);
    Ok(done)
}

/// What would be refused is not noted.
fn tried(call: &Call, command: &Command) -> Result<(), ApiError> {
    Ok(call.app.listed.would_take(command)?)
}

fn configured(asset: &AssetInfo) -> AssetConfig {
    AssetConfig {
        code: asset.code.clone(),
        decimals: asset.decimals,
    }
}

fn wrong(error: &anyhow::Error) -> ApiError {
    ApiError::bad_request(format!("{error:#}."))
}

/// Maker and taker fee, first those of everybody.
fn rates(fees: &FeeSchedule) -> String {
    let tiers = fees.tiers().iter().map(|tier| {
        let rates = [tier.maker, tier.taker];
        rates
            .map(|rate| fixed_signed(rate.get().into(), 6))
            .join("/")
    });
    tiers.collect::<Vec<_>>().join(" ")
}
