//! Which tasks a process runs. Today there is one role, `all`: every service in one process.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, bail};
use exchange_engine::{Command, Exchange, FEE_ACCOUNT};
use orderbook_core::AccountId;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::accounts::{self, BalanceModel, Credentials};
use crate::api::streams::{Topic, stream_name};
use crate::api::symbols::Symbols;
use crate::bus::{InProcessBus, ReadModel};
use crate::config::{Cli, Config};
use crate::data_dir::DataDir;
use crate::demo;
use crate::gateway::{App, ClientLimits, Hub, places, router, serve};
use crate::log::SqliteLog;
use crate::marketdata::{self, MarketModel};
use crate::orders::{self, OrderModel, sequencer};

/// Runs everything until the process is asked to stop.
pub(crate) async fn all(cli: Cli) -> anyhow::Result<()> {
    let config = Config::load(cli.config.as_deref())?;
    let listener = TcpListener::bind(cli.listen)
        .await
        .with_context(|| format!("cannot listen on {}", cli.listen))?;
    let address = listener.local_addr()?;
    let data_dir = DataDir::open(&cli.data_dir)?;
    let credentials = Credentials::open(data_dir.path())?;
    data_dir.expect_log(credentials.users().await?.len())?;
    let log = SqliteLog::open(data_dir.path())?;

    let orders = ReadModel::new(OrderModel::new(&config.memory));
    let balances = ReadModel::new(BalanceModel::default());
    let markets = ReadModel::new(MarketModel::new(&config.memory));
    let hub = Hub::default();
    let (start_publishing, publishing) = oneshot::channel();
    let mut bus = InProcessBus::default();
    tokio::spawn(orders::service::run(orders.clone(), bus.subscribe()));
    tokio::spawn(accounts::service::run(balances.clone(), bus.subscribe()));
    tokio::spawn(marketdata::service::run(
        markets.clone(),
        bus.subscribe(),
        publishing,
        hub.clone(),
    ));

    let genesis = config.clone();
    let (sequencer, recovered) =
        sequencer::start(log, bus, move |exchange| genesis.genesis(exchange))?;
    let recovered = recovered.await.context("the sequencer ended at start")?;
    let recovered = recovered.with_context(|| match &cli.config {
        Some(file) => format!("cannot start with {}", file.display()),
        None => "cannot start".into(),
    })?;
    let exchange = &recovered.exchange;
    open_accounts(exchange, &credentials, &sequencer).await?;
    credentials.forget_expired_sessions().await?;
    for market in exchange.markets() {
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
        state = %exchange.state_hash(),
        "the command log is replayed"
    );

    let symbols = Arc::new(Symbols::new(exchange));
    for symbol in symbols.iter() {
        for topic in Topic::all() {
            hub.add(stream_name(symbol, topic));
        }
    }
    if start_publishing
        .send(marketdata::service::Started {
            symbols: Arc::clone(&symbols),
            sequencer: sequencer.clone(),
            recovered: recovered.seq,
        })
        .is_err()
    {
        bail!("market data ended at start");
    }
    drop(recovered);
    let websockets = places(config.limits.websocket_connections);
    let app = Arc::new(App {
        limits: ClientLimits::new(&config.limits),
        config,
        symbols,
        sequencer,
        orders,
        balances,
        markets,
        credentials,
        hub,
        faucet: cli.faucet || cli.demo,
        websockets,
    });
    // Reads wait for the folds; who connects first shall not have to.
    drop(app.orders.at(app.sequencer.published()).await);
    drop(app.balances.at(app.sequencer.published()).await);
    drop(app.markets.at(app.sequencer.published()).await);
    if cli.demo {
        demo::prepare(&app, data_dir.path(), address).await?;
    }

    tracing::info!("listening on http://{address}");
    let most_connections = app.config.limits.connections;
    serve(listener, router(app), most_connections, asked_to_stop()).await;
    Ok(())
}

/// Makes users and accounts agree: a crash in the middle of a registration leaves a user without
/// an account, which is opened now. Accounts without a user mean that the database of users is
/// not the one that belongs to the log; handing out their ids again would give away their money.
async fn open_accounts(
    exchange: &Exchange,
    credentials: &Credentials,
    sequencer: &sequencer::Sequencer,
) -> anyhow::Result<()> {
    let users: BTreeSet<AccountId> = credentials
        .users()
        .await?
        .into_iter()
        .map(|(account, _)| account)
        .collect();
    for account in exchange.ledger().accounts() {
        if account != FEE_ACCOUNT && !users.contains(&account) {
            bail!(
                "the command log has account {account}, but accounts.sqlite has no such user: the \
                 two files do not belong together or accounts.sqlite has been lost"
            );
        }
    }
    for account in users {
        if !exchange.ledger().has_account(account) {
            let receipt = sequencer.submit(Command::OpenAccount { account }).await?;
            receipt.outcome().result?;
        }
    }
    Ok(())
}

/// Ctrl-C, or the signal that process managers send.
async fn asked_to_stop() {
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
