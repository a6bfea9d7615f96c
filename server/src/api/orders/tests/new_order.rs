//! What can be asked for, and what is refused before anybody asks a book.

use orderbook_core::{Notional, PostOnly, TimeInForce};

use super::super::ResponseType;
use super::*;

/// The kind of the order that these parameters say besides side and quantity.
fn kind(params: &str, symbol: &Symbol) -> Result<OrderKind, ApiError> {
    read(&format!("side=SELL&{params}"), symbol).map(|order| order.kind)
}

#[test]
fn each_order_is_read_as_what_it_says() {
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let limit = |time_in_force| OrderKind::Limit {
        price: Price::new(150),
        time_in_force,
    };
    let shown = |post_only| {
        limit(TimeInForce::Rest(Resting {
            until: None,
            post_only,
            display: Some(Quantity::new(4)),
        }))
    };
    let for_quote = |units| OrderKind::Market {
        protection: None,
        budget: Some(Notional::new(units)),
    };
    for (params, expected) in [
        ("type=LIMIT&timeInForce=GTC", limit(TimeInForce::GTC)),
        ("type=LIMIT&timeInForce=IOC", limit(TimeInForce::IOC)),
        ("type=LIMIT&timeInForce=FOK", limit(TimeInForce::FOK)),
        ("type=LIMIT_MAKER", limit(TimeInForce::POST_ONLY)),
        ("type=LIMIT&timeInForce=GTC&icebergQty=0.4", shown(None)),
        (
            "type=LIMIT_MAKER&icebergQty=0.4",
            shown(Some(PostOnly::Reject)),
        ),
        (
            "type=LIMIT_MAKER&timeInForce=GTC&icebergQty=0.4",
            shown(Some(PostOnly::Reject)),
        ),
    ] {
        let read = kind(&format!("{params}&price=1.50&quantity=0.9"), symbol);
        assert_eq!(read, Ok(expected), "{params}");
    }
    let market = kind("type=MARKET&quantity=0.9", symbol);
    assert_eq!(market, Ok(OrderKind::MARKET));
    // A tick times a lot is 0.001, and nothing trades for less.
    for (amount, units) in [
        ("7.1", 7_100),
        ("0.001", 1),
        ("12345678901", 12_345_678_901_000),
    ] {
        let read = kind(&format!("type=MARKET&quoteOrderQty={amount}"), symbol);
        assert_eq!(read, Ok(for_quote(units)), "{amount}");
    }
}

#[test]
fn an_order_for_an_amount_may_take_as_much_as_an_order_may() {
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let order = read("side=BUY&type=MARKET&quoteOrderQty=7.1", symbol).expect("an order");
    assert_eq!(order.quantity, Quantity::new(100_000));
    assert_eq!(order.budget(), Some(Notional::new(7_100)));
    let order = read("side=BUY&type=MARKET&quantity=7.1", symbol).expect("an order");
    assert_eq!((order.quantity, order.budget()), (Quantity::new(71), None));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let (limit, market) = (
        "type=LIMIT&timeInForce=GTC&price=1.50&quantity=0.9",
        "type=MARKET&quantity=0.9",
    );
    let required = ApiError::mandatory;
    let unwanted = ApiError::not_required;
    let with = |order: &str, more: &str| format!("side=BUY&{order}&{more}");
    let cases = [
        (limit.into(), required("side")),
        (format!("side=LONG&{limit}"), ApiError::INVALID_SIDE),
        ("side=BUY&quantity=1".into(), required("type")),
        (with("type=STOP_LOSS", ""), ApiError::INVALID_TYPE),
        (with("type=STOP_LOSS_LIMIT", ""), ApiError::INVALID_TYPE),
        (with("type=TAKE_PROFIT", ""), ApiError::INVALID_TYPE),
        (with("type=TAKE_PROFIT_LIMIT", ""), ApiError::INVALID_TYPE),
        (
            with("type=LIMIT", "price=1&quantity=1"),
            required("timeInForce"),
        ),
        (
            with("type=LIMIT&timeInForce=GTC", "quantity=1"),
            required("price"),
        ),
        (
            with("type=LIMIT&timeInForce=GTC", "price=1"),
            required("quantity"),
        ),
        (with("type=LIMIT_MAKER", "price=1"), required("quantity")),
        (
            with("type=LIMIT&timeInForce=DAY", "price=1&quantity=1"),
            ApiError::INVALID_TIME_IN_FORCE,
        ),
        (
            with("type=LIMIT_MAKER&timeInForce=GTC", "price=1&quantity=1"),
            unwanted("timeInForce"),
        ),
        (
            with(
                "type=LIMIT_MAKER&timeInForce=IOC&icebergQty=1",
                "price=1&quantity=1",
            ),
            unwanted("timeInForce"),
        ),
        (with(limit, "quoteOrderQty=1"), unwanted("quoteOrderQty")),
        (with(limit, "stopPrice=1"), unwanted("stopPrice")),
        (with(limit, "trailingDelta=1"), unwanted("trailingDelta")),
        (with(limit, "pegOffsetValue=1"), unwanted("pegOffsetValue")),
        (with(market, "price=1"), unwanted("price")),
        (with(market, "timeInForce=GTC"), unwanted("timeInForce")),
        (with(market, "icebergQty=0.4"), unwanted("icebergQty")),
        (with(market, "quoteOrderQty=1"), ApiError::QUANTITY_OR_QUOTE),
        (
            with("type=MARKET", ""),
            ApiError::one_of("quantity", "quoteOrderQty"),
        ),
        (with("type=MARKET", "quoteOrderQty=0"), ApiError::NOTIONAL),
        (
            with("type=MARKET", "quoteOrderQty=0.0000"),
            ApiError::NOTIONAL,
        ),
        (
            with("type=MARKET", "quoteOrderQty=1.0001"),
            ApiError::too_precise("quoteOrderQty"),
        ),
        (
            with("type=MARKET", "quoteOrderQty=99999999999999999999.99999999"),
            ApiError::too_precise("quoteOrderQty"),
        ),
        (with(limit, "icebergQty=1.0"), ApiError::ICEBERG_TOO_LARGE),
        (with(limit, "icebergQty=0.05"), ApiError::LOT_SIZE),
        (with(limit, "icebergQty=0"), ApiError::LOT_SIZE),
        (
            with(
                "type=LIMIT&timeInForce=GTC",
                "price=1&quantity=5.1&icebergQty=0.1",
            ),
            ApiError::ICEBERG_PARTS,
        ),
        (
            with(
                "type=LIMIT&timeInForce=FOK",
                "price=1&quantity=1&icebergQty=0.5",
            ),
            ApiError::UNSUPPORTED_COMBINATION,
        ),
        (
            with(limit, "selfTradePreventionMode=TRANSFER"),
            ApiError::invalid_value("selfTradePreventionMode"),
        ),
        (
            with(limit, "newOrderRespType=full"),
            ApiError::invalid_value("newOrderRespType"),
        ),
        (with(limit, "strategyId=1.5"), required("strategyId")),
        (
            with(limit, "strategyType=999999"),
            ApiError::BAD_STRATEGY_TYPE,
        ),
    ];
    for (params, expected) in cases {
        assert_eq!(read(&params, symbol).err(), Some(expected), "{params}");
    }
    // What is just within the rules.
    for params in [
        with(limit, "icebergQty=0.9"),
        with(
            "type=LIMIT&timeInForce=GTC",
            "price=1&quantity=5.0&icebergQty=0.1",
        ),
        with(limit, "strategyId=-1&strategyType=1000000"),
    ] {
        assert!(read(&params, symbol).is_ok(), "{params}");
    }
}

#[test]
fn answers_are_as_full_as_their_type_unless_told() {
    use ResponseType::{Ack, Full, Result};
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    for (order, default) in [
        ("type=LIMIT&timeInForce=GTC&price=1", Full),
        ("type=MARKET", Full),
        ("type=LIMIT_MAKER&price=1", Ack),
    ] {
        for (told, expected) in [
            ("", default),
            ("&newOrderRespType=ACK", Ack),
            ("&newOrderRespType=RESULT", Result),
            ("&newOrderRespType=FULL", Full),
        ] {
            let params = format!("side=BUY&quantity=1&{order}{told}");
            let order = read(&params, symbol).expect("an order");
            assert_eq!(order.response, expected, "{params}");
        }
    }
}

#[test]
fn each_way_not_to_trade_with_oneself_has_a_name() {
    let symbols = Market::new().symbols();
    let symbol = symbols.get(BTCUSD).expect("listed");
    let mode = |mode: &str| {
        let params = format!("side=BUY&type=MARKET&quantity=1{mode}");
        read(&params, symbol).expect("an order").self_trade
    };
    assert_eq!(mode(""), None);
    for (name, expected) in [
        ("NONE", SelfTradePrevention::Allow),
        ("EXPIRE_MAKER", SelfTradePrevention::ExpireMaker),
        ("EXPIRE_TAKER", SelfTradePrevention::ExpireTaker),
        ("EXPIRE_BOTH", SelfTradePrevention::ExpireBoth),
        ("DECREMENT", SelfTradePrevention::Decrement),
    ] {
        let named = mode(&format!("&selfTradePreventionMode={name}"));
        assert_eq!(named, Some(expected), "{name}");
    }
}
