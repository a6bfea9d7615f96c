//! Whatever Redis does, and whatever happens to the link: each packet is taken once, in order.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::*;
use crate::bus::testing::{Publisher, Setup, batches, eventually};
use crate::bus::{Batch, Keep, Outcome};
use crate::log::LogId;
use crate::shared_key::SharedKey;
use orderbook_core::Timestamp;

type TestResult = anyhow::Result<()>;

/// Writes down what is taken.
#[derive(Debug, Clone, Default)]
struct Taken {
    packets: Arc<Mutex<Vec<Arc<Packet>>>>,
}

impl Takes for Taken {
    async fn take(&mut self, packet: Arc<Packet>) -> anyhow::Result<()> {
        let mut packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        packets.push(packet);
        Ok(())
    }
}

impl Taken {
    fn packets(&self) -> Vec<Arc<Packet>> {
        let packets = self.packets.lock().unwrap_or_else(PoisonError::into_inner);
        packets.clone()
    }
}

/// A follower, and the Redis that it hears.
struct Following {
    taken: Taken,
    redis: mpsc::Sender<Heard>,
    task: JoinHandle<anyhow::Result<()>>,
    marks: u64,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Following {
    fn start(publisher: &Publisher, stream: Stream) -> anyhow::Result<Self> {
        Ok(Self::over(publisher.link()?, stream))
    }

    fn over(link: Link, stream: Stream) -> Self {
        let (redis, heard) = mpsc::channel(1024);
        let taken = Taken::default();
        let follower = Follower::new(stream, link, Some(heard), taken.clone());
        Self {
            taken,
            redis,
            task: tokio::spawn(follower.run()),
            marks: 0,
        }
    }

    async fn hears(&self, heard: impl IntoIterator<Item = Heard>) -> TestResult {
        for heard in heard {
            self.redis.send(heard).await?;
        }
        Ok(())
    }

    /// Waits until everything has been taken, what Redis has brought so far included, and asserts
    /// that it is what the publisher told.
    async fn has_all_of(&mut self, publisher: &Publisher, what: &str) -> TestResult {
        self.marks += 1;
        let time = Timestamp::new(self.marks);
        let mut mark = publisher.heartbeat(Stream::Feed);
        mark.body = Body::Heartbeat { time };
        self.hears([heard(&Arc::new(mark))]).await?;
        let end = publisher.feed.outlet().newest().seq;
        // A mark that came too early is not taken; the batches tell, then.
        eventually(what, || {
            assert!(!self.task.is_finished(), "the follower has ended: {what}");
            let taken = batches(&self.taken.packets());
            taken.last().is_some_and(|batch| batch.last_seq() >= end)
        })
        .await;
        // Now it is not.
        self.marks += 1;
        let time = Timestamp::new(self.marks);
        let mut mark = publisher.heartbeat(Stream::Feed);
        mark.body = Body::Heartbeat { time };
        self.hears([heard(&Arc::new(mark))]).await?;
        eventually(what, || {
            let packets = self.taken.packets();
            let mut packets = packets.iter();
            packets.any(|packet| matches!(packet.body, Body::Heartbeat { time: of } if of == time))
        })
        .await;
        assert_same(
            &batches(&self.taken.packets()),
            &publisher.fed.batches(),
            what,
        );
        Ok(())
    }
}

/// Asserts that batches are the same, and says where they are not.
fn assert_same(found: &[Arc<Batch>], expected: &[Arc<Batch>], what: &str) {
    let ends = |batches: &[Arc<Batch>]| -> Vec<_> {
        let ends = batches.iter();
        ends.map(|batch| (batch.prev_seq, batch.last_seq()))
            .collect()
    };
    assert_eq!(ends(found), ends(expected), "{what}");
    assert!(found == expected, "{what}: the batches have other contents");
}

fn heard(packet: &Arc<Packet>) -> Heard {
    Heard::Packet(Arc::clone(packet))
}

/// What a publisher that was replaced would say in place of a packet.
fn stale(packet: &Packet) -> Heard {
    let outcome = Outcome {
        time: Timestamp::default(),
        result: Ok(()),
        events: Vec::new(),
    };
    let body = match &packet.body {
        Body::Batch(batch) => Body::Batch(Arc::new(Batch {
            prev_seq: batch.prev_seq,
            outcomes: vec![outcome; batch.outcomes.len()],
            listings: Vec::new(),
        })),
        other => other.clone(),
    };
    Heard::Packet(Arc::new(Packet {
        epoch: packet.epoch - 1,
        body,
        ..packet.clone()
    }))
}

#[tokio::test]
async fn each_batch_is_taken_once_and_in_order_whatever_redis_makes_of_it() -> TestResult {
    type Redis = fn(&[Arc<Packet>]) -> Vec<Heard>;
    let cases: [(&str, Redis); 8] = [
        ("nothing", |_| Vec::new()),
        ("everything", |packets| packets.iter().map(heard).collect()),
        ("doubled", |packets| {
            let twice = packets.iter().flat_map(|packet| [packet, packet]);
            twice.map(heard).collect()
        }),
        ("with holes", |packets| {
            let kept = packets.iter().enumerate().filter(|(i, _)| i % 3 != 1);
            kept.map(|(_, packet)| heard(packet)).collect()
        }),
        ("in another order", |packets| {
            let pairs = packets.chunks(2).flat_map(|pair| pair.iter().rev());
            pairs.map(heard).collect()
        }),
        ("backwards", |packets| {
            packets.iter().rev().map(heard).collect()
        }),
        ("after an interruption", |packets| {
            let (before, after) = packets.split_at(packets.len() / 2);
            let mut all: Vec<_> = before.iter().map(heard).collect();
            all.push(Heard::Lost);
            all.extend(after.iter().skip(1).map(heard));
            all
        }),
        ("of a publisher that was replaced, too", |packets| {
            let both = packets
                .windows(2)
                .flat_map(|pair| [heard(&pair[0]), stale(&pair[1])]);
            both.collect()
        }),
    ];
    for (what, redis) in cases {
        let mut publisher = Publisher::start(Setup::default()).await?;
        publisher.order(10).await?;
        let mut following = Following::start(&publisher, Stream::Feed)?;
        following.hears(redis(&publisher.fed.packets())).await?;
        following.has_all_of(&publisher, what).await?;
        // And the same of what is told from now on.
        let before = publisher.fed.packets().len();
        publisher.order(10).await?;
        let new = publisher.fed.packets().split_off(before);
        following.hears(redis(&new)).await?;
        following.has_all_of(&publisher, what).await?;
    }
    Ok(())
}

#[tokio::test]
async fn redis_alone_is_enough() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    publisher.cut_off().await?;
    publisher.order(20).await?;
    let packets = publisher.fed.packets();
    following.hears(packets.iter().map(heard)).await?;
    following.has_all_of(&publisher, "everything").await
}

#[tokio::test]
async fn the_link_is_closed_when_redis_has_caught_up_and_opened_when_it_loses_the_last_packet()
-> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    publisher.order(3).await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    for _ in 0..3 {
        following.has_all_of(&publisher, "everything").await?;
        publisher.at_rest().await;
        // All that Redis brings of this is that it has happened.
        publisher.order(1).await?;
        following.has_all_of(&publisher, "everything").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_publisher_that_was_replaced_does_not_pass_for_the_one_that_is_silent() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    publisher.order(3).await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    following.has_all_of(&publisher, "everything").await?;
    publisher.at_rest().await;
    let heartbeat = publisher.heartbeat(Stream::Feed);
    let redis = following.redis.clone();
    let replaced = tokio::spawn(async move {
        while redis.send(stale(&heartbeat)).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    publisher.order(1).await?;
    let end = publisher.feed.outlet().newest().seq;
    eventually("it is had over the link", || {
        let taken = batches(&following.taken.packets());
        taken.last().is_some_and(|batch| batch.last_seq() == end)
    })
    .await;
    replaced.abort();
    Ok(())
}

#[tokio::test]
async fn the_link_may_be_away_for_a_while() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    publisher.order(3).await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    following.has_all_of(&publisher, "everything").await?;
    for _ in 0..3 {
        publisher.cut_off().await?;
        publisher.order(2).await?;
        // Redis has a hole where the first is.
        let packets = publisher.fed.packets();
        following.hears(packets.last().map(heard)).await?;
        publisher.serve().await?;
        following.has_all_of(&publisher, "everything").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_publisher_that_remembers_nothing_reads_its_log() -> TestResult {
    let mut publisher = Publisher::start(Setup {
        remembers: 0,
        ..Setup::default()
    })
    .await?;
    publisher.order(20).await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    following.has_all_of(&publisher, "everything").await?;
    following.hears([Heard::Lost]).await?;
    publisher.order(20).await?;
    following.has_all_of(&publisher, "everything").await
}

#[tokio::test]
async fn without_redis_the_link_is_enough() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    publisher.order(3).await?;
    for redis_ends in [false, true] {
        let redis = redis_ends.then(|| mpsc::channel(1).1);
        let taken = Taken::default();
        let follower = Follower::new(Stream::Feed, publisher.link()?, redis, taken.clone());
        let task = tokio::spawn(follower.run());
        publisher.order(3).await?;
        eventually("everything is taken", || {
            batches(&taken.packets()).len() == publisher.fed.batches().len()
        })
        .await;
        assert_same(
            &batches(&taken.packets()),
            &publisher.fed.batches(),
            "taken",
        );
        // What the follower is told of the time comes after all that it is about.
        eventually("a heartbeat is taken", || {
            let last = taken.packets().last().map(|packet| packet.body.clone());
            matches!(last, Some(Body::Heartbeat { .. }))
        })
        .await;
        task.abort();
    }
    Ok(())
}

/// Asserts that packets of the market follow each other, and how far each epoch has come.
fn assert_market_has_no_gap(packets: &[Arc<Packet>]) -> Vec<Position> {
    let mut ends: Vec<Position> = Vec::new();
    for packet in packets {
        let at = packet.position();
        match &packet.body {
            Body::Snapshot { messages, .. } => {
                let texts: Vec<_> = messages.iter().map(|message| &*message.text).collect();
                let last = at.seq.to_string();
                let expected = if at.seq == 0 { vec![] } else { vec![&*last] };
                assert_eq!(texts, expected, "at {at:?}");
                ends.push(at);
            }
            Body::Messages { messages, .. } => {
                let end = ends.last_mut().expect("it begins with a snapshot");
                assert_eq!((packet.epoch, packet.prev_seq), (end.epoch, end.seq));
                assert_eq!(messages[0].keep, Keep::ForLater);
                assert_eq!(messages[0].text, at.seq.to_string());
                *end = at;
            }
            Body::Heartbeat { .. } | Body::Batch(_) => {}
        }
    }
    ends
}

#[tokio::test]
async fn a_publisher_that_starts_again_is_followed_on() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    let mut feed = Following::start(&publisher, Stream::Feed)?;
    let market = Following::start(&publisher, Stream::Market)?;
    let mut epochs = Vec::new();
    for round in 0..3 {
        publisher.order(5).await?;
        if round != 1 {
            // In the second epoch nobody says anything.
            publisher.say(5)?;
        }
        feed.has_all_of(&publisher, "everything").await?;
        let end = publisher.market.newest();
        epochs.push(end);
        eventually("the messages are taken", || {
            assert!(!market.task.is_finished(), "the follower goes on");
            assert_market_has_no_gap(&market.taken.packets()).last() == Some(&end)
        })
        .await;
        publisher = publisher.restart().await?;
    }
    let ends = assert_market_has_no_gap(&market.taken.packets());
    assert!(epochs.iter().all(|end| ends.contains(end)), "{ends:?}");
    Ok(())
}

#[tokio::test]
async fn a_market_that_is_not_remembered_starts_anew_with_a_snapshot() -> TestResult {
    let publisher = Publisher::start(Setup {
        remembers: 4,
        ..Setup::default()
    })
    .await?;
    publisher.say(10)?;
    let market = Following::start(&publisher, Stream::Market)?;
    for _ in 0..5 {
        publisher.say(30)?;
        eventually("it has come as far", || {
            let ends = assert_market_has_no_gap(&market.taken.packets());
            ends.last() == Some(&publisher.market.newest())
        })
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn the_newest_message_that_redis_lost_is_noticed() -> TestResult {
    let publisher = Publisher::start(Setup::default()).await?;
    let market = Following::start(&publisher, Stream::Market)?;
    for _ in 0..3 {
        publisher.say(2)?;
        let heartbeat = publisher.heartbeat(Stream::Market);
        market.hears([heard(&Arc::new(heartbeat))]).await?;
        eventually("it has come as far", || {
            let ends = assert_market_has_no_gap(&market.taken.packets());
            ends.last() == Some(&publisher.market.newest())
        })
        .await;
    }
    Ok(())
}

/// Why a follower ended.
async fn end_of(mut following: Following) -> anyhow::Result<String> {
    let ended = timeout(Duration::from_secs(30), &mut following.task).await??;
    let error = ended.expect_err("there is nothing to follow");
    Ok(format!("{error:#}"))
}

#[tokio::test]
async fn another_exchange_is_not_followed() -> TestResult {
    let publisher = Publisher::start(Setup::default()).await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("other.key");
    std::fs::write(&file, "x".repeat(32))?;
    for stream in [Stream::Feed, Stream::Market] {
        let link = Link::new(&publisher.base(), SharedKey::read("--cluster-key", &file)?)?;
        let said = end_of(Following::over(link.to(publisher.log), stream)).await?;
        assert!(said.contains("the cluster keys differ"), "{said}");
        let link = publisher.link()?.to(LogId::new([7; 16]));
        let said = end_of(Following::over(link, stream)).await?;
        assert!(said.contains("it is another exchange"), "{said}");
    }
    Ok(())
}

/// Whoever has been told more than the exchange knows must not go on as if nothing had been.
#[tokio::test]
async fn a_publisher_that_was_put_back_is_not_followed() -> TestResult {
    let mut publisher = Publisher::start(Setup::default()).await?;
    publisher.order(3).await?;
    publisher.say(3)?;
    for (stream, epochs, seqs) in [
        // Inputs of an end of the log that has been lost, told before the last start.
        (Stream::Feed, -1, 1),
        // The clock was ahead at an earlier start.
        (Stream::Feed, 1, 0),
        (Stream::Market, 1, -1),
    ] {
        let mut following = Following::start(&publisher, stream)?;
        let newest = publisher.heartbeat(stream).position();
        let position = Position {
            epoch: newest.epoch.strict_add_signed(epochs),
            seq: newest.seq.strict_add_signed(seqs),
        };
        following.task.abort();
        let (redis, heard_by) = mpsc::channel(16);
        let follower = Follower::new(
            stream,
            publisher.link()?,
            Some(heard_by),
            following.taken.clone(),
        )
        .at(Some(position));
        following.task = tokio::spawn(follower.run());
        redis
            .send(heard(&Arc::new(publisher.heartbeat(stream))))
            .await?;
        let said = end_of(following).await?;
        assert!(said.contains("put back to an earlier state"), "{said}");
    }
    Ok(())
}

/// What may happen next in a random run.
#[derive(Debug, Clone, Copy)]
enum Step {
    Order,
    Bring,
    Drop,
    Double,
    Swap,
    Beat,
    Stale,
    Lose,
    CutOff,
    Serve,
    Restart,
    Breathe,
}

async fn random_run(seed: u64) -> TestResult {
    use Step::*;
    const STEPS: [Step; 20] = [
        Order, Order, Order, Order, Bring, Bring, Bring, Bring, Bring, Bring, Drop, Double, Swap,
        Beat, Beat, Stale, Lose, CutOff, Serve, Breathe,
    ];
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut publisher = Publisher::start(Setup {
        remembers: *[0, 10, 1_000].choose(&mut random).expect("there are some"),
        ..Setup::default()
    })
    .await?;
    let mut following = Following::start(&publisher, Stream::Feed)?;
    let (mut brought, mut is_served) = (0, true);
    let mut steps = Vec::new();
    for number in 0..120 {
        let step = if number % 50 == 49 {
            Restart
        } else {
            *STEPS.choose(&mut random).expect("there are some")
        };
        steps.push(step);
        let packets = publisher.fed.packets();
        let next = packets.get(brought..).unwrap_or_default();
        let mut bring = Vec::new();
        match (step, next) {
            (Order, _) => publisher.order(random.random_range(1..4)).await?,
            (Bring, [next, ..]) => {
                bring.push(heard(next));
                brought += 1;
            }
            (Drop, [_, ..]) => brought += 1,
            (Double, [next, ..]) => {
                bring.extend([heard(next), heard(next)]);
                brought += 1;
            }
            (Swap, [first, second, ..]) => {
                bring.extend([heard(second), heard(first)]);
                brought += 2;
            }
            // Before anything has been taken, nobody can tell what is stale.
            (Stale, [next, ..]) if !following.taken.packets().is_empty() => {
                bring.push(stale(next));
            }
            (Beat, _) => bring.push(heard(&Arc::new(publisher.heartbeat(Stream::Feed)))),
            (Lose, _) => bring.push(Heard::Lost),
            (CutOff, _) if is_served => {
                publisher.cut_off().await?;
                is_served = false;
            }
            (Serve, _) if !is_served => {
                publisher.serve().await?;
                is_served = true;
            }
            (Restart, _) => {
                publisher = publisher.restart().await?;
                (brought, is_served) = (publisher.fed.packets().len(), true);
            }
            (Breathe, _) => sleep(Duration::from_millis(random.random_range(0..30))).await,
            _ => {}
        }
        following.hears(bring).await?;
    }
    if !is_served {
        publisher.serve().await?;
    }
    let what = format!("seed {seed}: {steps:?}");
    following.has_all_of(&publisher, &what).await
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_in_random_runs() -> TestResult {
    for seed in 0..12 {
        random_run(seed).await?;
    }
    Ok(())
}
