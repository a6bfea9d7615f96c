//! What trades cost.

use accounts_core::{FeeRate, FeeTier};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::decimal::fixed_signed;
use crate::api::symbols::Symbol;

/// A rate of a fee as text.
fn rate(rate: FeeRate) -> String {
    fixed_signed(rate.get().into(), 6)
}

/// The rates of both sides of a trade, and what is added to them for a side of the book.
#[derive(Debug, Serialize, JsonSchema)]
struct Rates {
    maker: String,
    taker: String,
    buyer: String,
    seller: String,
}

impl Rates {
    fn new(tier: &FeeTier) -> Self {
        Self {
            maker: rate(tier.maker),
            taker: rate(tier.taker),
            buyer: rate(FeeRate::ZERO),
            seller: rate(FeeRate::ZERO),
        }
    }
}

/// The rates of both sides of a trade.
#[derive(Debug, Serialize, JsonSchema)]
struct OrderRates {
    maker: String,
    taker: String,
}

impl OrderRates {
    fn new(tier: &FeeTier) -> Self {
        Self {
            maker: rate(tier.maker),
            taker: rate(tier.taker),
        }
    }
}

/// What is taken off where fees are paid in another asset: there is nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Discount {
    enabled_for_account: bool,
    enabled_for_symbol: bool,
    discount_asset: Option<String>,
    discount: String,
}

impl Discount {
    fn none() -> Self {
        Self {
            enabled_for_account: false,
            enabled_for_symbol: false,
            discount_asset: None,
            discount: rate(FeeRate::ZERO),
        }
    }
}

/// What an account pays in an instrument.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Commission {
    symbol: String,
    standard_commission: Rates,
    special_commission: Rates,
    tax_commission: Rates,
    discount: Discount,
}

impl Commission {
    pub(crate) fn new(tier: &FeeTier, symbol: &Symbol) -> Self {
        let nothing = FeeTier::default();
        Self {
            symbol: symbol.name().into(),
            standard_commission: Rates::new(tier),
            special_commission: Rates::new(&nothing),
            tax_commission: Rates::new(&nothing),
            discount: Discount::none(),
        }
    }
}

/// The answer to a trial: that there is nothing wrong with the order, and if asked for, what it would
/// pay.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Trial {
    Rates(OrderCommission),
    Fine {},
}

/// What the trades of an order pay.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderCommission {
    standard_commission_for_order: OrderRates,
    special_commission_for_order: OrderRates,
    tax_commission_for_order: OrderRates,
    discount: Discount,
}

impl OrderCommission {
    pub(crate) fn new(tier: &FeeTier) -> Self {
        let nothing = FeeTier::default();
        Self {
            standard_commission_for_order: OrderRates::new(tier),
            special_commission_for_order: OrderRates::new(&nothing),
            tax_commission_for_order: OrderRates::new(&nothing),
            discount: Discount::none(),
        }
    }
}

/// What an account pays in an instrument, in short.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TradeFee {
    symbol: String,
    maker_commission: String,
    taker_commission: String,
}

impl TradeFee {
    pub(crate) fn new(tier: &FeeTier, symbol: &Symbol) -> Self {
        Self {
            symbol: symbol.name().into(),
            maker_commission: rate(tier.maker),
            taker_commission: rate(tier.taker),
        }
    }
}

/// A trade that was made for an order that was sent around several books: there is none.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) enum Allocation {}
