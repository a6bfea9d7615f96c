//! Cancellations, on conditions and to make room for another order.

use exchange_engine::ClientOrderId;
use serde_json::json;

use super::super::{CancelReplace, Cancellation, CancelledOrder, Replacement};
use super::*;
use crate::orders::OrderStatus;

/// A cancelled and a placed order of some exchange.
fn answers() -> (CancelledOrder, PlacedOrder) {
    let mut market = Market::new();
    let record = market.record(BUYER, Side::Buy, resting(90, Resting::PLAIN));
    let outcome = market.place(BUYER, Side::Buy, 3, resting(90, Resting::PLAIN), None);
    let symbols = market.symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let sent = read("side=BUY&type=MARKET&quantity=1", symbol).expect("an order");
    let placed = PlacedOrder::new(&outcome, &sent, &symbols, symbol);
    let cancelled = CancelledOrder::new(&record, "so", symbol);
    (cancelled, placed.expect("placed"))
}

#[test]
fn what_became_of_both_is_told() {
    const UNKNOWN: ApiError = ApiError::UNKNOWN_OUTCOME;
    let (done, placed) = answers();
    let cancelled = || Ok(done.clone());
    let not_cancelled = || Err(ApiError::CANCEL_REJECTED);
    let ordered = || Some(Ok(placed.clone()));
    let not_ordered = || Some(Err(ApiError::WOULD_MATCH));
    let (success, failure, none, open) = ("SUCCESS", "FAILURE", "NOT_ATTEMPTED", "UNKNOWN");
    for (cancel, order, status, code, results) in [
        (cancelled(), not_ordered(), 409, -2021, [success, failure]),
        (not_cancelled(), ordered(), 409, -2021, [failure, success]),
        (
            not_cancelled(),
            not_ordered(),
            400,
            -2022,
            [failure, failure],
        ),
        (not_cancelled(), None, 400, -2022, [failure, none]),
        // Nothing has happened, and that is known.
        (Err(ApiError::SUSPENDED), None, 400, -2022, [failure, none]),
        (
            cancelled(),
            Some(Err(ApiError::DISCONNECTED)),
            409,
            -2021,
            [success, failure],
        ),
        (cancelled(), Some(Err(UNKNOWN)), 503, -1006, [success, open]),
        (
            not_cancelled(),
            Some(Err(UNKNOWN)),
            503,
            -1006,
            [failure, open],
        ),
        (Err(UNKNOWN), None, 503, -1006, [open, none]),
        // It was sent before, and how it was answered then is not to be had.
        (
            cancelled(),
            Some(Err(ApiError::HISTORY_BEHIND)),
            503,
            -1001,
            [success, open],
        ),
    ] {
        let error = CancelReplace::told(cancel.clone(), order.clone()).expect_err("half of it");
        assert_eq!((error.status.as_u16(), error.code), (status, code));
        let told = serde_json::to_value(error.body()).expect("plain data");
        let data = &told["data"];
        assert_eq!(
            [&data["cancelResult"], &data["newOrderResult"]],
            results,
            "{told}"
        );
        let expected = match cancel {
            Ok(done) => serde_json::to_value(done).expect("plain data"),
            Err(error) => json!({ "code": error.code, "msg": error.msg }),
        };
        assert_eq!(data["cancelResponse"], expected);
        let expected = match order {
            Some(Ok(placed)) => serde_json::to_value(placed).expect("plain data"),
            Some(Err(error)) => json!({ "code": error.code, "msg": error.msg }),
            None => Value::Null,
        };
        assert_eq!(data["newOrderResponse"], expected);
    }
    let told = CancelReplace::told(cancelled(), ordered()).expect("both");
    let told = serde_json::to_value(told).expect("plain data");
    assert_eq!(told["cancelResult"], success);
    assert_eq!(told["newOrderResult"], success);
    assert_eq!(told["cancelResponse"]["origQty"], "0.90000000");
    assert_eq!(told["newOrderResponse"]["origQty"], "0.30000000");
}

#[test]
fn a_replacement_says_what_becomes_of_it() {
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let order = "side=BUY&type=MARKET&quantity=1";
    let parse = |params: &str| {
        let params = Params::parse(&format!("{order}&{params}"), b"");
        Replacement::parse(&params, symbol)
    };
    for (mode, goes_on) in [("STOP_ON_FAILURE", false), ("ALLOW_FAILURE", true)] {
        let replacement = parse(&format!("cancelReplaceMode={mode}&cancelOrderId=1"));
        assert_eq!(replacement.expect(mode).goes_on, goes_on);
    }
    for (mode, anyway) in [
        ("", false),
        ("&orderRateLimitExceededMode=DO_NOTHING", false),
        ("&orderRateLimitExceededMode=CANCEL_ONLY", true),
    ] {
        let replacement = parse(&format!(
            "cancelReplaceMode=ALLOW_FAILURE&cancelOrderId=1{mode}"
        ));
        assert_eq!(replacement.expect(mode).cancels_anyway, anyway);
    }
    for (params, expected) in [
        ("cancelOrderId=1", ApiError::mandatory("cancelReplaceMode")),
        (
            "cancelOrderId=1&cancelReplaceMode=TRY",
            ApiError::invalid_value("cancelReplaceMode"),
        ),
        (
            "orderId=1&origClientOrderId=a&cancelReplaceMode=ALLOW_FAILURE",
            ApiError::one_of("cancelOrigClientOrderId", "cancelOrderId"),
        ),
        (
            "cancelOrderId=1&cancelReplaceMode=ALLOW_FAILURE&cancelRestrictions=ONLY_OLD",
            ApiError::BAD_CANCEL_RESTRICTIONS,
        ),
        (
            "cancelOrderId=1&cancelReplaceMode=ALLOW_FAILURE&orderRateLimitExceededMode=NEVER",
            ApiError::invalid_value("orderRateLimitExceededMode"),
        ),
        (
            "cancelOrderId=1&cancelReplaceMode=ALLOW_FAILURE&quoteOrderQty=1",
            ApiError::QUANTITY_OR_QUOTE,
        ),
    ] {
        assert_eq!(parse(params).err(), Some(expected), "{params}");
    }
}

#[test]
fn conditions_are_about_the_state_and_the_name() {
    let name = |name: &str| name.parse::<ClientOrderId>().expect("a name");
    let mut order = Market::new().record(BUYER, Side::Buy, resting(90, Resting::PLAIN));
    order.client_order_id = Some(name("mine"));
    let restricted = Some(ApiError::CANCEL_RESTRICTED);
    for (params, status, conditional, expected) in [
        ("orderId=1", OrderStatus::New, false, None),
        ("origClientOrderId=other", OrderStatus::New, false, None),
        (
            "orderId=1&origClientOrderId=mine",
            OrderStatus::New,
            true,
            None,
        ),
        (
            "orderId=1&origClientOrderId=other",
            OrderStatus::New,
            true,
            Some(ApiError::OTHER_NAME),
        ),
        (
            "orderId=1&cancelRestrictions=ONLY_NEW",
            OrderStatus::New,
            true,
            None,
        ),
        (
            "orderId=1&cancelRestrictions=ONLY_NEW",
            OrderStatus::PartiallyFilled,
            true,
            restricted.clone(),
        ),
        (
            "orderId=1&cancelRestrictions=ONLY_PARTIALLY_FILLED",
            OrderStatus::PartiallyFilled,
            true,
            None,
        ),
        (
            "orderId=1&cancelRestrictions=ONLY_PARTIALLY_FILLED",
            OrderStatus::New,
            true,
            restricted,
        ),
    ] {
        let cancellation = Cancellation::parse(&Params::parse(params, b"")).expect(params);
        assert_eq!(cancellation.is_conditional(), conditional, "{params}");
        order.status = status;
        assert_eq!(cancellation.check(&order).err(), expected, "{params}");
    }
}
