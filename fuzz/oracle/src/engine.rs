//! The exchange, as simple as it can be said.
//!
//! It knows what each account owns, as one number per asset, and the open orders of each book.
//! What is held is never written down: it is what the open orders are worth, added up anew every
//! time, and what is available is the rest. So nothing can be released too late or to the wrong
//! party here, because nothing is ever released. Money has no end: no sum or product here can
//! overflow where the real one might.
//!
//! In the same way there are no counters: how many orders are open, how many came of late and which
//! names are taken is found by going through lists of what has happened.
//!
//! The model predicts the reason of every refusal and every event except the changes of balances;
//! those are compared by their result, and with what the other events say has moved.

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{
    AccountId, AccountLimits, Amount, AssetId, Event as LedgerEvent, LedgerReject,
};
use exchange_engine::{
    ClientOrderId, Command, Event, FEE_ACCOUNT, Input, InstrumentId, Listing, Outcome, Reject,
    Scope,
};
use num_bigint::BigInt;
use orderbook_core::{Command as BookCommand, Order, OrderId, OrderKind, Selection, Timestamp};

mod fees;
mod limits;
mod market;
mod orders;
mod queries;

pub use market::Market;
use orders::Entry;

/// An account that is open.
#[derive(Debug, Clone, Default)]
struct Account {
    halted: bool,
    fee_asset: Option<AssetId>,
    limits: AccountLimits,
    /// When it got orders in since its limits were set, ascending.
    ordered: Vec<Timestamp>,
    /// Its orders with a name, oldest first.
    named: Vec<Named>,
    /// What it has traded by quote asset and day.
    volumes: BTreeMap<(AssetId, u64), BigInt>,
}

/// An order that was given a name, as its owner wanted it, and what became of it at once.
#[derive(Debug, Clone, Copy)]
struct Named {
    name: ClientOrderId,
    instrument: InstrumentId,
    wanted: Order,
    outcome: Outcome,
}

impl Named {
    const fn repeated(&self) -> Event {
        Event::OrderRepeated {
            instrument: self.instrument,
            order_id: self.wanted.id,
            account: self.wanted.account,
            client_order_id: self.name,
            outcome: self.outcome,
        }
    }
}

/// What is known of an order that the book does not know.
#[derive(Debug, Clone, Copy)]
struct Details {
    name: Option<ClientOrderId>,
    /// What it holds for a fee on top of what it pays, in parts per million of that.
    rate: i32,
}

/// The model of an `Exchange`.
#[derive(Debug, Clone)]
pub struct Exchange {
    time: Timestamp,
    placed: u64,
    halted: bool,
    assets: BTreeMap<AssetId, (String, u8)>,
    /// `None`: closed.
    accounts: BTreeMap<AccountId, Option<Account>>,
    /// Held or not.
    owned: BTreeMap<(AccountId, AssetId), BigInt>,
    /// Deposits minus withdrawals.
    brought_in: BTreeMap<AssetId, BigInt>,
    markets: BTreeMap<InstrumentId, Market>,
    delisted: BTreeSet<InstrumentId>,
    /// Of open orders, and of closed ones too.
    details: BTreeMap<OrderId, Details>,
    situations: Vec<&'static str>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            time: Timestamp::new(0),
            placed: 0,
            halted: false,
            assets: BTreeMap::new(),
            accounts: BTreeMap::from([(FEE_ACCOUNT, Some(Account::default()))]),
            owned: BTreeMap::new(),
            brought_in: BTreeMap::new(),
            markets: BTreeMap::new(),
            delisted: BTreeSet::new(),
            details: BTreeMap::new(),
            situations: Vec::new(),
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
        self.situations.clear();
        if input.time < self.time {
            return Err(Reject::TimeWentBackwards);
        }
        let events = self.carry_out(input.time, &input.command)?;
        self.time = input.time;
        Ok(events)
    }

    fn carry_out(&mut self, now: Timestamp, command: &Command) -> Result<Vec<Event>, Reject> {
        match *command {
            Command::AddAsset {
                asset,
                ref code,
                decimals,
            } => self.add_asset(asset, code, decimals),
            Command::ListInstrument(ref listing) => self.list(listing),
            Command::SetFees {
                instrument,
                ref fees,
            } => {
                self.market_mut(instrument)?.fees = fees.clone();
                Ok(vec![Event::FeesChanged { instrument }])
            }
            Command::OpenAccount { account } => {
                if self.accounts.contains_key(&account) {
                    return Err(LedgerReject::DuplicateAccount.into());
                }
                self.accounts.insert(account, Some(Account::default()));
                Ok(vec![LedgerEvent::AccountOpened { account }.into()])
            }
            Command::CloseAccount { account } => {
                if account == FEE_ACCOUNT {
                    return Err(Reject::FeeAccount);
                }
                self.account(account)?;
                let mut owned = self.owned.iter().filter(|((of, _), _)| *of == account);
                if owned.any(|(_, amount)| *amount != BigInt::ZERO) {
                    return Err(LedgerReject::AccountNotEmpty.into());
                }
                let closed = self.accounts.insert(account, None).flatten();
                if closed.is_some_and(|closed| !closed.ordered.is_empty()) {
                    self.situations
                        .push("closed an account that had placed orders");
                }
                for market in self.markets.values_mut() {
                    market.limits_of.remove(&account);
                }
                Ok(vec![LedgerEvent::AccountClosed { account }.into()])
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.known(account, asset, amount)?;
                let all = self.owned.iter().filter(|((_, of), _)| *of == asset);
                let total: BigInt = all.map(|(_, amount)| amount).sum();
                if total + amount.get() > most() {
                    return Err(LedgerReject::AmountOverflow.into());
                }
                *self.owned.entry((account, asset)).or_default() += amount.get();
                *self.brought_in.entry(asset).or_default() += amount.get();
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
                if self.available(account, asset) < amount.get().into() {
                    return Err(LedgerReject::InsufficientAvailable.into());
                }
                *self.owned.entry((account, asset)).or_default() -= amount.get();
                *self.brought_in.entry(asset).or_default() -= amount.get();
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
                let wanted = Order {
                    id: OrderId::new(self.placed + 1),
                    account,
                    group: None,
                    side,
                    quantity,
                    kind,
                    self_trade,
                };
                self.place(now, instrument, wanted, client_order_id)
            }
            Command::Cancel {
                account,
                instrument,
                order,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                self.on_book(instrument, &BookCommand::Cancel { order_id })
            }
            Command::CancelAll {
                account,
                instrument,
            } => self.cancel_all(account, instrument),
            Command::CancelAs {
                account,
                instrument,
                order,
                name,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                let events = self.on_book(instrument, &BookCommand::Cancel { order_id })?;
                Ok(under_a_name(account, name, events))
            }
            Command::CancelAllAs {
                account,
                instrument,
                name,
            } => {
                let events = self.cancel_all(account, instrument)?;
                self.situations.push("all cancelled under a name");
                Ok(under_a_name(account, name, events))
            }
            Command::Reduce {
                account,
                instrument,
                order,
                by,
            } => {
                let order_id = self.find(account, instrument, order)?.id;
                self.on_book(instrument, &BookCommand::Reduce { order_id, by })
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
                let kind = OrderKind::Limit {
                    price,
                    time_in_force,
                };
                let Ok(old) = self.find(account, instrument, order).copied() else {
                    self.market(instrument)?;
                    return self.repeat_replacement(
                        account,
                        instrument,
                        client_order_id,
                        quantity,
                        kind,
                    );
                };
                let wanted = Order {
                    id: OrderId::new(self.placed + 1),
                    account,
                    group: None,
                    side: old.side,
                    quantity,
                    kind,
                    self_trade: Some(old.self_trade),
                };
                if let Some(named) = self.named(account, client_order_id)
                    && named.wanted.id != old.id
                {
                    return Err(Reject::DuplicateClientOrderId);
                }
                self.not_halted(account, instrument)?;
                self.enter(
                    now,
                    &Entry {
                        instrument,
                        command: BookCommand::Replace {
                            order_id: old.id,
                            new_order_id: wanted.id,
                            quantity,
                            price,
                            time_in_force,
                        },
                        order: wanted,
                        remaining: quantity,
                        leaves: Some(old),
                        new: Some((wanted, client_order_id)),
                    },
                )
            }
            Command::Amend {
                account,
                instrument,
                order,
                quantity,
                price,
            } => {
                let old = *self.find(account, instrument, order)?;
                self.not_halted(account, instrument)?;
                self.amend(now, instrument, old, quantity, price)
            }
            Command::AdvanceTime => {
                let listed: Vec<InstrumentId> = self.markets.keys().copied().collect();
                let mut events = Vec::new();
                for instrument in listed {
                    events.extend(self.on_book(instrument, &BookCommand::Expire { now })?);
                }
                Ok(events)
            }
            Command::DelistInstrument { instrument } => {
                self.market(instrument)?;
                let cancel = BookCommand::CancelAll(Selection::ALL);
                let mut events = self.on_book(instrument, &cancel)?;
                if !events.is_empty() {
                    self.situations.push("delisted with open orders");
                }
                self.markets.remove(&instrument);
                self.delisted.insert(instrument);
                events.push(Event::InstrumentDelisted { instrument });
                Ok(events)
            }
            Command::Halt {
                scope,
                cancel_orders,
            } => {
                *self.halted_mut(scope)? = true;
                let mut events = vec![Event::Halted { scope }];
                if cancel_orders {
                    events.extend(self.cancel_in(scope)?);
                    self.situations.push(match (scope, events.len()) {
                        (_, 1) => "halted, and there was nothing to cancel",
                        (Scope::Venue, _) => "the venue was halted and cancelled",
                        (Scope::Instrument(_), _) => "an instrument was halted and cancelled",
                        (Scope::Account(_), _) => "an account was halted and cancelled",
                    });
                }
                Ok(events)
            }
            Command::Resume { scope } => {
                let halted = self.halted_mut(scope)?;
                if !*halted {
                    return Err(Reject::NotHalted);
                }
                *halted = false;
                Ok(vec![Event::Resumed { scope }])
            }
            Command::LimitInstrument {
                instrument,
                limits,
                collar,
            } => {
                let market = self.market_mut(instrument)?;
                market.limits = limits;
                market.collar = collar;
                Ok(vec![Event::LimitsChanged {
                    account: None,
                    instrument: Some(instrument),
                }])
            }
            Command::LimitAccount { account, limits } => {
                let known = self.account_mut(account)?;
                known.limits = limits;
                known.ordered.clear();
                Ok(vec![Event::LimitsChanged {
                    account: Some(account),
                    instrument: None,
                }])
            }
            Command::LimitAccountIn {
                account,
                instrument,
                limits,
            } => {
                self.market(instrument)?;
                self.account(account)?;
                let market = self.market_mut(instrument)?;
                market.limits_of.insert(account, limits);
                Ok(vec![Event::LimitsChanged {
                    account: Some(account),
                    instrument: Some(instrument),
                }])
            }
            Command::ChooseFeeAsset { account, asset } => {
                if asset.is_some_and(|asset| !self.assets.contains_key(&asset)) {
                    return Err(LedgerReject::UnknownAsset.into());
                }
                self.account_mut(account)?.fee_asset = asset;
                Ok(vec![Event::FeeAssetChosen { account, asset }])
            }
        }
    }

    fn add_asset(
        &mut self,
        asset: AssetId,
        code: &str,
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
        self.assets.insert(asset, (code.into(), decimals));
        Ok(vec![LedgerEvent::AssetAdded { asset }.into()])
    }

    fn list(&mut self, listing: &Listing) -> Result<Vec<Event>, Reject> {
        let (id, instrument) = (listing.id, &listing.instrument);
        let mut listed = self.markets.values();
        let taken = listed.any(|it| it.listing.instrument.symbol() == instrument.symbol());
        if taken || self.markets.contains_key(&id) || self.delisted.contains(&id) {
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
        let market = Market::new(listing, base_decimals, quote_decimals)?;
        self.markets.insert(id, market);
        Ok(vec![Event::InstrumentListed {
            instrument: id,
            base: listing.base,
            quote: listing.quote,
        }])
    }

    fn market(&self, id: InstrumentId) -> Result<&Market, Reject> {
        self.markets.get(&id).ok_or(Reject::UnknownInstrument)
    }

    fn market_mut(&mut self, id: InstrumentId) -> Result<&mut Market, Reject> {
        self.markets.get_mut(&id).ok_or(Reject::UnknownInstrument)
    }

    fn account(&self, id: AccountId) -> Result<&Account, Reject> {
        let known = self.accounts.get(&id).ok_or(LedgerReject::UnknownAccount)?;
        Ok(known.as_ref().ok_or(LedgerReject::AccountClosed)?)
    }

    fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, Reject> {
        let known = self.accounts.get_mut(&id);
        let known = known.ok_or(LedgerReject::UnknownAccount)?;
        Ok(known.as_mut().ok_or(LedgerReject::AccountClosed)?)
    }

    fn halted_mut(&mut self, scope: Scope) -> Result<&mut bool, Reject> {
        match scope {
            Scope::Venue => Ok(&mut self.halted),
            Scope::Instrument(instrument) => Ok(&mut self.market_mut(instrument)?.halted),
            Scope::Account(account) => Ok(&mut self.account_mut(account)?.halted),
        }
    }

    fn known(&self, account: AccountId, asset: AssetId, amount: Amount) -> Result<(), Reject> {
        if !self.assets.contains_key(&asset) {
            return Err(LedgerReject::UnknownAsset.into());
        }
        self.account(account)?;
        if amount.get() == 0 {
            return Err(LedgerReject::ZeroAmount.into());
        }
        Ok(())
    }
}

/// What a cancellation with a name tells, given what it tells without.
fn under_a_name(account: AccountId, name: ClientOrderId, events: Vec<Event>) -> Vec<Event> {
    let named = Event::CancellationNamed { account, name };
    [vec![named], events].concat()
}

/// The most that there may be of an asset.
fn most() -> BigInt {
    (BigInt::from(1) << 127) - 1
}
