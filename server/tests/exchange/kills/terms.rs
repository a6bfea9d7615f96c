//! Orders as they are sent, and how an order stands.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::harness::{decimal, text};

pub(super) const SYMBOLS: [&str; 3] = ["BTCUSDT", "ETHUSDT", "ETHBTC"];

/// The parameters of an order, its name among them.
#[derive(Debug, Clone)]
pub(super) struct Terms(Vec<(&'static str, String)>);

impl Terms {
    /// Somewhere around the middle of the market, so that about every other order trades.
    pub(super) fn random(random: &mut ChaCha8Rng, name: String) -> Self {
        let symbol = SYMBOLS[random.random_range(0..SYMBOLS.len())];
        // Prices and quantities in units of the last of so many decimal places.
        let (prices, lots) = match symbol {
            "BTCUSDT" => ((49_990..=50_010, 0), (100..2_000, 5)),
            "ETHUSDT" => ((2_990..=3_010, 0), (100..3_000, 4)),
            _ => ((5_990..=6_010, 5), (10..300, 3)),
        };
        let price = Decimal::new(random.random_range(prices.0), prices.1).to_string();
        let quantity = Decimal::new(random.random_range(lots.0), lots.1).to_string();
        let side = ["BUY", "SELL"][random.random_range(0..2)];
        let kind = match random.random_range(0..12) {
            0 => vec![("type", "MARKET")],
            1 => vec![("type", "LIMIT"), ("timeInForce", "IOC"), ("price", &price)],
            2 => vec![("type", "LIMIT_MAKER"), ("price", &price)],
            _ => vec![("type", "LIMIT"), ("timeInForce", "GTC"), ("price", &price)],
        };
        let mut params = vec![
            ("symbol", symbol.to_owned()),
            ("newClientOrderId", name),
            ("side", side.to_owned()),
            ("quantity", quantity),
        ];
        params.extend(kind.into_iter().map(|(name, value)| (name, value.into())));
        Self(params)
    }

    fn get(&self, wanted: &str) -> Option<&str> {
        let mut params = self.0.iter();
        let found = params.find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn symbol(&self) -> &'static str {
        let symbol = self.get("symbol");
        let mut known = SYMBOLS.into_iter();
        known
            .find(|known| symbol == Some(known))
            .expect("it has one of them")
    }

    pub(super) fn name(&self) -> &str {
        self.get("newClientOrderId").expect("it has a name")
    }

    pub(super) fn params(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(a, b)| (*a, b.as_str())).collect()
    }

    /// Asserts that this is the order that was sent.
    pub(super) fn assert_of(&self, order: &Value) {
        assert_eq!(order["symbol"], self.symbol(), "{order}");
        assert_eq!(order["clientOrderId"], self.name(), "{order}");
        // Some answers are short.
        if order.get("status").is_none() {
            return;
        }
        for name in ["side", "type", "timeInForce"] {
            let asked = self.get(name);
            assert!(asked.is_none_or(|asked| order[name] == asked), "{order}");
        }
        for (name, field) in [("quantity", "origQty"), ("price", "price")] {
            if let Some(asked) = self.get(name) {
                assert_eq!(Ok(decimal(order, field)), asked.parse(), "{field}: {order}");
            }
        }
    }
}

/// How an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: String,
    pub(super) executed: Decimal,
    pub(super) quote: Decimal,
}

impl Standing {
    pub(super) fn of(order: &Value) -> Self {
        // An order that is only acknowledged is there, and that is all that is said.
        if order.get("status").is_none() {
            return Self {
                status: "NEW".into(),
                executed: Decimal::ZERO,
                quote: Decimal::ZERO,
            };
        }
        Self {
            status: text(order, "status").into(),
            executed: decimal(order, "executedQty"),
            quote: decimal(order, "cummulativeQuoteQty"),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(&*self.status, "NEW" | "PARTIALLY_FILLED")
    }

    /// Asserts that an order may stand like that after it stood like this.
    pub(super) fn assert_leads_to(&self, later: &Self, order: &Value) {
        let statuses: &[&str] = match &*self.status {
            "NEW" => &["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"],
            "PARTIALLY_FILLED" => &["PARTIALLY_FILLED", "FILLED", "CANCELED"],
            _ => {
                assert_eq!(self, later, "it was closed: {order}");
                return;
            }
        };
        assert!(
            statuses.contains(&&*later.status)
                && later.executed >= self.executed
                && later.quote >= self.quote,
            "{self:?} became {order}"
        );
    }
}
