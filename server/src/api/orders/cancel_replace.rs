//! An order that is cancelled and another one that takes its place: two commands, and what became of
//! each.

use schemars::JsonSchema;
use serde::Serialize;

use super::cancellation::Cancellation;
use super::new_order::NewOrder;
use super::placed::PlacedOrder;
use super::queried::CancelledOrder;
use crate::api::params::Params;
use crate::api::symbols::Symbol;
use crate::error::ApiError;

/// A cancellation and a new order as a client asks for them.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) cancellation: Cancellation,
    pub(crate) order: NewOrder,
    /// Whether the order is to be placed where there is nothing to cancel.
    pub(crate) goes_on: bool,
    /// Whether to cancel where there have been too many orders to place another.
    pub(crate) cancels_anyway: bool,
}

impl Replacement {
    pub(crate) fn parse(params: &Params, symbol: &Symbol) -> Result<Self, ApiError> {
        let goes_on = match params.require("cancelReplaceMode")? {
            "STOP_ON_FAILURE" => false,
            "ALLOW_FAILURE" => true,
            _ => return Err(ApiError::invalid_value("cancelReplaceMode")),
        };
        let cancels_anyway = match params.get("orderRateLimitExceededMode") {
            None | Some("DO_NOTHING") => false,
            Some("CANCEL_ONLY") => true,
            Some(_) => return Err(ApiError::invalid_value("orderRateLimitExceededMode")),
        };
        Ok(Self {
            cancellation: Cancellation::parse_to_replace(params)?,
            order: NewOrder::parse(params, symbol)?,
            goes_on,
            cancels_anyway,
        })
    }
}

/// What became of one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StepResult {
    Success,
    Failure,
    NotAttempted,
    /// It may have been done; only the list of orders knows.
    Unknown,
}

/// What one of the two is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "{T}OrRefusal")]
enum StepResponse<T> {
    Done(T),
    Refused { code: i32, msg: String },
}

/// What became of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelReplace {
    cancel_result: StepResult,
    new_order_result: StepResult,
    cancel_response: StepResponse<CancelledOrder>,
    new_order_response: Option<StepResponse<PlacedOrder>>,
}

impl CancelReplace {
    /// The answer, given those to the cancellation and to the order, if that was tried.
    ///
    /// # Errors
    ///
    /// Unless both were done: which of them were. Where that is not known of one of them, its error.
    pub(crate) fn told(
        cancelled: Result<CancelledOrder, ApiError>,
        placed: Option<Result<PlacedOrder, ApiError>>,
    ) -> Result<Self, ApiError> {
        let open = [
            cancelled.as_ref().err(),
            placed.as_ref().and_then(|it| it.as_ref().err()),
        ];
        let open = open.into_iter().flatten().find(|it| it.leaves_open());
        let open = open.cloned();
        let (cancel_result, cancel_response) = step(cancelled);
        let (new_order_result, new_order_response) = match placed.map(step) {
            Some((result, response)) => (result, Some(response)),
            None => (StepResult::NotAttempted, None),
        };
        let told = Self {
            cancel_result,
            new_order_result,
            cancel_response,
            new_order_response,
        };
        let done = |it| it == StepResult::Success;
        match (open, done(cancel_result), done(new_order_result)) {
            (Some(error), ..) => Err(error.with_data(told)),
            (None, true, true) => Ok(told),
            (None, false, false) => Err(ApiError::NOT_REPLACED.with_data(told)),
            (None, ..) => Err(ApiError::HALF_REPLACED.with_data(told)),
        }
    }
}

fn step<T>(answer: Result<T, ApiError>) -> (StepResult, StepResponse<T>) {
    match answer {
        Ok(done) => (StepResult::Success, StepResponse::Done(done)),
        Err(error) => {
            let result = if error.leaves_open() {
                StepResult::Unknown
            } else {
                StepResult::Failure
            };
            let response = StepResponse::Refused {
                code: error.code,
                msg: error.msg.into_owned(),
            };
            (result, response)
        }
    }
}
