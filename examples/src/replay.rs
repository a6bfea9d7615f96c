//! An exchange with one instrument, its market data, and a tally of what happens to them.

use std::collections::BTreeMap;

use accounts_core::{Amount, AssetId, FeeRate, FeeSchedule};
use exchange_engine::{
    ClientOrderId, Command, Event, Exchange, Input, InstrumentId, Listing, OpenOrder, OrderRef,
};
use marketdata_core::{MarketData, MarketEvent, Settings};
use orderbook_core::{
    AccountId, Event as BookEvent, Instrument, OrderBook, OrderId, OrderKind, Price, Quantity,
    RestingOrder, Side, Step, TimeInForce, Timestamp, Trade, Violation,
};

use crate::{Error, Recording, Summary, decimal};

/// The instrument of a replay.
pub const INSTRUMENT: InstrumentId = InstrumentId::new(0);

/// Who places all buy orders of a replay.
///
/// Recordings do not say who placed an order. Two accounts, one per side, are enough and never
/// trade with themselves, which an exchange may forbid.
pub const BUYER: AccountId = AccountId::new(1);

/// Who places all sell orders of a replay.
pub const SELLER: AccountId = AccountId::new(2);

const BASE: AssetId = AssetId::new(0);
const QUOTE: AssetId = AssetId::new(1);

/// What each side owns at first, in smallest units. The venue had accepted these orders, so none
/// may be refused for want of money: this is all that there can be, and more than the largest order
/// that a 64-bit price and a 64-bit quantity can express. It is deposited once per asset.
const FUNDS: Amount = Amount::MAX;

/// 0.1 % for both sides, so that fees are part of what is replayed.
const FEE_PPM: i32 = 1_000;

/// What was recorded: a pair and its grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    base: &'static str,
    quote: &'static str,
    instrument: Instrument,
}

impl Pair {
    /// A pair of the assets with these codes.
    ///
    /// # Errors
    ///
    /// [`Error::Grid`] where there is no such instrument.
    pub fn new(
        base: &'static str,
        quote: &'static str,
        tick_size: Step,
        lot_size: Step,
    ) -> Result<Self, Error> {
        let instrument = Instrument::new([base, quote].concat(), tick_size, lot_size)?;
        Ok(Self {
            base,
            quote,
            instrument,
        })
    }

    /// The code of what is traded, for example `BTC`.
    pub const fn base(&self) -> &'static str {
        self.base
    }

    /// The code of what it is paid with, for example `USD`.
    pub const fn quote(&self) -> &'static str {
        self.quote
    }

    /// Its grid.
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// A price in quote, as decimal text.
    pub fn price(&self, price: Price) -> String {
        decimal(i128::from(price.get()), self.instrument.tick_size())
    }

    /// So many lots in base, as decimal text.
    pub fn volume(&self, lots: u128) -> String {
        let lots = i128::try_from(lots).unwrap_or(i128::MAX);
        decimal(lots, self.instrument.lot_size())
    }

    /// So many ticks times lots in quote, as decimal text.
    pub fn quote_volume(&self, tick_lots: i128) -> String {
        let (tick, lot) = (self.instrument.tick_size(), self.instrument.lot_size());
        let step = Step::new(
            tick.mantissa().saturating_mul(lot.mantissa()),
            tick.scale().saturating_add(lot.scale()),
        );
        step.map_or_else(
            |_| format!("{tick_lots} tick-lots"),
            |step| decimal(tick_lots, step),
        )
    }
}

/// How something that was replayed compares to what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// What was compared.
    pub what: &'static str,
    /// How often it was as recorded.
    pub equal: u64,
    /// How often it was compared.
    pub of: u64,
}

/// An exchange with one instrument, its market data, and a tally of what happens to them.
#[derive(Debug)]
pub struct Replay {
    exchange: Exchange,
    market_data: MarketData,
    /// The events of the newest input.
    events: Vec<Event>,
    /// Kept for its capacity only.
    changes: Vec<MarketEvent>,
    pub(crate) tally: Tally,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) ignored: BTreeMap<&'static str, u64>,
    pub(crate) trades: u64,
    pub(crate) lots: u128,
    pub(crate) tick_lots: i128,
}

impl Replay {
    /// An exchange on which both sides have all the money they need and nobody has traded yet.
    ///
    /// # Errors
    ///
    /// An [`Error`] where no exchange can list such a pair.
    pub fn new(pair: &Pair) -> Result<Self, Error> {
        let add = |asset, code: &str, decimals| Command::AddAsset {
            asset,
            code: code.into(),
            decimals,
        };
        // As many decimals as make a lot, and a tick times a lot, a whole number of units.
        let (tick, lot) = (
            pair.instrument.tick_size().scale(),
            pair.instrument.lot_size().scale(),
        );
        let fees = FeeRate::new(FEE_PPM).and_then(|fee| FeeSchedule::flat(fee, fee));
        let fees = fees.map_err(exchange_engine::Reject::from)?;
        let commands = [
            add(BASE, pair.base, lot),
            add(QUOTE, pair.quote, tick.saturating_add(lot)),
            Command::ListInstrument(Listing {
                id: INSTRUMENT,
                instrument: pair.instrument.clone(),
                base: BASE,
                quote: QUOTE,
                fees,
            }),
            Command::OpenAccount { account: BUYER },
            Command::OpenAccount { account: SELLER },
            Command::Deposit {
                account: BUYER,
                asset: QUOTE,
                amount: FUNDS,
            },
            Command::Deposit {
                account: SELLER,
                asset: BASE,
                amount: FUNDS,
            },
        ];
        let mut exchange = Exchange::new();
        for command in commands {
            let time = Timestamp::new(0);
            exchange.apply(&Input { time, command }, &mut Vec::new())?;
        }
        Ok(Self {
            exchange,
            market_data: MarketData::new(&Settings {
                candles: 10_000,
                ..Settings::default()
            }),
            events: Vec::new(),
            changes: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Places a limit order. Returns its id, or `None` where it is refused or was placed before under
    /// the same name.
    ///
    /// # Errors
    ///
    /// [`Error::MarketData`] where the market data cannot follow.
    pub fn place(
        &mut self,
        time: Timestamp,
        order: LimitOrder,
        client_order_id: Option<ClientOrderId>,
    ) -> Result<Option<OrderId>, Error> {
        let LimitOrder {
            side,
            price,
            quantity,
            time_in_force,
        } = order;
        let command = Command::Place {
            account: account(side),
            instrument: INSTRUMENT,
            client_order_id,
            side,
            quantity,
            kind: OrderKind::Limit {
                price,
                time_in_force,
            },
            self_trade: None,
        };
        self.apply(time, command)?;
        Ok(self.events.iter().find_map(|event| match event {
            Event::OrderAccepted { order, .. } => Some(order.id),
            _ => None,
        }))
    }

    /// Cancels an order. Returns whether it was open.
    ///
    /// # Errors
    ///
    /// [`Error::MarketData`] where the market data cannot follow.
    pub fn cancel(&mut self, time: Timestamp, side: Side, order: OrderRef) -> Result<bool, Error> {
        let command = Command::Cancel {
            account: account(side),
            instrument: INSTRUMENT,
            order,
        };
        self.apply(time, command)
    }

    /// Takes up to `by` off an order, which keeps its place as long as something is left. Returns
    /// how much that was.
    ///
    /// # Errors
    ///
    /// [`Error::MarketData`] where the market data cannot follow.
    pub fn take_off(
        &mut self,
        time: Timestamp,
        side: Side,
        order: OrderRef,
        by: Quantity,
    ) -> Result<Quantity, Error> {
        let Some((_, resting)) = self.open_order(side, order) else {
            return Ok(Quantity::ZERO);
        };
        let remaining = resting.remaining;
        if by >= remaining {
            self.cancel(time, side, order)?;
            return Ok(remaining);
        }
        let command = Command::Reduce {
            account: account(side),
            instrument: INSTRUMENT,
            order,
            by,
        };
        let accepted = self.apply(time, command)?;
        Ok(if accepted { by } else { Quantity::ZERO })
    }

    /// Counts a message that is not for the exchange, and why.
    pub(crate) fn ignore(&mut self, why: &'static str) {
        *self.tally.ignored.entry(why).or_default() += 1;
    }

    fn apply(&mut self, time: Timestamp, command: Command) -> Result<bool, Error> {
        // Receive times of a recording may run backwards by a little, those of an exchange never.
        let time = time.max(self.exchange.time());
        self.events.clear();
        if let Err(reject) = self
            .exchange
            .apply(&Input { time, command }, &mut self.events)
        {
            *self.tally.refused.entry(reject.to_string()).or_default() += 1;
            return Ok(false);
        }
        for event in &self.events {
            let Some((_, event)) = event.of_book() else {
                continue;
            };
            self.market_data.apply(time, &event, &mut self.changes)?;
            match event {
                BookEvent::Accepted { .. } => self.tally.accepted += 1,
                BookEvent::Traded(trade) => {
                    self.tally.trades += 1;
                    self.tally.lots += u128::from(trade.quantity.get());
                    self.tally.tick_lots += trade.price.notional(trade.quantity).get();
                }
                _ => {}
            }
        }
        self.changes.clear();
        Ok(true)
    }

    /// The trades of the newest input.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.events.iter().filter_map(|event| match event {
            Event::Traded { trade, .. } => Some(trade),
            _ => None,
        })
    }

    /// An open order of the side.
    pub fn open_order(&self, side: Side, order: OrderRef) -> Option<(OpenOrder, RestingOrder)> {
        self.exchange.open_order(account(side), INSTRUMENT, order)
    }

    /// The exchange.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The book of the recorded pair.
    ///
    /// # Panics
    ///
    /// Never: the pair has been listed from the start.
    pub fn book(&self) -> &OrderBook {
        let market = self.exchange.market(INSTRUMENT);
        market.expect("listed by new").book()
    }

    /// The market data of the recorded pair.
    pub const fn market_data(&self) -> &MarketData {
        &self.market_data
    }

    /// Checks the exchange, and that the market data shows the very book that the exchange has.
    ///
    /// # Errors
    ///
    /// The [`Violation`] found first.
    pub fn check(&self) -> Result<(), Violation> {
        self.exchange.check()?;
        for side in [Side::Buy, Side::Sell] {
            if !self
                .book()
                .levels(side)
                .eq(self.market_data.depth().levels(side))
            {
                return Err(Violation::new(
                    "I7",
                    "the depth of the market data is not that of the book",
                ));
            }
        }
        Ok(())
    }
}

/// The terms of a limit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitOrder {
    /// Buy or sell.
    pub side: Side,
    /// The worst acceptable price, in ticks.
    pub price: Price,
    /// How much at most, in lots.
    pub quantity: Quantity,
    /// What happens to what does not trade at once.
    pub time_in_force: TimeInForce,
}

const fn account(side: Side) -> AccountId {
    match side {
        Side::Buy => BUYER,
        Side::Sell => SELLER,
    }
}

/// Replays a recording and shows the state after each message to `watch`, with the number of
/// messages so far.
///
/// # Errors
///
/// An [`Error`] where the exchange cannot list the pair, or where an invariant turns out broken.
pub fn run(recording: &Recording, mut watch: impl FnMut(&Replay, u64)) -> Result<Summary, Error> {
    let mut replay = Replay::new(recording.pair())?;
    let comparisons = match recording {
        Recording::Bitstamp(orders) => orders.replay(&mut replay, &mut watch)?,
        Recording::Lobster(messages) => messages.replay(&mut replay, &mut watch)?,
        Recording::Trades(trades) => trades.replay(&mut replay, &mut watch)?,
    };
    replay.check()?;
    Ok(Summary::new(recording, &replay, comparisons))
}
