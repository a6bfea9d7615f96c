//! Answers about orders of a real exchange.

use accounts_core::{Amount, AssetId, Delta, FeeRate, FeeSchedule, FeeTier};
use exchange_engine::{Command, Event, Exchange, Input, InstrumentId, Listing};
use orderbook_core::{
    AccountId, Instrument, Notional, OrderId, OrderKind, PostOnly, Price, Quantity, Resting,
    SelfTradePrevention, Side, Step, TimeInForce, Timestamp, TradeId,
};
use serde_json::Value;

use super::placed::PlacedFill;
use super::*;
use crate::api::symbols::Symbols;
use crate::bus::Outcome;
use crate::orders::{Fill, OrderRecord};

const SELLER: AccountId = AccountId::new(1);
const BUYER: AccountId = AccountId::new(2);
const BTCUSD: InstrumentId = InstrumentId::new(0);
/// Not of the pair.
const BNB: AssetId = AssetId::new(2);

/// A pair with prices of two decimals and quantities of one, asks of 5.0 at 1.00 and at 2.00,
/// and somebody with plenty of both assets.
struct Market(Exchange);

impl Market {
    fn new() -> Self {
        let (base, quote) = (AssetId::new(0), AssetId::new(1));
        let step = |scale| Step::new(1, scale).expect("a valid step");
        let instrument = Instrument::new("BTCUSD", step(2), step(1))
            .and_then(|it| it.with_price_limits(Price::new(1), Price::new(100_000)))
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)));
        let mut market = Self(Exchange::new());
        for (asset, code) in [(base, "BTC"), (quote, "USD"), (BNB, "BNB")] {
            market.apply(Command::AddAsset {
                asset,
                code: code.into(),
                decimals: 3,
            });
        }
        market.apply(Command::ListInstrument(Listing {
            id: BTCUSD,
            instrument: instrument.expect("a valid instrument"),
            base,
            quote,
            fees: FeeSchedule::default(),
        }));
        for account in [SELLER, BUYER] {
            market.apply(Command::OpenAccount { account });
            for asset in [base, quote] {
                let amount = Amount::new(1_000_000_000);
                market.apply(Command::Deposit {
                    account,
                    asset,
                    amount,
                });
            }
        }
        for price in [100, 200] {
            let kind = OrderKind::Limit {
                price: Price::new(price),
                time_in_force: TimeInForce::GTC,
            };
            market.place(SELLER, Side::Sell, 50, kind, None);
        }
        market
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let time = Timestamp::new(1_000_000);
        let mut events = Vec::new();
        let result = self.0.apply(&Input { time, command }, &mut events);
        assert_eq!(result, Ok(()));
        Outcome {
            time,
            result,
            events,
        }
    }

    fn place(
        &mut self,
        account: AccountId,
        side: Side,
        quantity: u64,
        kind: OrderKind,
        self_trade: Option<SelfTradePrevention>,
    ) -> Outcome {
        self.apply(Command::Place {
            account,
            instrument: BTCUSD,
            client_order_id: None,
            side,
            quantity: Quantity::new(quantity),
            kind,
            self_trade,
        })
    }

    /// What the owner of a new order is told of it.
    fn told(
        &mut self,
        account: AccountId,
        quantity: u64,
        kind: OrderKind,
        self_trade: Option<SelfTradePrevention>,
    ) -> Value {
        let outcome = self.place(account, Side::Buy, quantity, kind, self_trade);
        let symbols = Symbols::new(&self.0);
        let symbol = symbols.get(BTCUSD).expect("listed");
        let placed = PlacedOrder::new(&outcome, ResponseType::Full, &symbols, symbol);
        serde_json::to_value(placed.expect("placed")).expect("plain data")
    }
}

fn resting(price: i64, terms: Resting) -> OrderKind {
    OrderKind::Limit {
        price: Price::new(price),
        time_in_force: TimeInForce::Rest(terms),
    }
}

#[track_caller]
fn assert_told(told: &Value, expected: &[(&str, &str)]) {
    for (name, expected) in expected {
        assert_eq!(told[*name], *expected, "{name} of {told}");
    }
}

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
    let outcome = market.place(BUYER, Side::Buy, 9, resting(90, terms), None);
    let Event::OrderAccepted { order, rested, .. } = &outcome.events[0] else {
        panic!("{outcome:?}");
    };
    let record = OrderRecord::accepted(outcome.time, BTCUSD, order, None, *rested);
    let symbols = Symbols::new(&market.0);
    let queried = QueriedOrder::new(&record, symbols.get(BTCUSD).expect("listed"));
    let told = serde_json::to_value(queried).expect("plain data");
    assert_told(
        &told,
        &[
            ("icebergQty", "0.40000000"),
            ("origQty", "0.90000000"),
            ("type", "LIMIT"),
        ],
    );
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
