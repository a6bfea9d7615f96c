//! Refusals by their codes: how they are told is a matter of the server.

/// Why something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: i32,
}

impl ApiError {
    pub(crate) const LOT_SIZE: Self = Self { code: -1013 };
    pub(crate) const INVALID_JSON: Self = Self { code: -1135 };
    pub(crate) const INVALID_REQUEST: Self = Self { code: -1130 };

    pub(crate) fn mandatory(_: &str) -> Self {
        Self { code: -1102 }
    }

    pub(crate) fn illegal(_: &str, _: &str) -> Self {
        Self { code: -1100 }
    }

    pub(crate) fn duplicate(_: &str) -> Self {
        Self { code: -1101 }
    }
}
