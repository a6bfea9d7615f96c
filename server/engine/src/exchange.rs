//! The exchange: one ledger, a book per instrument, one verb.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use accounts_core::{
    Amount, AssetId, Command as LedgerCommand, Event as LedgerEvent, Ledger, LedgerReject,
};
use orderbook_core::{
    AccountId, BookReject, Command as BookCommand, Event as BookEvent, Order, OrderId, OrderKind,
    Price, Quantity, Resting, RestingOrder, Side, TimeInForce, Timestamp, Violation,
};
use serde::{Deserialize, Serialize};

use crate::open_orders::OpenOrders;
use crate::settlement::{Incoming, Settling, Terms};
use crate::{
    ClientOrderId, Command, Event, Input, InstrumentId, Listing, Market, OpenOrder, OrderRef,
    Reject,
};

/// The account that fees are paid to. Every exchange has it from the start.
pub const FEE_ACCOUNT: AccountId = AccountId::new(0);

/// The most decimal places of an asset.
const MAX_DECIMALS: u8 = 18;

/// What an exchange knows about an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// For example `BTC`.
    pub code: String,
    /// The smallest unit is 10^-`decimals`.
    pub decimals: u8,
}

/// Books and balances as one state machine.
///
/// See the [crate documentation](crate) for what it promises and an example.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub(crate) time: Timestamp,
    pub(crate) last_order_id: OrderId,
    pub(crate) assets: BTreeMap<AssetId, Asset>,
    pub(crate) markets: BTreeMap<InstrumentId, Market>,
    pub(crate) ledger: Ledger,
    pub(crate) open_orders: OpenOrders,
    /// Kept between commands for their capacity only; empty outside `apply`.
    book_events: Vec<BookEvent>,
    ledger_events: Vec<LedgerEvent>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self::new()
    }
}

impl Exchange {
    /// An exchange without assets, instruments and customers.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn new() -> Self {
        let mut ledger = Ledger::new();
        let open = LedgerCommand::OpenAccount {
            account: FEE_ACCOUNT,
        };
        ledger
            .apply(&open, &mut Vec::new())
            .expect("an empty ledger takes any account");
        Self::with_ledger(ledger)
    }

    pub(crate) fn with_ledger(ledger: Ledger) -> Self {
        Self {
            time: Timestamp::default(),
            last_order_id: OrderId::default(),
            assets: BTreeMap::new(),
            markets: BTreeMap::new(),
            ledger,
            open_orders: OpenOrders::default(),
            book_events: Vec::new(),
            ledger_events: Vec::new(),
        }
    }

    /// Applies an input: validates it, changes the state, and appends what happened to `events`.
    ///
    /// # Errors
    ///
    /// A [`Reject`] where the input is refused; state and `events` are then untouched.
    pub fn apply(&mut self, input: &Input, events: &mut Vec<Event>) -> Result<(), Reject> {
        if input.time < self.time {
            return Err(Reject::TimeWentBackwards);
        }
        match &input.command {
            Command::AddAsset {
                asset,
                code,
                decimals,
            } => self.add_asset(*asset, code, *decimals, events)?,
            Command::ListInstrument(listing) => self.list(listing, events)?,
            Command::SetFees { instrument, fees } => {
                let market = self.markets.get_mut(instrument);
                market.ok_or(Reject::UnknownInstrument)?.fees = *fees;
                events.push(Event::FeesChanged {
                    instrument: *instrument,
                });
            }
            Command::OpenAccount { account } => {
                self.move_money(LedgerCommand::OpenAccount { account: *account }, events)?;
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => self.move_money(
                LedgerCommand::Deposit {
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                },
                events,
            )?,
            Command::Withdraw {
                account,
                asset,
                amount,
            } => self.move_money(
                LedgerCommand::Withdraw {
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                },
                events,
            )?,
            Command::Place {
                account,
                instrument,
                client_order_id,
                side,
                quantity,
                kind,
                self_trade,
            } => {
                let order = Order {
                    id: self.next_order_id(),
                    account: *account,
                    group: None,
                    side: *side,
                    quantity: *quantity,
                    kind: *kind,
                    self_trade: *self_trade,
                };
                self.place(input.time, *instrument, order, *client_order_id, events)?;
            }
            Command::Cancel {
                account,
                instrument,
                order,
            } => {
                let order_id = self.find(*account, *instrument, *order)?.id;
                self.carry_out(*instrument, &BookCommand::Cancel { order_id }, None, events);
            }
            Command::CancelAll {
                account,
                instrument,
            } => self.cancel_all(*account, *instrument, events)?,
            Command::Reduce {
                account,
                instrument,
                order,
                by,
            } => {
                let order_id = self.find(*account, *instrument, *order)?.id;
                let command = BookCommand::Reduce { order_id, by: *by };
                self.market_or_reject(*instrument)?
                    .book
                    .validate(&command)?;
                self.carry_out(*instrument, &command, None, events);
            }
            Command::Replace {
                account,
                instrument,
                order,
                client_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                let replaced = *self.find(*account, *instrument, *order)?;
                let command = BookCommand::Replace {
                    order_id: replaced.id,
                    new_order_id: self.next_order_id(),
                    quantity: *quantity,
                    price: *price,
                    time_in_force: *time_in_force,
                };
                self.replace(input.time, &replaced, &command, *client_order_id, events)?;
            }
            Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            } => {
                let amended = *self.find(*account, *instrument, *order)?;
                self.amend(&amended, *quantity, *price, events)?;
            }
            Command::AdvanceTime => self.expire(input.time, events),
        }
        self.time = input.time;
        Ok(())
    }

    fn add_asset(
        &mut self,
        asset: AssetId,
        code: &str,
        decimals: u8,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if !is_valid_asset(code, decimals) {
            return Err(Reject::InvalidAsset);
        }
        if self.assets.values().any(|known| known.code == code) {
            return Err(Reject::DuplicateAssetCode);
        }
        self.move_money(LedgerCommand::AddAsset { asset }, events)?;
        let code = code.into();
        self.assets.insert(asset, Asset { code, decimals });
        Ok(())
    }

    fn list(&mut self, listing: &Listing, events: &mut Vec<Event>) -> Result<(), Reject> {
        let symbol = listing.instrument.symbol();
        if self.markets.contains_key(&listing.id) || self.market_by_symbol(symbol).is_some() {
            return Err(Reject::DuplicateInstrument);
        }
        let asset = |id| {
            self.assets
                .get(&id)
                .ok_or(Reject::Ledger(LedgerReject::UnknownAsset))
        };
        let market = Market::new(listing, asset(listing.base)?, asset(listing.quote)?)?;
        self.markets.insert(listing.id, market);
        events.push(Event::InstrumentListed {
            instrument: listing.id,
        });
        Ok(())
    }

    fn move_money(
        &mut self,
        command: LedgerCommand,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.ledger.apply(&command, &mut self.ledger_events)?;
        events.extend(self.ledger_events.drain(..).map(Event::Ledger));
        Ok(())
    }

    fn place(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        order: Order,
        client_order_id: Option<ClientOrderId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.market_or_reject(instrument)?;
        if !self.ledger.has_account(order.account) {
            return Err(LedgerReject::UnknownAccount.into());
        }
        if client_order_id.is_some_and(|name| self.open_orders.named(order.account, name).is_some())
        {
            return Err(Reject::DuplicateClientOrderId);
        }
        let command = BookCommand::Place(order);
        market.book.validate(&command)?;
        if let OrderKind::Limit { time_in_force, .. } = order.kind {
            not_expired(time_in_force, now)?;
        }
        let hold = needed(market, &order);
        self.require(order.account, market.pays(order.side), hold, Amount::ZERO)?;

        let incoming = Incoming {
            client_order_id,
            terms: Terms::New(order),
            hold,
        };
        self.last_order_id = order.id;
        self.carry_out(instrument, &command, Some(incoming), events);
        Ok(())
    }

    fn cancel_all(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.market_or_reject(instrument)?;
        let order_ids = self.open_orders.of(account, instrument);
        if order_ids.is_empty() {
            return Err(Reject::UnknownOrder);
        }
        for order_id in order_ids {
            self.carry_out(instrument, &BookCommand::Cancel { order_id }, None, events);
        }
        Ok(())
    }

    fn replace(
        &mut self,
        now: Timestamp,
        replaced: &OpenOrder,
        command: &BookCommand,
        client_order_id: Option<ClientOrderId>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let account = replaced.account;
        let holder = client_order_id.and_then(|name| self.open_orders.named(account, name));
        if holder.is_some_and(|holder| holder != replaced.id) {
            return Err(Reject::DuplicateClientOrderId);
        }
        let market = self.market_or_reject(replaced.instrument)?;
        market.book.validate(command)?;
        let BookCommand::Replace {
            new_order_id,
            quantity,
            price,
            time_in_force,
            ..
        } = *command
        else {
            return Err(Reject::UnknownOrder);
        };
        not_expired(time_in_force, now)?;
        let old = market.book.order(replaced.id).ok_or(Reject::UnknownOrder)?;
        let hold = market.hold_of(old.side, price, quantity);
        let freed = market.hold_of(old.side, old.price, old.remaining);
        self.require(account, market.pays(old.side), hold, freed)?;

        let order = Order {
            id: new_order_id,
            account,
            group: old.group,
            side: old.side,
            quantity,
            kind: OrderKind::Limit {
                price,
                time_in_force,
            },
            self_trade: Some(old.self_trade),
        };
        let incoming = Incoming {
            client_order_id,
            terms: Terms::New(order),
            hold,
        };
        self.last_order_id = new_order_id;
        self.carry_out(replaced.instrument, command, Some(incoming), events);
        Ok(())
    }

    fn amend(
        &mut self,
        amended: &OpenOrder,
        quantity: Quantity,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.market_or_reject(amended.instrument)?;
        let command = BookCommand::Amend {
            order_id: amended.id,
            quantity,
            price,
        };
        market.book.validate(&command)?;
        let old = market.book.order(amended.id).ok_or(Reject::UnknownOrder)?;
        // Where more has traded than the order is to be, it is cancelled and needs nothing.
        let remaining = quantity.checked_sub(old.filled()).unwrap_or(Quantity::ZERO);
        let hold = market.hold_of(old.side, price, remaining);
        let held = market.hold_of(old.side, old.price, old.remaining);
        self.require(old.account, market.pays(old.side), hold, held)?;

        let incoming = Incoming {
            client_order_id: amended.client_order_id,
            terms: Terms::Amended {
                quantity,
                price,
                held,
            },
            hold,
        };
        self.carry_out(amended.instrument, &command, Some(incoming), events);
        Ok(())
    }

    /// Cannot fail: no book has seen a later time than an accepted input.
    fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let instruments: Vec<InstrumentId> = self.markets.keys().copied().collect();
        for instrument in instruments {
            self.carry_out(instrument, &BookCommand::Expire { now }, None, events);
        }
    }

    /// Whether the account can hold `amount` once `freed` is released.
    fn require(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        freed: Amount,
    ) -> Result<(), Reject> {
        let missing = amount.checked_sub(freed).unwrap_or(Amount::ZERO);
        if missing.is_zero() {
            return Ok(());
        }
        Ok(self.ledger.validate(&LedgerCommand::Hold {
            account,
            asset,
            amount: missing,
        })?)
    }

    /// Applies a validated command to a book and lets the ledger follow. Cannot fail.
    fn carry_out(
        &mut self,
        instrument: InstrumentId,
        command: &BookCommand,
        incoming: Option<Incoming>,
        events: &mut Vec<Event>,
    ) {
        let market = self
            .markets
            .get_mut(&instrument)
            .expect("the caller has seen the instrument");
        market
            .book
            .apply(command, &mut self.book_events)
            .expect("the caller has validated the command");
        Settling {
            market,
            ledger: &mut self.ledger,
            open_orders: &mut self.open_orders,
            incoming,
            ledger_events: &mut self.ledger_events,
            events,
        }
        .follow(&self.book_events);
        self.book_events.clear();
    }

    fn next_order_id(&self) -> OrderId {
        OrderId::new(self.last_order_id.get() + 1)
    }

    fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Result<&OpenOrder, Reject> {
        self.market_or_reject(instrument)?;
        self.open_orders
            .find(account, instrument, order)
            .ok_or(Reject::UnknownOrder)
    }

    fn market_or_reject(&self, instrument: InstrumentId) -> Result<&Market, Reject> {
        self.market(instrument).ok_or(Reject::UnknownInstrument)
    }

    /// The time of the newest accepted input.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The id of the newest order; zero before the first.
    pub const fn last_order_id(&self) -> OrderId {
        self.last_order_id
    }

    /// The assets, by ascending id.
    pub fn assets(&self) -> impl Iterator<Item = (AssetId, &Asset)> {
        self.assets.iter().map(|(id, asset)| (*id, asset))
    }

    /// The listed instruments, by ascending id.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.markets.values()
    }

    /// A listed instrument. O(log instruments).
    pub fn market(&self, id: InstrumentId) -> Option<&Market> {
        self.markets.get(&id)
    }

    /// A listed instrument. O(instruments).
    pub fn market_by_symbol(&self, symbol: &str) -> Option<&Market> {
        self.markets()
            .find(|market| market.book.instrument().symbol() == symbol)
    }

    /// The balances.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// A resting order as its owner refers to it. O(log orders).
    pub fn open_order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Option<(&OpenOrder, RestingOrder)> {
        let open = self.open_orders.find(account, instrument, order)?;
        let resting = self.market(instrument)?.book.order(open.id)?;
        Some((open, resting))
    }

    /// Checks everything that must always hold; O(orders + balances). For tests and audits.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first: a bug in this software.
    pub fn check(&self) -> Result<(), Violation> {
        self.ledger.check()?;
        if !self.open_orders.is_consistent() {
            return Err(Violation::new("I3", "the indexes of open orders disagree"));
        }
        let mut holds: BTreeMap<(AccountId, AssetId), Amount> = BTreeMap::new();
        let mut resting = 0;
        for market in self.markets() {
            market.book.check()?;
            for side in [Side::Buy, Side::Sell] {
                for order in market.book.orders(side) {
                    resting += 1;
                    let named = OrderRef::Id(order.id);
                    if self
                        .open_orders
                        .find(order.account, market.id, named)
                        .is_none()
                    {
                        return Err(Violation::new("I3", format!("order {} unknown", order.id)));
                    }
                    let hold = market.hold_of(side, order.price, order.remaining);
                    let held = holds.entry((order.account, market.pays(side))).or_default();
                    *held = held.checked_add(hold).ok_or_else(|| {
                        Violation::new("I5", format!("holds of account {}", order.account))
                    })?;
                }
            }
        }
        if resting != self.open_orders.iter().count() {
            return Err(Violation::new("I3", "an open order is on no book"));
        }
        for account in self.ledger.accounts() {
            for (asset, balance) in self.ledger.balances(account).into_iter().flatten() {
                let held = holds.remove(&(account, asset)).unwrap_or_default();
                if held != balance.held {
                    return Err(Violation::new(
                        "I5",
                        format!(
                            "account {account} holds {} of asset {asset}, orders {held}",
                            balance.held
                        ),
                    ));
                }
            }
        }
        if !holds.is_empty() {
            return Err(Violation::new("I5", "an order holds nothing"));
        }
        Ok(())
    }
}

/// Whether an asset may be called that and be divided that finely.
pub(crate) fn is_valid_asset(code: &str, decimals: u8) -> bool {
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (1..=16).contains(&code.len()) && code.bytes().all(legal) && decimals <= MAX_DECIMALS
}

/// Refuses a date that has come. The book only knows how late it was when orders last expired.
fn not_expired(time_in_force: TimeInForce, now: Timestamp) -> Result<(), BookReject> {
    match time_in_force {
        TimeInForce::Rest(Resting {
            until: Some(until), ..
        }) if until <= now => Err(BookReject::AlreadyExpired),
        _ => Ok(()),
    }
}

/// What an order that passed the book's validation needs held.
fn needed(market: &Market, order: &Order) -> Amount {
    match (order.kind, order.side) {
        (OrderKind::Limit { price, .. }, side) => market.hold_of(side, price, order.quantity),
        (OrderKind::Market { .. }, Side::Sell) => market.base_amount(order.quantity),
        (OrderKind::Market { .. }, Side::Buy) => {
            let (_, cost) = market.book.preview(order);
            market.quote_amount(cost)
        }
    }
}
