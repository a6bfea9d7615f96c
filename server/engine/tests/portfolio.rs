//! What accounts own is worth, and what they have earned with it. That positions are balances is
//! seen to after every command of every scenario. The notation is explained in `desk`.

mod desk;

use accounts_core::{
    AssetId, CostMethod, Delta, Direction, Fees, MarkSource, Path, Position, PositionEvent,
    Unpriced,
};
use desk::*;
use exchange_engine::{Command, InstrumentId};

mod positions {
    use super::*;

    #[track_caller]
    fn of(desk: &Desk, account: accounts_core::AccountId) -> &Position {
        desk.positions.get(account, BTCUSD).expect("it has traded")
    }

    /// Quantity, cost, realised with and without fees, and unrealised at the last price.
    #[track_caller]
    fn figures(desk: &Desk, account: accounts_core::AccountId) -> [i128; 5] {
        let position = of(desk, account);
        let mark = desk.positions.mark(BTCUSD).expect("it has traded");
        let market = desk.exchange.market(BTCUSD).expect("listed");
        let last = desk.exchange.last_price(BTCUSD).expect("it has traded");
        let unrealised = position.unrealised(mark).expect("small");
        // The mark of the fold is the last price of the exchange.
        let by_price = market.mark_of(last).expect("a price");
        assert_eq!(position.unrealised(by_price), Some(unrealised));
        [
            position.quantity(),
            position.cost(),
            position.realised(Fees::Included),
            position.realised(Fees::Excluded),
            unrealised,
        ]
        .map(Delta::get)
    }

    #[test]
    fn what_was_bought_cheap_and_sold_dear_is_earned() {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 10_000);
        desk.deposit(BOB, USD, 10_000);
        desk.deposit(BOB, BTC, 100);
        // 10 for 1,000, and 10 for 1,400: 120 each.
        for price in [100, 140] {
            desk.place(BOB, &format!("sell 10 @ {price}"));
            desk.place(ANN, &format!("buy 10 @ {price}"));
        }
        assert_eq!(figures(&desk, ANN), [20, 2_400, 0, 0, 400]);
        // Five are sold for 750.
        desk.place(ANN, "sell 5 @ 150");
        desk.place(BOB, "buy 5 @ 150");
        assert_eq!(figures(&desk, ANN), [15, 1_800, 150, 150, 450]);
        desk.owns(ANN, "btc 15 usd 8350");
        // Realised and unrealised: 8,350 and 15 x 150, less the 10,000 that she began with.
        assert_eq!(150 + 450, 8_350 + 15 * 150 - 10_000);
    }

    #[test]
    fn fees_are_paid_wherever_they_are_paid() {
        let mut desk = Desk::with_fees(100_000, 200_000);
        desk.list(TOKUSD);
        for account in [ANN, BOB] {
            desk.deposit(account, USD, 10_000);
            desk.deposit(account, TOK, 1_000);
        }
        desk.deposit(BOB, BTC, 100);
        desk.trades_at(TOKUSD, 5);
        // Out of the ten: two, worth 200. She owns eight, for which she paid 800.
        desk.place(BOB, "sell 10 @ 100");
        desk.place(ANN, "buy 10 @ 100");
        assert_eq!(figures(&desk, ANN), [8, 800, -200, 0, 0]);
        // On top of 1,000: 200.
        desk.pays_fees_in(ANN, USD);
        desk.place(BOB, "sell 10 @ 100");
        desk.place(ANN, "buy 10 @ 100");
        assert_eq!(figures(&desk, ANN), [18, 1_800, -400, 0, 0]);
        // In tokens: 20 % of 200, which are no dollars.
        desk.pays_fees_in(ANN, TOK);
        desk.place(BOB, "sell 10 @ 100");
        desk.place(ANN, "buy 10 @ 100");
        assert_eq!(figures(&desk, ANN), [28, 2_800, -400, 0, 0]);
        let others = of(&desk, ANN).other_fees();
        let others: Vec<_> = others.iter().map(|fee| (fee.asset, fee.amount)).collect();
        assert_eq!(others, [(TOK, Delta::new(40))]);
        // On top of the five she sells: one, sold for 100 which are the fee.
        desk.pays_fees_in(ANN, BTC);
        desk.place(BOB, "buy 5 @ 100");
        desk.place(ANN, "sell 5 @ 100");
        assert_eq!(figures(&desk, ANN), [22, 2_200, -500, 0, 0]);
        desk.owns(ANN, "btc 22 usd 7300 tok 960");
        // Nothing was lost but 500 of fees: of her 10,000 she has 7,300 and 22 x 100.
        assert_eq!(10_000 - 500, 7_300 + 22 * 100);
    }

    #[test]
    fn a_rebate_is_earned() {
        let mut desk = Desk::with_fees(-100_000, 200_000);
        desk.deposit(ANN, USD, 1_000);
        desk.deposit(BOB, BTC, 100);
        desk.place(ANN, "buy 10 @ 100");
        desk.place(BOB, "sell 10 @ 100");
        assert_eq!(figures(&desk, ANN), [10, 1_000, 100, 0, 0]);
        desk.owns(ANN, "btc 10 usd 100");
    }

    #[test]
    fn the_fee_account_has_a_position_in_what_it_gets() {
        let mut desk = Desk::with_fees(0, 500_000);
        desk.deposit(ANN, USD, 1_000);
        desk.deposit(BOB, BTC, 100);
        desk.place(BOB, "sell 10 @ 100");
        desk.place(ANN, "buy 10 @ 100");
        // Five came in, worth 100 each.
        assert_eq!(figures(&desk, HOUSE), [5, 500, 0, 0, 0]);
    }

    #[test]
    fn what_is_owned_before_a_listing_is_a_position_from_then_on() {
        let mut desk = Desk::new();
        desk.deposit(ANN, BTC, 7);
        let second = InstrumentId::new(9);
        desk.accept(Command::ListInstrument(listing(second, "SECOND")));
        let position = desk.positions.get(ANN, second).expect("she owns some");
        assert_eq!(position.quantity(), Delta::new(7));
        assert_eq!(position.unvalued().get(), 7);
    }

    #[test]
    fn first_in_first_out_is_a_matter_of_choice() {
        let mut desk = Desk::new();
        let method = CostMethod::Fifo;
        let chosen = PositionEvent::MethodChosen {
            account: ANN,
            method,
        };
        desk.positions.apply(&chosen).expect("it can be chosen");
        desk.deposit(ANN, USD, 10_000);
        desk.deposit(BOB, USD, 10_000);
        desk.deposit(BOB, BTC, 100);
        for price in [100, 140] {
            desk.place(BOB, &format!("sell 10 @ {price}"));
            desk.place(ANN, &format!("buy 10 @ {price}"));
        }
        desk.place(ANN, "sell 15 @ 150");
        desk.place(BOB, "buy 15 @ 150");
        // 2,250 less 1,000 and half of 1,400.
        assert_eq!(figures(&desk, ANN), [5, 700, 550, 550, 50]);
    }

    #[test]
    fn what_does_not_change_positions_says_nothing() {
        let mut desk = Desk::with_fees(1_000, 1_000);
        desk.deposit(ANN, USD, 1_000);
        let before = desk.positions.clone();
        let mut events = desk.accept(place(ANN, "buy 5 @ 100 as x"));
        events.extend(desk.accept(amend(ANN, by_name("x"), 4, 101)));
        events.extend(desk.accept(cancel(ANN, by_name("x"))));
        events.extend(desk.accept(choose(ANN, Some(USD))));
        assert!(events.iter().all(|event| event.of_positions().is_none()));
        assert_eq!(desk.positions, before);
    }
}

mod values {
    use super::*;

    /// Ann owns some of everything. BTC and ETH are worth 100 and 20 USD, a USD three tokens.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        for id in [ETHUSD, USDTOK] {
            desk.list(id);
        }
        for (asset, amount) in [(BTC, 3), (USD, 1_000), (ETH, 7), (TOK, 60)] {
            desk.deposit(ANN, asset, amount);
        }
        desk.trades_at(BTCUSD, 100);
        desk.trades_at(ETHUSD, 20);
        desk.trades_at(USDTOK, 3);
        desk
    }

    /// The total, and what each is worth by how many steps.
    #[track_caller]
    fn worth(desk: &Desk, target: AssetId) -> (u128, Vec<(u128, usize)>) {
        let portfolio = desk.exchange.portfolio(ANN, target).expect("known");
        assert_eq!(portfolio.target, target);
        let items = portfolio.items.iter().map(|item| {
            let valuation = item.valuation.expect("it has a price");
            (valuation.value.get(), valuation.path.hops().len())
        });
        (portfolio.total.get(), items.collect())
    }

    #[test]
    fn everything_is_worth_something_in_dollars() {
        let desk = desk();
        // BTC and ETH directly; 60 tokens at three for one.
        let items = vec![(300, 1), (1_000, 0), (140, 1), (20, 1)];
        assert_eq!(worth(&desk, USD), (1_460, items));
    }

    #[test]
    fn by_two_steps_rounded_once() {
        let desk = desk();
        // In BTC: 1,000 USD are 10, 7 ETH 1.4, and 60 tokens 0.2.
        let items = vec![(3, 0), (10, 1), (1, 2), (0, 2)];
        assert_eq!(worth(&desk, BTC), (14, items));
        // In tokens: 300 USD and 140 USD three times.
        let items = vec![(900, 2), (3_000, 1), (420, 2), (60, 0)];
        assert_eq!(worth(&desk, TOK), (4_380, items));
    }

    #[test]
    fn one_step_is_better_than_two() {
        let mut desk = desk();
        desk.list(ETHBTC);
        desk.trades_at(ETHBTC, 2);
        let (_, items) = worth(&desk, BTC);
        assert_eq!(items[2], (14, 1));
        let portfolio = desk.exchange.portfolio(ANN, BTC).expect("known");
        let Path::One([hop]) = portfolio.items[2].valuation.expect("priced").path else {
            panic!("one step");
        };
        assert_eq!(hop.pair.instrument, ETHBTC);
        assert_eq!(hop.direction, Direction::Direct);
        assert_eq!(hop.pair.source, MarkSource::LastTrade);
    }

    #[test]
    fn what_is_held_is_worth_as_much() {
        let mut desk = desk();
        let before = worth(&desk, USD);
        desk.place(ANN, "buy 5 @ 90");
        desk.place(ANN, "sell 2 @ 110");
        assert_eq!(worth(&desk, USD), before);
    }

    #[test]
    fn before_the_first_trade_it_is_the_middle_of_the_market() {
        let mut desk = Desk::new();
        desk.deposit(ANN, USD, 1_000);
        desk.deposit(ANN, BTC, 10);
        let unpriced = |desk: &Desk| {
            let portfolio = desk.exchange.portfolio(ANN, USD).expect("known");
            let unpriced: Vec<_> = portfolio
                .unpriced()
                .map(|(item, why)| (item.asset, why))
                .collect();
            (portfolio.total.get(), unpriced)
        };
        assert_eq!(unpriced(&desk), (1_000, vec![(BTC, Unpriced::NoPath)]));
        desk.place(ANN, "buy 1 @ 90");
        assert_eq!(unpriced(&desk), (1_000, vec![(BTC, Unpriced::NoPath)]));
        desk.place(ANN, "sell 1 @ 111");
        // 100.5 each.
        assert_eq!(unpriced(&desk), (2_005, vec![]));
        let marks = desk.exchange.marks();
        let pair = marks.get(BTCUSD).expect("there is a market");
        assert_eq!(pair.source, MarkSource::MidPrice);
        // Then it is the last price, whatever is bid and asked.
        desk.trades_at(BTCUSD, 100);
        assert_eq!(unpriced(&desk), (2_000, vec![]));
    }

    #[test]
    fn a_price_is_of_lots_and_ticks() {
        let mut desk = Desk::empty();
        desk.accept(add_asset(BTC, "BTC", 8));
        desk.accept(add_asset(USD, "USD", 6));
        let mut pair = listing(BTCUSD, "BTCUSD");
        // A lot is 50,000 satoshi, a tick times a lot ten smallest units.
        pair.instrument = instrument("BTCUSD", (2, 2), (5, 4));
        desk.accept(Command::ListInstrument(pair));
        desk.accept(Command::OpenAccount { account: CAT });
        desk.accept(Command::OpenAccount { account: ANN });
        desk.deposit(CAT, BTC, 50_000);
        desk.deposit(CAT, USD, 1_500);
        desk.place(CAT, "sell 1 @ 150");
        desk.place(CAT, "buy 1 @ 150");
        desk.deposit(ANN, BTC, 1_234_567);
        // 1,234,567 x 1,500 / 50,000 is 37,037.01.
        assert_eq!(worth(&desk, USD), (37_037, vec![(37_037, 1)]));
    }

    #[test]
    fn strangers_and_unknown_assets_have_no_portfolio() {
        let desk = desk();
        let stranger = accounts_core::AccountId::new(99);
        assert_eq!(desk.exchange.portfolio(stranger, USD), None);
        assert_eq!(desk.exchange.portfolio(ANN, AssetId::new(99)), None);
        let empty = desk.exchange.portfolio(BOB, USD).expect("known");
        assert_eq!((empty.total.get(), empty.items.len()), (0, 0));
    }
}
