//! How much an account has traded lately, which its fees depend on.
//!
//! The exchange counts the same by quote asset; which one that is the events do not say, so that here
//! it is by instrument.

use std::collections::BTreeMap;

use accounts_core::{Amount, TradedVolume};
use exchange_engine::InstrumentId;
use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fill;

/// What an account has traded day by day, in smallest units of quote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Volumes(BTreeMap<InstrumentId, TradedVolume>);

impl Volumes {
    pub(super) fn add(&mut self, fill: &Fill) {
        let volume = self.0.entry(fill.instrument).or_default();
        volume.add(TradedVolume::day(fill.time), fill.quote_amount);
    }

    /// What counts for the fees of a trade at this time, of these instruments. At most as much as there
    /// can be of an asset.
    pub(super) fn of(
        &self,
        instruments: impl Iterator<Item = InstrumentId>,
        time: Timestamp,
    ) -> Amount {
        let day = TradedVolume::day(time);
        let volumes = instruments.filter_map(|id| self.0.get(&id));
        volumes.fold(Amount::ZERO, |sum, volume| {
            let sum = sum.checked_add(volume.before(day));
            sum.map_or(Amount::MAX, |sum| sum.min(Amount::MAX))
        })
    }
}

#[cfg(test)]
mod tests {
    use accounts_core::{AssetId, FeeRate, FeeSchedule, FeeTier};
    use exchange_engine::{Command, Event, Exchange, Input, Listing};
    use orderbook_core::{
        AccountId, Instrument, OrderKind, Price, Quantity, SelfTradePrevention, Side, Step,
        TimeInForce,
    };

    use super::*;
    use crate::bus::Outcome;
    use crate::config::Memory;
    use crate::orders::OrderModel;

    const PAIRS: [InstrumentId; 2] = [InstrumentId::new(0), InstrumentId::new(1)];
    const MAKER: AccountId = AccountId::new(1);
    const TAKER: AccountId = AccountId::new(2);
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;

    /// Two pairs of one quote asset, and an order model that hears of all.
    struct Market {
        exchange: Exchange,
        orders: OrderModel,
        fees: FeeSchedule,
        time: Timestamp,
    }

    impl Market {
        fn new() -> Self {
            let tier = |volume, taker| FeeTier {
                volume: Amount::new(volume),
                maker: FeeRate::ZERO,
                taker: FeeRate::new(taker).expect("a rate"),
            };
            let tiers = [tier(0, 100_000), tier(1_000, 50_000), tier(3_000, 10_000)];
            let mut market = Self {
                exchange: Exchange::new(),
                orders: OrderModel::new(&Memory::default()),
                fees: FeeSchedule::new(tiers).expect("a schedule"),
                time: Timestamp::new(40 * DAY),
            };
            for (asset, code) in [(0, "BTC"), (1, "ETH"), (2, "USD")] {
                market.apply(Command::AddAsset {
                    asset: AssetId::new(asset),
                    code: code.into(),
                    decimals: 0,
                });
            }
            for (id, symbol) in PAIRS.into_iter().zip(["BTCUSD", "ETHUSD"]) {
                let one = Step::new(1, 0).expect("a step");
                let instrument = Instrument::new(symbol, one, one)
                    .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1_000)))
                    .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(1_000)));
                market.apply(Command::ListInstrument(Listing {
                    id,
                    instrument: instrument.expect("an instrument"),
                    base: AssetId::new(id.get()),
                    quote: AssetId::new(2),
                    fees: market.fees.clone(),
                }));
            }
            for account in [MAKER, TAKER] {
                market.apply(Command::OpenAccount { account });
                for asset in 0..3 {
                    market.apply(Command::Deposit {
                        account,
                        asset: AssetId::new(asset),
                        amount: Amount::new(1_000_000),
                    });
                }
            }
            market
        }

        fn apply(&mut self, command: Command) -> Vec<Event> {
            let time = self.time;
            let mut events = Vec::new();
            let result = self.exchange.apply(&Input { time, command }, &mut events);
            assert_eq!(result, Ok(()));
            let outcome = Outcome {
                time,
                result,
                events,
            };
            self.orders.apply(1, &outcome);
            outcome.events
        }

        /// A bid of ten at ten meets an offer; what the seller paid.
        fn trade(&mut self, pair: InstrumentId, bids: AccountId, offers: AccountId) -> Amount {
            let mut events = Vec::new();
            for (account, side) in [(bids, Side::Buy), (offers, Side::Sell)] {
                events = self.apply(Command::Place {
                    account,
                    instrument: pair,
                    client_order_id: None,
                    side,
                    quantity: Quantity::new(100),
                    kind: OrderKind::Limit {
                        price: Price::new(10),
                        time_in_force: TimeInForce::GTC,
                    },
                    self_trade: Some(SelfTradePrevention::Allow),
                });
            }
            let fees = events.iter().filter_map(|event| match event {
                Event::Traded { taker_fee, .. } => Some(taker_fee.amount.magnitude()),
                _ => None,
            });
            fees.fold(Amount::ZERO, |_, fee| fee)
        }

        /// What the taker is said to pay for a thousand.
        fn told(&self) -> Amount {
            let volume = self.orders.volume(TAKER, PAIRS.into_iter(), self.time);
            self.fees.tier(volume).taker.of(Amount::new(1_000))
        }
    }

    /// What is told is what the exchange takes, on the day of a trade, the days after and when it counts
    /// no more.
    #[test]
    fn the_volume_that_counts_is_that_of_the_exchange() {
        let mut market = Market::new();
        let mut taken = Vec::new();
        for (days, pair) in [
            (0, 0),
            (0, 1),
            (1, 0),
            (1, 1),
            (28, 0),
            (1, 1),
            (2, 0),
            (31, 0),
        ] {
            market.time = Timestamp::new(market.time.get() + days * DAY);
            // What one trades with oneself is no volume.
            market.trade(PAIRS[pair], TAKER, TAKER);
            let told = market.told();
            let paid = market.trade(PAIRS[pair], MAKER, TAKER);
            assert_eq!(told, paid, "{days} days on");
            taken.push(paid.get());
        }
        assert_eq!(taken, [100, 100, 50, 10, 10, 10, 50, 100]);
        let stored = market.orders.stored();
        let restored = OrderModel::restore(&Memory::default(), stored);
        let volume = |orders: &OrderModel| {
            let tomorrow = Timestamp::new(market.time.get() + DAY);
            orders.volume(TAKER, PAIRS.into_iter(), tomorrow)
        };
        assert_eq!(volume(&restored), Amount::new(1_000));
        assert_eq!(volume(&restored), volume(&market.orders));
    }
}
