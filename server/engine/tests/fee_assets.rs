//! Fees in a third asset, which is neither bought nor sold. The notation is explained in `desk`.

mod desk;

use accounts_core::LedgerReject;
use desk::*;
use exchange_engine::{Command, Reject};

/// Makers pay 1 %, takers 10 %. Ann has 1,000 tokens, and Ann and Bob have 10,000 of the rest.
fn desk() -> Desk {
    let mut desk = Desk::with_fees(10_000, 100_000);
    desk.list(TOKUSD);
    for account in [ANN, BOB] {
        desk.deposit(account, USD, 10_000);
        desk.deposit(account, BTC, 10_000);
    }
    desk.deposit(ANN, TOK, 1_000);
    desk.pays_fees_in(ANN, TOK);
    desk
}

/// Ann buys 10 at 100 of Bob, who made: the fees.
#[track_caller]
fn ann_takes(desk: &mut Desk) -> String {
    desk.place(BOB, "sell 10 @ 100");
    let events = desk.accept(place(ANN, "buy 10 @ 100"));
    fees_of(&events)
}

#[track_caller]
fn ann_makes(desk: &mut Desk) -> String {
    desk.place(ANN, "buy 10 @ 100");
    let events = desk.accept(place(BOB, "sell 10 @ 100"));
    fees_of(&events)
}

fn fees_of(events: &[exchange_engine::Event]) -> String {
    let traded = words_with(events, "traded");
    let (_, fees) = traded[0].split_once(", fees ").unwrap_or(("", "none"));
    fees.into()
}

mod conversion {
    use super::*;

    #[test]
    fn the_fee_is_a_share_of_what_the_trade_is_worth_in_the_token() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        // 1,000 USD are 250 tokens.
        assert_eq!(ann_takes(&mut desk), "10 usd and 25 tok");
        // 2.5 and 100.
        assert_eq!(ann_makes(&mut desk), "2 tok and 100 usd");
        desk.owns(ANN, "btc 10020 usd 8000 tok 973");
        desk.owns(HOUSE, "btc 0 usd 110 tok 27");
    }

    #[test]
    fn it_is_rounded_down_twice() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 7);
        // 1,000 / 7 are 142.86, and 10 % of 142 are 14.2.
        assert_eq!(ann_takes(&mut desk), "10 usd and 14 tok");
        desk.trades_at(TOKUSD, 101);
        // 9.9 are 9, and 10 % of these are nothing.
        assert_eq!(ann_takes(&mut desk), "10 usd and 0 tok");
    }

    #[test]
    fn the_pair_may_be_the_other_way_round() {
        let mut desk = desk();
        desk.list(USDTOK);
        desk.trades_at(USDTOK, 3);
        // 1,000 USD at 3 tokens each.
        assert_eq!(ann_takes(&mut desk), "10 usd and 300 tok");
        // The direct one is preferred, once it has traded.
        desk.trades_at(TOKUSD, 4);
        assert_eq!(ann_takes(&mut desk), "10 usd and 25 tok");
    }

    #[test]
    fn the_first_instrument_of_several_counts() {
        let mut desk = desk();
        let second = exchange_engine::InstrumentId::new(9);
        desk.accept(Command::ListInstrument(exchange_engine::Listing {
            base: TOK,
            ..listing(second, "TOKUSD2")
        }));
        desk.trades_at(second, 10);
        assert_eq!(ann_takes(&mut desk), "10 usd and 10 tok");
        desk.trades_at(TOKUSD, 4);
        desk.trades_at(second, 20);
        assert_eq!(ann_takes(&mut desk), "10 usd and 25 tok");
        desk.accept(Command::DelistInstrument { instrument: TOKUSD });
        assert_eq!(ann_takes(&mut desk), "10 usd and 5 tok");
    }

    #[test]
    fn the_last_price_counts_and_a_snapshot_knows_it() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.trades_at(TOKUSD, 5);
        desk.restart();
        assert_eq!(ann_takes(&mut desk), "10 usd and 20 tok");
    }

    #[test]
    fn lots_and_ticks_of_the_pair_count() {
        let mut desk = Desk::with_fees(0, 100_000);
        desk.accept(add_asset(TOK, "TOK", 4));
        // A lot of 0.5 is 5,000 smallest units, a tick of 0.02 times that one of 0.01 USD.
        let pair = exchange_engine::Listing {
            instrument: instrument("TOKUSD", (2, 2), (5, 1)),
            base: TOK,
            ..listing(TOKUSD, "TOKUSD")
        };
        desk.accept(Command::ListInstrument(pair));
        desk.deposit(CAT, TOK, 5_000);
        desk.deposit(CAT, USD, 40);
        desk.accept(on(TOKUSD, place(CAT, "sell 1 @ 40")));
        desk.accept(on(TOKUSD, place(CAT, "buy 1 @ 40")));
        desk.deposit(ANN, USD, 10_000);
        desk.deposit(BOB, BTC, 10_000);
        desk.deposit(ANN, TOK, 100_000);
        desk.pays_fees_in(ANN, TOK);
        // 1,000 at 40 for 5,000 are 125,000, of which a tenth.
        assert_eq!(ann_takes(&mut desk), "0 usd and 12500 tok");
    }
}

mod instead {
    use super::*;

    #[test]
    fn without_a_price_it_is_paid_out_of_what_comes_in() {
        let mut desk = desk();
        assert_eq!(ann_takes(&mut desk), "10 usd and 1 btc");
        // Nor does a price of another pair help.
        desk.list(ETHUSD);
        desk.trades_at(ETHUSD, 4);
        assert_eq!(ann_takes(&mut desk), "10 usd and 1 btc");
        desk.owns(ANN, "btc 10018 usd 8000 tok 1000");
    }

    #[test]
    fn without_enough_of_it_too() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.accept(withdraw(ANN, TOK, 1_000 - 24));
        assert_eq!(ann_takes(&mut desk), "10 usd and 1 btc");
        desk.deposit(ANN, TOK, 1);
        assert_eq!(ann_takes(&mut desk), "10 usd and 25 tok");
        desk.owns(ANN, "btc 10019 usd 8000");
    }

    #[test]
    fn what_is_held_is_not_available() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.accept(on(TOKUSD, place(ANN, "sell 976 @ 9")));
        assert_eq!(ann_takes(&mut desk), "10 usd and 1 btc");
        desk.accept(on(TOKUSD, cancel_all(ANN)));
        assert_eq!(ann_takes(&mut desk), "10 usd and 25 tok");
    }

    #[test]
    fn trade_by_trade_as_far_as_it_goes() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.accept(withdraw(ANN, TOK, 1_000 - 49));
        for _ in 0..3 {
            desk.place(BOB, "sell 10 @ 100");
        }
        let events = desk.accept(place(ANN, "buy 30 @ 100"));
        assert_eq!(
            words_with(&events, "traded"),
            [
                "traded 10 @ 100, fees 10 usd and 25 tok",
                "traded 10 @ 100, fees 10 usd and 1 btc",
                "traded 10 @ 100, fees 10 usd and 1 btc",
            ]
        );
    }

    #[test]
    fn where_it_is_more_than_can_be_counted_too() {
        let mut desk = Desk::new();
        desk.accept(add_asset(TOK, "TOK", 2));
        desk.accept(Command::DelistInstrument { instrument: BTCUSD });
        // 10^9 tokens a tick, 10^15 a lot of one cent.
        desk.accept(Command::ListInstrument(exchange_engine::Listing {
            instrument: instrument("USDTOK", (1_000_000_000, 0), (1, 2)),
            base: USD,
            quote: TOK,
            ..listing(USDTOK, "USDTOK")
        }));
        let tokens = 1_000_000_000_000_000;
        desk.deposit(CAT, USD, 1);
        desk.deposit(CAT, TOK, tokens);
        desk.accept(on(USDTOK, place(CAT, "sell 1 @ 1000000")));
        desk.accept(on(USDTOK, place(CAT, "buy 1 @ 1000000")));
        // A lot of 10^14 BTC is 10^16 smallest units, and at a million of USD each 10^22 of these.
        let large = exchange_engine::InstrumentId::new(9);
        let mut pair = listing(large, "LARGE");
        pair.instrument = instrument("LARGE", (1, 0), (100_000_000_000_000, 0));
        pair.fees = fees(0, 100_000);
        desk.accept(Command::ListInstrument(pair));
        desk.deposit(ANN, USD, 10_u128.pow(26));
        desk.deposit(ANN, TOK, 10_u128.pow(37));
        desk.deposit(BOB, BTC, 10_u128.pow(20));
        desk.pays_fees_in(ANN, TOK);
        // 10^22 at 10^15 each are 10^37, of which a tenth ...
        desk.accept(on(large, place(BOB, "sell 1 @ 1000000")));
        let events = desk.accept(on(large, place(ANN, "buy 1 @ 1000000")));
        assert_eq!(
            fees_of(&events),
            format!("0 usd and {} tok", 10_u128.pow(36))
        );
        // ... and 10^39 do not fit 128 bits.
        desk.accept(on(large, place(BOB, "sell 100 @ 1000000")));
        let events = desk.accept(on(large, place(ANN, "buy 100 @ 1000000")));
        assert_eq!(
            fees_of(&events),
            format!("0 usd and {} btc", 10_u128.pow(17))
        );
    }

    #[test]
    fn where_the_token_itself_is_traded_it_is_bought_or_sold() {
        let mut desk = desk();
        desk.accept(on(
            TOKUSD,
            Command::SetFees {
                instrument: TOKUSD,
                fees: fees(0, 100_000),
            },
        ));
        desk.deposit(BOB, TOK, 1_000);
        // Bought: out of it. Sold: on top of it.
        desk.accept(on(TOKUSD, place(BOB, "sell 50 @ 4")));
        desk.accept(on(TOKUSD, place(ANN, "buy 50 @ 4")));
        desk.owns(ANN, "btc 10000 usd 9800 tok 1045");
        desk.accept(on(TOKUSD, place(BOB, "buy 50 @ 4")));
        desk.accept(on(TOKUSD, place(ANN, "sell 50 @ 4")));
        desk.owns(ANN, "btc 10000 usd 10000 tok 990");
    }
}

mod both_sides {
    use super::*;

    #[test]
    fn who_trades_with_himself_pays_twice_or_once() {
        for (tokens, fees, owns) in [
            // 25 as a taker, 2 as a maker.
            (27, "2 tok and 25 tok", "btc 10000 usd 10000"),
            (26, "10 usd and 25 tok", "btc 10000 usd 9990 tok 1"),
            (24, "2 tok and 1 btc", "btc 9999 usd 10000 tok 22"),
            (1, "10 usd and 1 btc", "btc 9999 usd 9990 tok 1"),
        ] {
            let mut desk = desk();
            desk.trades_at(TOKUSD, 4);
            desk.accept(withdraw(ANN, TOK, 1_000 - tokens));
            desk.place(ANN, "sell 10 @ 100");
            let events = desk.accept(place(ANN, "buy 10 @ 100"));
            assert_eq!(fees_of(&events), fees, "{tokens} tokens");
            desk.owns(ANN, owns);
        }
    }

    #[test]
    fn a_rebate_is_paid_in_the_takers_token() {
        let mut desk = desk();
        desk.charge(fees(-50_000, 100_000));
        desk.trades_at(TOKUSD, 4);
        // 5 % of 250 are 12.5.
        assert_eq!(ann_takes(&mut desk), "-12 tok and 25 tok");
        desk.owns(BOB, "btc 9990 usd 11000 tok 12");
        desk.owns(HOUSE, "btc 0 usd 0 tok 13");
        // She makes, and is paid in what Bob pays in.
        assert_eq!(ann_makes(&mut desk), "-50 usd and 100 usd");
    }

    #[test]
    fn the_fee_account_pays_itself() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.deposit(HOUSE, USD, 1_000);
        desk.deposit(HOUSE, TOK, 25);
        desk.pays_fees_in(HOUSE, TOK);
        desk.place(ANN, "sell 10 @ 100");
        let events = desk.accept(place(HOUSE, "buy 10 @ 100"));
        assert_eq!(fees_of(&events), "2 tok and 25 tok");
        desk.owns(HOUSE, "btc 10 usd 0 tok 27");
    }

    #[test]
    fn postings_come_party_by_party() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.deposit(BOB, TOK, 50);
        desk.pays_fees_in(BOB, TOK);
        desk.place(BOB, "sell 10 @ 100");
        let events = desk.accept(place(ANN, "buy 10 @ 100"));
        assert_eq!(
            words(&events)[2..],
            [
                "traded 10 @ 100, fees 2 tok and 25 tok",
                "account 1 asset 2: 9000+0",
                "account 2 asset 1: 9990+0",
                "account 1 asset 1: 10010+0",
                "account 2 asset 2: 11000+0",
                "account 1 asset 4: 975+0",
                "account 2 asset 4: 48+0",
                "account 0 asset 4: 27+0",
                "#3 filled",
                "#4 filled",
            ]
        );
    }
}

mod choosing {
    use super::*;

    #[test]
    fn it_is_told_even_where_nothing_changes() {
        let mut desk = desk();
        for asset in [Some(TOK), Some(TOK), None, None, Some(USD)] {
            let events = desk.accept(choose(ANN, asset));
            let chosen = exchange_engine::Event::FeeAssetChosen {
                account: ANN,
                asset,
            };
            assert_eq!(events, [chosen]);
        }
    }

    #[test]
    fn both_must_be_known() {
        let mut desk = desk();
        let stranger = accounts_core::AccountId::new(99);
        let nothing = accounts_core::AssetId::new(99);
        desk.refuse(choose(ANN, Some(nothing)), LedgerReject::UnknownAsset);
        desk.refuse(choose(stranger, Some(nothing)), LedgerReject::UnknownAsset);
        desk.refuse(choose(stranger, Some(TOK)), LedgerReject::UnknownAccount);
        desk.refuse(choose(stranger, None), LedgerReject::UnknownAccount);
        desk.accept(Command::CloseAccount { account: CAT });
        desk.refuse(
            choose(CAT, None),
            Reject::Ledger(LedgerReject::AccountClosed),
        );
    }

    #[test]
    fn a_resting_maker_pays_by_what_is_chosen_when_it_trades() {
        let mut desk = desk();
        desk.trades_at(TOKUSD, 4);
        desk.accept(choose(ANN, None));
        desk.place(ANN, "buy 100 @ 10");
        desk.pays_fees_in(ANN, TOK);
        let events = desk.accept(place(BOB, "sell 50 @ 10"));
        // 1 % of the 125 that 500 USD are worth.
        assert_eq!(fees_of(&events), "1 tok and 50 usd");
        // What was not held for then is not paid on top later.
        desk.pays_fees_in(ANN, USD);
        let events = desk.accept(place(BOB, "sell 50 @ 10"));
        assert_eq!(fees_of(&events), "0 btc and 50 usd");
    }
}
