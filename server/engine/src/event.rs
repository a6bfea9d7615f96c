//! What an exchange reports: facts, in the order in which they happened.

use accounts_core::{Amount, AssetId, Event as LedgerEvent, Fee, InstrumentId};
use orderbook_core::{
    AccountId, CloseReason, Event as BookEvent, Level, Notional, Order, OrderId, Price, Quantity,
    Side, Trade,
};
use serde::{Deserialize, Serialize};

use crate::{ClientOrderId, Scope};

/// One fact about an exchange.
///
/// | order of events for one order that comes in |
/// |---|
/// | [`OrderAccepted`](Event::OrderAccepted), or [`OrderAmended`](Event::OrderAmended), then the posting of its hold |
/// | for each trade: [`Traded`](Event::Traded), then its postings |
/// | unless it rested at once: the book's `Rested` or `Closed` |
/// | the posting of what it need not hold any more, if that is something |
///
/// Every other event of the book is followed by the postings of what it releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A pair became tradable.
    InstrumentListed {
        /// Its id.
        instrument: InstrumentId,
        /// What is bought and sold.
        base: AssetId,
        /// What it is paid with.
        quote: AssetId,
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
    /// Two orders traded, and the money changed hands. Stands for the book's `Traded`, which is not
    /// repeated.
    Traded {
        /// Where.
        instrument: InstrumentId,
        /// The trade.
        trade: Trade,
        /// What the buyer received before fees, in smallest units of base.
        base_amount: Amount,
        /// What the seller received before fees, in smallest units of quote.
        quote_amount: Amount,
        /// What the maker paid, or was paid as a rebate.
        maker_fee: Fee,
        /// What the taker paid.
        taker_fee: Fee,
    },
    /// An order was sent once more under its name, and is not placed again.
    OrderRepeated {
        /// Where.
        instrument: InstrumentId,
        /// The order, with the id the exchange gave it.
        order_id: OrderId,
        /// Its owner.
        account: AccountId,
        /// The name its owner gave it.
        client_order_id: ClientOrderId,
        /// What became of it when it was placed.
        outcome: Outcome,
    },
    /// A balance changed, money came in or went out, an asset or an account became known or was
    /// closed.
    Ledger(LedgerEvent),
    /// A pair is not tradable any more. Follows the cancellation of its orders.
    InstrumentDelisted {
        /// Its id.
        instrument: InstrumentId,
    },
    /// Trading stopped. What is cancelled therefore follows: by ascending instrument, of an account
    /// by ascending order id, else bids before asks and best price first.
    Halted {
        /// How much of the exchange.
        scope: Scope,
    },
    /// Trading goes on.
    Resumed {
        /// How much of the exchange.
        scope: Scope,
    },
    /// Limits are others from here on.
    LimitsChanged {
        /// Of which account; `None`: of all.
        account: Option<AccountId>,
        /// In which instrument; `None`: in all together.
        instrument: Option<InstrumentId>,
    },
    /// An account pays its fees in another asset from here on.
    ///
    /// | the chosen asset is, in a trade, | the fee is a share of | and is paid |
    /// |---|---|---|
    /// | none, or what is received | what is received | out of that |
    /// | what is paid | what is paid | on top of it: an order holds its worst fee too |
    /// | a third | what the quote amount is worth in it, at the price of the last trade of the pair of both | out of what is available |
    ///
    /// Where a third asset has no such pair with quote, has not traded with it yet, or not enough of
    /// it is available, the fee is paid in what is received.
    FeeAssetChosen {
        /// Which one.
        account: AccountId,
        /// `None`: in what it receives.
        asset: Option<AssetId>,
    },
    /// A cancellation was given a name by its owner. What it cancels follows.
    CancellationNamed {
        /// Who cancels.
        account: AccountId,
        /// The name.
        name: ClientOrderId,
    },
}

/// What became of an order when it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How much traded at once.
    pub filled: Quantity,
    /// What for, in ticks times lots.
    pub notional: Notional,
    /// Why it ended at once; `None` where it came to rest.
    pub closed: Option<CloseReason>,
}

impl From<LedgerEvent> for Event {
    #[inline]
    fn from(event: LedgerEvent) -> Self {
        Self::Ledger(event)
    }
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
            Self::Traded {
                instrument, trade, ..
            } => Some((instrument, BookEvent::Traded(trade))),
            Self::Book { instrument, event } => Some((instrument, event)),
            _ => None,
        }
    }
}
