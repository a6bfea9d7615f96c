//! What one owns is worth, what one has earned with it, and what trades cost.

use accounts_core::{AssetId, Balance, FeeTier};

use axum::http::Method;
use orderbook_core::AccountId;

use super::Scope;
use super::marks::{marks, pair};
use crate::api::params::Params;
use crate::api::portfolio::{InstrumentFees, InstrumentPosition, PortfolioValue};
use crate::api::symbols::{Symbol, Symbols};
use crate::error::ApiError;
use crate::gateway::App;
use crate::gateway::auth::Access;
use crate::gateway::operation::{Call, Kind, Operation, Param};
use crate::gateway::parameters::SYMBOL;
use crate::orders::now;

const ASSET: Param = Param::new("asset", Kind::Text, "An asset, for example USDT.");

pub(crate) fn operations() -> Vec<Operation> {
    let read = Access::Account(Scope::Read);
    vec![
        Operation::new(read, "Tell what one owns, valued in one asset", portfolio)
            .rest(Method::GET, "/v1/portfolio")
            .takes(&[ASSET.required()])
            .weight(|_| 20),
        Operation::new(
            read,
            "Tell what one has of each instrument and has earned with it",
            positions,
        )
        .rest(Method::GET, "/v1/positions")
        .takes(&[SYMBOL])
        .weight(|_| 20),
        Operation::new(read, "Tell what trades cost", fees)
            .rest(Method::GET, "/v1/fees")
            .takes(&[SYMBOL])
            .weight(|_| 20),
    ]
}

/// `GET /v1/portfolio`
pub(crate) async fn portfolio(call: Call) -> Result<PortfolioValue, ApiError> {
    let (app, account, params) = call.of_account();
    let symbols = app.symbols();
    let target = symbols.asset_by_code(params.require("asset")?);
    let target = target.ok_or(ApiError::UNKNOWN_ASSET)?.id;
    let published = app.entry.published();
    let balances = {
        let model = app.balances.at(published).await;
        model.account(account).cloned().unwrap_or_default().balances
    };
    let markets = app.markets.at(published).await;
    // As of now, so that there is a name for everything in them.
    let symbols = app.symbols();
    let marks = marks(&markets, &symbols);
    drop(markets);
    let owned = |(_, balance): &(AssetId, Balance)| !balance.is_zero();
    let portfolio = marks.portfolio(target, balances.into_iter().filter(owned));
    PortfolioValue::new(&portfolio, &symbols).ok_or(ApiError::INTERNAL)
}

/// `GET /v1/positions`: in one instrument, or in all that the account has or had some of.
pub(crate) async fn positions(call: Call) -> Result<Vec<InstrumentPosition>, ApiError> {
    let (app, account, params) = call.of_account();
    let symbols = app.symbols();
    let only = one_of(params, &symbols)?.map(|symbol| symbol.id);
    let published = app.entry.published();
    drop(app.markets.at(published).await);
    let positions = app.positions.at(published).await;
    let held = positions.of(account).ok_or_else(too_large)?;
    let markets = app.markets.read();
    // As of now, so that there is a name for everything in them.
    let symbols = app.symbols();
    let asked = held.filter(|held| only.is_none_or(|only| only == held.instrument));
    let told = asked.map(|held| {
        let assets = (symbols.asset(held.base)?, symbols.asset(held.quote)?);
        let listed = symbols.get(held.instrument);
        let listed = listed.filter(|it| markets.market(it.id).is_some());
        let mark = listed.and_then(|symbol| pair(&markets, symbol));
        InstrumentPosition::new(held.position, assets, listed, mark.as_ref(), &symbols)
    });
    let told: Option<_> = told.collect();
    told.ok_or(ApiError::INTERNAL)
}

/// `GET /v1/fees`: in one instrument, or in all.
pub(crate) async fn fees(call: Call) -> Result<Vec<InstrumentFees>, ApiError> {
    let (app, account, params) = call.of_account();
    let symbols = app.symbols();
    let only = one_of(params, &symbols)?.map(|symbol| symbol.id);
    let positions = app.positions.at(app.entry.published()).await;
    let asked = symbols.iter();
    let asked = asked.filter(|symbol| only.is_none_or(|only| only == symbol.id));
    let now = now();
    let told = asked.map(|symbol| {
        let volume = positions.volume(account, symbol.quote.id, now);
        InstrumentFees::new(volume, symbol)
    });
    Ok(told.collect())
}

impl App {
    /// What trades of an account in an instrument cost today.
    pub(crate) async fn fee_tier(&self, account: AccountId, symbol: &Symbol) -> FeeTier {
        let positions = self.positions.at(self.entry.published()).await;
        positions.tier(account, symbol, now())
    }

    /// The same of all instruments.
    pub(crate) async fn fee_tiers(&self, account: AccountId) -> Vec<FeeTier> {
        let positions = self.positions.at(self.entry.published()).await;
        let symbols = self.symbols();
        symbols
            .iter()
            .map(|symbol| positions.tier(account, symbol, now()))
            .collect()
    }
}

/// The instrument that a request is about, where it is about one.
fn one_of<'a>(params: &Params, symbols: &'a Symbols) -> Result<Option<&'a Symbol>, ApiError> {
    let name = params.get("symbol");
    name.map(|name| symbols.named(name)).transpose()
}

fn too_large() -> ApiError {
    ApiError::bad_request("The positions of this account are larger than can be counted.")
}
