//! A publisher in miniature: a real log, a real sequencer, and a real link that can be cut.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use exchange_engine::{Command, Exchange};
use orderbook_core::{AccountId, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{
    Batch, Body, ConsumerGone, EventBus, Feed, Keep, Message, Outlet, Packet, Position, Record,
    Stream,
};
use crate::gateway::{Hub, serve};
use crate::link::{self, Link, Served};
use crate::listed::Listed;
use crate::log::{CommandLog, History, LogId, SqliteLog};
use crate::orders::{Base, Listings, Sequencer, sequencer};
use crate::shared_key::SharedKey;
use crate::snapshots::SnapshotDir;

/// The stream that the market of these tests has.
pub(super) const TICKER: &str = "btcusdt@ticker";
/// How long anything may take. Far more than it does.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until something is so.
pub(super) async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < end, "it did not come to pass: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Remembers what consumers of the same process got.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    packets: Mutex<Vec<Arc<Packet>>>,
}

impl Recorder {
    /// Everything so far but heartbeats.
    pub(super) fn packets(&self) -> Vec<Arc<Packet>> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        packets.clone()
    }

    /// The batches so far.
    pub(super) fn batches(&self) -> Vec<Arc<Batch>> {
        batches(&self.packets())
    }
}

/// The batches of these packets.
pub(super) fn batches(packets: &[Arc<Packet>]) -> Vec<Arc<Batch>> {
    let batches = packets.iter().filter_map(|packet| match &packet.body {
        Body::Batch(batch) => Some(Arc::clone(batch)),
        _ => None,
    });
    batches.collect()
}

impl EventBus for Recorder {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        if !matches!(packet.body, Body::Heartbeat { .. }) {
            let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
            packets.push(Arc::clone(packet));
        }
        Ok(())
    }
}

/// How a publisher is to be.
pub(super) struct Setup {
    /// How much the outlets remember.
    pub(super) remembers: usize,
    /// What is put around the history of the log.
    pub(super) around: fn(Arc<dyn History>) -> Arc<dyn History>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            remembers: 1_000_000,
            around: |history| history,
        }
    }
}

/// A process that orders commands, without the process.
pub(super) struct Publisher {
    dir: TempDir,
    setup: Setup,
    pub(super) log: LogId,
    pub(super) sequencer: Sequencer,
    pub(super) feed: Feed,
    pub(super) market: Outlet,
    /// What the feed has told.
    pub(super) fed: Arc<Recorder>,
    hub: Hub,
    accounts: u64,
    address: SocketAddr,
    serving: Option<Serving>,
}

struct Serving {
    served: Arc<Served>,
    /// How often `served` is held when nobody has a link open.
    at_rest: usize,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Publisher {
    pub(super) async fn start(setup: Setup) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("cluster.key"), "k".repeat(32))?;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut publisher = Self::recover(dir, setup, address, 0).await?;
        publisher.serve().await?;
        Ok(publisher)
    }

    /// Ends and starts again, at the same address, with the same log.
    pub(super) async fn restart(mut self) -> anyhow::Result<Self> {
        self.cut_off().await?;
        let Self {
            dir,
            setup,
            address,
            accounts,
            ..
        } = self;
        let mut publisher = Self::recover(dir, setup, address, accounts).await?;
        publisher.serve().await?;
        Ok(publisher)
    }

    async fn recover(
        dir: TempDir,
        setup: Setup,
        address: SocketAddr,
        accounts: u64,
    ) -> anyhow::Result<Self> {
        let log = SqliteLog::open(dir.path())?;
        let fed = Arc::<Recorder>::default();
        let feed = Outlet::new(setup.remembers, vec![Arc::clone(&fed) as Arc<dyn EventBus>]);
        let record = Record {
            history: (setup.around)(log.history()),
            snapshots: Arc::new(SnapshotDir::of(dir.path())),
        };
        let feed = Feed::new(feed, record);
        let hub = Hub::default();
        hub.add(TICKER.into());
        let market = Outlet::new(setup.remembers, vec![Arc::new(hub.clone())]);
        let genesis = |exchange: &Exchange, _: &Listings| {
            let account = AccountId::new(1_000_000);
            let is_new = !exchange.ledger().has_account(account);
            Ok(is_new
                .then_some(Command::OpenAccount { account })
                .into_iter()
                .collect())
        };
        let (sequencer, recovered) = sequencer::start(log, Base::default(), feed.clone(), genesis)?;
        let recovered = recovered.await??;
        let position = Position {
            epoch: recovered.epoch,
            seq: 0,
        };
        market.begin(position);
        hub.begin(position);
        Ok(Self {
            dir,
            setup,
            log: recovered.log,
            sequencer,
            feed,
            market,
            fed,
            hub,
            accounts,
            address,
            serving: None,
        })
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("cluster.key")
    }

    /// Serves the link.
    pub(super) async fn serve(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await?;
        self.address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let served = Arc::new(Served {
            key: SharedKey::read("--cluster-key", &self.key())?,
            log: self.log,
            listed: Listed::by(&Exchange::new()),
            sequencer: self.sequencer.clone(),
            feed: self.feed.clone(),
            market: self.market.clone(),
            hub: self.hub.clone(),
            stopping: stopping.clone(),
        });
        let router = link::router(Arc::clone(&served));
        let at_rest = Arc::strong_count(&served);
        let task = tokio::spawn(async move {
            let mut stopping = stopping;
            let stopped = async {
                drop(stopping.wait_for(|stopping| *stopping).await);
            };
            serve(listener, router, 100, stopped).await;
        });
        self.serving = Some(Serving {
            served,
            at_rest,
            stop,
            task,
        });
        Ok(())
    }

    /// Ends serving the link.
    pub(super) async fn cut_off(&mut self) -> anyhow::Result<()> {
        if let Some(serving) = self.serving.take() {
            serving.stop.send_replace(true);
            serving.task.await?;
        }
        Ok(())
    }

    /// Waits until nobody follows the feed over the link.
    pub(super) async fn at_rest(&self) {
        let serving = self.serving.as_ref().expect("it serves");
        eventually("the link is closed", || {
            Arc::strong_count(&serving.served) == serving.at_rest
        })
        .await;
    }

    pub(super) fn link(&self) -> anyhow::Result<Link> {
        let link = Link::new(&self.base(), SharedKey::read("--cluster-key", &self.key())?)?;
        Ok(link.to(self.log))
    }

    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Orders as many commands, one after the other; each is a frame.
    pub(super) async fn order(&mut self, commands: u64) -> anyhow::Result<()> {
        for _ in 0..commands {
            self.accounts += 1;
            let account = AccountId::new(self.accounts);
            let receipt = self.sequencer.submit(Command::OpenAccount { account });
            receipt
                .await?
                .outcome()
                .result
                .context("the account is new")?;
        }
        Ok(())
    }

    /// Tells the market as many messages.
    pub(super) fn say(&self, messages: u64) -> anyhow::Result<()> {
        for _ in 0..messages {
            let Position { epoch, seq } = self.market.newest();
            let message = Message {
                name: TICKER.into(),
                keep: Keep::ForLater,
                text: (seq + 1).to_string(),
            };
            self.market.publish(Packet {
                stream: Stream::Market,
                epoch,
                prev_seq: seq,
                seq: seq + 1,
                body: Body::Messages {
                    as_of: 0,
                    messages: vec![message],
                },
            })?;
        }
        Ok(())
    }

    /// How far a stream has come, as it is told over Redis.
    pub(super) fn heartbeat(&self, stream: Stream) -> Packet {
        let Position { epoch, seq } = match stream {
            Stream::Feed => self.feed.outlet().newest(),
            Stream::Market => self.market.newest(),
        };
        Packet {
            stream,
            epoch,
            prev_seq: seq,
            seq,
            body: Body::Heartbeat {
                time: Timestamp::default(),
            },
        }
    }
}
