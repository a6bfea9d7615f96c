//! The bots: a market maker that quotes around a wandering price, a taker that trades with it.
//!
//! All they decide is drawn from a seeded generator, in whole ticks and lots.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use orderbook_core::{Price, Quantity};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use rust_decimal::Decimal;

use super::client::{Client, ClientError};
use crate::api::symbols::{Symbol, Symbols};
use crate::gateway::App;

const SEED: u64 = 42;
/// Quotes on each side.
const QUOTES: usize = 12;
/// How often the maker moves its quotes.
const MAKER_PACE: Duration = Duration::from_secs(1);
/// The taker waits up to this long.
const TAKER_PACE_MILLIS: u64 = 1_600;
/// How long to wait after an error.
const BREATH: Duration = Duration::from_secs(2);

/// A market that the bots keep moving.
#[derive(Debug, Clone, Copy)]
struct Habit {
    symbol: &'static str,
    /// Where the price starts on an exchange without trades, in ticks.
    start: i64,
    /// The distance of one quote from the next, in ticks at most.
    spacing: i64,
    /// The largest quote, in lots.
    largest: u64,
}

const HABITS: [Habit; 2] = [
    Habit {
        symbol: "BTCUSDT",
        start: 6_000_000,
        spacing: 300,
        largest: 50_000,
    },
    Habit {
        symbol: "ETHUSDT",
        start: 300_000,
        spacing: 20,
        largest: 80_000,
    },
];

/// Starts the bots on those of their markets that are listed.
pub(super) fn start(app: &Arc<App>, maker: &Client, taker: &Client) {
    for (index, habit) in HABITS.into_iter().enumerate() {
        if app.symbols().named(habit.symbol).is_err() {
            tracing::warn!(symbol = habit.symbol, "not listed: no demo bots there");
            continue;
        }
        let seed = SEED + 2 * index as u64;
        let bot = |client: &Client, seed| Bot {
            client: client.clone(),
            symbols: app.symbols(),
            habit,
            random: ChaCha8Rng::seed_from_u64(seed),
        };
        tokio::spawn(bot(maker, seed).make());
        tokio::spawn(bot(taker, seed + 1).take());
    }
}

struct Bot {
    client: Client,
    symbols: Arc<Symbols>,
    habit: Habit,
    random: ChaCha8Rng,
}

/// The side of an order on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Buy,
    Sell,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }

    /// The sign of the distance from the middle at which such a quote stands.
    const fn sign(self) -> i64 {
        match self {
            Self::Buy => -1,
            Self::Sell => 1,
        }
    }
}

impl Bot {
    fn symbol(&self) -> &Symbol {
        let symbol = self.symbols.named(self.habit.symbol);
        symbol.expect("bots start on listed instruments only")
    }

    /// Quotes, forever.
    async fn make(mut self) {
        loop {
            if let Err(error) = self.quote().await {
                tracing::debug!(%error, symbol = self.habit.symbol, "the demo maker pauses");
                tokio::time::sleep(BREATH).await;
            }
        }
    }

    /// Quotes until something goes wrong.
    async fn quote(&mut self) -> Result<(), ClientError> {
        let mut middle = self.last_price().await?.unwrap_or(self.habit.start);
        let only = [("symbol", self.habit.symbol)];
        // Quotes of an earlier start stand at an old price.
        match self
            .client
            .signed(Method::DELETE, "openOrders", &only)
            .await
        {
            Ok(_) | Err(ClientError::Refused { code: -2011, .. }) => {}
            Err(error) => return Err(error),
        }
        let mut quotes = [
            (Direction::Buy, VecDeque::new()),
            (Direction::Sell, VecDeque::new()),
        ];
        let mut clock = tokio::time::interval(MAKER_PACE);
        clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            middle += self
                .random
                .random_range(-self.habit.spacing..=self.habit.spacing);
            // The walk stays within a tenth of where it started.
            let (low, high) = (self.habit.start * 9 / 10, self.habit.start * 11 / 10);
            middle = middle.clamp(low, high);
            for (direction, open) in &mut quotes {
                if open.len() >= QUOTES
                    && let Some(oldest) = open.pop_front()
                {
                    self.cancel(oldest).await?;
                }
                while open.len() < QUOTES {
                    match self.place_quote(*direction, middle).await {
                        Ok(id) => open.push_back(id),
                        // Would have traded: the other side stands there, or has no funds left.
                        Err(ClientError::Refused { code: -2010, .. }) => break,
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    async fn place_quote(&mut self, direction: Direction, middle: i64) -> Result<u64, ClientError> {
        let deepest = self.habit.spacing * i64::try_from(QUOTES).unwrap_or(1);
        let distance = self.random.random_range(1..=deepest);
        let lots = self
            .random
            .random_range(self.habit.largest / 50..=self.habit.largest);
        let price = self
            .symbol()
            .price(Price::new(middle + direction.sign() * distance));
        let quantity = self.symbol().quantity(Quantity::new(lots));
        let params = [
            ("symbol", self.habit.symbol),
            ("side", direction.as_str()),
            ("type", "LIMIT_MAKER"),
            ("quantity", &quantity),
            ("price", &price),
        ];
        let placed = self.client.signed(Method::POST, "order", &params).await?;
        Ok(placed["orderId"].as_u64().unwrap_or_default())
    }

    async fn cancel(&self, order_id: u64) -> Result<(), ClientError> {
        let order_id = order_id.to_string();
        let params = [("symbol", self.habit.symbol), ("orderId", &order_id)];
        match self.client.signed(Method::DELETE, "order", &params).await {
            // Unknown: somebody has traded with it.
            Ok(_) | Err(ClientError::Refused { code: -2011, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes, forever.
    async fn take(mut self) {
        // What was bought beyond what was sold, in lots: the more, the likelier is a sale.
        let mut position = 0_i64;
        loop {
            let pause = self.random.random_range(200..=TAKER_PACE_MILLIS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            match self.take_once(position).await {
                Ok(change) => position += change,
                Err(error) => {
                    tracing::debug!(%error, symbol = self.habit.symbol, "the demo taker pauses");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    /// Takes once; what the position changes by.
    async fn take_once(&mut self, position: i64) -> Result<i64, ClientError> {
        let patience = i64::try_from(self.habit.largest).unwrap_or(i64::MAX) * 20;
        let direction = if self.random.random_range(-patience..=patience) >= position {
            Direction::Buy
        } else {
            Direction::Sell
        };
        let lots = self
            .random
            .random_range(self.habit.largest / 50..=self.habit.largest / 3);
        let quantity = self.symbol().quantity(Quantity::new(lots));
        let params = [
            ("symbol", self.habit.symbol),
            ("side", direction.as_str()),
            ("type", "MARKET"),
            ("quantity", &quantity),
        ];
        self.client.signed(Method::POST, "order", &params).await?;
        let lots = i64::try_from(lots).unwrap_or_default();
        Ok(-direction.sign() * lots)
    }

    /// The price of the last trade in ticks, where there was one.
    async fn last_price(&self) -> Result<Option<i64>, ClientError> {
        let only = [("symbol", self.habit.symbol)];
        let ticker = self.client.public("ticker/price", &only).await?;
        let price = ticker["price"]
            .as_str()
            .and_then(|text| text.parse::<Decimal>().ok());
        let ticks = price.and_then(|price| self.symbol().instrument.price_from_decimal(price).ok());
        Ok(ticks.map(Price::get))
    }
}
