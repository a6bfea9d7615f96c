//! Order processing: the sequencer, and orders and fills as their owners see them.

mod cancelling;
mod clock;
mod entry;
mod execution;
mod gate;
mod history;
mod listings;
mod looking;
mod model;
mod places;
mod placing;
mod rates;
mod record;
mod recovery;
mod replacing;
pub(crate) mod routes;
pub(crate) mod sequencer;
pub(crate) mod service;

pub(crate) use clock::{Progress, now};
pub(crate) use entry::{OrderEntry, RemoteSequencer};
#[cfg(test)]
pub(crate) use execution::Executions;
pub(crate) use execution::{Execution, ExecutionKind};
pub(crate) use listings::Listings;
pub(crate) use model::{OrderModel, StoredOrders};
pub(crate) use record::{Fill, OrderRecord, OrderStatus, touched};
pub(crate) use recovery::{Base, Recovered, StartError, rehearse};
pub(crate) use sequencer::{Receipt, Sequencer, SubmitError};
