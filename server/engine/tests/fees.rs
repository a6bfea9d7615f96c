//! What trades cost: makers, takers, rebates, tiers. The notation is explained in `desk`.

mod desk;

use accounts_core::{Amount, FeeRate, FeeSchedule, FeeTier, LedgerReject};
use desk::*;
use exchange_engine::Command;

#[test]
fn each_side_pays_out_of_what_it_receives() {
    // 1 % for the maker, 2.5 % for the taker.
    let mut desk = Desk::with_fees(10_000, 25_000);
    desk.deposit(ANN, BTC, 200);
    desk.deposit(BOB, USD, 30_000);
    desk.place(ANN, "sell 200 @ 100");
    desk.place(BOB, "buy 200 @ 100");
    // Ann receives 20,000 less 200, Bob 200 less 5.
    desk.owns(ANN, "btc 0 usd 19800");
    desk.owns(BOB, "btc 195 usd 10000");
    desk.owns(HOUSE, "btc 5 usd 200");
}

#[test]
fn a_seller_that_takes_pays_in_quote_and_the_buyer_that_made_in_base() {
    let mut desk = Desk::with_fees(10_000, 25_000);
    desk.deposit(ANN, USD, 20_000);
    desk.deposit(BOB, BTC, 200);
    desk.place(ANN, "buy 200 @ 100");
    desk.place(BOB, "sell 200 @ 100");
    // Ann receives 200 less 2, Bob 20,000 less 500.
    desk.owns(ANN, "btc 198 usd 0");
    desk.owns(BOB, "btc 0 usd 19500");
    desk.owns(HOUSE, "btc 2 usd 500");
}

#[test]
fn a_fee_is_rounded_down_trade_by_trade() {
    // 0.1 % for the maker, 0.25 % for the taker.
    let mut desk = Desk::with_fees(1_000, 2_500);
    desk.deposit(ANN, BTC, 1_000);
    desk.deposit(BOB, USD, 200_000);
    desk.place(ANN, "sell 399 @ 5");
    desk.place(ANN, "sell 399 @ 5");
    let events = desk.accept(place(BOB, "buy 798 @ 5"));
    // Of 1,995 the maker pays 1.995, of 399 the taker 0.9975: one and nothing. On both trades
    // together it would have been three and one.
    let each = "traded 399 @ 5, fees 1 usd and 0 btc";
    assert_eq!(words_with(&events, "traded"), [each, each]);
    desk.owns(ANN, "btc 202 usd 3988");
    desk.owns(BOB, "btc 798 usd 196010");
    desk.owns(HOUSE, "btc 0 usd 2");
}

#[test]
fn somebody_who_trades_with_himself_pays_both_fees() {
    let mut desk = Desk::with_fees(10_000, 25_000);
    desk.deposit(ANN, BTC, 200);
    desk.deposit(ANN, USD, 30_000);
    desk.place(ANN, "sell 200 @ 100");
    desk.place(ANN, "buy 200 @ 110");
    // As maker 1 % of 20,000, as taker 2.5 % of 200; the rest comes back, the saved 2,000 too.
    desk.owns(ANN, "btc 195 usd 29800");
    desk.owns(HOUSE, "btc 5 usd 200");
}

#[test]
fn new_fees_apply_to_later_trades_even_of_older_orders() {
    let mut desk = Desk::with_fees(10_000, 10_000);
    desk.deposit(ANN, BTC, 200);
    desk.deposit(BOB, USD, 20_000);
    desk.place(ANN, "sell 200 @ 100");
    desk.place(BOB, "buy 100 @ 100");
    desk.owns(HOUSE, "btc 1 usd 100");
    desk.accept(Command::SetFees {
        instrument: BTCUSD,
        fees: fees(0, 50_000),
    });
    desk.place(BOB, "buy 100 @ 100");
    desk.owns(HOUSE, "btc 6 usd 100");
    desk.owns(ANN, "btc 0 usd 19900");
    desk.owns(BOB, "btc 194 usd 0");
}

#[test]
fn a_fee_may_be_all_of_it() {
    let mut desk = Desk::with_fees(1_000_000, 1_000_000);
    desk.deposit(ANN, BTC, 2);
    desk.deposit(BOB, USD, 200);
    desk.place(ANN, "sell 2 @ 100");
    desk.place(BOB, "buy 2 @ 100");
    desk.owns(ANN, "btc 0 usd 0");
    desk.owns(BOB, "btc 0 usd 0");
    desk.owns(HOUSE, "btc 2 usd 200");
}

#[test]
fn the_fee_account_trades_like_any_other() {
    let mut desk = Desk::with_fees(10_000, 10_000);
    desk.deposit(HOUSE, BTC, 100);
    desk.deposit(ANN, USD, 10_000);
    desk.place(HOUSE, "sell 100 @ 100");
    desk.place(ANN, "buy 100 @ 100");
    // Its own fee comes back to it.
    desk.owns(HOUSE, "btc 1 usd 10000");
    desk.owns(ANN, "btc 99 usd 0");
}

mod rebates {
    use super::*;

    /// Makers are paid 1 %, takers pay 2 %. Everybody has 10,000 of both.
    fn desk() -> Desk {
        let mut desk = Desk::with_fees(-10_000, 20_000);
        for account in [ANN, BOB, CAT] {
            desk.deposit(account, USD, 10_000);
            desk.deposit(account, BTC, 10_000);
        }
        desk
    }

    #[test]
    fn a_maker_is_paid_out_of_the_takers_fee() {
        let mut desk = desk();
        desk.place(ANN, "sell 100 @ 50");
        let events = desk.accept(place(BOB, "buy 100 @ 50"));
        assert_eq!(
            words(&events)[2..],
            [
                "traded 100 @ 50, fees -1 btc and 2 btc",
                "account 2 asset 2: 5000+0",
                "account 1 asset 1: 9901+0",
                "account 2 asset 1: 10098+0",
                "account 1 asset 2: 15000+0",
                "account 0 asset 1: 1+0",
                "#1 filled",
                "#2 filled",
            ]
        );
        desk.place(ANN, "buy 100 @ 50");
        let events = desk.accept(place(BOB, "sell 100 @ 50"));
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 100 @ 50, fees -50 usd and 100 usd"]
        );
        desk.owns(ANN, "btc 10001 usd 10050");
        desk.owns(BOB, "btc 9998 usd 9900");
        desk.owns(HOUSE, "btc 1 usd 50");
    }

    #[test]
    fn a_rebate_is_rounded_down() {
        let mut desk = desk();
        desk.place(ANN, "sell 199 @ 1");
        let events = desk.accept(place(BOB, "buy 199 @ 1"));
        // 1.99 and 3.98.
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 199 @ 1, fees -1 btc and 3 btc"]
        );
    }

    #[test]
    fn a_rebate_may_be_all_of_the_fee() {
        let mut desk = desk();
        desk.charge(fees(-20_000, 20_000));
        desk.place(ANN, "sell 100 @ 50");
        desk.place(BOB, "buy 100 @ 50");
        desk.owns(ANN, "btc 9902 usd 15000");
        desk.owns(HOUSE, "btc 0 usd 0");
    }

    #[test]
    fn a_rebate_comes_in_what_the_taker_pays_in() {
        let mut desk = desk();
        desk.pays_fees_in(BOB, USD);
        desk.place(ANN, "sell 100 @ 50");
        let events = desk.accept(place(BOB, "buy 100 @ 50"));
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 100 @ 50, fees -50 usd and 100 usd"]
        );
        desk.owns(ANN, "btc 9900 usd 15050");
        desk.owns(BOB, "btc 10100 usd 4900");
        desk.owns(HOUSE, "btc 0 usd 50");
    }

    #[test]
    fn who_trades_with_himself_pays_the_difference() {
        let mut desk = desk();
        desk.place(ANN, "sell 100 @ 50");
        desk.place(ANN, "buy 100 @ 50");
        desk.owns(ANN, "btc 9999 usd 10000");
        desk.owns(HOUSE, "btc 1 usd 0");
    }

    #[test]
    fn the_fee_account_is_paid_and_pays() {
        let mut desk = desk();
        desk.deposit(HOUSE, BTC, 100);
        desk.place(HOUSE, "sell 100 @ 50");
        desk.place(BOB, "buy 100 @ 50");
        desk.owns(HOUSE, "btc 2 usd 5000");
        desk.place(BOB, "buy 2 @ 2500");
        desk.place(HOUSE, "sell 2 @ 2500");
        // It pays 100 to itself, of which Bob gets 50.
        desk.owns(HOUSE, "btc 0 usd 9950");
        desk.owns(BOB, "btc 10100 usd 50");
    }

    #[test]
    fn a_maker_gets_it_whatever_it_pays_fees_in() {
        let mut desk = desk();
        desk.pays_fees_in(ANN, USD);
        desk.place(ANN, "buy 100 @ 50");
        // What she holds is for the taker that she might have been.
        desk.owns(ANN, "btc 10000 usd 4900+5100");
        desk.place(BOB, "sell 100 @ 50");
        desk.owns(ANN, "btc 10100 usd 5050");
    }
}

mod tiers {
    use super::*;

    /// 10 % and 20 %; from 1,000 USD on 5 % and 10 %; from 5,000 on 1 % and 2 %. Everybody has a
    /// hundred thousand of everything.
    fn desk() -> Desk {
        let mut desk = Desk::new();
        desk.list(ETHUSD);
        desk.list(ETHBTC);
        desk.charge(tiers([
            (0, 100_000, 200_000),
            (1_000, 50_000, 100_000),
            (5_000, 10_000, 20_000),
        ]));
        for account in [ANN, BOB, CAT] {
            for asset in [USD, BTC, ETH] {
                desk.deposit(account, asset, 100_000);
            }
        }
        desk.time = 100 * DAY;
        desk
    }

    /// Ann buys of Bob, who made, for so much; the fees.
    #[track_caller]
    fn trade(desk: &mut Desk, price: u64) -> String {
        desk.place(BOB, &format!("sell 100 @ {price}"));
        let events = desk.accept(place(ANN, &format!("buy 100 @ {price}")));
        let traded = words_with(&events, "traded");
        let (_, fees) = traded[0].split_once(", fees ").unwrap_or(("", "none"));
        fees.into()
    }

    #[test]
    fn the_volume_of_a_day_counts_from_the_next_day_on() {
        let mut desk = desk();
        assert_eq!(trade(&mut desk, 10), "100 usd and 20 btc");
        assert_eq!(trade(&mut desk, 40), "400 usd and 20 btc");
        // The last microsecond of the day, and the first of the next.
        desk.time = 101 * DAY - 1;
        assert_eq!(trade(&mut desk, 10), "100 usd and 20 btc");
        desk.time = 101 * DAY;
        assert_eq!(trade(&mut desk, 10), "10 usd and 2 btc");
    }

    #[test]
    fn a_tier_begins_with_its_volume() {
        // 999 are not enough, 1,000 are.
        for (last, fees) in [(99, "100 usd and 20 btc"), (100, "50 usd and 10 btc")] {
            let mut desk = desk();
            trade(&mut desk, 9);
            desk.place(BOB, &format!("sell {last} @ 1"));
            desk.place(ANN, &format!("buy {last} @ 1"));
            desk.time = 101 * DAY;
            assert_eq!(trade(&mut desk, 10), fees);
        }
    }

    #[test]
    fn thirty_whole_days_count_before_the_day_of_the_trade() {
        let mut desk = desk();
        desk.time = 101 * DAY - 1;
        trade(&mut desk, 10);
        for (day, fees) in [
            (101, "10 usd and 10 btc"),
            (130, "10 usd and 10 btc"),
            (131, "20 usd and 20 btc"),
        ] {
            let mut later = desk.clone();
            later.time = (day + 1) * DAY - 1;
            assert_eq!(trade(&mut later, 2), fees, "day {day}");
        }
    }

    #[test]
    fn days_add_up_and_pass_one_by_one() {
        let mut desk = desk();
        for day in 100..110 {
            desk.time = day * DAY;
            trade(&mut desk, 1);
        }
        // Ten days of 100 are enough from day 110 on, until the first of them is too long ago.
        desk.time = 110 * DAY;
        assert_eq!(trade(&mut desk, 2), "10 usd and 10 btc");
        desk.time = 130 * DAY;
        assert_eq!(trade(&mut desk, 2), "10 usd and 10 btc");
        // Of the ten nine are left on day 131, and four on day 136, but 200 came on days 110, 130 and
        // 131: that is enough until another has gone.
        for (day, fees) in [
            (131, "10 usd and 10 btc"),
            (136, "10 usd and 10 btc"),
            (137, "20 usd and 20 btc"),
        ] {
            let mut later = desk.clone();
            if day > 131 {
                later.time = 131 * DAY;
                trade(&mut later, 2);
            }
            later.time = day * DAY;
            assert_eq!(trade(&mut later, 2), fees, "day {day}");
        }
    }

    #[test]
    fn each_side_has_a_volume_of_its_own() {
        let mut desk = desk();
        trade(&mut desk, 50);
        desk.time = 101 * DAY;
        // Cat has not traded.
        desk.place(CAT, "sell 100 @ 10");
        let events = desk.accept(place(ANN, "buy 100 @ 10"));
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 100 @ 10, fees 100 usd and 2 btc"]
        );
        desk.place(BOB, "sell 100 @ 10");
        let events = desk.accept(place(CAT, "buy 100 @ 10"));
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 100 @ 10, fees 10 usd and 20 btc"]
        );
    }

    #[test]
    fn instruments_of_one_quote_count_together() {
        let mut desk = desk();
        desk.accept(on(ETHUSD, place(BOB, "sell 50 @ 10")));
        desk.accept(on(ETHUSD, place(ANN, "buy 50 @ 10")));
        trade(&mut desk, 5);
        // In another quote it is another volume.
        desk.accept(on(ETHBTC, place(BOB, "sell 500 @ 10")));
        desk.accept(on(ETHBTC, place(CAT, "buy 500 @ 10")));
        desk.time = 101 * DAY;
        assert_eq!(trade(&mut desk, 10), "50 usd and 10 btc");
        desk.place(BOB, "sell 100 @ 10");
        let events = desk.accept(place(CAT, "buy 100 @ 10"));
        assert_eq!(
            words_with(&events, "traded"),
            ["traded 100 @ 10, fees 50 usd and 20 btc"]
        );
    }

    #[test]
    fn who_trades_with_himself_has_no_volume_of_it() {
        let mut desk = desk();
        desk.place(ANN, "sell 100 @ 90");
        desk.place(ANN, "buy 100 @ 90");
        desk.place(BOB, "sell 100 @ 80");
        desk.place(BOB, "buy 100 @ 80");
        desk.time = 101 * DAY;
        assert_eq!(trade(&mut desk, 10), "100 usd and 20 btc");
    }

    #[test]
    fn a_delisted_instrument_leaves_its_volume() {
        let mut desk = desk();
        desk.accept(on(ETHUSD, place(BOB, "sell 100 @ 10")));
        desk.accept(on(ETHUSD, place(ANN, "buy 100 @ 10")));
        desk.accept(Command::DelistInstrument { instrument: ETHUSD });
        desk.time = 101 * DAY;
        assert_eq!(trade(&mut desk, 10), "50 usd and 10 btc");
    }

    #[test]
    fn what_is_held_on_top_is_by_tier_too() {
        let mut desk = desk();
        trade(&mut desk, 50);
        desk.pays_fees_in(ANN, USD);
        desk.place(ANN, "buy 10 @ 100");
        desk.accept(cancel_all(ANN));
        desk.time = 101 * DAY;
        let events = desk.accept(place(ANN, "buy 10 @ 100"));
        assert_eq!(
            words_with(&events, "account 1 asset 2"),
            ["account 1 asset 2: 93980+1020"]
        );
        // Days later her tier is another, and she pays what she holds for at most.
        desk.time = 200 * DAY;
        desk.place(BOB, "sell 10 @ 100");
        desk.owns(ANN, "btc 100090 usd 93980 eth 100000");
    }

    #[test]
    fn new_tiers_know_what_was_traded() {
        let mut desk = desk();
        trade(&mut desk, 10);
        desk.time = 101 * DAY;
        desk.charge(tiers([(0, 0, 0), (1_000, 10_000, 10_000), (1_001, 0, 0)]));
        assert_eq!(trade(&mut desk, 10), "10 usd and 1 btc");
    }

    #[test]
    fn a_snapshot_remembers_volumes() {
        let mut desk = desk();
        trade(&mut desk, 10);
        desk.restart();
        desk.time = 101 * DAY;
        assert_eq!(trade(&mut desk, 10), "50 usd and 10 btc");
    }
}

mod schedules {
    use super::*;

    #[test]
    fn a_schedule_is_possible_or_is_none() {
        let tier = |volume, maker, taker| FeeTier {
            volume: Amount::new(volume),
            maker: FeeRate::new(maker).expect("a rate"),
            taker: FeeRate::new(taker).expect("a rate"),
        };
        let refused = Err(LedgerReject::InvalidFeeSchedule);
        for tiers in [
            vec![],
            vec![tier(1, 0, 0)],
            vec![tier(0, 0, 0), tier(0, 0, 0)],
            vec![tier(0, 0, 0), tier(9, 0, 0), tier(8, 0, 0)],
            vec![tier(0, 0, -1)],
            vec![tier(0, -2, 1)],
            // The maker of one tier meets the taker of another.
            vec![tier(0, 0, 5), tier(9, -4, 4), tier(10, 0, 3)],
            (0..33).map(|volume| tier(volume, 0, 0)).collect(),
        ] {
            assert_eq!(FeeSchedule::new(tiers), refused);
        }
        for rate in [1_000_001, -1_000_001, i32::MAX, i32::MIN] {
            assert_eq!(FeeRate::new(rate), Err(LedgerReject::InvalidFeeRate));
        }
        assert!(FeeSchedule::new([tier(0, -1_000_000, 1_000_000)]).is_ok());
    }

    #[test]
    fn odd_numbers_add_up() {
        // The desk adds up after every command.
        let mut desk = Desk::with_fees(333_333, 142_857);
        for account in [ANN, BOB] {
            desk.deposit(account, USD, 999_983);
            desk.deposit(account, BTC, 99_991);
        }
        desk.pays_fees_in(ANN, USD);
        for (quantity, price) in [(7, 13), (11, 17), (101, 103), (997, 3), (1, 1), (3, 89)] {
            desk.place(ANN, &format!("buy {quantity} @ {price}"));
            desk.place(BOB, &format!("sell {quantity} market"));
            desk.place(BOB, &format!("sell {quantity} @ {price}"));
            desk.place(ANN, &format!("buy {quantity} @ {}", price + 7));
        }
        let owned = |asset| {
            let ledger = desk.exchange.ledger();
            let of = |account| ledger.balance(account, asset).unwrap_or_default();
            [ANN, BOB, HOUSE].map(|account| of(account).available.get())
        };
        assert_eq!(owned(USD).iter().sum::<u128>(), 2 * 999_983);
        assert_eq!(owned(BTC).iter().sum::<u128>(), 2 * 99_991);
    }
}
