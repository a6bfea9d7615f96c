//! Orders of a real exchange, as they are asked for and told about.

mod cancel_replace;
mod new_order;
mod told;

use accounts_core::{Amount, AssetId, FeeSchedule};
use exchange_engine::{Command, Event, Exchange, Input, InstrumentId, Listing};
use orderbook_core::{
    AccountId, Instrument, OrderKind, Price, Quantity, Resting, SelfTradePrevention, Side, Step,
    TimeInForce, Timestamp,
};
use serde_json::Value;

use super::{NewOrder, PlacedOrder};
use crate::api::params::Params;
use crate::api::symbols::{Symbol, Symbols};
use crate::bus::Outcome;
use crate::error::ApiError;
use crate::orders::OrderRecord;

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
            .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(100_000)))
            .and_then(|it| it.with_max_slices(50));
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

    fn symbols(&self) -> Symbols {
        Symbols::new(&self.0)
    }

    /// An order as it is right after it was placed.
    fn record(&mut self, account: AccountId, side: Side, kind: OrderKind) -> OrderRecord {
        let outcome = self.place(account, side, 9, kind, None);
        let Event::OrderAccepted { order, rested, .. } = &outcome.events[0] else {
            panic!("{outcome:?}");
        };
        OrderRecord::accepted(outcome.time, BTCUSD, order, None, *rested)
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
        let sent = read("side=BUY&type=MARKET&quantity=1", symbol).expect("an order");
        let placed = PlacedOrder::new(&outcome, &sent, &symbols, symbol);
        serde_json::to_value(placed.expect("placed")).expect("plain data")
    }
}

/// Reads the order that these parameters say.
fn read(params: &str, symbol: &Symbol) -> Result<NewOrder, ApiError> {
    NewOrder::parse(&Params::parse(params, b""), symbol)
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
