//! Money that comes and goes.

use serde_json::json;

use super::*;

#[test]
fn deposits_and_withdrawals_are_told_with_what_is_there_then() {
    let mut market = Market::new();
    let mut ear = market.listen(BUYER);
    let (account, asset) = (BUYER, USD);
    for (command, change, free) in [
        (
            Command::Deposit {
                account,
                asset,
                amount: Amount::new(1_250),
            },
            "1.25000000",
            "1001.25000000",
        ),
        (
            Command::Withdraw {
                account,
                asset,
                amount: Amount::new(500),
            },
            "-0.50000000",
            "1000.75000000",
        ),
    ] {
        market.apply(command);
        let time = 1_000 + market.seq;
        let update = json!({ "e": "balanceUpdate", "E": time, "a": "USD", "d": change, "T": time });
        let position = json!({
            "e": "outboundAccountPosition", "E": time, "u": time,
            "B": [{ "a": "USD", "f": free, "l": "0.00000000" }],
        });
        assert_eq!(ear.heard(), [update, position]);
    }
}

#[test]
fn what_changes_nothing_is_not_told() {
    let mut market = Market::new();
    let mut ear = market.listen(BUYER);
    market.apply(Command::ChooseFeeAsset {
        account: BUYER,
        asset: Some(BNB),
    });
    market.place(SELLER, Side::Sell, 10, gtc(100));
    assert!(ear.heard().is_empty());
}

#[test]
fn each_command_of_a_frame_is_told_by_itself() {
    let mut market = Market::new();
    let mut ear = market.listen(BUYER);
    let mut batch = market.batch(place(100));
    let next = market.batch(place(50));
    batch.outcomes.extend(next.outcomes);
    market.tell(&batch);
    let told = ear.heard().into_iter().map(|event| {
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        text(&event["p"]).or_else(|| text(&event["B"][0]["l"]))
    });
    let expected = ["1.00000000", "1.00000000", "0.50000000", "1.50000000"];
    assert!(told.map(Option::unwrap).eq(expected));
}

/// A bid for 1.0.
pub(super) fn place(price: i64) -> Command {
    Command::Place {
        account: BUYER,
        instrument: BTCUSD,
        client_order_id: None,
        side: Side::Buy,
        quantity: Quantity::new(10),
        kind: gtc(price),
        self_trade: None,
    }
}
