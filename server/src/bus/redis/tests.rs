//! What Redis carries and keeps, and what becomes of it when it is away.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use orderbook_core::Timestamp;
use tempfile::TempDir;

use super::*;

type TestResult = anyhow::Result<()>;

const TICKER: &str = "btcusdt@ticker";
const KLINE: &str = "btcusdt@kline_1m";
const DEADLINE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "hunter2hunter2";

/// The Redis of all tests, with a log of one's own.
fn given() -> anyhow::Result<Redis> {
    let url = std::env::var("TEST_REDIS_URL")
        .context("TEST_REDIS_URL is not set; run the tests through ./scripts/with-servers")?;
    of_its_own(&url)
}

fn of_its_own(url: &str) -> anyhow::Result<Redis> {
    let mut log = [0; 16];
    getrandom::fill(&mut log)?;
    Ok(Redis::new(Client::open(url)?, LogId::new(log)))
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A Redis that belongs to one test.
struct OwnRedis {
    dir: TempDir,
    port: u16,
}

impl OwnRedis {
    fn start() -> anyhow::Result<Self> {
        let redis = Self {
            dir: tempfile::tempdir()?,
            port: free_port()?,
        };
        redis.run("start", &[&redis.port.to_string()])?;
        Ok(redis)
    }

    fn run(&self, action: &str, more: &[&str]) -> TestResult {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/test-servers/redis");
        let mut command = Command::new(script);
        let output = command
            .arg(action)
            .arg(self.dir.path())
            .args(more)
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "redis {action}: {said}");
        Ok(())
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // It may have been killed by the test.
        self.run("kill", &[]).ok();
    }
}

fn message(name: &str, keep: Keep, text: &str) -> Message {
    Message {
        name: name.into(),
        keep,
        text: text.into(),
    }
}

fn packet(epoch: u64, seq: u64, messages: Vec<Message>) -> Packet {
    Packet {
        stream: Stream::Market,
        epoch,
        prev_seq: seq - 1,
        seq,
        body: Body::Messages { as_of: 0, messages },
    }
}

/// A bus that is connected.
async fn bus(redis: &Redis) -> RedisBus {
    let bus = RedisBus::new();
    bus.begin(redis.clone());
    until("the bus is connected", async || bus.is_connected()).await;
    bus
}

async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is().await {
        assert!(Instant::now() < end, "it did not come to pass: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A subscription that is there, as everything published before it would be missed.
async fn subscribed(redis: &Redis, bus: &RedisBus, stream: Stream) -> mpsc::Receiver<Heard> {
    let mut heard = redis.subscribe(stream);
    let beat = Arc::new(Packet {
        stream,
        epoch: 0,
        prev_seq: 0,
        seq: 0,
        body: Body::Heartbeat {
            time: Timestamp::default(),
        },
    });
    until("something is heard", async || {
        bus.publish(&beat).expect("it never fails");
        timeout(Duration::from_millis(50), heard.recv())
            .await
            .is_ok_and(|heard| matches!(heard, Some(Heard::Packet(_))))
    })
    .await;
    heard
}

/// The next packet of an epoch, whatever was published in order to be connected.
async fn next(heard: &mut mpsc::Receiver<Heard>, epoch: u64) -> anyhow::Result<Arc<Packet>> {
    let next = async {
        loop {
            match heard.recv().await.context("the subscription goes on")? {
                Heard::Packet(packet) if packet.epoch == epoch => return Ok(packet),
                Heard::Packet(_) | Heard::Lost => {}
            }
        }
    };
    timeout(DEADLINE, next).await.context("nothing came")?
}

#[tokio::test]
async fn what_is_published_arrives_in_order() -> TestResult {
    let redis = given()?;
    let (bus, other) = (bus(&redis).await, given()?);
    let mut market = subscribed(&redis, &bus, Stream::Market).await;
    let mut feed = subscribed(&redis, &bus, Stream::Feed).await;
    let mut others = other.subscribe(Stream::Market);
    for seq in 1..=500 {
        let text = seq.to_string();
        let sent = packet(1, seq, vec![message(TICKER, Keep::Nothing, &text)]);
        bus.publish(&Arc::new(sent))?;
        if seq % 100 == 0 {
            // No more than wait to be sent.
            for seq in seq - 99..=seq {
                assert_eq!(next(&mut market, 1).await?.seq, seq);
            }
        }
    }
    assert_eq!(bus.dropped(), 0);
    // Neither another stream nor another exchange hears of it.
    while let Ok(heard) = feed.try_recv() {
        assert!(
            matches!(&heard, Heard::Packet(packet) if packet.stream == Stream::Feed),
            "{heard:?}"
        );
    }
    assert!(others.try_recv().is_err());
    Ok(())
}

/// What Redis keeps of the two streams.
async fn last(redis: &Redis) -> anyhow::Result<[Option<(u64, u64, String)>; 2]> {
    let found = redis.last_messages(&[TICKER.into(), KLINE.into()]).await?;
    Ok([TICKER, KLINE].map(|name| {
        let of_name = found.iter().find(|(_, message)| &*message.name == name);
        of_name.map(|(at, message)| (at.epoch, at.seq, message.text.clone()))
    }))
}

#[tokio::test]
async fn the_last_message_of_a_stream_is_the_newest() -> TestResult {
    use Keep::{ForLater, Forget, Nothing};
    let redis = given()?;
    assert_eq!(last(&redis).await?, [None, None]);
    let bus = bus(&redis).await;
    let mut heard = subscribed(&redis, &bus, Stream::Market).await;
    let kept = |epoch, seq, text: &str| Some((epoch, seq, text.to_owned()));
    let steps = [
        (
            2,
            5,
            vec![(TICKER, ForLater, "a")],
            [kept(2, 5, "a"), None],
            "kept",
        ),
        (
            2,
            6,
            vec![(TICKER, Nothing, "b")],
            [kept(2, 5, "a"), None],
            "news only",
        ),
        (
            2,
            7,
            vec![(TICKER, ForLater, "c"), (KLINE, ForLater, "d")],
            [kept(2, 7, "c"), kept(2, 7, "d")],
            "newer",
        ),
        (
            2,
            6,
            vec![(TICKER, ForLater, "e"), (KLINE, Forget, "e")],
            [kept(2, 7, "c"), kept(2, 7, "d")],
            "older",
        ),
        (
            1,
            99,
            vec![(TICKER, ForLater, "f")],
            [kept(2, 7, "c"), kept(2, 7, "d")],
            "of an older epoch",
        ),
        (
            2,
            8,
            vec![
                (KLINE, ForLater, "g"),
                (TICKER, ForLater, "h"),
                (KLINE, ForLater, "i"),
            ],
            [kept(2, 8, "h"), kept(2, 8, "i")],
            "the last of a packet",
        ),
        (
            2,
            9,
            vec![(KLINE, ForLater, "j"), (KLINE, Forget, "k")],
            [kept(2, 8, "h"), None],
            "over",
        ),
        (
            2,
            8,
            vec![(KLINE, ForLater, "l")],
            [kept(2, 8, "h"), None],
            "what is over does not come back",
        ),
        (
            2,
            10,
            vec![(KLINE, Forget, "m"), (KLINE, ForLater, "n")],
            [kept(2, 8, "h"), kept(2, 10, "n")],
            "begun anew",
        ),
        (
            3,
            1,
            vec![(TICKER, ForLater, "o"), (KLINE, Forget, "p")],
            [kept(3, 1, "o"), None],
            "of a newer epoch",
        ),
    ];
    for (epoch, seq, messages, expected, what) in steps {
        let messages = messages
            .into_iter()
            .map(|(name, keep, text)| message(name, keep, text));
        bus.publish(&Arc::new(packet(epoch, seq, messages.collect())))?;
        // It is kept before the next one is sent.
        let sentinel = Packet {
            epoch: 9,
            ..packet(epoch, seq, Vec::new())
        };
        bus.publish(&Arc::new(sentinel))?;
        next(&mut heard, 9).await?;
        assert_eq!(last(&redis).await?, expected, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn publishing_never_waits_and_comes_back_by_itself() -> TestResult {
    let server = OwnRedis::start()?;
    let redis = of_its_own(&server.url())?;
    let bus = bus(&redis).await;
    let mut heard = subscribed(&redis, &bus, Stream::Market).await;
    let port = server.port.to_string();
    let outages: [(&str, &[&str], &str); 2] = [
        ("pause", &[], "resume"),
        ("kill", &[port.as_str()], "start"),
    ];
    for (epoch, (gone, options, back)) in (1..).zip(outages) {
        server.run(gone, &[])?;
        let before = bus.dropped();
        // More than can wait, on the thread of the test: whoever waited here would wait for ever.
        for seq in 1..=3 * QUEUE as u64 {
            bus.publish(&Arc::new(packet(epoch, seq, Vec::new())))?;
        }
        assert!(bus.dropped() > before, "{gone}: more than the queue holds");
        until("it is noticed", async || !bus.is_connected()).await;
        server.run(back, options)?;
        until("it is connected", async || bus.is_connected()).await;
        // And the subscription is made anew, which it tells.
        let beat = Arc::new(packet(100 + epoch, 1, Vec::new()));
        until("something is heard", async || {
            bus.publish(&beat).expect("it never fails");
            let wait = timeout(Duration::from_millis(50), next(&mut heard, 100 + epoch));
            wait.await.is_ok_and(|found| found.is_ok())
        })
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_subscription_says_so() -> TestResult {
    let server = OwnRedis::start()?;
    let redis = of_its_own(&server.url())?;
    let bus = bus(&redis).await;
    let mut heard = subscribed(&redis, &bus, Stream::Feed).await;
    server.run("kill", &[])?;
    let lost = async {
        while let Some(heard) = heard.recv().await {
            if matches!(heard, Heard::Lost) {
                return true;
            }
        }
        false
    };
    assert!(timeout(DEADLINE, lost).await?);
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_redis_is_said_without_its_password() -> TestResult {
    let server = OwnRedis::start()?;
    let mut connection = connect(&Client::open(server.url())?).await?;
    let mut ask_for_passwords = redis::cmd("CONFIG");
    ask_for_passwords
        .arg("SET")
        .arg("requirepass")
        .arg(PASSWORD);
    ask_for_passwords.exec_async(&mut connection).await?;
    let port = server.port;
    let nobody = free_port()?;
    let no_url = "--redis is no URL like redis://127.0.0.1:6379";
    let refused = "--redis: the server refuses us";
    let cases = [
        ("redis", Err(no_url)),
        ("127.0.0.1:6379", Err(no_url)),
        (&format!("http://:{PASSWORD}@127.0.0.1"), Err(no_url)),
        (&format!("redis://:{PASSWORD}@"), Err(no_url)),
        (&format!("redis://:{PASSWORD}@127.0.0.1:port"), Err(no_url)),
        (
            &format!("redis://:{PASSWORD}@127.0.0.1/database"),
            Err(no_url),
        ),
        (&format!("redis://127.0.0.1:{port}"), Err(refused)),
        (
            &format!("redis://:not{PASSWORD}@127.0.0.1:{port}"),
            Err(refused),
        ),
        (
            &format!("redis://who:{PASSWORD}@127.0.0.1:{port}"),
            Err(refused),
        ),
        (&format!("redis://:{PASSWORD}@127.0.0.1:{port}"), Ok(())),
        // It may be there later.
        (&format!("redis://:{PASSWORD}@127.0.0.1:{nobody}"), Ok(())),
    ];
    for (url, expected) in cases {
        match (open(url).await, expected) {
            (Ok(client), Ok(())) => {
                let shown = format!("{:?}", Redis::new(client, LogId::new([0; 16])));
                assert!(!shown.contains(PASSWORD), "{shown}");
            }
            (Err(error), Err(what)) => {
                let said = format!("{error:#} {error:?}");
                assert!(said.contains(what), "{url}: {said}");
                assert!(!said.contains(PASSWORD), "{said}");
            }
            (opened, expected) => panic!("{url}: {opened:?} instead of {expected:?}"),
        }
    }
    Ok(())
}
