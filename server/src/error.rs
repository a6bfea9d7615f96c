//! What clients are told when something is not done: the field's numeric codes and texts.
//!
//! Client libraries match on both, so the texts are part of the contract.

use std::borrow::Cow;

use accounts_core::{LedgerReject, LimitReject};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use exchange_engine::Reject;
use orderbook_core::BookReject;
use serde_json::{Value, json};

use crate::api::orders::CancelReplace;
use crate::orders::SubmitError;
use crate::store::StoreError;

/// An answer that is no success: `{"code": ..., "msg": ...}` with a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: i32,
    pub(crate) msg: Cow<'static, str>,
    retry_after_seconds: Option<u64>,
    /// What was done all the same, where a request asks for two things.
    data: Option<Box<CancelReplace>>,
}

impl ApiError {
    const fn new(status: StatusCode, code: i32, msg: &'static str) -> Self {
        Self {
            status,
            code,
            msg: Cow::Borrowed(msg),
            retry_after_seconds: None,
            data: None,
        }
    }

    const fn bad(code: i32, msg: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, msg)
    }

    fn bad_owned(code: i32, msg: String) -> Self {
        Self {
            msg: Cow::Owned(msg),
            ..Self::bad(code, "")
        }
    }

    pub(crate) const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        -1000,
        "An unknown error occurred while processing the request.",
    );
    /// Nothing is taken in any more; the order was not.
    pub(crate) const DISCONNECTED: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        -1001,
        "Internal error; unable to process your request. Please try again.",
    );
    /// The log cannot be written: what was sent was not stored.
    pub(crate) const SUSPENDED: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: -1016,
        msg: Cow::Borrowed(
            "The exchange cannot store requests at the moment. This one was not stored, nothing has happened. Please try again.",
        ),
        retry_after_seconds: Some(1),
        data: None,
    };
    /// The outcome of an order is unknown; the client is to ask by its client order id.
    pub(crate) const UNKNOWN_OUTCOME: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
    );
    /// Memory no longer has what was asked for, and the store does not have it yet.
    pub(crate) const HISTORY_BEHIND: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        -1001,
        "The history is being written and not complete yet. Please try again.",
    );
    /// Memory no longer has what was asked for, and the store does not answer.
    const HISTORY_AWAY: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        -1001,
        "The history cannot be read at the moment. Please try again.",
    );
    /// The database of users does not work; what was to be changed there may have been.
    pub(crate) const USERS_AWAY: Self = Self::new(
        StatusCode::SERVICE_UNAVAILABLE,
        -1001,
        "The database of users cannot be used at the moment. Please try again.",
    );
    pub(crate) const OVERLOADED: Self = Self::new(
        StatusCode::TOO_MANY_REQUESTS,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    );
    pub(crate) const TIMEOUT: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    );
    pub(crate) const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, -1000, "No such path.");
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        -1000,
        "This path does not take this method.",
    );
    pub(crate) const BODY_TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        -1100,
        "The request body is too large.",
    );

    /// Requests of the WebSocket API.
    pub(crate) const INVALID_JSON: Self = Self::bad(-1135, "Invalid JSON Request");
    pub(crate) const INVALID_REQUEST: Self = Self::bad(
        -1130,
        "A request is an object with an id, a method and an object of params.",
    );
    pub(crate) const UNKNOWN_METHOD: Self = Self::bad(-1000, "No such method.");
    pub(crate) const NOT_LOGGED_ON: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -1002,
        "This connection has not logged on with session.logon.",
    );
    pub(crate) const TOO_MANY_SUBSCRIPTIONS: Self =
        Self::bad(-1130, "This connection has too many user streams.");
    pub(crate) const NO_SUCH_SUBSCRIPTION: Self = Self::bad(
        -1130,
        "Data sent for parameter 'subscriptionId' is not valid.",
    );

    pub(crate) const BAD_TIMESTAMP: Self = Self::bad(
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
    );
    pub(crate) const TIMESTAMP_AHEAD: Self = Self::bad(
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
    );
    pub(crate) const BAD_SIGNATURE: Self =
        Self::bad(-1022, "Signature for this request is not valid.");
    pub(crate) const BAD_KEY_FORMAT: Self =
        Self::new(StatusCode::UNAUTHORIZED, -2014, "API-key format invalid.");
    pub(crate) const UNKNOWN_KEY: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -2015,
        "Invalid API-key, IP, or permissions for action.",
    );
    pub(crate) const BAD_RECV_WINDOW: Self =
        Self::bad(-1131, "recvWindow must be less than 60000.");

    pub(crate) const INVALID_SYMBOL: Self = Self::bad(-1121, "Invalid symbol.");
    pub(crate) const INVALID_INTERVAL: Self = Self::bad(-1120, "Invalid interval.");
    pub(crate) const INVALID_SIDE: Self = Self::bad(-1117, "Invalid side.");
    pub(crate) const INVALID_TYPE: Self = Self::bad(-1116, "Invalid orderType.");
    pub(crate) const INVALID_TIME_IN_FORCE: Self = Self::bad(-1115, "Invalid timeInForce.");
    pub(crate) const SYMBOL_OR_SYMBOLS: Self = Self::bad(
        -1128,
        "Combination of optional parameters invalid. Recommendation: 'symbol' or 'symbols', not both.",
    );
    pub(crate) const COMBINATION: Self =
        Self::bad(-1128, "Combination of optional parameters invalid.");
    pub(crate) const INVALID_SYMBOL_STATUS: Self = Self::bad(-1122, "Invalid symbolStatus.");
    pub(crate) const INVALID_TICKER_TYPE: Self = Self::bad(-1139, "Invalid ticker type.");
    pub(crate) const SYMBOL_TWICE: Self =
        Self::bad(-1151, "Symbol is present multiple times in the list.");
    pub(crate) const QUANTITY_OR_QUOTE: Self = Self::bad(
        -1128,
        "Combination of optional parameters invalid. Recommendation: 'quantity' or 'quoteOrderQty', not both.",
    );
    pub(crate) const LOOKUP_TOO_LONG: Self =
        Self::bad(-1127, "More than 24 hours between startTime and endTime.");
    pub(crate) const BAD_STRATEGY_TYPE: Self =
        Self::bad(-1134, "strategyType was less than 1000000.");
    pub(crate) const BAD_CANCEL_RESTRICTIONS: Self = Self::bad(
        -1145,
        "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED.",
    );
    pub(crate) const PRICE_FILTER: Self = Self::bad(-1013, "Filter failure: PRICE_FILTER");
    pub(crate) const LOT_SIZE: Self = Self::bad(-1013, "Filter failure: LOT_SIZE");
    pub(crate) const NOTIONAL: Self = Self::bad(-1013, "Filter failure: NOTIONAL");
    const MAX_NUM_ORDERS: Self = Self::bad(-1013, "Filter failure: MAX_NUM_ORDERS");
    const MAX_POSITION: Self = Self::bad(-1013, "Filter failure: MAX_POSITION");
    const PERCENT_PRICE: Self = Self::bad(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE");
    pub(crate) const ICEBERG_PARTS: Self = Self::bad(-1013, "Filter failure: ICEBERG_PARTS");
    const MINIMUM_TOO_LARGE: Self =
        Self::bad(-2010, "The minimum quantity is more than the quantity.");
    const ALREADY_EXPIRED: Self = Self::bad(-2010, "The order would have expired already.");
    const SIDE_FULL: Self = Self::bad(
        -2010,
        "The side of the order book cannot hold that much more.",
    );
    const BOOK_FULL: Self = Self::bad(-2010, "The order book holds as many orders as it may.");
    pub(crate) const NOTHING_TO_AMEND: Self = Self::bad(
        -2038,
        "The requested action would change no state; rejecting.",
    );
    pub(crate) const UNSUPPORTED_COMBINATION: Self =
        Self::bad(-1014, "Unsupported order combination.");
    pub(crate) const ICEBERG_TOO_LARGE: Self = Self::bad(-2010, "IcebergQty exceeds QTY.");
    /// As a cancellation of it is told, with the code of an amendment.
    pub(crate) const AMEND_UNKNOWN: Self = Self::bad(-2038, "Unknown order sent.");
    pub(crate) const AMEND_UP: Self =
        Self::bad(-2038, "Order amend (quantity increase) is not supported.");
    /// As much has traded already as the order is to be.
    pub(crate) const AMEND_TOO_LATE: Self = Self::bad(
        -2038,
        "The new quantity is not more than what has traded; rejecting.",
    );

    pub(crate) const INSUFFICIENT_BALANCE: Self = Self::bad(
        -2010,
        "Account has insufficient balance for requested action.",
    );
    const MARKET_CLOSED: Self = Self::bad(-1013, "Market is closed.");
    const ACCOUNT_HALTED: Self = Self::bad(
        -2010,
        "This account may not place orders at the moment; it may cancel them.",
    );
    const ACCOUNT_CLOSED: Self = Self::bad(-2010, "This account is closed.");
    /// How long the interval of the account goes on is not known here: it may try every second.
    const ORDER_RATE: Self = Self {
        status: StatusCode::TOO_MANY_REQUESTS,
        code: -1015,
        msg: Cow::Borrowed(
            "Too many new orders; the order rate of this account is used up for the moment.",
        ),
        retry_after_seconds: Some(1),
        data: None,
    };
    pub(crate) const WOULD_MATCH: Self =
        Self::bad(-2010, "Order would immediately match and take.");
    pub(crate) const DUPLICATE_ORDER: Self = Self::bad(-2010, "Duplicate order sent.");
    pub(crate) const CANCEL_REJECTED: Self = Self::bad(-2011, "Unknown order sent.");
    pub(crate) const CANCEL_RESTRICTED: Self =
        Self::bad(-2011, "Order was not canceled due to cancel restrictions.");
    pub(crate) const NO_SUCH_ORDER: Self = Self::bad(-2013, "Order does not exist.");
    /// The order of that id has another name than the one that was sent with it.
    pub(crate) const OTHER_NAME: Self =
        Self::bad(-2039, "Client order ID is not correct for this order ID.");
    /// The order was cancelled or the new one placed, but not both.
    pub(crate) const HALF_REPLACED: Self = Self::new(
        StatusCode::CONFLICT,
        -2021,
        "Order cancel-replace partially failed.",
    );
    pub(crate) const NOT_REPLACED: Self = Self::bad(-2022, "Order cancel-replace failed.");

    pub(crate) const INVALID_SESSION: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -1002,
        "You are not authorized to execute this request.",
    );
    pub(crate) const WRONG_CREDENTIALS: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -1002,
        "The username or the password is wrong.",
    );
    /// The session is good, the old password is not.
    pub(crate) const WRONG_PASSWORD: Self =
        Self::new(StatusCode::FORBIDDEN, -1002, "The password is wrong.");
    /// The password is right. The code is our own, as the field has none.
    pub(crate) const CODE_MISSING: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -9101,
        "A code of the second factor is needed.",
    );
    /// As [`Self::CODE_MISSING`].
    pub(crate) const WRONG_CODE: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        -9102,
        "The code is wrong, or was used before.",
    );
    pub(crate) const UNKNOWN_LISTEN_KEY: Self = Self::bad(-1125, "This listenKey does not exist.");
    /// A cookie proves nothing about a request that another site may have made.
    pub(crate) const FOREIGN_ORIGIN: Self = Self::new(
        StatusCode::FORBIDDEN,
        -1002,
        "This request may come from another site: its Origin is not the host it was sent to.",
    );
    pub(crate) const USERNAME_TAKEN: Self =
        Self::new(StatusCode::CONFLICT, -1100, "The username is taken.");
    pub(crate) const NO_FAUCET: Self = Self::new(
        StatusCode::FORBIDDEN,
        -1002,
        "This exchange has no faucet: it was started without --demo or --faucet.",
    );
    pub(crate) const NO_SUCH_USER: Self = Self::new(
        StatusCode::NOT_FOUND,
        -1100,
        "There is no user of that name.",
    );
    pub(crate) const UNKNOWN_ASSET: Self = Self::bad(-1100, "This asset is not listed here.");

    /// A parameter is missing, empty or no good.
    pub(crate) fn mandatory(name: &str) -> Self {
        Self::bad_owned(
            -1102,
            format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed."),
        )
    }

    /// A parameter has characters that it must not have.
    pub(crate) fn illegal(name: &str, pattern: &str) -> Self {
        Self::bad_owned(
            -1100,
            format!("Illegal characters found in parameter '{name}'; legal range is '{pattern}'."),
        )
    }

    /// A parameter is there twice.
    pub(crate) fn duplicate(name: &str) -> Self {
        Self::bad_owned(
            -1101,
            format!("Duplicate values for parameter '{name}' detected."),
        )
    }

    /// A parameter does not go with the others.
    pub(crate) fn not_required(name: &str) -> Self {
        Self::bad_owned(-1106, format!("Parameter '{name}' sent when not required."))
    }

    /// A parameter has a value that is not known.
    pub(crate) fn invalid_value(name: &str) -> Self {
        Self::bad_owned(
            -1130,
            format!("Data sent for parameter '{name}' is not valid."),
        )
    }

    /// One of several parameters must be there.
    pub(crate) fn one_of(first: &str, second: &str) -> Self {
        Self::bad_owned(
            -1102,
            format!("Param '{first}' or '{second}' must be sent, but both were empty/null!"),
        )
    }

    /// A JSON body that does not say what it must.
    pub(crate) fn bad_request(msg: impl Into<String>) -> Self {
        Self::bad_owned(-1100, msg.into())
    }

    /// A parameter has more decimal places than what it is about.
    pub(crate) fn too_precise(name: &str) -> Self {
        Self::bad_owned(-1111, format!("Parameter '{name}' has too much precision."))
    }

    /// This error, with what was done all the same.
    pub(crate) fn with_data(self, data: CancelReplace) -> Self {
        Self {
            data: Some(Box::new(data)),
            ..self
        }
    }

    /// This error, with the status of another, and when to try again.
    pub(crate) fn with_status_of(self, other: &Self) -> Self {
        Self {
            status: other.status,
            retry_after_seconds: other.retry_after_seconds,
            ..self
        }
    }

    /// Whether an order that was answered so may have been carried out for all that is known.
    pub(crate) fn leaves_open(&self) -> bool {
        self.status.is_server_error() && *self != Self::SUSPENDED && *self != Self::DISCONNECTED
    }

    /// A request that does not get as far as being looked into.
    pub(crate) const fn malformed(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::BODY_TOO_LARGE,
            _ => Self::new(status, -1100, "The request is malformed."),
        }
    }

    /// A client that went on although it was told to wait.
    pub(crate) fn banned(until: u64, retry_after_seconds: u64) -> Self {
        Self {
            status: StatusCode::IM_A_TEAPOT,
            code: -1003,
            msg: Cow::Owned(format!(
                "Way too much request weight used; IP banned until {}. Please use WebSocket \
                 Streams for live updates to avoid bans.",
                until * 1_000
            )),
            retry_after_seconds: Some(retry_after_seconds),
            data: None,
        }
    }

    /// Too many requests, or too many orders.
    pub(crate) fn too_many(code: i32, msg: String, retry_after_seconds: u64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            code,
            msg: Cow::Owned(msg),
            retry_after_seconds: Some(retry_after_seconds),
            data: None,
        }
    }
}

impl ApiError {
    /// What clients read.
    pub(crate) fn body(&self) -> Value {
        match &self.data {
            None => json!({ "code": self.code, "msg": self.msg }),
            Some(data) => json!({ "code": self.code, "msg": self.msg, "data": data }),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, crate::api::Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Overloaded => Self::OVERLOADED,
            SubmitError::Suspended => Self::SUSPENDED,
            SubmitError::Closed => Self::DISCONNECTED,
            SubmitError::Stopped => Self::UNKNOWN_OUTCOME,
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the history cannot be read");
        Self::HISTORY_AWAY
    }
}

impl From<Reject> for ApiError {
    fn from(reject: Reject) -> Self {
        match reject {
            Reject::UnknownInstrument => Self::INVALID_SYMBOL,
            Reject::UnknownOrder | Reject::Book(BookReject::UnknownOrder) => Self::CANCEL_REJECTED,
            Reject::DuplicateClientOrderId | Reject::Book(BookReject::DuplicateOrderId) => {
                Self::DUPLICATE_ORDER
            }
            Reject::Book(BookReject::QuantityOutOfRange | BookReject::InvalidReduction)
            | Reject::Limit(LimitReject::QuantityTooLarge) => Self::LOT_SIZE,
            Reject::Book(BookReject::PriceOutOfRange) => Self::PRICE_FILTER,
            Reject::Book(BookReject::NotionalTooSmall)
            | Reject::Limit(LimitReject::NotionalTooLarge) => Self::NOTIONAL,
            Reject::Book(BookReject::WouldMatch) => Self::WOULD_MATCH,
            Reject::Book(BookReject::SideFull) => Self::SIDE_FULL,
            Reject::Book(BookReject::BookFull) => Self::BOOK_FULL,
            Reject::Book(BookReject::DisplayTooSmall) => Self::ICEBERG_PARTS,
            Reject::Book(BookReject::MinimumTooLarge) => Self::MINIMUM_TOO_LARGE,
            Reject::Book(BookReject::AlreadyExpired) => Self::ALREADY_EXPIRED,
            Reject::Book(BookReject::NothingToAmend) => Self::NOTHING_TO_AMEND,
            Reject::Ledger(LedgerReject::InsufficientAvailable) => Self::INSUFFICIENT_BALANCE,
            Reject::Ledger(LedgerReject::UnknownAsset) => Self::UNKNOWN_ASSET,
            Reject::Ledger(LedgerReject::AccountClosed) => Self::ACCOUNT_CLOSED,
            Reject::VenueHalted | Reject::InstrumentHalted => Self::MARKET_CLOSED,
            Reject::AccountHalted => Self::ACCOUNT_HALTED,
            Reject::Limit(LimitReject::TooManyOrders) => Self::ORDER_RATE,
            Reject::Limit(LimitReject::TooManyOpenOrders) => Self::MAX_NUM_ORDERS,
            Reject::Limit(LimitReject::OutsideCollar) => Self::PERCENT_PRICE,
            Reject::Limit(LimitReject::PositionTooLarge) => Self::MAX_POSITION,
            other => Self::bad_request(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_book_refuses_has_a_code_of_its_own() {
        for (reject, code, msg) in [
            (BookReject::UnknownOrder, -2011, "Unknown order"),
            (BookReject::DuplicateOrderId, -2010, "Duplicate order"),
            (BookReject::QuantityOutOfRange, -1013, "LOT_SIZE"),
            (BookReject::PriceOutOfRange, -1013, "PRICE_FILTER"),
            (BookReject::NotionalTooSmall, -1013, "NOTIONAL"),
            (BookReject::MinimumTooLarge, -2010, "minimum quantity"),
            (BookReject::AlreadyExpired, -2010, "expired already"),
            (BookReject::DisplayTooSmall, -1013, "ICEBERG_PARTS"),
            (BookReject::InvalidReduction, -1013, "LOT_SIZE"),
            (BookReject::NothingToAmend, -2038, "change no state"),
            (BookReject::WouldMatch, -2010, "immediately match"),
            (BookReject::SideFull, -2010, "cannot hold that much"),
            (BookReject::BookFull, -2010, "as many orders as it may"),
        ] {
            let error = ApiError::from(Reject::Book(reject));
            assert_eq!(error.status, StatusCode::BAD_REQUEST, "{reject:?}");
            assert_eq!(error.code, code, "{reject:?}");
            assert!(error.msg.contains(msg), "{reject:?}: {}", error.msg);
        }
        // No request leads to these; they are told in their own words.
        for reject in [BookReject::InvalidPriceRange, BookReject::TimeWentBackwards] {
            let error = ApiError::from(Reject::Book(reject));
            assert_eq!((error.code, &*error.msg), (-1100, &*reject.to_string()));
        }
    }

    #[test]
    fn a_command_without_an_outcome_says_whether_anything_happened() {
        for (error, status, code, msg) in [
            (SubmitError::Overloaded, 429, -1008, "overloaded"),
            (SubmitError::Suspended, 503, -1016, "nothing has happened"),
            (SubmitError::Closed, 503, -1001, "unable to process"),
            (SubmitError::Stopped, 503, -1006, "status unknown"),
        ] {
            let told = ApiError::from(error);
            assert_eq!((told.status.as_u16(), told.code), (status, code));
            assert!(told.msg.contains(msg), "{}", told.msg);
            let waits = told.into_response().headers().contains_key("retry-after");
            assert_eq!(waits, error == SubmitError::Suspended, "{error:?}");
        }
    }

    #[test]
    fn halts_limits_and_closed_accounts_have_codes_of_their_own() {
        for (reject, code, msg) in [
            (Reject::VenueHalted, -1013, "Market is closed."),
            (Reject::InstrumentHalted, -1013, "Market is closed."),
            (Reject::AccountHalted, -2010, "may not place orders"),
            (Reject::DuplicateClientOrderId, -2010, "Duplicate order"),
            (
                LimitReject::TooManyOpenOrders.into(),
                -1013,
                "MAX_NUM_ORDERS",
            ),
            (LimitReject::QuantityTooLarge.into(), -1013, "LOT_SIZE"),
            (
                LimitReject::OutsideCollar.into(),
                -1013,
                "PERCENT_PRICE_BY_SIDE",
            ),
            (LimitReject::NotionalTooLarge.into(), -1013, "NOTIONAL"),
            (LimitReject::PositionTooLarge.into(), -1013, "MAX_POSITION"),
            (
                LedgerReject::AccountClosed.into(),
                -2010,
                "account is closed",
            ),
        ] {
            let error = ApiError::from(reject);
            assert_eq!(error.status, StatusCode::BAD_REQUEST, "{reject:?}");
            assert_eq!(error.code, code, "{reject:?}");
            assert!(error.msg.contains(msg), "{reject:?}: {}", error.msg);
        }
        // As the limits of the gateways, with the header that goes with the status.
        let rate = ApiError::from(Reject::from(LimitReject::TooManyOrders));
        assert_eq!(
            (rate.status, rate.code),
            (StatusCode::TOO_MANY_REQUESTS, -1015)
        );
        assert!(rate.msg.contains("Too many new orders"), "{}", rate.msg);
        assert!(rate.into_response().headers().contains_key("retry-after"));
        for reject in [
            Reject::NotHalted,
            Reject::FeeAccount,
            LedgerReject::AccountNotEmpty.into(),
        ] {
            let error = ApiError::from(reject);
            assert_eq!((error.code, &*error.msg), (-1100, &*reject.to_string()));
        }
    }
}
