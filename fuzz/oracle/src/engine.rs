//! The exchange, as simple as it can be said.
//!
//! It knows what each account owns, as one number per asset, and the open orders of each book.
//! What is held is never written down: it is what the open orders are worth, added up anew every
//! time, and what is available is the rest. So nothing can be released too late or to the wrong
//! party here, because nothing is ever released.
//!
//! The model predicts the reason of every refusal and every event except the changes of balances;
//! those are compared by their result.

use std::collections::BTreeMap;

use accounts_core::{
    AccountId, Amount, AssetId, Event as LedgerEvent, FeeRate, FeeSchedule, LedgerReject,
};
use exchange_engine::{
    ClientOrderId, Command, Event, FEE_ACCOUNT, Input, InstrumentId, Listing, OpenOrder, OrderRef,
    Reject,
};
use orderbook_core::{
    BookReject, Command as BookCommand, Event as BookEvent, Order, OrderId, OrderKind, Price,
    Quantity, RestingOrder, Side, Step, TimeInForce, Timestamp, Trade,
};

use crate::book::{Book, traded};
use crate::ledger::Balances;

/// A pair and its orders.
#[derive(Debug, Clone)]
pub struct Market {
    listing: Listing,
    fees: FeeSchedule,
    book: Book,
    /// Smallest units of base per lot, and of quote per tick times lot.
    worth: (u128, u128),
}

impl Market {
    /// The open orders.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    fn base_of(&self, quantity: Quantity) -> u128 {
        u128::from(quantity.get()) * self.worth.0
    }

    fn quote_of(&self, price: Price, quantity: Quantity) -> u128 {
        u128::from(price.get().unsigned_abs()) * u128::from(quantity.get()) * self.worth.1
    }

    /// What an order has to be backed with, and in which asset.
    fn backing(&self, side: Side, price: Price, quantity: Quantity) -> (AssetId, u128) {
        match side {
            Side::Buy => (self.listing.quote, self.quote_of(price, quantity)),
            Side::Sell => (self.listing.base, self.base_of(quantity)),
        }
    }

    /// The order that a command places, if it does.
    fn placed(&self, command: &BookCommand) -> Option<Order> {
        match *command {
            BookCommand::Place(order) => Some(order),
            BookCommand::Replace {
                order_id,
                new_order_id,
                quantity,
                price,
                time_in_force,
            } => {
                let old = self.book.order(order_id)?;
                Some(Order {
                    id: new_order_id,
                    account: old.account,
                    group: old.group,
                    side: old.side,
                    quantity,
                    kind: OrderKind::Limit {
                        price,
                        time_in_force,
                    },
                    self_trade: Some(old.self_trade),
                })
            }
            _ => None,
        }
    }

    fn orders(&self) -> impl Iterator<Item = &RestingOrder> + '_ {
        let bids = self.book.orders(Side::Buy).iter();
        bids.chain(self.book.orders(Side::Sell))
    }
}

/// The model of an `Exchange`.
#[derive(Debug, Clone)]
pub struct Exchange {
    time: Timestamp,
    placed: u64,
    assets: BTreeMap<AssetId, (String, u8)>,
    /// Held or not, by account and asset.
    owned: BTreeMap<AccountId, BTreeMap<AssetId, u128>>,
    markets: BTreeMap<InstrumentId, Market>,
    /// The names of open orders, and of closed ones too.
    names: BTreeMap<OrderId, ClientOrderId>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            time: Timestamp::new(0),
            placed: 0,
            assets: BTreeMap::new(),
            owned: BTreeMap::from([(FEE_ACCOUNT, BTreeMap::new())]),
            markets: BTreeMap::new(),
            names: BTreeMap::new(),
        }
    }
}

impl Exchange {
    /// Does what the input says. Returns what happened, without the changes of balances.
    ///
    /// # Errors
    ///
    /// The reason why it is refused; nothing changed then.
    pub fn apply(&mut self, input: &Input) -> Result<Vec<Event>, Reject> {
        if input.time < self.time {
            return Err(Reject::TimeWentBackwards);
        }
        let events = self.carry_out(input.time, &input.command)?;
        self.time = input.time;
        Ok(events)
    }

    fn carry_out(&mut self, now: Timestamp, command: &Command) -> Result<Vec<Event>, Reject> {
        match command.clone() {
            Command::AddAsset {
                asset,
                code,
                decimals,
            } => self.add_asset(asset, code, decimals),
            Command::ListInstrument(listing) => self.list(listing),
            Command::SetFees { instrument, fees } => {
                self.market(instrument)?;
                self.markets.entry(instrument).and_modify(|m| m.fees = fees);
                Ok(vec![Event::FeesChanged { instrument }])
            }
            Command::OpenAccount { account } => {
                if self.owned.contains_key(&account) {
                    return Err(LedgerReject::DuplicateAccount.into());
                }
                self.owned.insert(account, BTreeMap::new());
                Ok(vec![Event::Ledger(LedgerEvent::AccountOpened { account })])
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.known(account, asset, amount)?;
                if self.total(asset).checked_add(amount.get()).is_none() {
                    return Err(LedgerReject::AmountOverflow.into());
                }
                *self.owns(account, asset) += amount.get();
                Ok(vec![Event::Ledger(LedgerEvent::Deposited {
                    account,
                    asset,
                    amount,
                })])
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            } => {
                self.known(account, asset, amount)?;
                if self.available(account, asset) < amount.get() {
                    return Err(LedgerReject::InsufficientAvailable.into());
                }
                *self.owns(account, asset) -= amount.get();
                Ok(vec![Event::Ledger(LedgerEvent::Withdrawn {
                    account,
                    asset,
                    amount,
                })])
            }
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
                    id: OrderId::new(self.placed + 1),
                    account,
                    group: None,
                    side,
                    quantity,
                    kind,
                    self_trade,
                };
                self.market(instrument)?;
                if !self.owned.contains_key(&account) {
                    return Err(LedgerReject::UnknownAccount.into());
                }
                self.name_is_free(account, client_order_id, None)?;
                self.trade(now, instrument, &BookCommand::Place(order), client_order_id)
            }
            Command::Cancel {
                account,
                instrument,
                order,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                self.trade(now, instrument, &BookCommand::Cancel { order_id }, None)
            }
            Command::CancelAll {
                account,
                instrument,
            } => {
                let orders = self.market(instrument)?.orders();
                let own = orders.filter(|order| order.account == account);
                let mut ids: Vec<OrderId> = own.map(|order| order.id).collect();
                ids.sort();
                if ids.is_empty() {
                    return Err(Reject::UnknownOrder);
                }
                let mut events = Vec::new();
                for order_id in ids {
                    let cancel = BookCommand::Cancel { order_id };
                    events.extend(self.trade(now, instrument, &cancel, None)?);
                }
                Ok(events)
            }
            Command::Reduce {
                account,
                instrument,
                order,
                by,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                self.trade(now, instrument, &BookCommand::Reduce { order_id, by }, None)
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
                let order_id = self.find(account, instrument, order)?.id;
                self.name_is_free(account, client_order_id, Some(order_id))?;
                let replace = BookCommand::Replace {
                    order_id,
                    new_order_id: OrderId::new(self.placed + 1),
                    quantity,
                    price,
                    time_in_force,
                };
                self.trade(now, instrument, &replace, client_order_id)
            }
            Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                let amend = BookCommand::Amend {
                    order_id,
                    quantity,
                    price,
                };
                self.trade(now, instrument, &amend, None)
            }
            Command::AdvanceTime => {
                let listed: Vec<InstrumentId> = self.markets.keys().copied().collect();
                let mut events = Vec::new();
                for instrument in listed {
                    let expire = BookCommand::Expire { now };
                    events.extend(self.trade(now, instrument, &expire, None)?);
                }
                Ok(events)
            }
        }
    }

    fn add_asset(
        &mut self,
        asset: AssetId,
        code: String,
        decimals: u8,
    ) -> Result<Vec<Event>, Reject> {
        let legal = |letter: char| letter.is_ascii_digit() || letter.is_ascii_uppercase();
        if code.is_empty() || code.len() > 16 || !code.chars().all(legal) || decimals > 18 {
            return Err(Reject::InvalidAsset);
        }
        if self.assets.values().any(|(other, _)| *other == code) {
            return Err(Reject::DuplicateAssetCode);
        }
        if self.assets.contains_key(&asset) {
            return Err(LedgerReject::DuplicateAsset.into());
        }
        self.assets.insert(asset, (code, decimals));
        Ok(vec![Event::Ledger(LedgerEvent::AssetAdded { asset })])
    }

    fn list(&mut self, listing: Listing) -> Result<Vec<Event>, Reject> {
        let (id, instrument) = (listing.id, &listing.instrument);
        let taken = |other: &Market| {
            other.listing.id == id || other.listing.instrument.symbol() == instrument.symbol()
        };
        if self.markets.values().any(taken) {
            return Err(Reject::DuplicateInstrument);
        }
        let decimals = |asset| match self.assets.get(&asset) {
            Some((_, decimals)) => Ok(*decimals),
            None => Err(Reject::Ledger(LedgerReject::UnknownAsset)),
        };
        let (base_decimals, quote_decimals) = (decimals(listing.base)?, decimals(listing.quote)?);
        if listing.base == listing.quote || instrument.min_price().get() <= 0 {
            return Err(Reject::InvalidInstrument);
        }
        let (tick, lot) = (instrument.tick_size(), instrument.lot_size());
        let worth = (
            whole_units(&[lot], base_decimals)?,
            whole_units(&[tick, lot], quote_decimals)?,
        );
        let (price, quantity) = (instrument.max_price(), instrument.max_quantity());
        let (price, quantity) = (
            u128::from(price.get().unsigned_abs()),
            u128::from(quantity.get()),
        );
        // A price of 63 bits times a quantity of 64 bits fits.
        if quantity.checked_mul(worth.0).is_none()
            || (price * quantity).checked_mul(worth.1).is_none()
        {
            return Err(Reject::LimitsTooWide);
        }
        let market = Market {
            book: Book::new(instrument.clone()),
            fees: listing.fees,
            worth,
            listing,
        };
        self.markets.insert(id, market);
        Ok(vec![Event::InstrumentListed { instrument: id }])
    }

    /// Lets a copy of a book do something and, if the owner of what comes in can pay for it, keeps
    /// the copy and moves the money that changes hands.
    fn trade(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        command: &BookCommand,
        name: Option<ClientOrderId>,
    ) -> Result<Vec<Event>, Reject> {
        let mut after = self.market(instrument)?.clone();
        let order = after.placed(command);
        let book_events = after.book.apply(command)?;
        if order
            .and_then(|order| until(&order))
            .is_some_and(|until| until.get() <= now.get())
        {
            return Err(BookReject::AlreadyExpired.into());
        }
        self.can_pay(instrument, command, &book_events)?;
        let mut events = Vec::new();
        for event in book_events {
            events.push(match (event, order, command) {
                (BookEvent::Accepted { rested, .. }, Some(order), _) => {
                    self.placed += 1;
                    self.names.extend(name.map(|name| (order.id, name)));
                    Event::OrderAccepted {
                        instrument,
                        order,
                        client_order_id: name,
                        rested,
                    }
                }
                (
                    BookEvent::Amended {
                        order_id,
                        account,
                        side,
                        left,
                        remaining,
                        rested,
                    },
                    _,
                    BookCommand::Amend {
                        quantity, price, ..
                    },
                ) => Event::OrderAmended {
                    instrument,
                    order_id,
                    account,
                    side,
                    left,
                    quantity: *quantity,
                    price: *price,
                    remaining,
                    rested,
                },
                _ => Event::Book { instrument, event },
            });
            if let BookEvent::Traded(trade) = event {
                events.push(self.settle(&after, trade));
            }
        }
        self.markets.insert(instrument, after);
        Ok(events)
    }

    /// Whether the owner of an incoming order has what it may cost at its worst, not counting what
    /// it earns on the way: all of a limit order at its limit, all of what a market order sells,
    /// but only what a market order really costs to buy. What an order that is replaced or amended
    /// keeps is free to be used.
    fn can_pay(
        &self,
        instrument: InstrumentId,
        command: &BookCommand,
        book_events: &[BookEvent],
    ) -> Result<(), Reject> {
        let before = self.market(instrument)?;
        let (account, (asset, cost)) = match (before.placed(command), book_events, command) {
            (Some(order), ..) => {
                let backing = match (order.kind, order.side) {
                    (OrderKind::Limit { price, .. }, side) => {
                        before.backing(side, price, order.quantity)
                    }
                    (OrderKind::Market { .. }, Side::Sell) => {
                        before.backing(Side::Sell, Price::default(), order.quantity)
                    }
                    (OrderKind::Market { .. }, Side::Buy) => {
                        let (_, cost) = traded(book_events);
                        (before.listing.quote, cost.unsigned_abs() * before.worth.1)
                    }
                };
                (order.account, backing)
            }
            (
                None,
                [
                    BookEvent::Amended {
                        account,
                        side,
                        remaining,
                        ..
                    },
                    ..,
                ],
                BookCommand::Amend { price, .. },
            ) => (*account, before.backing(*side, *price, *remaining)),
            _ => return Ok(()),
        };
        let freed = match command {
            BookCommand::Replace { order_id, .. } | BookCommand::Amend { order_id, .. } => {
                before.book.order(*order_id)
            }
            _ => None,
        };
        let freed = freed.map_or(0, |old| {
            before.backing(old.side, old.price, old.remaining).1
        });
        if cost > self.available(account, asset) + freed {
            return Err(LedgerReject::InsufficientAvailable.into());
        }
        Ok(())
    }

    fn settle(&mut self, market: &Market, trade: Trade) -> Event {
        let (base, quote) = (market.listing.base, market.listing.quote);
        let base_amount = market.base_of(trade.quantity);
        let quote_amount = market.quote_of(trade.price, trade.quantity);
        let (maker, taker) = (trade.maker_account, trade.taker_account);
        let (maker_fee, taker_fee);
        if trade.taker_side == Side::Buy {
            maker_fee = share(quote_amount, market.fees.maker);
            taker_fee = share(base_amount, market.fees.taker);
            *self.owns(taker, quote) -= quote_amount;
            *self.owns(maker, quote) += quote_amount - maker_fee;
            *self.owns(FEE_ACCOUNT, quote) += maker_fee;
            *self.owns(maker, base) -= base_amount;
            *self.owns(taker, base) += base_amount - taker_fee;
            *self.owns(FEE_ACCOUNT, base) += taker_fee;
        } else {
            maker_fee = share(base_amount, market.fees.maker);
            taker_fee = share(quote_amount, market.fees.taker);
            *self.owns(taker, base) -= base_amount;
            *self.owns(maker, base) += base_amount - maker_fee;
            *self.owns(FEE_ACCOUNT, base) += maker_fee;
            *self.owns(maker, quote) -= quote_amount;
            *self.owns(taker, quote) += quote_amount - taker_fee;
            *self.owns(FEE_ACCOUNT, quote) += taker_fee;
        }
        Event::Settled {
            instrument: market.listing.id,
            trade,
            base_amount: Amount::new(base_amount),
            quote_amount: Amount::new(quote_amount),
            maker_fee: Amount::new(maker_fee),
            taker_fee: Amount::new(taker_fee),
        }
    }

    fn market(&self, id: InstrumentId) -> Result<&Market, Reject> {
        self.markets.get(&id).ok_or(Reject::UnknownInstrument)
    }

    fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        wanted: OrderRef,
    ) -> Result<&RestingOrder, Reject> {
        let mut own = self.market(instrument)?.orders();
        own.find(|order| {
            let meant = match wanted {
                OrderRef::Id(id) => order.id == id,
                OrderRef::Client(name) => self.names.get(&order.id) == Some(&name),
            };
            meant && order.account == account
        })
        .ok_or(Reject::UnknownOrder)
    }

    fn name_is_free(
        &self,
        account: AccountId,
        name: Option<ClientOrderId>,
        leaving: Option<OrderId>,
    ) -> Result<(), Reject> {
        let mut open = self.markets.values().flat_map(Market::orders);
        let taken = open.any(|order| {
            order.account == account
                && Some(order.id) != leaving
                && name.is_some()
                && self.names.get(&order.id) == name.as_ref()
        });
        if taken {
            return Err(Reject::DuplicateClientOrderId);
        }
        Ok(())
    }

    fn known(&self, account: AccountId, asset: AssetId, amount: Amount) -> Result<(), Reject> {
        if !self.assets.contains_key(&asset) {
            return Err(LedgerReject::UnknownAsset.into());
        }
        if !self.owned.contains_key(&account) {
            return Err(LedgerReject::UnknownAccount.into());
        }
        if amount.get() == 0 {
            return Err(LedgerReject::ZeroAmount.into());
        }
        Ok(())
    }

    fn owns(&mut self, account: AccountId, asset: AssetId) -> &mut u128 {
        let assets = self.owned.entry(account).or_default();
        assets.entry(asset).or_default()
    }

    /// What the open orders of an account keep of an asset.
    fn held(&self, account: AccountId, asset: AssetId) -> u128 {
        let mut held = 0;
        for market in self.markets.values() {
            for order in market.orders().filter(|order| order.account == account) {
                let (pays, amount) = market.backing(order.side, order.price, order.remaining);
                if pays == asset {
                    held += amount;
                }
            }
        }
        held
    }

    fn available(&self, account: AccountId, asset: AssetId) -> u128 {
        let assets = self.owned.get(&account);
        let owned = assets.and_then(|assets| assets.get(&asset)).copied();
        owned.unwrap_or(0) - self.held(account, asset)
    }

    fn total(&self, asset: AssetId) -> u128 {
        let of = self.owned.values().filter_map(|assets| assets.get(&asset));
        of.sum()
    }

    /// Available and held, where they are not both zero.
    pub fn balances(&self) -> Balances {
        let mut balances = Balances::new();
        for (account, assets) in &self.owned {
            for (asset, owned) in assets.iter().filter(|(_, owned)| **owned > 0) {
                let held = self.held(*account, *asset);
                balances.insert((*account, *asset), (owned - held, held));
            }
        }
        balances
    }

    /// The accounts, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.owned.keys().copied()
    }

    /// The assets, ascending.
    pub fn assets(&self) -> impl Iterator<Item = AssetId> + '_ {
        self.assets.keys().copied()
    }

    /// What is listed, by ascending id.
    pub fn markets(&self) -> impl Iterator<Item = (InstrumentId, &Market)> {
        self.markets.iter().map(|(id, market)| (*id, market))
    }

    /// The open orders, oldest first.
    pub fn open_orders(&self) -> Vec<OpenOrder> {
        let mut open = Vec::new();
        for (instrument, market) in &self.markets {
            open.extend(market.orders().map(|order| OpenOrder {
                id: order.id,
                account: order.account,
                instrument: *instrument,
                client_order_id: self.names.get(&order.id).copied(),
            }));
        }
        open.sort_by_key(|order| order.id);
        open
    }

    /// How many orders were taken in, which is the id of the newest.
    pub const fn placed(&self) -> u64 {
        self.placed
    }

    /// The time of the newest input that was not refused.
    pub const fn time(&self) -> Timestamp {
        self.time
    }
}

/// When an order expires, where it does.
const fn until(order: &Order) -> Option<Timestamp> {
    match order.kind {
        OrderKind::Limit {
            time_in_force: TimeInForce::Rest(terms),
            ..
        } => terms.until,
        _ => None,
    }
}

/// The product of the steps in smallest units of an asset, one decimal place at a time.
fn whole_units(steps: &[Step], decimals: u8) -> Result<u128, Reject> {
    let mut units: u128 = steps.iter().map(|s| u128::from(s.mantissa())).product();
    let places: u32 = steps.iter().map(|step| u32::from(step.scale())).sum();
    for _ in places..u32::from(decimals) {
        units = units.checked_mul(10).ok_or(Reject::LimitsTooWide)?;
    }
    for _ in u32::from(decimals)..places {
        if !units.is_multiple_of(10) {
            return Err(Reject::GridTooFine);
        }
        units /= 10;
    }
    Ok(units)
}

/// `amount * rate / 1,000,000`, rounded down: division by hand, in two digits of 64 bits.
fn share(amount: u128, rate: FeeRate) -> u128 {
    const PARTS: u128 = 1_000_000;
    let rate = u128::from(rate.get());
    let high = (amount >> 64) * rate;
    let low = (amount & u128::from(u64::MAX)) * rate;
    let (quotient, remainder) = (high / PARTS, high % PARTS);
    (quotient << 64) + ((remainder << 64) + low) / PARTS
}
