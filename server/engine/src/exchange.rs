//! The exchange: one ledger, a book per instrument, one verb.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use accounts_core::{
    Amount, AssetId, Command as LedgerCommand, Event as LedgerEvent, IdMap, InstrumentId, Ledger,
    LedgerReject, TradedVolume,
};
use orderbook_core::{
    AccountId, Command as BookCommand, Event as BookEvent, Order, OrderId, Price, RestingOrder,
    Selection, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::limits::{MarketLimits, Pace, TraderLimits, boxed};
use crate::orders::OpenOrder;
use crate::prices::Prices;
use crate::settlement::{self, Incoming, Settling, Terms};
use crate::trader::Trader;
use crate::{ClientOrderId, Command, Event, Input, Listing, Market, OrderRef, Reject, Scope};

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
    pub(crate) markets: IdMap<InstrumentId, Market>,
    /// Instruments that were listed once. Their ids mean something in a log, for good.
    pub(crate) delisted: BTreeSet<InstrumentId>,
    pub(crate) halted: bool,
    pub(crate) prices: Prices,
    pub(crate) ledger: Ledger,
    /// The open accounts of the ledger.
    pub(crate) traders: IdMap<AccountId, Trader>,
    /// Kept between commands for its capacity only; empty outside `apply`.
    pub(crate) book_events: Vec<BookEvent>,
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
            .apply(&open, &mut Vec::<LedgerEvent>::new())
            .expect("an empty ledger takes any account");
        Self::with_ledger(ledger)
    }

    pub(crate) fn with_ledger(ledger: Ledger) -> Self {
        let open = ledger.accounts().filter(|id| ledger.has_account(*id));
        let traders = open.map(|id| (id, Trader::default())).collect();
        Self {
            time: Timestamp::default(),
            last_order_id: OrderId::default(),
            assets: BTreeMap::new(),
            markets: IdMap::new(),
            delisted: BTreeSet::new(),
            halted: false,
            prices: Prices::default(),
            ledger,
            traders,
            book_events: Vec::new(),
        }
    }

    /// Applies an input: validates it, changes the state, and appends what happened to `events`.
    ///
    /// # Errors
    ///
    /// A [`Reject`] where the input is refused; state and `events` are then untouched.
    #[inline]
    pub fn apply(&mut self, input: &Input, events: &mut Vec<Event>) -> Result<(), Reject> {
        if input.time < self.time {
            return Err(Reject::TimeWentBackwards);
        }
        let now = input.time;
        match &input.command {
            Command::Place {
                account,
                instrument,
                client_order_id,
                side,
                quantity,
                kind,
                self_trade,
            } => {
                let mut command = BookCommand::Place(Order {
                    id: self.next_order_id(),
                    account: *account,
                    group: None,
                    side: *side,
                    quantity: *quantity,
                    kind: *kind,
                    self_trade: *self_trade,
                });
                let named = client_order_id.as_ref();
                self.place(now, *instrument, named, &mut command, events)?;
            }
            Command::Cancel {
                account,
                instrument,
                order,
            } => self.cancel(now, *account, *instrument, *order, events)?,
            other => self.apply_other(now, other, events)?,
        }
        self.time = now;
        Ok(())
    }

    /// The commands of which there are fewer.
    #[inline(never)]
    fn apply_other(
        &mut self,
        now: Timestamp,
        command: &Command,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        match command {
            Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            } => {
                let order_id = self.find(*account, *instrument, *order)?;
                self.amend(now, *instrument, order_id, *quantity, *price, events)?;
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
                let terms = (*quantity, *price, *time_in_force);
                let named = *client_order_id;
                self.replace(now, *account, *instrument, *order, named, terms, events)?;
            }
            Command::CancelAll {
                account,
                instrument,
            } => self.cancel_all(now, *account, *instrument, None, events)?,
            Command::CancelAs {
                account,
                instrument,
                order,
                name,
            } => self.cancel_as(now, *account, *instrument, *order, *name, events)?,
            Command::CancelAllAs {
                account,
                instrument,
                name,
            } => self.cancel_all(now, *account, *instrument, Some(*name), events)?,
            Command::Reduce {
                account,
                instrument,
                order,
                by,
            } => {
                let order_id = self.find(*account, *instrument, *order)?;
                let command = BookCommand::Reduce { order_id, by: *by };
                self.try_out(now, *instrument, &command, None, events)?;
            }
            other => self.administer(now, other, events)?,
        }
        Ok(())
    }

    /// What is not about one order.
    fn administer(
        &mut self,
        now: Timestamp,
        command: &Command,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        match command {
            Command::AddAsset {
                asset,
                code,
                decimals,
            } => self.add_asset(*asset, code, *decimals, events)?,
            Command::ListInstrument(listing) => self.list(listing, events)?,
            Command::DelistInstrument { instrument } => {
                self.market_or_reject(*instrument)?;
                self.delist(now, *instrument, events);
            }
            Command::SetFees { instrument, fees } => {
                self.market_mut_or_reject(*instrument)?.fees = fees.clone();
                events.push(Event::FeesChanged {
                    instrument: *instrument,
                });
            }
            Command::OpenAccount { account } => {
                self.move_money(&LedgerCommand::OpenAccount { account: *account }, events)?;
                self.traders.insert(*account, Trader::default());
            }
            Command::CloseAccount { account } => {
                if *account == FEE_ACCOUNT {
                    return Err(Reject::FeeAccount);
                }
                self.move_money(&LedgerCommand::CloseAccount { account: *account }, events)?;
                self.traders.remove(*account);
            }
            &Command::Deposit {
                account,
                asset,
                amount,
            } => {
                let deposit = LedgerCommand::Deposit {
                    account,
                    asset,
                    amount,
                };
                self.move_money(&deposit, events)?;
            }
            &Command::Withdraw {
                account,
                asset,
                amount,
            } => {
                let withdraw = LedgerCommand::Withdraw {
                    account,
                    asset,
                    amount,
                };
                self.move_money(&withdraw, events)?;
            }
            Command::AdvanceTime => self.expire(now, events),
            Command::Halt {
                scope,
                cancel_orders,
            } => {
                *self.halt_of(*scope)? = true;
                events.push(Event::Halted { scope: *scope });
                if *cancel_orders {
                    self.cancel_orders_in(now, *scope, events);
                }
            }
            Command::Resume { scope } => {
                let halted = self.halt_of(*scope)?;
                if !*halted {
                    return Err(Reject::NotHalted);
                }
                *halted = false;
                events.push(Event::Resumed { scope: *scope });
            }
            Command::LimitInstrument {
                instrument,
                limits,
                collar,
            } => {
                let market = self.market_mut_or_reject(*instrument)?;
                market.limits = boxed(MarketLimits {
                    orders: *limits,
                    collar: *collar,
                });
                events.push(Event::LimitsChanged {
                    account: None,
                    instrument: Some(*instrument),
                });
            }
            Command::LimitAccount { account, limits } => {
                let trader = self.trader_mut_or_reject(*account)?;
                trader.limits = boxed(TraderLimits {
                    account: *limits,
                    pace: Pace::default(),
                    here: trader.limits.take().unwrap_or_default().here,
                });
                events.push(Event::LimitsChanged {
                    account: Some(*account),
                    instrument: None,
                });
            }
            Command::LimitAccountIn {
                account,
                instrument,
                limits,
            } => {
                self.market_or_reject(*instrument)?;
                let trader = self.trader_mut_or_reject(*account)?;
                let mut own = trader.limits.take().unwrap_or_default();
                own.set_here(*instrument, *limits);
                trader.limits = boxed(*own);
                events.push(Event::LimitsChanged {
                    account: Some(*account),
                    instrument: Some(*instrument),
                });
            }
            Command::ChooseFeeAsset { account, asset } => {
                if asset.is_some_and(|asset| !self.assets.contains_key(&asset)) {
                    return Err(LedgerReject::UnknownAsset.into());
                }
                self.trader_mut_or_reject(*account)?.fee_asset = *asset;
                events.push(Event::FeeAssetChosen {
                    account: *account,
                    asset: *asset,
                });
            }
            Command::Place { .. }
            | Command::Cancel { .. }
            | Command::Amend { .. }
            | Command::Replace { .. }
            | Command::CancelAll { .. }
            | Command::CancelAs { .. }
            | Command::CancelAllAs { .. }
            | Command::Reduce { .. } => unreachable!("these are about orders"),
        }
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
        self.move_money(&LedgerCommand::AddAsset { asset }, events)?;
        let code = code.into();
        self.assets.insert(asset, Asset { code, decimals });
        Ok(())
    }

    fn list(&mut self, listing: &Listing, events: &mut Vec<Event>) -> Result<(), Reject> {
        let symbol = listing.instrument.symbol();
        let id_taken = self.markets.contains(listing.id) || self.delisted.contains(&listing.id);
        if id_taken || self.market_by_symbol(symbol).is_some() {
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
            base: listing.base,
            quote: listing.quote,
        });
        Ok(())
    }

    fn delist(&mut self, now: Timestamp, instrument: InstrumentId, events: &mut Vec<Event>) {
        self.cancel_orders_in(now, Scope::Instrument(instrument), events);
        self.markets.remove(instrument);
        self.prices.forget(instrument);
        self.delisted.insert(instrument);
        for (_, trader) in self.traders.iter_mut() {
            trader.forget(instrument);
        }
        events.push(Event::InstrumentDelisted { instrument });
    }

    fn move_money(
        &mut self,
        command: &LedgerCommand,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        Ok(self.ledger.apply(command, events)?)
    }

    /// Whether trading is halted there.
    fn halt_of(&mut self, scope: Scope) -> Result<&mut bool, Reject> {
        Ok(match scope {
            Scope::Venue => &mut self.halted,
            Scope::Instrument(id) => &mut self.market_mut_or_reject(id)?.halted,
            Scope::Account(id) => &mut self.trader_mut_or_reject(id)?.halted,
        })
    }

    fn cancel_orders_in(&mut self, now: Timestamp, scope: Scope, events: &mut Vec<Event>) {
        let instruments: Vec<InstrumentId> = match scope {
            Scope::Instrument(instrument) => [instrument].into(),
            Scope::Venue | Scope::Account(_) => self.markets.ids().collect(),
        };
        for instrument in instruments {
            if let Scope::Account(account) = scope {
                self.cancel_orders_of(now, account, instrument, events);
            } else {
                let all = BookCommand::CancelAll(Selection::ALL);
                self.carry_out(now, instrument, &all, events);
            }
        }
    }

    /// Cancels the orders of an account in an instrument, oldest first.
    pub(crate) fn cancel_orders_of(
        &mut self,
        now: Timestamp,
        account: AccountId,
        instrument: InstrumentId,
        events: &mut Vec<Event>,
    ) {
        let orders: Vec<OrderId> = self.orders_of(account, instrument).collect();
        for order_id in orders {
            let cancel = BookCommand::Cancel { order_id };
            self.carry_out(now, instrument, &cancel, events);
        }
    }

    /// Cannot fail: no book has seen a later time than an accepted input.
    fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let instruments: Vec<InstrumentId> = self.markets.ids().collect();
        for instrument in instruments {
            self.carry_out(now, instrument, &BookCommand::Expire { now }, events);
        }
    }

    /// Applies a command that the book cannot refuse, and lets the ledger follow.
    #[inline(never)]
    pub(crate) fn carry_out(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        command: &BookCommand,
        events: &mut Vec<Event>,
    ) {
        self.try_out(now, instrument, command, None, events)
            .expect("the caller has seen that the book takes it");
    }

    /// Applies a command to a book and, where that takes it, lets the ledger follow, which cannot
    /// fail.
    #[inline(always)]
    pub(crate) fn try_out(
        &mut self,
        now: Timestamp,
        instrument: InstrumentId,
        command: &BookCommand,
        incoming: Option<Incoming<'_>>,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let Self {
            markets,
            prices,
            ledger,
            traders,
            book_events,
            ..
        } = self;
        let market = markets.get_mut(instrument);
        let market = market.ok_or(Reject::UnknownInstrument)?;
        market.book.apply(command, book_events)?;
        let market = &*market;
        let terms = incoming.as_ref().map(|incoming| (incoming, incoming.terms));
        match (terms, &book_events[..]) {
            // What most commands do: an order comes to rest, moves, or goes.
            (
                Some((incoming, Terms::New(_))),
                [
                    accepted @ BookEvent::Accepted {
                        rested: Some(_), ..
                    },
                ],
            ) => settlement::rested(market, ledger, traders, incoming, accepted, events),
            (Some((incoming, Terms::Amended { .. })), [amended @ BookEvent::Amended { .. }]) => {
                settlement::amended(market, ledger, traders, incoming, amended, events);
            }
            (None, [closed @ BookEvent::Closed { left: Some(_), .. }]) => {
                settlement::left(market, ledger, traders, closed, events);
            }
            (_, all) => {
                let settling = Settling {
                    now,
                    market,
                    prices,
                    ledger,
                    traders,
                    incoming,
                    events,
                };
                if let Some(price) = settling.follow(all) {
                    prices.set(market, price);
                }
            }
        }
        book_events.clear();
        Ok(())
    }

    #[inline]
    pub(crate) const fn next_order_id(&self) -> OrderId {
        OrderId::new(self.last_order_id.get() + 1)
    }

    /// The order that `account` means, where it rests in `instrument`.
    #[inline(always)]
    pub(crate) fn find(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Result<OrderId, Reject> {
        let market = self.market_or_reject(instrument)?;
        let id = match order {
            OrderRef::Id(id) => id,
            OrderRef::Client(name) => self.named(account, instrument, name)?,
        };
        if market.book.owner(id) != Some(account) {
            return Err(Reject::UnknownOrder);
        }
        Ok(id)
    }

    /// The order of that name, if it was placed in the instrument.
    #[inline(never)]
    fn named(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        name: ClientOrderId,
    ) -> Result<OrderId, Reject> {
        let trader = self.traders.get(account).ok_or(Reject::UnknownOrder)?;
        let named = trader.names.newest(name);
        let named = named.filter(|named| named.instrument == instrument);
        named
            .map(|named| named.order.id)
            .ok_or(Reject::UnknownOrder)
    }

    #[inline]
    pub(crate) fn market_or_reject(&self, instrument: InstrumentId) -> Result<&Market, Reject> {
        self.market(instrument).ok_or(Reject::UnknownInstrument)
    }

    #[inline]
    fn market_mut_or_reject(&mut self, instrument: InstrumentId) -> Result<&mut Market, Reject> {
        let market = self.markets.get_mut(instrument);
        market.ok_or(Reject::UnknownInstrument)
    }

    #[inline]
    pub(crate) fn trader_or_reject(&self, account: AccountId) -> Result<&Trader, Reject> {
        match self.traders.get(account) {
            Some(trader) => Ok(trader),
            None => Err(self.no_trader(account)),
        }
    }

    fn trader_mut_or_reject(&mut self, account: AccountId) -> Result<&mut Trader, Reject> {
        self.trader_or_reject(account)?;
        Ok(self.trader_mut(account))
    }

    #[inline]
    pub(crate) fn trader_mut(&mut self, account: AccountId) -> &mut Trader {
        let trader = self.traders.get_mut(account);
        trader.expect("the caller has seen the account")
    }

    #[cold]
    fn no_trader(&self, account: AccountId) -> Reject {
        Reject::Ledger(if self.ledger.is_closed(account) {
            LedgerReject::AccountClosed
        } else {
            LedgerReject::UnknownAccount
        })
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

    /// A listed instrument. O(1) where ids are handed out in sequence, else O(log instruments).
    #[inline]
    pub fn market(&self, id: InstrumentId) -> Option<&Market> {
        self.markets.get(id)
    }

    /// A listed instrument. O(instruments).
    pub fn market_by_symbol(&self, symbol: &str) -> Option<&Market> {
        self.markets()
            .find(|market| market.book.instrument().symbol() == symbol)
    }

    /// The price of the last trade in an instrument.
    pub fn last_price(&self, instrument: InstrumentId) -> Option<Price> {
        self.prices.last(instrument)
    }

    /// What an account has traded for a quote asset in the thirty days before the day of `time`, which
    /// is what tells its fees. Zero where it is unknown.
    pub fn traded_volume(&self, account: AccountId, quote: AssetId, time: Timestamp) -> Amount {
        let trader = self.traders.get(account);
        trader.map_or(Amount::ZERO, |trader| {
            trader.volume(quote, TradedVolume::day(time))
        })
    }

    /// The balances.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether trading is halted there, by itself; `None` where there is no such instrument or
    /// account.
    pub fn is_halted(&self, scope: Scope) -> Option<bool> {
        match scope {
            Scope::Venue => Some(self.halted),
            Scope::Instrument(id) => self.market(id).map(Market::is_halted),
            Scope::Account(id) => self.traders.get(id).map(|trader| trader.halted),
        }
    }

    /// The open orders of an account in an instrument, oldest first. O(1) for each, amortised.
    pub fn orders_of(
        &self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> impl Iterator<Item = OrderId> + '_ {
        let place = self
            .traders
            .get(account)
            .and_then(|trader| trader.place(instrument));
        let both = place.zip(self.market(instrument)).into_iter();
        both.flat_map(|(place, market)| place.orders.open(&market.book))
    }

    /// A resting order as its owner refers to it. O(1) by id, O(log names) by name.
    pub fn open_order(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        order: OrderRef,
    ) -> Option<(OpenOrder, RestingOrder)> {
        let id = self.find(account, instrument, order).ok()?;
        let resting = self.market(instrument)?.book.order(id)?;
        let names = &self.traders.get(account)?.names;
        let open = OpenOrder {
            id,
            account,
            instrument,
            client_order_id: names.of(id),
        };
        Some((open, resting))
    }

    /// Whether an order is open.
    pub(crate) fn is_open(&self, instrument: InstrumentId, order: OrderId) -> bool {
        is_open(&self.markets, instrument, order)
    }
}

/// Whether an order is open.
pub(crate) fn is_open(
    markets: &IdMap<InstrumentId, Market>,
    instrument: InstrumentId,
    order: OrderId,
) -> bool {
    let market = markets.get(instrument);
    market.is_some_and(|market| market.book.owner(order).is_some())
}

/// Whether an asset may be called that and be divided that finely.
pub(crate) fn is_valid_asset(code: &str, decimals: u8) -> bool {
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (1..=16).contains(&code.len()) && code.bytes().all(legal) && decimals <= MAX_DECIMALS
}
