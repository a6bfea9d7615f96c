//! The process that has the log: everything in one, or the part that gateways rely on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use exchange_engine::{Command, Exchange, FEE_ACCOUNT};
use orderbook_core::AccountId;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::buses::Buses;
use super::log::LogPlace;
use super::options::Options;
use super::storage::{Storage, secret_key};
use super::{Folds, Role, Task, asked_to_stop, let_listen};
use crate::accounts::Credentials;
use crate::bus::redis;
use crate::bus::{Feed, InProcessBus, Record};
use crate::config::Config;
use crate::data_dir::{DataDir, Kept};
use crate::demo;
use crate::gateway::{App, ClientLimits, Front, Places, operator, serve, serve_clients};
use crate::health::{self, Health};
use crate::link::{self, Served};
use crate::listed::{Catalogue, Listed};
use crate::log::CommandLog;
use crate::marketdata::{self, Publisher};
use crate::orders::{Base, OrderEntry, Recovered, Sequencer, sequencer};
use crate::postgres::Database;
use crate::shared_key::SharedKey;
use crate::snapshots::{Keeper, KeeperStatus, Models, Replica};
use crate::store::writer::{self, WriterStatus};
use crate::store::{Cursor, Store};

/// Runs until the process is asked to stop.
pub(super) async fn run(role: Role, options: Options) -> anyhow::Result<()> {
    debug_assert!(role.runs(Task::Sequence));
    let config = Config::load(options.shared.config.as_deref())?;
    let clients = match options.listen {
        Some(address) if role.runs(Task::Serve) => Some(listen(address).await?),
        _ => None,
    };
    let gateways = match &options.internal {
        Some((address, _)) => Some(listen(*address).await?),
        None => None,
    };
    let operators = listen_for_operators(options.operators.clone()).await?;
    let redis = match &options.shared.redis {
        Some(url) => Some(redis::open(url).await?),
        None => None,
    };
    let (data_dir, storage, log) = open(&options).await?;
    let snapshots = log.snapshots(&data_dir);
    let (log, tenure) = log.open(&data_dir).await?;
    let record = Record {
        history: log.history(),
        snapshots,
    };
    let (base, models) = newest(&record, &config).await?;

    let snapshot = base.place.last_seq();
    let buses = Buses::new(redis);
    let mut in_process = InProcessBus::default();
    let folds = Folds::start(role, models, snapshot, &mut in_process);
    let listed = Catalogue::of(&base.exchange, base.listings.next_id(), snapshot);
    let listed = Listed::new(&listed, buses.hub.clone())?;
    let feed = Feed::new(buses.feed(&listed, in_process), record.clone());
    let market = buses.market();
    let genesis = config.clone();
    let (sequencer, recovered) =
        sequencer::start(log, base, feed.clone(), move |exchange, listings| {
            genesis.genesis(exchange, listings)
        })?;
    let recovered = recovered.await.context("the sequencer ended at start")?;
    let recovered = recovered.with_context(|| match &options.shared.config {
        Some(file) => format!("cannot start with {}", file.display()),
        None => "cannot start".into(),
    })?;
    let cursor = claim(&*storage.store, &recovered).await?;
    if role.runs(Task::WriteHistory) {
        ensure!(
            feed.is_on_record_after(cursor.seq).await?,
            "the history has come to input {}, and the command log does not have any more what \
             follows: the history has been lost or put back, and cannot be written anew",
            cursor.seq
        );
    }
    open_accounts(&recovered.exchange, &storage, &sequencer).await?;
    storage.credentials.forget_expired_sessions().await?;
    report(&config, &recovered);

    buses.begin(&recovered, &feed, &sequencer);
    let entry = OrderEntry::Local(sequencer.clone());
    let publisher = role.runs(Task::PublishStreams).then(|| {
        let audience = buses.audience(options.internal.is_some());
        Publisher::new(listed.clone(), market.clone(), audience, recovered.epoch)
    });
    let started = marketdata::service::Started {
        entry: entry.clone(),
        recovered: recovered.seq,
        publisher,
    };
    if folds.begin.send(started).is_err() {
        bail!("market data ended at start");
    }
    let writer = WriterStatus::default();
    let keeper = Keeper {
        snapshots: Arc::clone(&record.snapshots),
        history: record.history,
        memory: config.memory.clone(),
        policy: config.snapshots,
        writer: role.runs(Task::WriteHistory).then(|| writer.clone()),
        status: KeeperStatus::default(),
    };
    let snapshots = keeper.status.clone();
    tokio::spawn(keeper.run(snapshot, feed.outlet().watch()));
    if role.runs(Task::WriteHistory) {
        let (store, status) = (Arc::clone(&storage.store), writer.clone());
        tokio::spawn(write_history(store, feed.clone(), cursor.seq, status));
    }
    let health = Arc::new(Health {
        entry: entry.clone(),
        writer: Some(writer),
        keeper: Some(snapshots),
        redis: buses.redis_bus(),
    });

    let mut serving = Serving::new(config.limits.connections);
    if let (Some(listener), Some((_, key))) = (gateways, options.internal) {
        let address = listener.local_addr()?;
        let served = Arc::new(Served {
            key,
            log: recovered.log,
            listed: listed.clone(),
            sequencer,
            feed,
            market,
            hub: buses.hub.clone(),
            stopping: serving.stopping.clone(),
        });
        let router = link::router(served).merge(health::router(Arc::clone(&health)));
        tracing::info!("listening for gateways on http://{address}");
        serving.add(listener, router);
    }
    drop(recovered);
    if let Some(listener) = clients {
        let address = listener.local_addr()?;
        let (operators, operator_key) = operators.unzip();
        let app = Arc::new(App {
            operators: operator_key,
            users: let_listen(folds.listen, &listed, &storage.credentials),
            limits: ClientLimits::new(&config.limits),
            websockets: Places::new(&config.limits),
            config,
            listed,
            entry,
            orders: folds.orders,
            balances: folds.balances,
            positions: folds.positions,
            markets: folds.markets,
            credentials: storage.credentials,
            store: storage.store,
            hub: buses.hub,
            faucet: options.faucet,
            health,
        });
        app.catch_up().await;
        if options.demo {
            demo::prepare(&app, data_dir.path(), address).await?;
        }
        if let Some(listener) = operators {
            serving.add(listener, operator::gateway(Arc::clone(&app)));
        }
        tracing::info!("listening on http://{address}");
        serving.add_clients(listener, app);
    }
    let served = tokio::select! {
        served = serving.ended() => served,
        taken = tenure.ended() => Err(taken.into()),
    };
    tenure.give_back().await;
    served
}

/// Takes the data directory and opens what is kept besides the log, without changing any of it.
async fn open(options: &Options) -> anyhow::Result<(DataDir, Storage, LogPlace)> {
    let shared = &options.shared;
    let log = LogPlace::find(options.log.as_deref()).await?;
    let (data_dir, storage) = if let Some(url) = &shared.store {
        let database = Database::connect(url).await?;
        let data_dir = DataDir::open(&options.data_dir, Kept::Elsewhere, log.kept())?;
        let key = secret_key(shared.secret_key.clone(), data_dir.path());
        (data_dir, Storage::postgres(&database, &key).await?)
    } else {
        let data_dir = DataDir::open(&options.data_dir, Kept::Here, log.kept())?;
        let storage = Storage::embedded(data_dir.path())?;
        (data_dir, storage)
    };
    let users = storage.credentials.users().await?.len();
    let history = storage.store.log().await?;
    log.expect(&data_dir, users, storage.users_are_in, history.as_deref())
        .await?;
    Ok((data_dir, storage, log))
}

/// What the newest snapshot holds that can be used.
async fn newest(record: &Record, config: &Config) -> anyhow::Result<(Base, Models)> {
    let (record, memory) = (record.clone(), config.memory.clone());
    let newest = tokio::task::spawn_blocking(move || {
        Replica::newest(&*record.snapshots, &*record.history, &memory)
    });
    let replica = newest.await.context("reading the snapshots ended")??;
    Ok(replica.into_base())
}

/// Takes the store for this log, of which it is a witness.
async fn claim(store: &dyn Store, recovered: &Recovered) -> anyhow::Result<Cursor> {
    let cursor = store.claim(recovered.log).await?;
    ensure!(
        cursor.seq <= recovered.seq,
        "the command log ends at input {}, but the store has seen input {}: the end of the log has \
         been lost",
        recovered.seq,
        cursor.seq
    );
    Ok(cursor)
}

/// The listeners of this process, until it is asked to stop.
struct Serving {
    most_connections: usize,
    tasks: JoinSet<()>,
    stopping: watch::Receiver<bool>,
}

impl Serving {
    fn new(most_connections: usize) -> Self {
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(async move {
            asked_to_stop().await;
            stop.send_replace(true);
        });
        Self {
            most_connections,
            tasks: JoinSet::new(),
            stopping,
        }
    }

    fn add(&mut self, listener: TcpListener, front: impl Front) {
        let stopped = stopped(self.stopping.clone());
        let serving = serve(listener, front, self.most_connections, stopped);
        self.tasks.spawn(serving);
    }

    fn add_clients(&mut self, listener: TcpListener, app: Arc<App>) {
        let stopped = stopped(self.stopping.clone());
        self.tasks.spawn(serve_clients(listener, app, stopped));
    }

    async fn ended(mut self) -> anyhow::Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            ended.context("serving ended")?;
        }
        Ok(())
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Listens, so that what is wrong with an address shows before anything else is done.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

/// Listens for operators, where there are any.
pub(super) async fn listen_for_operators(
    operators: Option<(SocketAddr, SharedKey)>,
) -> anyhow::Result<Option<(TcpListener, SharedKey)>> {
    let Some((address, key)) = operators else {
        return Ok(None);
    };
    let listener = listen(address).await?;
    let address = listener.local_addr()?;
    tracing::info!("listening for operators on http://{address}");
    Ok(Some((listener, key)))
}

/// Writes history from where the store is, also when the store turns out to be somewhere else.
async fn write_history(store: Arc<dyn Store>, feed: Feed, mut seq: u64, status: WriterStatus) {
    while let Err(gap) = writer::run(Arc::clone(&store), feed.tail(seq), status.clone()).await {
        tracing::warn!(%gap, "the store has been put back; what it lacks is read from the log");
        seq = gap.stored;
    }
}

fn report(config: &Config, recovered: &Recovered) {
    for market in recovered.exchange.markets() {
        let symbol = market.book().instrument().symbol();
        if !config.lists(symbol) {
            tracing::warn!(
                symbol,
                "listed and open for trading, but not in the configuration"
            );
        }
    }
    tracing::info!(
        inputs = recovered.seq,
        state = %recovered.exchange.state_hash(),
        log = %recovered.log,
        "the command log is replayed"
    );
}

/// Makes users and accounts agree: a crash in the middle of a registration leaves a user without
/// an account, which is opened now. Accounts without a user mean that the database of users is
/// not the one that belongs to the log; handing out their ids again would give away their money.
async fn open_accounts(
    exchange: &Exchange,
    storage: &Storage,
    sequencer: &Sequencer,
) -> anyhow::Result<()> {
    let users = accounts(&storage.credentials).await?;
    for account in exchange.ledger().accounts() {
        if account != FEE_ACCOUNT && !users.contains(&account) {
            let place = storage.users_are_in;
            bail!(
                "the command log has account {account}, but {place} has no such user: the two do \
                 not belong together or {place} has been lost"
            );
        }
    }
    for account in users {
        let ledger = exchange.ledger();
        if !ledger.has_account(account) && !ledger.is_closed(account) {
            let receipt = sequencer.submit(Command::OpenAccount { account }).await?;
            receipt.outcome().result?;
        }
    }
    Ok(())
}

async fn accounts(credentials: &Credentials) -> anyhow::Result<BTreeSet<AccountId>> {
    let users = credentials.users().await?;
    Ok(users.into_iter().map(|(account, _)| account).collect())
}
