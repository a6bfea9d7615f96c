//! What is listed at the moment and on which terms: a fold of the feed.
//!
//! It goes ahead of all other folds of a process: whatever they tell of an instrument, its name is
//! known by then, and so are its streams. What is delisted is found by its name no more; by its id it
//! stays known until the process ends, because what happened to it may still have to be told.
//!
//! Beginnings: the process with the log begins with the exchange of its snapshot, a gateway with the
//! [`Catalogue`] of the former.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use accounts_core::AssetId;
use exchange_engine::{Command, Exchange, Input, InstrumentId, Listing, Reject};
use orderbook_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::streams;
use crate::api::symbols::Symbols;
use crate::bus::{Batch, Body, ConsumerGone, EventBus, Packet};
use crate::gateway::Hub;

/// What an exchange lists, as the commands that would list it in an empty one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Catalogue {
    /// Everything up to this input is in it.
    pub(crate) seq: u64,
    /// No instrument has ever had this id, nor one above.
    pub(crate) next_instrument: InstrumentId,
    pub(crate) commands: Vec<Command>,
}

impl Catalogue {
    pub(crate) fn of(exchange: &Exchange, next_instrument: InstrumentId, seq: u64) -> Self {
        let assets = exchange.assets().map(|(id, asset)| Command::AddAsset {
            asset: id,
            code: asset.code.clone(),
            decimals: asset.decimals,
        });
        let listings = exchange.markets().map(|market| {
            Command::ListInstrument(Listing {
                id: market.id(),
                instrument: market.book().instrument().clone(),
                base: market.base(),
                quote: market.quote(),
                fees: market.fees().clone(),
            })
        });
        let limits = exchange.markets().map(|market| Command::LimitInstrument {
            instrument: market.id(),
            limits: market.limits(),
            collar: market.collar(),
        });
        Self {
            seq,
            next_instrument,
            commands: assets.chain(listings).chain(limits).collect(),
        }
    }
}

/// What is listed now. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    hub: Hub,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    /// The newest input that changed anything here.
    seq: u64,
    next_instrument: InstrumentId,
    /// One without accounts and orders, which has the same terms.
    exchange: Exchange,
    symbols: Arc<Symbols>,
}

impl Listed {
    /// Begins with a catalogue, and lets a hub know of every stream.
    ///
    /// # Errors
    ///
    /// Where no exchange could list that.
    pub(crate) fn new(catalogue: &Catalogue, hub: Hub) -> Result<Self, Reject> {
        let mut exchange = Exchange::new();
        for command in &catalogue.commands {
            carry_out(&mut exchange, command)?;
        }
        let symbols = Symbols::new(&exchange);
        add_streams(&hub, &symbols);
        let state = RwLock::new(State {
            seq: catalogue.seq,
            next_instrument: catalogue.next_instrument,
            exchange,
            symbols: Arc::new(symbols),
        });
        Ok(Self {
            inner: Arc::new(Inner { hub, state }),
        })
    }

    /// What an exchange lists, without anybody who hears of it.
    #[cfg(test)]
    pub(crate) fn by(exchange: &Exchange) -> Self {
        let next = exchange.markets().map(|market| market.id().get() + 1).max();
        let next = InstrumentId::new(next.unwrap_or_default());
        Self::new(&Catalogue::of(exchange, next, 0), Hub::default()).expect("it is listed")
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        // Nothing that holds the lock leaves it half changed.
        let state = self.inner.state.read();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// How clients see it. Whoever keeps this, keeps what is listed now.
    pub(crate) fn symbols(&self) -> Arc<Symbols> {
        Arc::clone(&self.state().symbols)
    }

    /// What others may begin with.
    pub(crate) fn catalogue(&self) -> Catalogue {
        let state = self.state();
        Catalogue::of(&state.exchange, state.next_instrument, state.seq)
    }

    /// An id that no instrument has ever had.
    pub(crate) fn next_instrument(&self) -> InstrumentId {
        self.state().next_instrument
    }

    /// An id that no asset has.
    pub(crate) fn next_asset(&self) -> AssetId {
        let assets = self.state().symbols.assets().last().map(|asset| asset.id);
        AssetId::new(assets.map_or(0, |last| last.get().saturating_add(1)))
    }

    /// Whether an exchange that lists this would list that, too, or why not.
    ///
    /// # Errors
    ///
    /// As [`Exchange::apply`].
    pub(crate) fn would_take(&self, command: &Command) -> Result<(), Reject> {
        carry_out(&mut self.state().exchange.clone(), command)
    }

    /// Follows what became of a frame.
    ///
    /// # Panics
    ///
    /// Where the exchange has carried out what it cannot have.
    pub(crate) fn apply(&self, batch: &Batch) {
        if batch.listings.is_empty() {
            return;
        }
        let state = self.inner.state.write();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if batch.last_seq() <= state.seq {
            return;
        }
        for command in &batch.listings {
            carry_out(&mut state.exchange, command)
                .expect("the exchange has carried it out, with the same listed as here");
            if let Command::ListInstrument(listing) = command {
                let next = InstrumentId::new(listing.id.get().saturating_add(1));
                state.next_instrument = state.next_instrument.max(next);
            }
        }
        state.seq = batch.last_seq();
        let symbols = state.symbols.followed_by(&state.exchange);
        add_streams(&self.inner.hub, &symbols);
        state.symbols = Arc::new(symbols);
    }
}

impl EventBus for Listed {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        if let Body::Batch(batch) = &packet.body {
            self.apply(batch);
        }
        Ok(())
    }
}

/// When something was listed does not matter.
fn carry_out(exchange: &mut Exchange, command: &Command) -> Result<(), Reject> {
    let input = Input {
        time: Timestamp::default(),
        command: command.clone(),
    };
    exchange.apply(&input, &mut Vec::new())
}

fn add_streams(hub: &Hub, symbols: &Symbols) {
    for (_, name) in streams::all(symbols) {
        hub.add(name.into());
    }
}

#[cfg(test)]
mod tests;
