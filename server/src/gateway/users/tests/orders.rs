//! Reports of orders, situation by situation.

use orderbook_core::{Notional, PostOnly, Resting};
use serde_json::json;

use super::*;

/// Two asks of 5.0, at 1.00 and at 2.00.
fn with_asks() -> Market {
    let mut market = Market::new();
    for price in [100, 200] {
        market.place(SELLER, Side::Sell, 50, gtc(price));
    }
    market
}

#[test]
fn a_new_order_is_told_with_every_field() {
    let mut market = Market::new();
    let mut ear = market.listen(BUYER);
    market.place(BUYER, Side::Buy, 30, gtc(150));
    let heard = ear.heard();
    let time = 1_000 + market.seq;
    let expected = json!({
        "e": "executionReport", "E": time, "s": "BTCUSD", "c": format!("order-of-{}", market.seq),
        "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "3.00000000", "p": "1.50000000",
        "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "NEW", "X": "NEW",
        "r": "NONE", "i": 1, "l": "0.00000000", "z": "0.00000000", "L": "0.00000000", "n": "0",
        "N": null, "T": time, "t": -1, "I": market.seq << 20, "w": true, "m": false, "M": false,
        "O": time, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "W": time, "V": "NONE",
    });
    assert_eq!(heard[0], expected);
    let position = json!({
        "e": "outboundAccountPosition", "E": time, "u": time,
        "B": [{ "a": "USD", "f": "995.50000000", "l": "4.50000000" }],
    });
    assert_eq!(heard[1..], [position]);
}

#[test]
fn both_sides_hear_of_each_trade_as_it_was_then() {
    let mut market = with_asks();
    market.charge_fees();
    let (mut seller, mut buyer) = (market.listen(SELLER), market.listen(BUYER));
    let mut stranger = market.listen(STRANGER);
    market.place(BUYER, Side::Buy, 80, gtc(200));
    assert_eq!(
        buyer.reports(),
        [
            "#3 NEW NEW 0/8@2",
            "#3 TRADE PARTIALLY_FILLED 5/8@2 taker 5@1 fee 0.1 BTC",
            "#3 TRADE FILLED 8/8@2 taker 3@2 fee 0.06 BTC",
        ]
    );
    assert_eq!(
        seller.reports(),
        [
            "#1 TRADE FILLED 5/5@1 maker 5@1 fee 0.05 USD",
            "#2 TRADE PARTIALLY_FILLED 3/5@2 maker 3@2 fee 0.06 USD",
        ]
    );
    assert!(stranger.heard().is_empty());
}

#[test]
fn a_trade_says_what_it_was_worth() {
    let mut market = with_asks();
    let mut buyer = market.listen(BUYER);
    market.place(BUYER, Side::Buy, 80, gtc(200));
    let heard = buyer.heard();
    let worth = |event: &Value| [short(&event["Y"]).to_owned(), short(&event["Z"]).to_owned()];
    assert_eq!(worth(&heard[1]), ["5", "5"]);
    assert_eq!(worth(&heard[2]), ["6", "11"]);
    let open = heard.iter().take(3).map(|event| &event["w"]);
    assert!(open.eq([true, true, false].iter()));
    // One position follows, of all that changed.
    let position = json!([
        { "a": "BTC", "f": "1008.00000000", "l": "0.00000000" },
        { "a": "USD", "f": "989.00000000", "l": "0.00000000" },
    ]);
    assert_eq!(heard[3]["B"], position);
    assert_eq!(heard.len(), 4);
}

#[test]
fn what_may_not_wait_expires() {
    let mut market = with_asks();
    let mut buyer = market.listen(BUYER);
    market.place(BUYER, Side::Buy, 70, limit(150, TimeInForce::IOC));
    market.place(BUYER, Side::Buy, 70, limit(200, TimeInForce::FOK));
    assert_eq!(
        buyer.reports(),
        [
            "#3 NEW NEW 0/7@1.5",
            "#3 TRADE PARTIALLY_FILLED 5/7@1.5 taker 5@1 fee 0 BTC",
            "#3 EXPIRED EXPIRED 5/7@1.5",
            "#4 NEW NEW 0/7@2",
            "#4 EXPIRED EXPIRED 0/7@2",
        ]
    );
}

#[test]
fn an_order_expires_when_its_date_comes() {
    let mut market = Market::new();
    let mut buyer = market.listen(BUYER);
    let terms = Resting {
        until: Some(Timestamp::from_millis(1_000 + market.seq + 2)),
        ..Resting::PLAIN
    };
    market.place(BUYER, Side::Buy, 10, limit(100, TimeInForce::Rest(terms)));
    market.apply(Command::AdvanceTime);
    assert_eq!(
        buyer.reports(),
        ["#1 NEW NEW 0/1@1", "#1 EXPIRED EXPIRED 0/1@1"]
    );
}

#[test]
fn who_spends_a_budget_is_served_with_the_last_trade() {
    let mut market = with_asks();
    let mut buyer = market.listen(BUYER);
    let budget = |units| OrderKind::Market {
        protection: None,
        budget: Some(Notional::new(units)),
    };
    market.place(BUYER, Side::Buy, 100_000, budget(7_100));
    market.place(BUYER, Side::Buy, 100_000, budget(10));
    assert_eq!(
        buyer.reports(),
        [
            "#3 NEW NEW 0/0@0",
            "#3 TRADE PARTIALLY_FILLED 5/5@0 taker 5@1 fee 0 BTC",
            "#3 TRADE FILLED 6/6@0 taker 1@2 fee 0 BTC",
            "#4 NEW NEW 0/0@0",
            "#4 EXPIRED EXPIRED 0/0@0",
        ]
    );
}

#[test]
fn an_order_that_slid_is_told_where_it_rests() {
    let mut market = with_asks();
    let mut buyer = market.listen(BUYER);
    let terms = Resting {
        post_only: Some(PostOnly::Slide),
        display: Some(Quantity::new(4)),
        ..Resting::PLAIN
    };
    market.place(BUYER, Side::Buy, 10, limit(150, TimeInForce::Rest(terms)));
    let heard = buyer.heard();
    assert_eq!(report(&heard[0]), "#3 NEW NEW 0/1@0.99");
    assert_eq!(
        (&heard[0]["o"], short(&heard[0]["F"])),
        (&json!("LIMIT_MAKER"), "0.4")
    );
}

#[test]
fn a_cancellation_says_both_names() {
    let mut market = Market::new();
    let mut buyer = market.listen(BUYER);
    let order = market.place(BUYER, Side::Buy, 10, gtc(100));
    let name = format!("order-of-{}", market.seq);
    market.apply(Command::Cancel {
        account: BUYER,
        instrument: BTCUSD,
        order: by_id(order),
    });
    let heard = buyer.heard();
    assert_eq!(report(&heard[2]), "#1 CANCELED CANCELED 0/1@1");
    assert_eq!(heard[2]["C"], name);
    assert_eq!(heard[2]["c"], format!("cancel-{}", market.seq));
    assert_eq!(heard[2]["w"], false);
    assert_eq!(heard[2]["O"], heard[0]["T"]);
    assert_eq!(heard[3]["B"][0]["l"], "0.00000000");
    assert_eq!(heard.len(), 4);
}

#[test]
fn a_cancellation_is_called_as_its_owner_calls_it_and_the_next_one_is_not() {
    let mut market = Market::new();
    for price in [100, 110, 120, 130, 140] {
        market.place(BUYER, Side::Buy, 1, gtc(price));
    }
    let mut buyer = market.listen(BUYER);
    let (account, instrument) = (BUYER, BTCUSD);
    let name = |name: &str| name.parse().expect("a legal name");
    let cancel_as = |order, called| Command::CancelAs {
        account,
        instrument,
        order: by_id(OrderId::new(order)),
        name: name(called),
    };
    let commands = [
        cancel_as(1, "away"),
        Command::Cancel {
            account,
            instrument,
            order: by_id(OrderId::new(2)),
        },
        cancel_as(3, "away"),
        Command::CancelAllAs {
            account,
            instrument,
            name: name("all-away"),
        },
    ];
    let prev_seq = market.seq;
    // All of one frame.
    let outcomes = commands.map(|command| market.batch(command).outcomes);
    market.tell(&Batch {
        prev_seq,
        outcomes: outcomes.concat(),
        listings: Vec::new(),
    });
    let heard = buyer.heard();
    let reports = heard.iter().filter(|it| it["e"] == "executionReport");
    let names: Vec<_> = reports.map(|it| json!([it["i"], it["c"]])).collect();
    let unnamed = format!("cancel-{}", prev_seq + 2);
    assert_eq!(
        json!(names),
        json!([
            [1, "away"],
            [2, unnamed],
            [3, "away"],
            [4, "all-away"],
            [5, "all-away"],
        ])
    );
}

#[test]
fn of_all_orders_each_is_told_and_the_money_once() {
    let mut market = Market::new();
    for price in [100, 110] {
        market.place(BUYER, Side::Buy, 10, gtc(price));
    }
    let mut buyer = market.listen(BUYER);
    market.apply(Command::CancelAll {
        account: BUYER,
        instrument: BTCUSD,
    });
    let heard = buyer.heard();
    assert_eq!(report(&heard[0]), "#1 CANCELED CANCELED 0/1@1");
    assert_eq!(report(&heard[1]), "#2 CANCELED CANCELED 0/1@1.1");
    assert_eq!(heard[0]["c"], heard[1]["c"]);
    assert!(heard[0]["I"].as_u64() < heard[1]["I"].as_u64());
    let position = json!([{ "a": "USD", "f": "1000.00000000", "l": "0.00000000" }]);
    assert_eq!(heard[2]["B"], position);
    assert_eq!(heard.len(), 3);
}

#[test]
fn an_order_that_changes_is_replaced_and_goes_on() {
    let mut market = Market::new();
    market.place(SELLER, Side::Sell, 20, gtc(120));
    let order = by_id(market.place(BUYER, Side::Buy, 10, gtc(100)));
    let (account, instrument) = (BUYER, BTCUSD);
    let mut buyer = market.listen(BUYER);
    market.apply(Command::Reduce {
        account,
        instrument,
        order,
        by: Quantity::new(4),
    });
    let amend = |quantity, price| Command::Amend {
        account,
        instrument,
        order,
        quantity: Quantity::new(quantity),
        price: Price::new(price),
    };
    // It becomes smaller, then larger and meets the other.
    market.apply(amend(5, 100));
    market.apply(amend(30, 130));
    // As much as that has traded.
    market.apply(amend(20, 130));
    assert_eq!(
        buyer.reports(),
        [
            "#2 REPLACED NEW 0/0.6@1",
            "#2 REPLACED NEW 0/0.5@1",
            "#2 REPLACED NEW 0/3@1.3",
            "#2 TRADE PARTIALLY_FILLED 2/3@1.3 taker 2@1.2 fee 0 BTC",
            "#2 CANCELED CANCELED 2/3@1.3",
        ]
    );
}

#[test]
fn another_order_takes_the_place_of_one_that_is_cancelled() {
    let mut market = Market::new();
    let order = by_id(market.place(BUYER, Side::Buy, 10, gtc(100)));
    let mut buyer = market.listen(BUYER);
    market.apply(Command::Replace {
        account: BUYER,
        instrument: BTCUSD,
        order,
        client_order_id: "another".parse().ok(),
        quantity: Quantity::new(7),
        price: Price::new(110),
        time_in_force: TimeInForce::GTC,
    });
    let heard = buyer.heard();
    assert_eq!(report(&heard[0]), "#1 CANCELED CANCELED 0/1@1");
    assert_eq!(report(&heard[1]), "#2 NEW NEW 0/0.7@1.1");
    assert_eq!(
        (&heard[1]["c"], &heard[1]["C"]),
        (&json!("another"), &json!(""))
    );
    assert_eq!(heard.len(), 3);
}

#[test]
fn orders_of_one_owner_that_meet_are_told_apart_from_trades() {
    use SelfTradePrevention::{Allow, Decrement, ExpireBoth, ExpireMaker, ExpireTaker};
    for (prevention, expected) in [
        (
            Allow,
            &[
                "#2 NEW NEW 0/3@1",
                "#1 TRADE FILLED 2/2@1 maker 2@1 fee 0 USD",
                "#2 TRADE PARTIALLY_FILLED 2/3@1 taker 2@1 fee 0 BTC",
            ][..],
        ),
        (
            ExpireMaker,
            &[
                "#2 NEW NEW 0/3@1",
                "#1 TRADE_PREVENTION EXPIRED_IN_MATCH 0/2@1",
            ],
        ),
        (
            ExpireTaker,
            &[
                "#2 NEW NEW 0/3@1",
                "#2 TRADE_PREVENTION EXPIRED_IN_MATCH 0/3@1",
            ],
        ),
        (
            ExpireBoth,
            &[
                "#2 NEW NEW 0/3@1",
                "#1 TRADE_PREVENTION EXPIRED_IN_MATCH 0/2@1",
                "#2 TRADE_PREVENTION EXPIRED_IN_MATCH 0/3@1",
            ],
        ),
        // What is left of the larger one stays.
        (
            Decrement,
            &[
                "#2 NEW NEW 0/3@1",
                "#2 TRADE_PREVENTION NEW 0/1@1",
                "#1 TRADE_PREVENTION EXPIRED_IN_MATCH 0/0@1",
            ],
        ),
    ] {
        let mut market = Market::new();
        market.place(SELLER, Side::Sell, 20, gtc(100));
        let mut ear = market.listen(SELLER);
        market.place_with(SELLER, Side::Buy, 30, gtc(100), Some(prevention));
        assert_eq!(ear.reports(), expected, "{prevention:?}");
    }
}

#[test]
fn fees_are_told_in_what_they_were_paid_in() {
    let mut market = Market::new();
    market.charge_fees();
    // So that a BNB is known to be worth 2.00.
    market.place_in(BNBUSD, SELLER, Side::Sell, 10, gtc(200), None);
    market.place_in(BNBUSD, STRANGER, Side::Buy, 10, gtc(200), None);
    for (asset, expected, changed) in [
        (None, "fee 0.06 BTC", &["BTC", "USD"][..]),
        (Some(USD), "fee 0.06 USD", &["BTC", "USD"]),
        (Some(BNB), "fee 0.03 BNB", &["BTC", "USD", "BNB"]),
    ] {
        market.place(SELLER, Side::Sell, 30, gtc(100));
        let account = BUYER;
        market.apply(Command::ChooseFeeAsset { account, asset });
        let mut buyer = market.listen(BUYER);
        market.place(BUYER, Side::Buy, 30, gtc(100));
        let heard = buyer.heard();
        assert!(report(&heard[1]).ends_with(expected), "{}", heard[1]);
        let balances = heard[2]["B"].as_array().expect("a list");
        let assets = balances.iter().map(|balance| &balance["a"]);
        assert!(assets.eq(changed), "{}", heard[2]);
    }
}

#[test]
fn a_halt_that_cancels_is_told_to_whom_it_concerns() {
    let mut market = Market::new();
    market.place(BUYER, Side::Buy, 10, gtc(100));
    let (mut buyer, mut seller) = (market.listen(BUYER), market.listen(SELLER));
    market.apply(Command::Halt {
        scope: exchange_engine::Scope::Instrument(BTCUSD),
        cancel_orders: true,
    });
    assert_eq!(buyer.reports(), ["#1 CANCELED CANCELED 0/1@1"]);
    assert!(seller.heard().is_empty());
}
