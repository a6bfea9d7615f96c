//! The model against the exchange whose events it folds.
//!
//! The inputs are those that the exchange is compared with its model on.

use std::collections::BTreeSet;

use accounts_core::{MarkSource, Positions};
use exchange_engine::Exchange;
use oracle::engine_commands::{COMMAND, HEADER, Inputs, seeded};
use proptest::prelude::*;

use super::*;
use crate::accounts::marks::marks;
use crate::api::symbols::Symbols;
use crate::config::Memory;
use crate::marketdata::MarketModel;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// An exchange and what is folded from its events.
struct Desk {
    exchange: Exchange,
    /// As `accounts-core` has them.
    positions: Positions,
    accounts: BTreeSet<AccountId>,
    model: PositionModel,
    markets: MarketModel,
    /// What there was to compare.
    found: BTreeSet<&'static str>,
}

/// Carries out what these bytes ask for and compares after every input. Returns what there was to
/// compare.
fn compare(bytes: &[u8]) -> BTreeSet<&'static str> {
    let mut oracle = oracle::engine::Exchange::default();
    let mut inputs = Inputs::new(bytes);
    let mut desk = Desk {
        exchange: Exchange::new(),
        positions: Positions::default(),
        accounts: BTreeSet::new(),
        model: PositionModel::default(),
        markets: MarketModel::new(&Memory::default()),
        found: BTreeSet::new(),
    };
    while let Some(input) = inputs.next_input(&oracle, &oracle.open_orders()) {
        let mut events = Vec::new();
        let result = desk.exchange.apply(&input, &mut events);
        assert_eq!(oracle.apply(&input).is_ok(), result.is_ok());
        let time = input.time;
        desk.fold(&Outcome {
            time,
            result,
            events,
        });
        desk.assert_positions();
        let symbols = Symbols::new(&desk.exchange);
        for days in [0, 1, 29, 30, 31] {
            let later = Timestamp::new(time.get().saturating_add(days * DAY));
            desk.assert_volumes(later, &symbols);
        }
        desk.assert_marks(&symbols);
    }
    desk.found
}

impl Desk {
    fn fold(&mut self, outcome: &Outcome) {
        for event in &outcome.events {
            if let Event::Ledger(LedgerEvent::AccountOpened { account }) = event {
                self.accounts.insert(*account);
            }
            if let Some(event) = event.of_positions() {
                // What does not fit is refused by both.
                let _ = self.positions.apply(&event);
            }
        }
        self.model.apply(outcome);
        let applied = self.markets.apply(outcome, &mut Vec::new());
        applied.expect("the feed is whole");
    }

    /// The positions are those of `accounts-core`, and what the ledger says is owned.
    fn assert_positions(&mut self) {
        let (ledger, model) = (self.exchange.ledger(), &self.model);
        for account in self.accounts.iter().copied() {
            let held = model
                .of(account)
                .expect("these inputs lead to nothing so large");
            let held: Vec<_> = held.collect();
            let expected = self.positions.of(account);
            assert!(expected.eq(held.iter().map(|it| (it.instrument, it.position))));
            for it in &held {
                let owned = ledger.balance(account, it.base).unwrap_or_default().total();
                let quantity = it.position.quantity();
                assert_eq!(owned.and_then(Amount::gain), Some(quantity), "{account:?}");
                let listed = self.exchange.market(it.instrument);
                match listed {
                    Some(market) => {
                        assert_eq!((it.base, it.quote), (market.base(), market.quote()));
                        self.found.insert("a position");
                    }
                    None => drop(
                        self.found
                            .insert("a position in what is not listed any more"),
                    ),
                }
            }
            for (asset, balance) in ledger.balances(account).into_iter().flatten() {
                let owned = balance.total().and_then(Amount::gain);
                assert_eq!(Some(model.positions.owned(account, asset)), owned);
            }
        }
    }

    /// Everybody pays what the exchange would let them pay at that time.
    fn assert_volumes(&mut self, time: Timestamp, symbols: &Symbols) {
        for account in self.accounts.iter().copied() {
            for market in self.exchange.markets() {
                let quote = market.quote();
                let volume = self.exchange.traded_volume(account, quote, time);
                assert_eq!(self.model.volume(account, quote, time), volume);
                let symbol = symbols.get(market.id()).expect("it is listed");
                let tier = self.model.tier(account, symbol, time);
                assert_eq!(tier, *market.fees().tier(volume));
                if !volume.is_zero() {
                    self.found.insert("a traded volume");
                }
                if !tier.volume.is_zero() {
                    self.found.insert("a later tier");
                }
            }
        }
    }

    /// Instruments are worth what the exchange says.
    fn assert_marks(&mut self, symbols: &Symbols) {
        let expected = self.exchange.marks();
        assert_eq!(marks(&self.markets, symbols), expected);
        for symbol in symbols.iter() {
            self.found.insert(match expected.get(symbol.id) {
                None => "an instrument without a price",
                Some(pair) if pair.source == MarkSource::LastTrade => "a last trade",
                Some(_) => "a middle of the market",
            });
        }
    }
}

/// A comparison proves nothing about what was never there.
#[test]
fn there_is_something_to_compare() {
    let mut found = BTreeSet::new();
    for block in 0..16 {
        found.extend(compare(&seeded(20_240_229, block, 200)));
    }
    let expected = [
        "a last trade",
        "a later tier",
        "a middle of the market",
        "a position",
        "a position in what is not listed any more",
        "a traded volume",
        "an instrument without a price",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

/// An account whose numbers do not fit is told nothing, and others are told what is so.
#[test]
fn what_is_too_large_to_be_counted_is_not_told() {
    let (btc, usd, instrument) = (AssetId::new(1), AssetId::new(2), InstrumentId::new(1));
    let [ann, bob, cat] = [1, 2, 3].map(AccountId::new);
    let deposited = |account, asset, amount| {
        Event::Ledger(LedgerEvent::Deposited {
            account,
            asset,
            amount,
        })
    };
    let mut model = PositionModel::default();
    let listed = Event::InstrumentListed {
        instrument,
        base: btc,
        quote: usd,
    };
    let few = Amount::new(5);
    model.apply(&Outcome {
        time: Timestamp::default(),
        result: Ok(()),
        events: vec![
            listed,
            deposited(ann, btc, Amount::MAX),
            deposited(bob, btc, few),
            deposited(ann, btc, few),
            deposited(cat, btc, few),
        ],
    });
    let quantities = |model: &PositionModel| {
        [ann, bob, cat].map(|account| {
            let held = model.of(account)?;
            Some(held.map(|it| it.position.quantity().get()).sum())
        })
    };
    assert_eq!(quantities(&model), [None, Some(5), Some(5)]);
    let restored = PositionModel::restore(model.stored()).expect("what was stored");
    assert_eq!(quantities(&restored), quantities(&model));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_model_is_what_the_exchange_says(
        bytes in prop::collection::vec(any::<u8>(), 0..HEADER + COMMAND * 150),
    ) {
        compare(&bytes);
    }
}
