//! Which tasks a process runs.
//!
//! Every role runs the same tasks, only not all of them; what differs is where the feed comes from
//! and where history is kept. The table below is all there is to it, so that further roles are
//! further columns.

mod buses;
mod engine_room;
mod gateway;
mod log;
mod options;
mod storage;

use tokio::sync::oneshot;

pub(crate) use buses::REMEMBERED_EVENTS;

use crate::accounts::{self, BalanceModel, Credentials, PositionModel};
use crate::bus::{InProcessBus, ReadModel};
use crate::cli::RoleCommand;
use crate::gateway::UserStreams;
use crate::gateway::users::watch;
use crate::listed::Listed;
use crate::marketdata::{self, MarketModel};
use crate::orders::{self, OrderModel};
use crate::snapshots::Models;

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    All,
    Orders,
    Gateway,
}

/// What a process may have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Order commands and keep the log: the only writer.
    Sequence,
    /// Take the feed and the public streams from the process that sequences.
    Follow,
    /// Fold the feed into orders and fills, for queries.
    FoldOrders,
    /// Fold the feed into balances, for queries.
    FoldBalances,
    /// Fold the feed into positions and traded volumes, for queries.
    FoldPositions,
    /// Fold the feed into market data, for queries and for the public streams.
    FoldMarkets,
    /// Tell the public streams.
    PublishStreams,
    /// Write history into the store.
    WriteHistory,
    /// Serve clients.
    Serve,
}

impl Role {
    /// What it does.
    const fn tasks(self) -> &'static [Task] {
        match self {
            Self::All => &[
                Task::Sequence,
                Task::FoldOrders,
                Task::FoldBalances,
                Task::FoldPositions,
                Task::FoldMarkets,
                Task::PublishStreams,
                Task::WriteHistory,
                Task::Serve,
            ],
            Self::Orders => &[
                Task::Sequence,
                // For the public streams.
                Task::FoldMarkets,
                Task::PublishStreams,
                Task::WriteHistory,
            ],
            Self::Gateway => &[
                Task::Follow,
                Task::FoldOrders,
                Task::FoldBalances,
                Task::FoldPositions,
                Task::FoldMarkets,
                Task::Serve,
            ],
        }
    }

    fn runs(self, task: Task) -> bool {
        self.tasks().contains(&task)
    }
}

/// Runs a role until the process is asked to stop.
pub(crate) async fn run(role: RoleCommand) -> anyhow::Result<()> {
    match role {
        RoleCommand::All(args) => engine_room::run(Role::All, args.try_into()?).await,
        RoleCommand::Orders(args) => engine_room::run(Role::Orders, args.try_into()?).await,
        RoleCommand::Gateway(args) => gateway::run(Role::Gateway, args).await,
    }
}

/// The folds of a process, and how those that tell somebody are told to begin.
pub(crate) struct Folds {
    pub(crate) orders: ReadModel<OrderModel>,
    pub(crate) balances: ReadModel<BalanceModel>,
    pub(crate) positions: ReadModel<PositionModel>,
    pub(crate) markets: ReadModel<MarketModel>,
    begin: oneshot::Sender<marketdata::service::Started>,
    listen: oneshot::Sender<UserStreams>,
}

impl Folds {
    /// Starts the folds that a role has, with models as of the input `seq`; those that it does not have
    /// stay as they are.
    pub(crate) fn start(role: Role, models: Models, seq: u64, bus: &mut InProcessBus) -> Self {
        let orders = ReadModel::new(models.orders, seq);
        let balances = ReadModel::new(models.balances, seq);
        let positions = ReadModel::new(models.positions, seq);
        let markets = ReadModel::new(models.markets, seq);
        let (begin, started) = oneshot::channel();
        let (listen, users) = oneshot::channel();
        if role.runs(Task::FoldOrders) {
            let (orders, balances) = (orders.clone(), balances.clone());
            tokio::spawn(orders::service::run(
                orders,
                balances,
                bus.subscribe(),
                users,
            ));
        }
        if role.runs(Task::FoldBalances) {
            let (balances, feed) = (balances.clone(), bus.subscribe());
            tokio::spawn(accounts::service::run(balances, feed, BalanceModel::apply));
        }
        if role.runs(Task::FoldPositions) {
            let (positions, feed) = (positions.clone(), bus.subscribe());
            tokio::spawn(accounts::service::run(
                positions,
                feed,
                PositionModel::apply,
            ));
        }
        if role.runs(Task::FoldMarkets) {
            let feed = bus.subscribe();
            tokio::spawn(marketdata::service::run(markets.clone(), feed, started));
        }
        Self {
            orders,
            balances,
            positions,
            markets,
            begin,
            listen,
        }
    }
}

/// Lets clients listen to what the folds come to from here on.
fn let_listen(
    listen: oneshot::Sender<UserStreams>,
    listed: &Listed,
    credentials: &Credentials,
) -> UserStreams {
    let users = UserStreams::new(listed.clone());
    // Without the fold there is nothing to hear, and the feed ends the process.
    drop(listen.send(users.clone()));
    tokio::spawn(watch::run(users.clone(), credentials.clone()));
    users
}

/// Ctrl-C, or the signal that process managers send.
pub(crate) async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => drop(result),
    }
    tracing::info!("stopping");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASKS: [Task; 9] = [
        Task::Sequence,
        Task::Follow,
        Task::FoldOrders,
        Task::FoldBalances,
        Task::FoldPositions,
        Task::FoldMarkets,
        Task::PublishStreams,
        Task::WriteHistory,
        Task::Serve,
    ];

    /// A process either has the feed or follows it, and what one process must do alone is done by
    /// one of the two that an exchange is split into.
    #[test]
    fn the_roles_make_up_an_exchange() {
        for role in [Role::All, Role::Orders, Role::Gateway] {
            assert_ne!(
                role.runs(Task::Sequence),
                role.runs(Task::Follow),
                "{role:?}"
            );
        }
        for task in TASKS {
            let split = [Role::Orders, Role::Gateway].map(|role| role.runs(task));
            if task == Task::Follow {
                assert_eq!((Role::All.runs(task), split), (false, [false, true]));
                continue;
            }
            assert!(Role::All.runs(task), "{task:?}");
            assert!(split.contains(&true), "{task:?}");
        }
        for alone in [Task::Sequence, Task::PublishStreams, Task::WriteHistory] {
            assert!(
                !Role::Gateway.runs(alone),
                "there may be several: {alone:?}"
            );
        }
    }
}
