//! What an exchange reports: facts, in the order in which they happened.

use accounts_core::{Amount, Event as LedgerEvent};
use orderbook_core::{Event as BookEvent, Order, Trade};
use serde::{Deserialize, Serialize};

use crate::{ClientOrderId, InstrumentId};

/// One fact about an exchange.
///
/// | order of events for one accepted order |
/// |---|
/// | [`OrderAccepted`](Event::OrderAccepted), then the balance change of its hold |
/// | for each trade: the book's `Traded`, [`Settled`](Event::Settled), the balance changes |
/// | the book's `Rested` or `Closed`, then the balance change of what is released |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A pair became tradable.
    InstrumentListed {
        /// Its id.
        instrument: InstrumentId,
    },
    /// Trades pay other fees from here on.
    FeesChanged {
        /// Of which instrument.
        instrument: InstrumentId,
    },
    /// An order was taken in. Stands for the book's `Accepted`, which is not repeated.
    OrderAccepted {
        /// Where.
        instrument: InstrumentId,
        /// The order, with the id the exchange gave it.
        order: Order,
        /// The name its owner gave it.
        client_order_id: Option<ClientOrderId>,
    },
    /// Something happened on a book.
    Book {
        /// Of which instrument.
        instrument: InstrumentId,
        /// What.
        event: BookEvent,
    },
    /// The money of a trade changed hands. Follows the book's `Traded`.
    Settled {
        /// Where.
        instrument: InstrumentId,
        /// The trade.
        trade: Trade,
        /// What the buyer received before fees, in smallest units of base.
        base_amount: Amount,
        /// What the seller received before fees, in smallest units of quote.
        quote_amount: Amount,
        /// What the maker paid, in smallest units of the asset it received.
        maker_fee: Amount,
        /// What the taker paid, in smallest units of the asset it received.
        taker_fee: Amount,
    },
    /// A balance changed, money came in or went out, an asset or an account became known.
    Ledger(LedgerEvent),
}
