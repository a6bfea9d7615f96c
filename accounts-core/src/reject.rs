//! Why a command is refused.

/// Why a command was refused. Nothing changed and no event was emitted.
///
/// Listed in order of precedence: where several apply, the first is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum LedgerReject {
    /// No asset has this id.
    #[error("the asset is not known")]
    UnknownAsset,
    /// An asset has this id already.
    #[error("an asset has this id already")]
    DuplicateAsset,
    /// No account has this id.
    #[error("the account does not exist")]
    UnknownAccount,
    /// An account has this id already.
    #[error("an account has this id already")]
    DuplicateAccount,
    /// The amount is zero.
    #[error("the amount must be at least one unit")]
    ZeroAmount,
    /// Base and quote are the same asset, or a fee exceeds what it is taken of.
    #[error("a settlement needs two assets, and fees no larger than what is received")]
    InvalidSettlement,
    /// Less than that is available.
    #[error("the available balance is too small")]
    InsufficientAvailable,
    /// Less than that is held.
    #[error("the held balance is too small")]
    InsufficientHeld,
    /// The total of the asset over all accounts would no longer fit 128 bits.
    #[error("the exchange cannot hold that much more of the asset")]
    AmountOverflow,
    /// The rate is above 1,000,000 parts per million. Refused where the rate is made, never by a
    /// ledger.
    #[error("a fee cannot be more than 100 % of what is received")]
    InvalidFeeRate,
}
