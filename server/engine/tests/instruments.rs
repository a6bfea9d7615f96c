//! Instruments that come and go. The notation is explained in `desk`.

mod desk;

use accounts_core::{Amount, AssetId, LedgerReject, LimitReject, OrderLimits};
use desk::*;
use exchange_engine::{Command, InstrumentId, Reject, Scope};
use orderbook_core::{Price, Quantity};

mod listed {
    use super::*;

    const SECOND: InstrumentId = InstrumentId::new(2);

    fn refuse(change: impl FnOnce(&mut exchange_engine::Listing), reason: impl Into<Reject>) {
        let mut desk = Desk::new();
        let mut listing = listing(SECOND, "SECOND");
        change(&mut listing);
        desk.refuse(Command::ListInstrument(listing), reason);
    }

    #[test]
    fn an_id_and_a_symbol_are_listed_once() {
        refuse(|it| it.id = BTCUSD, Reject::DuplicateInstrument);
        refuse(
            |it| it.instrument = instrument("BTCUSD", (1, 0), (1, 2)),
            Reject::DuplicateInstrument,
        );
    }

    #[test]
    fn base_and_quote_are_two_known_assets() {
        refuse(|it| it.quote = BTC, Reject::InvalidInstrument);
        let unknown = AssetId::new(9);
        refuse(|it| it.base = unknown, LedgerReject::UnknownAsset);
        refuse(|it| it.quote = unknown, LedgerReject::UnknownAsset);
    }

    #[test]
    fn prices_are_positive() {
        for lowest in [0, -5] {
            refuse(
                |it| {
                    let plain = it.instrument.clone();
                    it.instrument = plain
                        .with_price_limits(Price::new(lowest), Price::new(10))
                        .expect("fine for a book");
                },
                Reject::InvalidInstrument,
            );
        }
    }

    #[test]
    fn a_grid_finer_than_the_smallest_units_is_refused() {
        // BTC and USD have two decimals here: a lot of 0.001, a tick of 0.1 times a lot of 0.01.
        let cases = [((1, 0), (1, 3)), ((1, 1), (1, 2)), ((1, 28), (1, 2))];
        for (tick, lot) in cases {
            refuse(
                |it| it.instrument = instrument("SECOND", tick, lot),
                Reject::GridTooFine,
            );
        }
        // A tick of 0.5 times a lot of 0.02 is 0.01 again.
        let mut desk = Desk::new();
        let mut pair = listing(SECOND, "SECOND");
        pair.instrument = instrument("SECOND", (5, 1), (2, 2));
        desk.accept(Command::ListInstrument(pair));
    }

    #[test]
    fn the_largest_order_is_an_amount() {
        // A lot of ten with 18 decimals is 10^19 smallest units: so many lots are just below 2^127.
        let largest = u64::try_from(Amount::MAX.get() / 10_u128.pow(19)).expect("64 bits");
        let fine = AssetId::new(3);
        let list = |largest| {
            let mut pair = listing(SECOND, "SECOND");
            let step = |mantissa| orderbook_core::Step::new(mantissa, 0).expect("a step");
            pair.base = fine;
            pair.instrument = orderbook_core::Instrument::new("SECOND", step(1), step(10))
                .and_then(|it| it.with_price_limits(Price::new(1), Price::new(1)))
                .and_then(|it| it.with_quantity_limits(Quantity::new(1), Quantity::new(largest)))
                .expect("fine for a book");
            Command::ListInstrument(pair)
        };
        let mut desk = Desk::new();
        desk.accept(add_asset(fine, "FINE", 18));
        desk.refuse(list(largest + 1), Reject::LimitsTooWide);
        desk.accept(list(largest));
    }

    #[test]
    fn the_largest_order_must_fit_128_bits() {
        refuse(
            |it| {
                let step = |mantissa| orderbook_core::Step::new(mantissa, 0).expect("a step");
                // 2^64 - 1 a tick, 2^64 - 1 a lot, and 2^32 of each at most.
                it.instrument =
                    orderbook_core::Instrument::new("SECOND", step(u64::MAX), step(u64::MAX))
                        .expect("fine for a book");
            },
            Reject::LimitsTooWide,
        );
    }

    #[test]
    fn an_asset_has_a_code_and_decimals_of_its_own() {
        let mut desk = Desk::new();
        let third = AssetId::new(3);
        for code in ["", "eth", "E-H", "ABCDEFGHIJKLMNOPQ", "ÄTH"] {
            desk.refuse(add_asset(third, code, 8), Reject::InvalidAsset);
        }
        desk.refuse(add_asset(third, "ETH", 19), Reject::InvalidAsset);
        desk.refuse(add_asset(third, "BTC", 8), Reject::DuplicateAssetCode);
        desk.refuse(add_asset(BTC, "ETH", 8), LedgerReject::DuplicateAsset);
        desk.accept(add_asset(third, "1INCH", 18));
    }
}

mod delisted {
    use super::*;

    fn delist(instrument: InstrumentId) -> Command {
        Command::DelistInstrument { instrument }
    }

    /// Ann and Bob have 10,000 of everything, and orders in two instruments.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.list(ETHUSD);
        for account in [ANN, BOB] {
            for asset in [USD, BTC, ETH] {
                desk.deposit(account, asset, 10_000);
            }
        }
        desk.accept(on(ETHUSD, place(ANN, "buy 1 @ 50")));
        desk.place(BOB, "buy 2 @ 90 show 1");
        desk.place(ANN, "sell 3 @ 110 as x");
        desk.place(ANN, "buy 4 @ 95");
        desk.place(BOB, "sell 5 @ 105");
        desk
    }

    #[test]
    fn its_orders_are_cancelled_bids_first_best_first() {
        let mut desk = desk();
        let events = desk.accept(delist(BTCUSD));
        assert_eq!(
            words(&events),
            [
                "#4 cancelled",
                "account 1 asset 2: 9950+50",
                "#2 cancelled",
                "account 2 asset 2: 10000+0",
                "#5 cancelled",
                "account 2 asset 1: 10000+0",
                "#3 cancelled",
                "account 1 asset 1: 10000+0",
                "instrument 1 delisted",
            ]
        );
        desk.owns(ANN, "btc 10000 usd 9950+50 eth 10000");
        desk.owns(BOB, "btc 10000 usd 10000 eth 10000");
    }

    #[test]
    fn what_is_held_on_top_comes_back() {
        let mut desk = desk();
        desk.charge(fees(0, 100_000));
        desk.pays_fees_in(BOB, USD);
        desk.place(BOB, "buy 10 @ 100");
        desk.owns(BOB, "btc 9995+5 usd 8720+1280 eth 10000");
        desk.accept(delist(BTCUSD));
        desk.owns(BOB, "btc 10000 usd 10000 eth 10000");
    }

    #[test]
    fn it_is_unknown_for_good() {
        let mut desk = desk();
        desk.place(ANN, "buy 1 market");
        desk.accept(delist(BTCUSD));
        for again in 0..2 {
            let unknown = Reject::UnknownInstrument;
            desk.refuse(delist(BTCUSD), unknown);
            desk.refuse(place(ANN, "buy 1 @ 1"), unknown);
            desk.refuse(place(ANN, "sell 3 @ 110 as x"), unknown);
            desk.refuse(cancel(ANN, by_name("x")), unknown);
            desk.refuse(cancel_all(ANN), unknown);
            desk.refuse(reduce(ANN, by_id(3), 1), unknown);
            desk.refuse(amend(ANN, by_id(3), 1, 1), unknown);
            desk.refuse(replace(ANN, by_id(3), 1, 1), unknown);
            let (instrument, limits) = (BTCUSD, OrderLimits::default());
            desk.refuse(
                Command::SetFees {
                    instrument,
                    fees: fees(0, 0),
                },
                unknown,
            );
            desk.refuse(
                Command::LimitInstrument {
                    instrument,
                    limits,
                    collar: None,
                },
                unknown,
            );
            desk.refuse(
                Command::LimitAccountIn {
                    account: ANN,
                    instrument,
                    limits,
                },
                unknown,
            );
            let scope = Scope::Instrument(BTCUSD);
            desk.refuse(Command::Resume { scope }, unknown);
            desk.refuse(
                Command::Halt {
                    scope,
                    cancel_orders: true,
                },
                unknown,
            );
            desk.refuse(
                Command::ListInstrument(listing(BTCUSD, "OTHER")),
                Reject::DuplicateInstrument,
            );
            assert!(desk.exchange.market(BTCUSD).is_none());
            assert!(desk.exchange.market_by_symbol("BTCUSD").is_none());
            assert_eq!(desk.exchange.last_price(BTCUSD), None);
            assert_eq!(desk.exchange.orders_of(ANN, BTCUSD).count(), 0);
            if again == 0 {
                desk.restart();
            }
        }
    }

    #[test]
    fn its_symbol_is_free_and_all_begins_anew() {
        let mut desk = desk();
        desk.charge(fees(100_000, 100_000));
        desk.place(BOB, "buy 3 market");
        desk.accept(Command::LimitInstrument {
            instrument: BTCUSD,
            limits: OrderLimits {
                max_quantity: Some(Quantity::new(5)),
                ..OrderLimits::default()
            },
            collar: Some(accounts_core::PriceCollar::new(0)),
        });
        desk.accept(Command::Halt {
            scope: Scope::Instrument(BTCUSD),
            cancel_orders: false,
        });
        desk.accept(delist(BTCUSD));
        let second = InstrumentId::new(9);
        desk.accept(Command::ListInstrument(listing(second, "BTCUSD")));
        let market = desk.exchange.market_by_symbol("BTCUSD").expect("listed");
        assert_eq!(market.id(), second);
        assert!(!market.is_halted());
        assert_eq!(market.fees(), &fees(0, 0));
        assert_eq!(
            (market.limits(), market.collar()),
            (OrderLimits::default(), None)
        );
        desk.accept(on(second, place(ANN, "buy 10 @ 100")));
        desk.accept(on(second, place(BOB, "sell 10 @ 100")));
        desk.refuse(
            Command::ListInstrument(listing(InstrumentId::new(10), "BTCUSD")),
            Reject::DuplicateInstrument,
        );
    }

    #[test]
    fn limits_of_accounts_there_are_forgotten_and_others_are_not() {
        let mut desk = desk();
        let before = desk.clone();
        let limits = OrderLimits {
            max_quantity: Some(Quantity::new(5)),
            ..OrderLimits::default()
        };
        desk.accept(Command::LimitAccountIn {
            account: ANN,
            instrument: BTCUSD,
            limits,
        });
        let mut both = desk.clone();
        both.accept(Command::LimitAccountIn {
            account: ANN,
            instrument: ETHUSD,
            limits,
        });
        let mut plain = before;
        for desk in [&mut desk, &mut both, &mut plain] {
            desk.accept(delist(BTCUSD));
        }
        assert_eq!(desk.exchange.state_hash(), plain.exchange.state_hash());
        both.refuse(
            on(ETHUSD, place(ANN, "buy 6 @ 1")),
            LimitReject::QuantityTooLarge,
        );
    }

    #[test]
    fn an_empty_one_just_goes_and_ids_of_others_stay() {
        let mut desk = Desk::new();
        desk.list(ETHUSD);
        let events = desk.accept(delist(ETHUSD));
        assert_eq!(words(&events), ["instrument 2 delisted"]);
        desk.deposit(ANN, USD, 100);
        desk.place(ANN, "buy 1 @ 100");
        desk.accept(delist(BTCUSD));
        desk.owns(ANN, "btc 0 usd 100");
        // With all gone there is nothing to let expire or to halt, and no harm in it.
        desk.accept(Command::AdvanceTime);
        desk.accept(Command::Halt {
            scope: Scope::Venue,
            cancel_orders: true,
        });
    }

    #[test]
    fn an_instrument_that_never_was_is_not_delisted() {
        desk().refuse(delist(InstrumentId::new(99)), Reject::UnknownInstrument);
    }

    #[test]
    fn what_it_was_worth_is_not_known_any_more() {
        let mut desk = desk();
        desk.place(ANN, "buy 1 @ 105");
        assert_eq!(desk.exchange.last_price(BTCUSD), Some(Price::new(105)));
        let total = |desk: &Desk| {
            let portfolio = desk.exchange.portfolio(ANN, USD).expect("known");
            (portfolio.total.get(), portfolio.unpriced().count())
        };
        // 9,895 USD and 10,001 BTC at 105; nobody knows what ETH is worth.
        assert_eq!(total(&desk), (9_895 + 10_001 * 105, 1));
        desk.accept(delist(BTCUSD));
        assert_eq!(total(&desk), (9_895, 2));
    }
}
