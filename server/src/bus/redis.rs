//! The bus between processes: Redis Pub/Sub, and the last message of each public stream.
//!
//! ```text
//! channel exchange:{LOG}:feed            packets of the feed
//! channel exchange:{LOG}:market          packets of the market
//! hash    exchange:{LOG}:last:STREAM     epoch, seq, text: the last message of a public stream
//! ```
//!
//! Redis is fan-out and cache, never the record. Publishing never waits: what cannot be sent is
//! dropped, and followers get it over the [link](crate::link). Both directions reconnect by
//! themselves, for as long as it takes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Body, ConsumerGone, EventBus, Keep, Message, Packet, Position, Stream};
use crate::log::LogId;

/// How many packets may wait to be sent, and how many to be taken.
const QUEUE: usize = 1024;
/// How many packets are sent in one go.
const AT_ONCE: usize = 256;
/// How long Redis may take for anything.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait between attempts to connect.
const PAUSE: Duration = Duration::from_millis(500);
/// A subscription that has been silent for so long is made anew: heartbeats come far more often, and
/// a connection may be dead without anybody having said so.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a last message is kept after the exchange has fallen silent, in seconds.
const KEEP_SECONDS: u64 = 7 * 24 * 60 * 60;

/// A Redis server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redis {
    client: Client,
    log: LogId,
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold a password.
        f.debug_struct("Redis")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

/// The fields of a last message: epoch, seq and text.
type Last = (Option<u64>, Option<u64>, Option<String>);

/// What a subscription brings.
#[derive(Debug)]
pub(crate) enum Heard {
    Packet(Arc<Packet>),
    /// The connection was lost; whatever was sent until now is missing.
    Lost,
}

/// Opens a URL. Whoever cannot be reached now may be there later, which is no reason not to start;
/// whoever refuses us is.
///
/// # Errors
///
/// What is wrong with it, naming the setting, but not the password in it.
pub(crate) async fn open(url: &str) -> anyhow::Result<Client> {
    let client = Client::open(url).map_err(|error| {
        let what = what(&error);
        anyhow::anyhow!("--redis is no URL like redis://127.0.0.1:6379: {what}")
    })?;
    let answer = async {
        let mut connection = connect(&client).await?;
        redis::cmd("PING")
            .query_async::<String>(&mut connection)
            .await
    };
    match answer.await {
        Ok(_) => {}
        Err(error) if error.is_io_error() || error.is_timeout() => {
            tracing::warn!(
                error = what(&error),
                "Redis cannot be reached: processes that follow use their direct links until it is \
                 there"
            );
        }
        Err(error) => anyhow::bail!("--redis: the server refuses us: {}", what(&error)),
    }
    Ok(client)
}

/// An error without what it may quote.
fn what(error: &RedisError) -> String {
    error
        .detail()
        .map_or_else(|| error.category().to_owned(), ToOwned::to_owned)
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

impl Redis {
    pub(crate) fn new(client: Client, log: LogId) -> Self {
        Self { client, log }
    }

    /// The braces make a cluster keep all of an exchange in one place.
    fn channel(&self, stream: Stream) -> String {
        format!("exchange:{{{}}}:{}", self.log, stream.name())
    }

    fn last(&self, name: &str) -> String {
        format!("exchange:{{{}}}:last:{name}", self.log)
    }

    /// The packets of a stream from now on.
    pub(crate) fn subscribe(&self, stream: Stream) -> mpsc::Receiver<Heard> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let redis = self.clone();
        tokio::spawn(async move {
            while !sender.is_closed() {
                if let Err(error) = redis.listen(stream, &sender).await {
                    tracing::debug!(error = what(&error), "the subscription to Redis is gone");
                }
                if sender.send(Heard::Lost).await.is_err() {
                    return;
                }
                sleep(PAUSE).await;
            }
        });
        receiver
    }

    async fn listen(&self, stream: Stream, sender: &mpsc::Sender<Heard>) -> Result<(), RedisError> {
        let connected = timeout(PATIENCE, async {
            let mut pubsub = self.client.get_async_pubsub().await?;
            pubsub.subscribe(self.channel(stream)).await?;
            Ok::<_, RedisError>(pubsub)
        });
        let Ok(pubsub) = connected.await else {
            return Ok(());
        };
        let mut messages = pubsub?.into_on_message();
        while let Ok(Some(message)) = timeout(SILENCE, messages.next()).await {
            let heard = match Packet::decode(message.get_payload_bytes()) {
                Ok(packet) if packet.stream == stream => Heard::Packet(Arc::new(packet)),
                // Somebody else's, or another version's: the link brings what it was about.
                Ok(_) | Err(_) => Heard::Lost,
            };
            if sender.send(heard).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The last messages of public streams, and when they were said.
    ///
    /// # Errors
    ///
    /// Where Redis does not answer.
    pub(crate) async fn last_messages(
        &self,
        names: &[Arc<str>],
    ) -> Result<Vec<(Position, Message)>, RedisError> {
        let mut connection = connect(&self.client).await?;
        let mut pipe = redis::pipe();
        for name in names {
            pipe.hmget(self.last(name), &["epoch", "seq", "text"]);
        }
        let found: Vec<Last> = pipe.query_async(&mut connection).await?;
        let last = names.iter().zip(found).filter_map(|(name, found)| {
            let (Some(epoch), Some(seq), Some(text)) = found else {
                return None;
            };
            let message = Message {
                name: Arc::clone(name),
                keep: Keep::ForLater,
                text,
            };
            Some((Position { epoch, seq }, message))
        });
        Ok(last.collect())
    }
}

/// Puts last messages where nothing newer is. A message that ends what was kept leaves its
/// position, so that what it ended cannot come back.
const KEEP_LAST: &str = r"
    for i, key in ipairs(KEYS) do
        local epoch, seq, text = ARGV[3 * i - 1], ARGV[3 * i], ARGV[3 * i + 1]
        local last = redis.call('HMGET', key, 'epoch', 'seq')
        local later = tonumber(epoch) - tonumber(last[1] or 0)
        if later > 0 or (later == 0 and tonumber(seq) >= tonumber(last[2] or 0)) then
            redis.call('HSET', key, 'epoch', epoch, 'seq', seq)
            if text == '' then
                redis.call('HDEL', key, 'text')
            else
                redis.call('HSET', key, 'text', text)
            end
            redis.call('EXPIRE', key, ARGV[1])
        end
    end
";

/// Publishes over Redis. Clones share the connection.
#[derive(Debug, Clone)]
pub(crate) struct RedisBus {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: mpsc::Sender<Arc<Packet>>,
    /// Taken when the bus begins.
    packets: Mutex<Option<mpsc::Receiver<Arc<Packet>>>>,
    connected: AtomicBool,
    dropped: AtomicU64,
}

impl RedisBus {
    /// A bus that drops everything until it [begins](Self::begin): what is replayed from the log is
    /// no news.
    pub(crate) fn new() -> Self {
        let (queue, packets) = mpsc::channel(QUEUE);
        Self {
            shared: Arc::new(Shared {
                queue,
                packets: Mutex::new(Some(packets)),
                connected: AtomicBool::new(false),
                dropped: AtomicU64::new(0),
            }),
        }
    }

    /// Sends from now on what is published.
    pub(crate) fn begin(&self, redis: Redis) {
        let packets = self.shared.packets.lock();
        let packets = packets.map(|mut packets| packets.take());
        if let Ok(Some(mut packets)) = packets {
            // What has gathered is from before.
            while packets.try_recv().is_ok() {}
            self.shared.dropped.store(0, Ordering::Relaxed);
            tokio::spawn(send(redis, packets, Arc::clone(&self.shared)));
        }
    }

    /// Whether Redis took the last packet.
    pub(crate) fn is_connected(&self) -> bool {
        self.shared.connected.load(Ordering::Relaxed)
    }

    /// How many packets were not sent; followers got them over the link.
    pub(crate) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn drop_packets(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl EventBus for RedisBus {
    fn publish(&self, packet: &Arc<Packet>) -> Result<(), ConsumerGone> {
        if self.shared.queue.try_send(Arc::clone(packet)).is_err() {
            self.shared.drop_packets(1);
        }
        Ok(())
    }
}

/// Sends packets until nobody publishes any more.
async fn send(redis: Redis, mut packets: mpsc::Receiver<Arc<Packet>>, shared: Arc<Shared>) {
    let mut waiting = Vec::with_capacity(AT_ONCE);
    loop {
        match Sender::connect(&redis).await {
            Ok(mut sender) => {
                shared.connected.store(true, Ordering::Relaxed);
                tracing::info!("publishing over Redis");
                loop {
                    waiting.clear();
                    if packets.recv_many(&mut waiting, AT_ONCE).await == 0 {
                        return;
                    }
                    if let Err(error) = sender.send(&waiting).await {
                        shared.drop_packets(waiting.len());
                        tracing::warn!(
                            error = what(&error),
                            "Redis is gone: processes that follow use their direct links"
                        );
                        break;
                    }
                }
            }
            Err(error) => tracing::debug!(error = what(&error), "Redis cannot be reached"),
        }
        shared.connected.store(false, Ordering::Relaxed);
        // What waits meanwhile is old by the time Redis is back; followers have it already.
        let until = Instant::now() + PAUSE;
        loop {
            match timeout_at(until, packets.recv()).await {
                Ok(Some(_)) => shared.drop_packets(1),
                Ok(None) => return,
                Err(_) => break,
            }
        }
    }
}

/// A connection that knows the script.
struct Sender<'a> {
    redis: &'a Redis,
    connection: MultiplexedConnection,
    keep_last: String,
}

impl<'a> Sender<'a> {
    async fn connect(redis: &'a Redis) -> Result<Self, RedisError> {
        let mut connection = connect(&redis.client).await?;
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(KEEP_LAST);
        Ok(Self {
            keep_last: load.query_async(&mut connection).await?,
            redis,
            connection,
        })
    }

    /// Sends packets in one go, and keeps the newest message of each public stream in them.
    async fn send(&mut self, packets: &[Arc<Packet>]) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        let mut last: BTreeMap<&str, (Position, &str)> = BTreeMap::new();
        for packet in packets {
            let channel = self.redis.channel(packet.stream);
            pipe.cmd("PUBLISH")
                .arg(channel)
                .arg(packet.encode())
                .ignore();
            let Body::Messages { messages, .. } = &packet.body else {
                continue;
            };
            let position = packet.position();
            for message in messages {
                let text = match message.keep {
                    Keep::ForLater => message.text.as_str(),
                    Keep::Forget => "",
                    Keep::Nothing => continue,
                };
                let newest = last.entry(&message.name).or_default();
                if position >= newest.0 {
                    *newest = (position, text);
                }
            }
        }
        if !last.is_empty() {
            let call = pipe.cmd("EVALSHA").arg(&self.keep_last).arg(last.len());
            for name in last.keys() {
                call.arg(self.redis.last(name));
            }
            call.arg(KEEP_SECONDS);
            for (Position { epoch, seq }, text) in last.values() {
                call.arg(epoch).arg(seq).arg(text);
            }
            call.ignore();
        }
        pipe.query_async(&mut self.connection).await
    }
}

#[cfg(test)]
mod tests;
