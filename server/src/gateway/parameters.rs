//! The parameters that operations take, each described once.

use super::operation::{Kind, Param};

pub(crate) const SYMBOL: Param =
    Param::new("symbol", Kind::Text, "An instrument, for example BTCUSDT.");
pub(super) const SYMBOLS: Param = Param::new(
    "symbols",
    Kind::Text,
    "Instruments, as a JSON array of their names.",
);
pub(super) const LIMIT: Param = Param::new("limit", Kind::Integer, "How many entries at most.");
pub(super) const FROM_ID: Param = Param::new("fromId", Kind::Integer, "The id of the first entry.");
pub(super) const START_TIME: Param = Param::new(
    "startTime",
    Kind::Integer,
    "The first moment, in milliseconds since the Unix epoch.",
);
pub(super) const END_TIME: Param = Param::new(
    "endTime",
    Kind::Integer,
    "The last moment, in milliseconds since the Unix epoch, itself included.",
);
pub(super) const INTERVAL: Param = Param::new(
    "interval",
    Kind::OneOf(&[
        "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
    ]),
    "How long a candle is. There are none of a second.",
);

pub(super) const TIME_ZONE: Param = Param::new(
    "timeZone",
    Kind::Text,
    "When days begin; only 0, which is UTC, is there.",
);
pub(super) const TICKER_TYPE: Param = Param::new(
    "type",
    Kind::OneOf(&["FULL", "MINI"]),
    "How much a ticker tells.",
);
pub(super) const WINDOW_SIZE: Param = Param::new(
    "windowSize",
    Kind::Text,
    "How far to look back: 1m to 59m, 1h to 23h, 1d to 7d; 1d unless told.",
);
/// What an instrument has to be like.
pub(super) const SYMBOLS_LIKE: [Param; 3] = [
    Param::new(
        "permissions",
        Kind::Text,
        "A permission, or a JSON array of them: instruments that have one of these. Not together with symbol or symbols.",
    ),
    Param::new(
        "showPermissionSets",
        Kind::Flag,
        "Whether to tell the permissions of each instrument; true unless told.",
    ),
    Param::new(
        "symbolStatus",
        Kind::OneOf(&["TRADING", "HALT", "BREAK"]),
        "Instruments that are in this state. Not together with symbol or symbols.",
    ),
];

pub(super) const ORDER_ID: Param = Param::new("orderId", Kind::Integer, "The id of an order.");
pub(super) const ORIG_CLIENT_ORDER_ID: Param = Param::new(
    "origClientOrderId",
    Kind::Text,
    "The name that the owner of an order has given it.",
);
pub(super) const NEW_CLIENT_ORDER_ID: Param = Param::new(
    "newClientOrderId",
    Kind::Text,
    "A name for the order or the cancellation: 1 to 36 of A-Z a-z 0-9 - _ . : /",
);
pub(super) const OMIT_ZERO_BALANCES: Param = Param::new(
    "omitZeroBalances",
    Kind::Flag,
    "Whether to leave out assets of which there are none.",
);
pub(super) const LISTEN_KEY: Param = Param::new("listenKey", Kind::Text, "A key to listen with.");

pub(super) const CANCEL_RESTRICTIONS: Param = Param::new(
    "cancelRestrictions",
    Kind::OneOf(&["ONLY_NEW", "ONLY_PARTIALLY_FILLED"]),
    "How far the order may have come to be cancelled.",
);
pub(super) const NEW_QUANTITY: Param = Param::new(
    "newQty",
    Kind::Decimal,
    "The new quantity: more than what has traded and less than what it was.",
);
pub(super) const COMPUTE_COMMISSION_RATES: Param = Param::new(
    "computeCommissionRates",
    Kind::Flag,
    "Whether to tell what the order would pay.",
);

/// What a new order says.
pub(super) const NEW_ORDER: [Param; 12] = [
    Param::new("side", Kind::OneOf(&["BUY", "SELL"]), "Buy or sell.").required(),
    Param::new(
        "type",
        Kind::OneOf(&["LIMIT", "LIMIT_MAKER", "MARKET"]),
        "The type of the order.",
    )
    .required(),
    Param::new(
        "timeInForce",
        Kind::OneOf(&["GTC", "IOC", "FOK"]),
        "How long a LIMIT order stands; it has to say so.",
    ),
    Param::new(
        "quantity",
        Kind::Decimal,
        "How much of the base asset. A MARKET order says this or quoteOrderQty.",
    ),
    Param::new(
        "quoteOrderQty",
        Kind::Decimal,
        "How much of the quote asset a MARKET order spends at most, or gets at most where it sells.",
    ),
    Param::new("price", Kind::Decimal, "The limit price."),
    Param::new(
        "icebergQty",
        Kind::Decimal,
        "How much of an order that stands until it is cancelled is shown at a time.",
    ),
    NEW_CLIENT_ORDER_ID,
    Param::new(
        "newOrderRespType",
        Kind::OneOf(&["ACK", "RESULT", "FULL"]),
        "How much the answer tells; FULL unless told, and ACK for a LIMIT_MAKER.",
    ),
    Param::new(
        "selfTradePreventionMode",
        Kind::OneOf(&[
            "NONE",
            "EXPIRE_MAKER",
            "EXPIRE_TAKER",
            "EXPIRE_BOTH",
            "DECREMENT",
        ]),
        "What to do where the order would meet another of its own account.",
    ),
    Param::new(
        "strategyId",
        Kind::Integer,
        "What the order is part of; told in the answer and not remembered.",
    ),
    Param::new(
        "strategyType",
        Kind::Integer,
        "What kind of strategy that is, from 1000000 on.",
    ),
];

/// What else is said where a new order takes the place of another.
pub(super) const CANCEL_REPLACE: [Param; 6] = [
    Param::new(
        "cancelReplaceMode",
        Kind::OneOf(&["STOP_ON_FAILURE", "ALLOW_FAILURE"]),
        "Whether the order is placed where there is nothing to cancel.",
    )
    .required(),
    Param::new(
        "cancelOrderId",
        Kind::Integer,
        "The id of the order to cancel.",
    ),
    Param::new(
        "cancelOrigClientOrderId",
        Kind::Text,
        "The name of the order to cancel.",
    ),
    Param::new(
        "cancelNewClientOrderId",
        Kind::Text,
        "A name for the cancellation.",
    ),
    CANCEL_RESTRICTIONS,
    Param::new(
        "orderRateLimitExceededMode",
        Kind::OneOf(&["DO_NOTHING", "CANCEL_ONLY"]),
        "What to do where the account has sent too many orders; DO_NOTHING unless told.",
    ),
];

/// What a signed request says besides. Requests of a session need none of it.
pub(crate) const SIGNED: [Param; 3] = [
    Param::new(
        "timestamp",
        Kind::Integer,
        "When the request was made, in milliseconds or microseconds since the Unix epoch.",
    ),
    Param::new(
        "recvWindow",
        Kind::Decimal,
        "For how many milliseconds it is good; 5000 unless told, at most 60000.",
    ),
    Param::new(
        "signature",
        Kind::Text,
        "HMAC-SHA256 in hexadecimal, or Ed25519 in base64, over the query and the body.",
    ),
];
