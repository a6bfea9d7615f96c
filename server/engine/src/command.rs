//! What an exchange is told: inputs, the only way to change it.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use accounts_core::{
    AccountLimits, Amount, AssetId, FeeSchedule, InstrumentId, OrderLimits, PriceCollar,
};
use orderbook_core::{
    AccountId, Instrument, OrderId, OrderKind, Price, Quantity, SelfTradePrevention, Side,
    TimeInForce, Timestamp,
};
use serde::{Deserialize, Serialize};

/// One entry of the log: a command and when it was sequenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Never before the time of an earlier accepted input.
    pub time: Timestamp,
    /// What to do.
    pub command: Command,
}

/// One request to an exchange. Commands are carried out whole or not at all.
///
/// The encoding in a log names a variant by its position: new ones go to the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Make an asset known.
    AddAsset {
        /// Its id, not in use yet.
        asset: AssetId,
        /// Its code, for example `BTC`: 1 to 16 capital letters and digits, not in use yet.
        code: String,
        /// The smallest unit is 10^-`decimals`; at most 18.
        decimals: u8,
    },
    /// Make a pair tradable.
    ListInstrument(Listing),
    /// Change the fees of an instrument from here on.
    SetFees {
        /// The instrument.
        instrument: InstrumentId,
        /// What trades pay from now on.
        fees: FeeSchedule,
    },
    /// Make an account known.
    OpenAccount {
        /// Its id, not in use yet.
        account: AccountId,
    },
    /// Bring money in.
    Deposit {
        /// Whose balance grows.
        account: AccountId,
        /// Which asset.
        asset: AssetId,
        /// In its smallest units.
        amount: Amount,
    },
    /// Take available money out.
    Withdraw {
        /// Whose balance shrinks.
        account: AccountId,
        /// Which asset.
        asset: AssetId,
        /// In its smallest units.
        amount: Amount,
    },
    /// Place an order. It gets the next order id.
    Place {
        /// Who trades.
        account: AccountId,
        /// What is traded.
        instrument: InstrumentId,
        /// The owner's name for the order, unique among the account's open and recent orders. Placing
        /// the same order once more under its name tells what became of it the first time.
        client_order_id: Option<ClientOrderId>,
        /// Buy or sell.
        side: Side,
        /// How much at most.
        quantity: Quantity,
        /// At what price, and what to do with a remainder.
        kind: OrderKind,
        /// What to do where it would meet an order of its own account; `None`: what the
        /// instrument says.
        self_trade: Option<SelfTradePrevention>,
    },
    /// Cancel an open order.
    Cancel {
        /// Its owner.
        account: AccountId,
        /// Where it rests.
        instrument: InstrumentId,
        /// Which one.
        order: OrderRef,
    },
    /// Cancel all open orders of an account in an instrument.
    CancelAll {
        /// Their owner.
        account: AccountId,
        /// Where they rest.
        instrument: InstrumentId,
    },
    /// Make an open order smaller; it keeps its place in the queue.
    Reduce {
        /// Its owner.
        account: AccountId,
        /// Where it rests.
        instrument: InstrumentId,
        /// Which one.
        order: OrderRef,
        /// How much to take off; less than what is left of the order.
        by: Quantity,
    },
    /// Close an open order and place another on the same side in its stead, in one step. The
    /// replacement gets the next order id.
    Replace {
        /// Its owner.
        account: AccountId,
        /// Where it rests.
        instrument: InstrumentId,
        /// Which one.
        order: OrderRef,
        /// The owner's name for the replacement; may be that of the order it replaces.
        client_order_id: Option<ClientOrderId>,
        /// The quantity of the replacement.
        quantity: Quantity,
        /// The limit price of the replacement.
        price: Price,
        /// What the replacement may do.
        time_in_force: TimeInForce,
    },
    /// Give an open order another quantity or price; it keeps its id and its name. It keeps its
    /// place in the queue where it only becomes smaller, and may trade at once where it does not.
    Amend {
        /// Its owner.
        account: AccountId,
        /// Where it rests.
        instrument: InstrumentId,
        /// Which one.
        order: OrderRef,
        /// The new total: what has traded so far plus what is still to trade. Where as much has
        /// traded already, the order is cancelled.
        quantity: Quantity,
        /// The new limit price; may be the old one.
        price: Price,
    },
    /// Let time pass: in every instrument, by ascending id, the orders expire whose date has come
    /// by the time of this input. Nothing else makes them expire.
    AdvanceTime,
    /// Close an account that owns nothing, for good.
    CloseAccount {
        /// Which one; not the fee account.
        account: AccountId,
    },
    /// Cancel all orders in an instrument and list it no more. Its id is never free again.
    DelistInstrument {
        /// Which one.
        instrument: InstrumentId,
    },
    /// Stop trading: nothing is placed, replaced or amended until it is resumed. Orders may be
    /// cancelled and reduced, they expire, and those of a halted account that still rest may be
    /// taken. Halting what is halted is taken as well: it may cancel what is still open.
    Halt {
        /// How much of the exchange.
        scope: Scope,
        /// Whether open orders are cancelled.
        cancel_orders: bool,
    },
    /// Let trading go on.
    Resume {
        /// What was halted.
        scope: Scope,
    },
    /// Set what every account may do in an instrument.
    LimitInstrument {
        /// Which one.
        instrument: InstrumentId,
        /// From now on, each account for itself.
        limits: OrderLimits,
        /// How far from the price of the last trade orders may trade; before the first trade nothing
        /// is too far. A market order is given the end of it as protection.
        collar: Option<PriceCollar>,
    },
    /// Set what an account may do in all instruments together.
    LimitAccount {
        /// Which one.
        account: AccountId,
        /// From now on.
        limits: AccountLimits,
    },
    /// Set what an account may do in an instrument, besides what every account may.
    LimitAccountIn {
        /// Which one.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// From now on.
        limits: OrderLimits,
    },
    /// Let an account pay its fees in an asset of its choice, where it can; see
    /// [`FeeAssetChosen`](crate::Event::FeeAssetChosen).
    ChooseFeeAsset {
        /// Which one.
        account: AccountId,
        /// `None`: in what it receives.
        asset: Option<AssetId>,
    },
    /// As [`Cancel`](Self::Cancel), under a name that the owner gives to the cancellation itself.
    CancelAs {
        /// Its owner.
        account: AccountId,
        /// Where it rests.
        instrument: InstrumentId,
        /// Which one.
        order: OrderRef,
        /// It is [told](crate::Event::CancellationNamed) and not remembered: no name of an order is
        /// taken by it.
        name: ClientOrderId,
    },
    /// As [`CancelAll`](Self::CancelAll), under a name that the owner gives to all of it.
    CancelAllAs {
        /// Their owner.
        account: AccountId,
        /// Where they rest.
        instrument: InstrumentId,
        /// As that of one cancellation.
        name: ClientOrderId,
    },
}

/// How much of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// All of it.
    Venue,
    /// One instrument.
    Instrument(InstrumentId),
    /// One account.
    Account(AccountId),
}

/// A pair to be made tradable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Its id, not in use yet.
    pub id: InstrumentId,
    /// Its symbol, grid and limits. Prices must be positive.
    pub instrument: Instrument,
    /// What is bought and sold.
    pub base: AssetId,
    /// What it is paid with.
    pub quote: AssetId,
    /// What trades pay.
    pub fees: FeeSchedule,
}

/// How the owner of an order refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderRef {
    /// By the id that the exchange gave it.
    Id(OrderId),
    /// By the name that the owner gave it.
    Client(ClientOrderId),
}

/// The owner's name for an order or a cancellation: 1 to 36 letters, digits and `.:/_-`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId {
    // Unused bytes are zero, so that comparing the array compares the text.
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl ClientOrderId {
    /// The most bytes of a name; a UUID fits.
    pub const MAX_LEN: usize = 36;

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)])
            .expect("only ASCII gets past from_str")
    }
}

impl FromStr for ClientOrderId {
    type Err = InvalidClientOrderId;

    fn from_str(text: &str) -> Result<Self, InvalidClientOrderId> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.bytes().all(legal) {
            return Err(InvalidClientOrderId);
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).map_err(|_| InvalidClientOrderId)?;
        Ok(Self { bytes, len })
    }
}

/// A client order id is 1 to 36 letters, digits and `.:/_-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client order id is 1 to 36 letters, digits and .:/_-")]
pub struct InvalidClientOrderId;

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for ClientOrderId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl serde::de::Visitor<'_> for Text {
            type Value = ClientOrderId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&InvalidClientOrderId, f)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ClientOrderId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}
