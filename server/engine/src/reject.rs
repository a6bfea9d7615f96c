//! Why an input is refused.

use accounts_core::{LedgerReject, LimitReject};
use orderbook_core::BookReject;
use serde::{Deserialize, Serialize};

/// Why an input was refused. Nothing changed and no event was emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reject {
    /// Time ran backwards.
    #[error("the input is older than one that was accepted before")]
    TimeWentBackwards,
    /// The asset code or its decimals are no good.
    #[error("an asset has a code of 1 to 16 capital letters and digits and at most 18 decimals")]
    InvalidAsset,
    /// Another asset has the code.
    #[error("an asset with this code exists already")]
    DuplicateAssetCode,
    /// The instrument is not listed here.
    #[error("the instrument is not listed")]
    UnknownInstrument,
    /// The id or the symbol is taken.
    #[error("an instrument with this id or symbol is listed already")]
    DuplicateInstrument,
    /// An instrument trades two different assets at positive prices.
    #[error("an instrument trades two different assets at positive prices")]
    InvalidInstrument,
    /// The value of a lot would not be a whole number of smallest units.
    #[error("a lot of base, or a tick times a lot of quote, is no whole number of smallest units")]
    GridTooFine,
    /// The largest order would not fit 128 bits.
    #[error("the limits of the instrument allow orders worth more than 128 bits of smallest units")]
    LimitsTooWide,
    /// The account has no such open order.
    #[error("the account has no such open order")]
    UnknownOrder,
    /// The account has an open or recent order of that name, and it is another order.
    #[error("the account has used this client order id for another order")]
    DuplicateClientOrderId,
    /// The exchange does not trade at the moment.
    #[error("trading is halted on the whole exchange")]
    VenueHalted,
    /// The instrument does not trade at the moment.
    #[error("trading is halted in this instrument")]
    InstrumentHalted,
    /// The account may not trade at the moment.
    #[error("trading is halted for this account")]
    AccountHalted,
    /// There is nothing to resume.
    #[error("this is not halted")]
    NotHalted,
    /// Fees go to this account.
    #[error("the account that fees are paid to cannot be closed")]
    FeeAccount,
    /// The book refused the order.
    #[error(transparent)]
    Book(#[from] BookReject),
    /// A limit stands against it.
    #[error(transparent)]
    Limit(#[from] LimitReject),
    /// The ledger refused: mostly, there is not enough money.
    #[error(transparent)]
    Ledger(#[from] LedgerReject),
}
