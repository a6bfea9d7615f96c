//! What an exchange reports: facts, in the order in which they happened.

use accounts_core::{Amount, Event as LedgerEvent};
use orderbook_core::{
    AccountId, Event as BookEvent, Level, Order, OrderId, Price, Quantity, Side, Trade,
};
use serde::{Deserialize, Serialize};

use crate::{ClientOrderId, InstrumentId};

/// One fact about an exchange.
///
/// | order of events for one order that comes in |
/// |---|
/// | [`OrderAccepted`](Event::OrderAccepted), or [`OrderAmended`](Event::OrderAmended), then the balance changes of its hold |
/// | for each trade: the book's `Traded`, [`Settled`](Event::Settled), the balance changes |
/// | unless it rested at once: the book's `Rested` or `Closed` |
/// | the balance change of what it need not hold any more, if that is something |
///
/// Every other event of the book is followed by the balance changes of what it releases.
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
        /// Where it came to rest at once, and what of it is displayed; `None` where it met others
        /// or may not rest.
        rested: Option<Level>,
    },
    /// An open order got another price or a larger quantity and lost its place: it left its level
    /// and came in anew. Stands for the book's `Amended`, which is not repeated.
    OrderAmended {
        /// Where.
        instrument: InstrumentId,
        /// The order.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// Its side.
        side: Side,
        /// What it took off the depth: its old price, and what had been displayed of it.
        left: Level,
        /// Its new quantity: what has traded so far and what is to trade from here on.
        quantity: Quantity,
        /// Its new limit price.
        price: Price,
        /// What is to trade from here on.
        remaining: Quantity,
        /// Where it came to rest at once, and what of it is displayed; `None` where it met others.
        rested: Option<Level>,
    },
    /// Something else happened on a book.
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

impl Event {
    /// What happened on a book, and on which, where this is about a book.
    pub const fn of_book(&self) -> Option<(InstrumentId, BookEvent)> {
        match *self {
            Self::OrderAccepted {
                instrument,
                ref order,
                rested,
                ..
            } => {
                let accepted = BookEvent::Accepted {
                    order_id: order.id,
                    account: order.account,
                    side: order.side,
                    quantity: order.quantity,
                    rested,
                };
                Some((instrument, accepted))
            }
            Self::OrderAmended {
                instrument,
                order_id,
                account,
                side,
                left,
                remaining,
                rested,
                ..
            } => {
                let amended = BookEvent::Amended {
                    order_id,
                    account,
                    side,
                    left,
                    remaining,
                    rested,
                };
                Some((instrument, amended))
            }
            Self::Book { instrument, event } => Some((instrument, event)),
            _ => None,
        }
    }
}
