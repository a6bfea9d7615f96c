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
    /// The account was closed.
    #[error("the account is closed")]
    AccountClosed,
    /// The account still owns something.
    #[error("an account that still owns something cannot be closed")]
    AccountNotEmpty,
    /// The amount is zero.
    #[error("the amount must be at least one unit")]
    ZeroAmount,
    /// Base and quote are the same asset, a fee exceeds what it is taken of, or a side frees less than
    /// it pays.
    #[error(
        "a settlement needs two assets, fees within what is received, and holds for what is paid"
    )]
    InvalidSettlement,
    /// Less than that is held.
    #[error("the held balance is too small")]
    InsufficientHeld,
    /// Less than that is available.
    #[error("the available balance is too small")]
    InsufficientAvailable,
    /// The total of the asset over all accounts would exceed [`Amount::MAX`](crate::Amount::MAX).
    #[error("the exchange cannot hold that much more of the asset")]
    AmountOverflow,
    /// The rate is beyond 1,000,000 parts per million. Refused where the rate is made, never by a
    /// ledger.
    #[error("a fee or a rebate cannot be more than 100 %")]
    InvalidFeeRate,
    /// The tiers are no schedule. Refused where the schedule is made, never by a ledger.
    #[error(
        "a fee schedule has 1 to 32 tiers of ascending volume from zero, and rebates within what takers pay"
    )]
    InvalidFeeSchedule,
}
