//! What accounts own, have earned and pay, as clients see it.
//!
//! Amounts are exact. What is worked out of several (a value, an average price) is rounded down once.

use accounts_core::{
    Amount, CostMethod, Direction, FeeTier, Fees, Mark, MarkSource, Pair, Path, Portfolio,
    PortfolioItem, Position, Unpriced,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::decimal::{fixed, fixed_signed};
use super::symbols::{AssetInfo, Symbol, Symbols};

/// Decimal places of a price at least.
const PLACES: u32 = 8;

/// What an account owns, valued in one asset.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PortfolioValue {
    /// In which everything is valued.
    asset: String,
    /// What all that has a value is worth together.
    total: String,
    assets: Vec<ValuedAsset>,
    /// What is owned besides and is not part of the total.
    unpriced: Vec<UnpricedAsset>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ValuedAsset {
    asset: String,
    free: String,
    locked: String,
    /// What both are worth together.
    value: String,
    /// By which prices; none for the asset in which everything is valued.
    path: Vec<PriceStep>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PriceStep {
    symbol: String,
    direction: Way,
    /// Of the base asset of the instrument in its quote asset.
    price: String,
    source: Source,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Way {
    /// From the base asset to the quote asset.
    Direct,
    /// From the quote asset to the base asset.
    Inverse,
}

/// Where a price comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Source {
    LastTrade,
    /// Half way between the best bid and the best ask: it has not traded yet.
    MidPrice,
}

#[derive(Debug, Serialize, JsonSchema)]
struct UnpricedAsset {
    asset: String,
    free: String,
    locked: String,
    reason: Reason,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Reason {
    /// No instrument with a price, and no two, lead to the asset in which everything is valued.
    NoPath,
    /// It is more than can be counted.
    Overflow,
}

impl PortfolioValue {
    /// `None` where something is owned of an asset that nobody knows.
    pub(crate) fn new(portfolio: &Portfolio, symbols: &Symbols) -> Option<Self> {
        let target = symbols.asset(portfolio.target)?;
        let mut value = Self {
            asset: target.code.clone(),
            total: target.amount(portfolio.total),
            assets: Vec::new(),
            unpriced: Vec::new(),
        };
        for item in &portfolio.items {
            value.add(item, target, symbols)?;
        }
        Some(value)
    }

    fn add(&mut self, item: &PortfolioItem, target: &AssetInfo, symbols: &Symbols) -> Option<()> {
        let info = symbols.asset(item.asset)?;
        let asset = info.code.clone();
        let free = info.amount(item.balance.available);
        let locked = info.amount(item.balance.held);
        match item.valuation {
            Ok(valuation) => self.assets.push(ValuedAsset {
                asset,
                free,
                locked,
                value: target.amount(valuation.value),
                path: steps(&valuation.path, symbols)?,
            }),
            Err(why) => self.unpriced.push(UnpricedAsset {
                asset,
                free,
                locked,
                reason: match why {
                    Unpriced::NoPath => Reason::NoPath,
                    _ => Reason::Overflow,
                },
            }),
        }
        Some(())
    }
}

fn steps(path: &Path, symbols: &Symbols) -> Option<Vec<PriceStep>> {
    let step = |hop: &accounts_core::Hop| {
        let symbol = symbols.get(hop.pair.instrument)?;
        Some(PriceStep {
            symbol: symbol.name().into(),
            direction: match hop.direction {
                Direction::Direct => Way::Direct,
                Direction::Inverse => Way::Inverse,
            },
            price: mark_price(hop.pair.mark, symbol)?,
            source: Source::of(hop.pair.source),
        })
    };
    path.hops().iter().map(step).collect()
}

impl Source {
    /// Those that are in use here.
    const fn of(source: MarkSource) -> Self {
        match source {
            MarkSource::LastTrade => Self::LastTrade,
            _ => Self::MidPrice,
        }
    }
}

/// What an account has of an instrument, what that has cost and earned.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstrumentPosition {
    /// `null` where it is not listed any more.
    symbol: Option<String>,
    base_asset: String,
    quote_asset: String,
    /// How costs are counted.
    method: Method,
    /// What the account owns of the base asset, free and locked.
    quantity: String,
    /// What that has cost, without fees, in quote.
    cost: String,
    /// The cost of one, rounded down; `null` where there is none.
    average_price: Option<String>,
    /// What one is worth now; `null` where nobody can tell, and then the next three are too.
    mark_price: Option<String>,
    mark_source: Option<Source>,
    /// What all of it is worth, in quote.
    value: Option<String>,
    /// The value less the cost.
    unrealized_pnl: Option<String>,
    /// What has been earned by selling, without fees, in quote.
    realized_pnl: String,
    /// What has been paid in fees less rebates, in base and in quote, counted in quote.
    fees: String,
    /// The same in other assets.
    other_fees: Vec<AssetAmount>,
    /// How much of base has ever come in or gone out when it had no price yet: at a cost of nothing.
    unvalued: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Method {
    AverageCost,
    Fifo,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AssetAmount {
    asset: String,
    amount: String,
}

impl InstrumentPosition {
    /// `None` where a fee was paid in an asset that nobody knows.
    pub(crate) fn new(
        position: &Position,
        (base, quote): (&AssetInfo, &AssetInfo),
        listed: Option<&Symbol>,
        mark: Option<&Pair>,
        symbols: &Symbols,
    ) -> Option<Self> {
        let other_fees = position.other_fees().iter().map(|fee| {
            let asset = symbols.asset(fee.asset)?;
            Some(AssetAmount {
                asset: asset.code.clone(),
                amount: asset.delta(fee.amount),
            })
        });
        let average = position.average_entry();
        let worth = mark.and_then(|pair| pair.mark.worth(position.quantity()));
        let unrealized = mark.and_then(|pair| position.unrealised(pair.mark));
        Some(Self {
            symbol: listed.map(|symbol| symbol.name().into()),
            base_asset: base.code.clone(),
            quote_asset: quote.code.clone(),
            method: match position.method() {
                CostMethod::AverageCost => Method::AverageCost,
                CostMethod::Fifo => Method::Fifo,
            },
            quantity: base.delta(position.quantity()),
            cost: quote.delta(position.cost()),
            average_price: average.and_then(|mark| price(mark, base, quote, PLACES)),
            mark_price: mark
                .zip(listed)
                .and_then(|(it, at)| mark_price(it.mark, at)),
            mark_source: mark.map(|pair| Source::of(pair.source)),
            value: worth.map(|worth| quote.delta(worth)),
            unrealized_pnl: unrealized.map(|profit| quote.delta(profit)),
            realized_pnl: quote.delta(position.realised(Fees::Excluded)),
            fees: quote.delta(position.fees()),
            other_fees: other_fees.collect::<Option<_>>()?,
            unvalued: base.amount(position.unvalued()),
        })
    }
}

/// What trades of an account in an instrument cost.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InstrumentFees {
    symbol: String,
    quote_asset: String,
    /// What the account has traded for the quote asset, in all instruments, in the thirty days (UTC)
    /// before today.
    volume: String,
    /// Counted from 0.
    tier: usize,
    /// A share of the trade; below zero it is a rebate.
    maker_commission: String,
    taker_commission: String,
    /// `null` in the last tier.
    next: Option<NextTier>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NextTier {
    tier: usize,
    /// What one has to have traded.
    volume: String,
    /// How much more that is.
    missing: String,
    maker_commission: String,
    taker_commission: String,
}

impl InstrumentFees {
    /// Of who has traded so much for the quote asset.
    pub(crate) fn new(volume: Amount, symbol: &Symbol) -> Self {
        let reached = symbol.fees.tier(volume);
        let tiers = symbol.fees.tiers();
        let tier = tiers.iter().take_while(|tier| tier.volume < reached.volume);
        let tier = tier.count();
        let next = tiers.get(tier + 1).map(|next| NextTier {
            tier: tier + 1,
            volume: symbol.quote.amount(next.volume),
            missing: symbol.quote.amount(less(next.volume, volume)),
            maker_commission: maker(next),
            taker_commission: taker(next),
        });
        Self {
            symbol: symbol.name().into(),
            quote_asset: symbol.quote.code.clone(),
            volume: symbol.quote.amount(volume),
            tier,
            maker_commission: maker(reached),
            taker_commission: taker(reached),
            next,
        }
    }
}

fn less(all: Amount, some: Amount) -> Amount {
    all.checked_sub(some).unwrap_or_default()
}

fn maker(tier: &FeeTier) -> String {
    fixed_signed(tier.maker.get().into(), 6)
}

fn taker(tier: &FeeTier) -> String {
    fixed_signed(tier.taker.get().into(), 6)
}

/// The price of an instrument, exactly: ticks, or half ticks.
fn mark_price(mark: Mark, symbol: &Symbol) -> Option<String> {
    let half_tick = u32::from(symbol.instrument.tick_size().scale()) + 1;
    price(mark, &symbol.base, &symbol.quote, half_tick.max(PLACES))
}

/// So much quote for so much base as the price of one, rounded down to so many places or to as many as
/// the quote asset has; `None` where that is more than can be counted.
fn price(mark: Mark, base: &AssetInfo, quote: &AssetInfo, places: u32) -> Option<String> {
    let places = places.max(quote.decimals.into());
    let one = 10_u128.checked_pow(u32::from(base.decimals) + places - u32::from(quote.decimals))?;
    let price = mark.quote().share(one, mark.base().get())?;
    Some(fixed(price.get(), places))
}
