//! What came of some inputs, and what folds have to answer then.

use std::collections::BTreeSet;

use exchange_engine::{ClientOrderId, Event, Exchange, InstrumentId, OrderRef};
use marketdata_core::{MarketData, Window};
use oracle::engine_commands::Inputs;
use orderbook_core::{AccountId, Event as BookEvent, OrderId, Timestamp, TradeId};

use super::Models;
use crate::bus::Outcome;
use crate::config::Memory;
use crate::orders::{Fill, OrderModel, OrderRecord};

/// What came of some inputs, and what there is to ask about it.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) instruments: BTreeSet<InstrumentId>,
    names: BTreeSet<ClientOrderId>,
    orders: BTreeSet<OrderId>,
    /// Who had orders closed, and in which input.
    closed: Vec<(u64, AccountId, OrderId)>,
    /// Who has traded, and in which input.
    fills: Vec<(u64, AccountId, TradeId)>,
}

impl History {
    /// What these bytes lead to, without what is refused.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut model = oracle::engine::Exchange::default();
        let mut exchange = Exchange::new();
        let mut inputs = Inputs::new(bytes);
        let mut history = Self::default();
        while let Some(input) = inputs.next_input(&model, &model.open_orders()) {
            let mut events = Vec::new();
            let result = exchange.apply(&input, &mut events);
            assert_eq!(model.apply(&input).is_ok(), result.is_ok());
            if result.is_ok() {
                history.add(Outcome {
                    time: input.time,
                    result,
                    events,
                });
            }
        }
        history
    }

    fn add(&mut self, outcome: Outcome) {
        let seq = self.outcomes.len() as u64 + 1;
        for event in &outcome.events {
            match event {
                Event::InstrumentListed { instrument, .. } => {
                    self.instruments.insert(*instrument);
                }
                Event::OrderAccepted {
                    order,
                    client_order_id,
                    ..
                } => {
                    self.accounts.insert(order.account);
                    self.orders.insert(order.id);
                    self.names.extend(client_order_id);
                }
                Event::Ledger(accounts_core::Event::AccountOpened { account }) => {
                    self.accounts.insert(*account);
                }
                Event::Traded { trade, .. } => {
                    self.fills.push((seq, trade.maker_account, trade.id));
                    self.fills.push((seq, trade.taker_account, trade.id));
                }
                Event::Book {
                    event:
                        BookEvent::Closed {
                            order_id, account, ..
                        },
                    ..
                } => self.closed.push((seq, *account, *order_id)),
                _ => {}
            }
        }
        self.outcomes.push(outcome);
    }

    /// The inputs by their numbers.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u64, &Outcome)> {
        (1..).zip(&self.outcomes)
    }

    pub(super) fn end(&self) -> Timestamp {
        self.outcomes
            .last()
            .map_or_else(Timestamp::default, |it| it.time)
    }

    /// The folds answer every query alike.
    pub(super) fn assert_same(&self, one: &Models, other: &Models) {
        assert_eq!(one.positions, other.positions);
        for account in self.accounts.iter().copied() {
            assert_eq!(
                one.balances.account(account),
                other.balances.account(account)
            );
            let (one, other) = (&one.orders, &other.orders);
            let open = one.open_orders(account);
            assert!(open.eq(other.open_orders(account)), "of {account:?}");
            assert!(one.orders(account).eq(other.orders(account)));
            assert!(one.fills(account).eq(other.fills(account)));
            let forgotten = |orders: &OrderModel| {
                (
                    orders.forgotten_orders(account),
                    orders.forgotten_fills(account),
                )
            };
            assert_eq!(forgotten(one), forgotten(other));
            let ids = self.orders.iter().copied().map(OrderRef::Id);
            let names = self.names.iter().copied().map(OrderRef::Client);
            for order in ids.chain(names) {
                for instrument in self.instruments.iter().copied() {
                    let found = one.order(account, instrument, order);
                    assert_eq!(found, other.order(account, instrument, order));
                }
            }
        }
        for instrument in self.instruments.iter().copied() {
            let (one, other) = (&one.markets, &other.markets);
            assert_eq!(one.is_halted(instrument), other.is_halted(instrument));
            let pair = (one.market(instrument), other.market(instrument));
            let (Some(one), Some(other)) = pair else {
                assert!(pair.0.is_none() && pair.1.is_none(), "{instrument:?}");
                continue;
            };
            assert_eq!(one.now(), other.now());
            assert_eq!(one.depth(), other.depth());
            assert_eq!(one.quote(), other.quote());
            assert_eq!(one.tape(), other.tape());
            assert_eq!(one.last_trade(), other.last_trade());
            assert_eq!(one.ticker(Window::ONE_DAY), other.ticker(Window::ONE_DAY));
            for (one, other) in one.all_candles().zip(other.all_candles()) {
                assert_eq!(one.forgotten(), other.forgotten());
                assert!(one.candles().eq(other.candles()));
            }
        }
    }
}

impl History {
    /// What the folds have not forgotten is there, as in those that remember all, and what is too
    /// much is forgotten. Who asks the store for the rest gets no list with a hole in it.
    pub(super) fn assert_whole(&self, seq: u64, memory: &Memory, folds: &Models, all: &Models) {
        for account in self.accounts.iter().copied() {
            self.assert_orders(seq, memory, account, &folds.orders, &all.orders);
            self.assert_fills(seq, memory, account, &folds.orders, &all.orders);
        }
        for instrument in self.instruments.iter().copied() {
            let markets = (
                folds.markets.market(instrument),
                all.markets.market(instrument),
            );
            if let (Some(market), Some(all)) = markets {
                assert_market(memory, market, all);
            }
        }
    }

    fn assert_orders(
        &self,
        seq: u64,
        memory: &Memory,
        account: AccountId,
        orders: &OrderModel,
        all: &OrderModel,
    ) {
        assert!(orders.open_orders(account).eq(all.open_orders(account)));
        let remembered: Vec<&OrderRecord> = orders.orders(account).collect();
        let open = orders.open_orders(account).count();
        assert!(remembered.len() - open <= memory.closed_orders);
        for order in &remembered {
            let id = OrderRef::Id(order.id);
            assert_eq!(all.order(account, order.instrument, id), Some(*order));
        }
        let forgotten = orders.forgotten_orders(account);
        let since = since(&self.closed, seq, account, forgotten);
        let is_there = |id| remembered.iter().any(|order| order.id == id);
        assert!(since.into_iter().all(is_there));
        for name in self.names.iter().copied().map(OrderRef::Client) {
            for instrument in self.instruments.iter().copied() {
                let newest = all.order(account, instrument, name);
                let newest = newest.filter(|newest| remembered.contains(newest));
                assert_eq!(orders.order(account, instrument, name), newest);
            }
        }
    }

    fn assert_fills(
        &self,
        seq: u64,
        memory: &Memory,
        account: AccountId,
        orders: &OrderModel,
        all: &OrderModel,
    ) {
        let remembered: Vec<&Fill> = orders.fills(account).collect();
        assert!(remembered.len() <= memory.fills);
        let all: Vec<&Fill> = all.fills(account).collect();
        assert!(all.ends_with(&remembered));
        let forgotten = orders.forgotten_fills(account);
        let since = since(&self.fills, seq, account, forgotten);
        assert!(since.len() <= remembered.len());
    }
}

/// What happened to an account up to an input, after what is forgotten.
fn since<T: Copy>(
    happened: &[(u64, AccountId, T)],
    seq: u64,
    account: AccountId,
    forgotten: Option<u64>,
) -> Vec<T> {
    let happened = happened.iter().take_while(|it| it.0 <= seq);
    let happened = happened.filter(|it| it.1 == account && Some(it.0) > forgotten);
    happened.map(|it| it.2).collect()
}

fn assert_market(memory: &Memory, market: &MarketData, all: &MarketData) {
    let tape = market.tape();
    let since = all.tape().recent(usize::MAX);
    let since = since.filter(|trade| Some(trade.id) > tape.forgotten());
    assert!(tape.recent(usize::MAX).eq(since));
    assert!(tape.recent(usize::MAX).len() <= memory.trades);
    for (series, all) in market.all_candles().zip(all.all_candles()) {
        let since = all.candles();
        let since = since.filter(|candle| Some(candle.open_time) > series.forgotten());
        assert!(series.candles().eq(since));
        assert!(series.len() <= memory.candles + 1);
    }
    assert_eq!(market.depth(), all.depth());
    assert_eq!(market.last_trade(), all.last_trade());
    let pair = (market.ticker(Window::ONE_DAY), all.ticker(Window::ONE_DAY));
    let (Some(ticker), Some(all)) = pair else {
        panic!("a day is always kept");
    };
    assert!(ticker.stats.trade_count <= memory.ticker_trades as u64);
    if !ticker.stats.is_truncated {
        assert_eq!(ticker, all);
    }
}
