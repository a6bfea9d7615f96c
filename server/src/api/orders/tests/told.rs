//! What is answered.

use accounts_core::{Amount, AssetId, Delta, FeeRate, FeeSchedule, FeeTier};
use exchange_engine::Command;
use orderbook_core::{
    Notional, OrderId, OrderKind, PostOnly, Price, Quantity, Resting, SelfTradePrevention, Side,
    Timestamp, TradeId,
};

use super::super::placed::PlacedFill;
use super::super::{CancelledOrder, OwnTrade, QueriedOrder};
use super::{BTCUSD, BUYER, Market, SELLER, assert_told, resting};
use crate::api::symbols::Symbols;
use crate::orders::Fill;

#[test]
fn an_order_that_slid_is_told_with_the_price_it_rests_at() {
    let slide = Resting {
        until: Some(Timestamp::new(2_000_000)),
        post_only: Some(PostOnly::Slide),
        display: Some(Quantity::new(4)),
    };
    let told = Market::new().told(BUYER, 9, resting(150, slide), None);
    assert_told(
        &told,
        &[
            ("price", "0.99000000"),
            ("origQty", "0.90000000"),
            ("executedQty", "0.00000000"),
            ("status", "NEW"),
            ("type", "LIMIT_MAKER"),
            ("timeInForce", "GTD"),
        ],
    );
}

#[test]
fn an_iceberg_says_what_it_shows() {
    let mut market = Market::new();
    let terms = Resting {
        display: Some(Quantity::new(4)),
        ..Resting::PLAIN
    };
    let placed = market.told(BUYER, 9, resting(90, terms), None);
    assert_told(&placed, &[("icebergQty", "0.40000000")]);
    let record = market.record(BUYER, Side::Buy, resting(90, terms));
    let symbols = market.symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let queried = serde_json::to_value(QueriedOrder::new(&record, symbol));
    let cancelled = serde_json::to_value(CancelledOrder::new(&record, "so", symbol));
    for told in [queried, cancelled] {
        assert_told(
            &told.expect("plain data"),
            &[
                ("icebergQty", "0.40000000"),
                ("origQty", "0.90000000"),
                ("type", "LIMIT"),
            ],
        );
    }
}

#[test]
fn an_order_for_an_amount_is_as_large_as_what_it_bought() {
    let budget = |units| OrderKind::Market {
        protection: None,
        budget: Some(Notional::new(units)),
    };
    // 5.0 at 1.00 and 1.0 at 2.00 are 7.00; 0.1 are left.
    let told = Market::new().told(BUYER, 100_000, budget(7_100), None);
    assert_told(
        &told,
        &[
            ("origQuoteOrderQty", "7.10000000"),
            ("cummulativeQuoteQty", "7.00000000"),
            ("origQty", "6.00000000"),
            ("executedQty", "6.00000000"),
            ("price", "0.00000000"),
            ("status", "FILLED"),
            ("type", "MARKET"),
        ],
    );
    let told = Market::new().told(BUYER, 100_000, budget(99), None);
    assert_told(&told, &[("origQty", "0.00000000"), ("status", "EXPIRED")]);
}

#[test]
fn a_commission_is_told_in_what_it_was_paid_in() {
    let symbols = Symbols::new(&Market::new().0);
    let symbol = symbols.get(BTCUSD).expect("listed");
    let told = |side, asset: Option<u32>, commission| {
        let fill = Fill {
            trade_id: TradeId::new(1),
            order_id: OrderId::new(1),
            instrument: BTCUSD,
            side,
            price: Price::new(100),
            quantity: Quantity::new(10),
            quote_amount: Amount::new(1_000),
            commission: Delta::new(commission),
            commission_asset: asset.map(AssetId::new),
            is_maker: false,
            time: Timestamp::new(1),
        };
        let trade = OwnTrade::new(&fill, &symbols, symbol)?;
        let placed = PlacedFill::of(&fill, &symbols, symbol)?;
        assert_eq!(trade.commission, placed.commission);
        assert_eq!(trade.commission_asset, placed.commission_asset);
        Some(format!("{} {}", trade.commission, trade.commission_asset))
    };
    for (side, asset, commission, expected) in [
        (Side::Buy, Some(0), 12, "0.01200000 BTC"),
        (Side::Buy, Some(1), 12, "0.01200000 USD"),
        (Side::Sell, Some(2), 1_500, "1.50000000 BNB"),
        // A rebate.
        (Side::Sell, Some(1), -7, "-0.00700000 USD"),
        // Of a history from before fees had an asset.
        (Side::Buy, None, 12, "0.01200000 BTC"),
        (Side::Sell, None, 12, "0.01200000 USD"),
    ] {
        assert_eq!(told(side, asset, commission).as_deref(), Some(expected));
    }
    assert_eq!(told(Side::Buy, Some(9), 12), None);
}

/// The buyer has chosen to pay what it pays with: 1 % of 3.00, where 1 % of 3.0 would be received.
#[test]
fn a_new_order_tells_its_fees_in_what_they_were_paid_in() {
    let mut market = Market::new();
    let tier = FeeTier {
        volume: Amount::ZERO,
        maker: FeeRate::ZERO,
        taker: FeeRate::new(10_000).expect("a rate"),
    };
    market.apply(Command::SetFees {
        instrument: BTCUSD,
        fees: FeeSchedule::new([tier]).expect("a schedule"),
    });
    let gtc = resting(100, Resting::PLAIN);
    for (asset, code) in [(None, "BTC"), (Some(AssetId::new(1)), "USD")] {
        let account = BUYER;
        market.apply(Command::ChooseFeeAsset { account, asset });
        let told = market.told(BUYER, 3, gtc, None);
        let fill = &told["fills"][0];
        assert_eq!(fill["commissionAsset"], code);
        assert_eq!(fill["commission"], "0.00300000");
    }
}

#[test]
fn an_order_that_meets_its_owner_says_so() {
    let gtc = resting(100, Resting::PLAIN);
    for (prevention, status, quantity, mode) in [
        (SelfTradePrevention::Allow, "FILLED", "3.00000000", "NONE"),
        (
            SelfTradePrevention::ExpireMaker,
            "NEW",
            "3.00000000",
            "EXPIRE_MAKER",
        ),
        (
            SelfTradePrevention::ExpireTaker,
            "EXPIRED_IN_MATCH",
            "3.00000000",
            "EXPIRE_TAKER",
        ),
        (
            SelfTradePrevention::ExpireBoth,
            "EXPIRED_IN_MATCH",
            "3.00000000",
            "EXPIRE_BOTH",
        ),
        // Nothing of it is left to trade, and nothing of it has traded.
        (
            SelfTradePrevention::Decrement,
            "EXPIRED_IN_MATCH",
            "0.00000000",
            "DECREMENT",
        ),
    ] {
        let told = Market::new().told(SELLER, 30, gtc, Some(prevention));
        assert_told(
            &told,
            &[
                ("status", status),
                ("origQty", quantity),
                ("selfTradePreventionMode", mode),
            ],
        );
    }
}
