//! The process that serves clients and has no log: commands go to the process that orders them,
//! and what became of them comes back over the bus.

use std::sync::Arc;

use anyhow::{Context, ensure};

use super::engine_room::{listen, listen_for_operators};
use super::storage::Storage;
use super::{Folds, Role, Task, asked_to_stop, let_listen};
use crate::api::streams;
use crate::api::symbols::Symbols;
use crate::bus::redis::{self, Redis};
use crate::bus::{Body, Follower, InProcessBus, Packet, Position, ReadModel, Stream, Takes};
use crate::cli::GatewayArgs;
use crate::config::Config;
use crate::gateway::{App, ClientLimits, Hub, Places, operator, serve, serve_clients};
use crate::health::Health;
use crate::link::Link;
use crate::listed::Listed;
use crate::log::LogId;
use crate::marketdata::{self, MarketModel};
use crate::orders::{OrderEntry, Progress, RemoteSequencer};
use crate::postgres::Database;
use crate::shared_key::SharedKey;
use crate::snapshots::{Image, Models, SnapshotError};
use crate::store::{PostgresStore, Store};

/// How many connections operators may have.
const OPERATORS: usize = 64;

/// Runs until the process is asked to stop.
pub(super) async fn run(role: Role, args: GatewayArgs) -> anyhow::Result<()> {
    debug_assert!(role.runs(Task::Follow) && role.runs(Task::Serve));
    let config = Config::load(args.shared.config.as_deref())?;
    let key = SharedKey::read("--cluster-key", &args.cluster_key)?;
    let store = args.shared.store.as_deref();
    let store = store.context("--store is needed: gateways share the users in PostgreSQL")?;
    let secret_key = args.shared.secret_key.as_deref();
    let secret_key = secret_key.context(
        "--secret-key is needed: the file that the process at --orders encrypts secrets with",
    )?;
    let listener = listen(args.serve.listen).await?;
    let address = listener.local_addr()?;
    let operators = listen_for_operators(args.serve.operators()?).await?;

    let link = Link::new(&args.orders, key)?;
    let greeting = link.greeting().await;
    let greeting = greeting.with_context(|| format!("--orders: {} cannot be used", args.orders))?;
    let log = LogId::new(greeting.log);
    let link = link.to(log);
    let redis = match &args.shared.redis {
        Some(url) => Some(Redis::new(redis::open(url).await?, log)),
        None => None,
    };
    let database = Database::connect(store).await?;
    // The process at --orders has made it its own before anybody could ask it for the catalogue. In
    // another one, however empty, users would be given accounts that belong to somebody else.
    let history = PostgresStore::new(&database);
    ensure!(
        history.log().await?.is_some(),
        "--store: this database is not the one of the process at --orders: it is still empty"
    );
    history.claim(log).await.context("--store")?;
    let storage = Storage::postgres(&database, secret_key).await?;

    let hub = Hub::default();
    let listed = Listed::new(&greeting.catalogue, hub.clone())?;
    if let Some(redis) = &redis {
        remember(&hub, redis, &listed.symbols()).await;
    }
    let mut in_process = InProcessBus::default();
    let (models, position) = begin(&link, &config).await?;
    let seq = position.map_or(0, |position| position.seq);
    let folds = Folds::start(role, models, seq, &mut in_process);
    let remote = Arc::new(RemoteSequencer::new(link.clone()));
    let entry = OrderEntry::Remote(Arc::clone(&remote));
    let started = marketdata::service::Started {
        entry: entry.clone(),
        recovered: 0,
        publisher: None,
    };
    ensure!(
        folds.begin.send(started).is_ok(),
        "market data ended at start"
    );

    let subscribe = |stream| redis.as_ref().map(|redis| redis.subscribe(stream));
    let feed = Follower::new(
        Stream::Feed,
        link.clone(),
        subscribe(Stream::Feed),
        TakesFeed {
            listed: listed.clone(),
            folds: in_process,
            remote: Arc::clone(&remote),
        },
    )
    .at(position);
    let market = Follower::new(
        Stream::Market,
        link,
        subscribe(Stream::Market),
        TakesMarket {
            hub: hub.clone(),
            markets: folds.markets.clone(),
        },
    );
    let mut following = tokio::task::JoinSet::new();
    following.spawn(feed.run());
    following.spawn(market.run());

    let (operators, operator_key) = operators.unzip();
    let app = Arc::new(App {
        operators: operator_key,
        users: let_listen(folds.listen, &listed, &storage.credentials),
        limits: ClientLimits::new(&config.limits),
        websockets: Places::new(&config.limits),
        config,
        listed,
        entry: entry.clone(),
        orders: folds.orders,
        balances: folds.balances,
        positions: folds.positions,
        markets: folds.markets,
        credentials: storage.credentials,
        store: storage.store,
        hub,
        faucet: args.serve.faucet,
        health: Arc::new(Health {
            entry,
            writer: None,
            keeper: None,
            redis: None,
        }),
    });
    let serving = async {
        remote.first_heard().await;
        app.catch_up().await;
        let for_operators = async {
            if let Some(listener) = operators {
                let front = operator::gateway(Arc::clone(&app));
                serve(listener, front, OPERATORS, asked_to_stop()).await;
            }
        };
        tracing::info!("listening on http://{address}");
        let for_clients = serve_clients(listener, Arc::clone(&app), asked_to_stop());
        tokio::join!(for_clients, for_operators);
    };
    tokio::select! {
        () = serving => Ok(()),
        ended = following.join_next() => {
            let ended = ended.context("nothing is followed")?;
            ended.context("following the feed ended")?
        }
    }
}

/// Fetches the last messages that Redis has kept. Without them, subscribers wait for new ones.
async fn remember(hub: &Hub, redis: &Redis, symbols: &Symbols) {
    let names: Vec<Arc<str>> = streams::all(symbols)
        .filter(|(stream, _)| stream.tells_a_state())
        .map(|(_, name)| name.into())
        .collect();
    if let Ok(last) = redis.last_messages(&names).await {
        hub.remember(last);
    } else {
        tracing::warn!("Redis does not tell the last messages of the public streams");
    }
}

/// What the folds begin with, and from where on they need the feed.
async fn begin(link: &Link, config: &Config) -> anyhow::Result<(Models, Option<Position>)> {
    let bytes = link.snapshot().await.context("--orders: no snapshot")?;
    let Some(bytes) = bytes else {
        return Ok((Models::new(&config.memory), None));
    };
    let memory = config.memory.clone();
    let restoring = tokio::task::spawn_blocking(move || {
        let image = Image::decode(&bytes)?;
        let position = Position {
            epoch: image.epoch(),
            seq: image.at().seq,
        };
        Ok::<_, SnapshotError>((Models::of(image, &memory)?, Some(position)))
    });
    let restored = restoring.await.context("reading the snapshot ended")?;
    restored.context("--orders: the snapshot cannot be used")
}

/// Hands the feed on to the folds of this process.
struct TakesFeed {
    listed: Listed,
    folds: InProcessBus,
    remote: Arc<RemoteSequencer>,
}

impl Takes for TakesFeed {
    async fn take(&mut self, packet: Arc<Packet>) -> anyhow::Result<()> {
        match &packet.body {
            Body::Batch(batch) => {
                self.listed.apply(batch);
                self.folds.relay(batch).await?;
            }
            Body::Heartbeat { time } => self.remote.heard(Progress {
                seq: packet.seq,
                time: *time,
            }),
            Body::Messages { .. } | Body::Snapshot { .. } => {}
        }
        Ok(())
    }
}

/// Hands the public streams on to the subscribers of this process.
struct TakesMarket {
    hub: Hub,
    markets: ReadModel<MarketModel>,
}

impl Takes for TakesMarket {
    async fn take(&mut self, packet: Arc<Packet>) -> anyhow::Result<()> {
        if let Body::Messages { as_of, .. } | Body::Snapshot { as_of, .. } = &packet.body {
            // Who hears of something finds it when asking for it.
            drop(self.markets.at(*as_of).await);
        }
        self.hub.deliver(&packet);
        Ok(())
    }
}
