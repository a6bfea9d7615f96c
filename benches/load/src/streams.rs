//! Fan-out: many subscribers of the depth and the trades of one symbol.
//!
//! How late a message is, is counted from the time that it says it is of, by the same clock. It says
//! that in whole milliseconds, so up to one of them is rounding. What a trade says is when its order was
//! taken, so it includes the time until that was durable; what a change of the depth says is when it
//! was published, after it had gathered for up to a tenth of a second.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::ensure;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::account::Accounts;
use crate::cli::LoadArgs;
use crate::flow::{REQUESTS_PER_TRADE, Trader};
use crate::http::Http;
use crate::process::{Cpu, Meter, resident};
use crate::report::{Samples, hundredths, known, millis, per_second, percent, table, thousands};
use crate::servers::Server;
use crate::subscriber::{Heard, Last, Subscriber};

/// How many connections the orders come over.
const CONNECTIONS: u32 = 8;
/// How often is looked whether everybody has heard everything, and how long that may take.
const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(15);

/// Measures, and tells in a table.
pub(crate) async fn measure(
    args: &LoadArgs,
    exchange: &Server,
    accounts: &Accounts,
    traders: &mut u64,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let memory = || exchange.pid.map(resident).transpose();
    let before = memory()?;
    let told = Last::ask(exchange.address).await?;
    let mut subscribers = Vec::new();
    for _ in 0..args.subscribers {
        subscribers.push(Subscriber::connect(exchange.address, told).await?);
    }
    let idle = memory()?;
    let mut rows = Vec::new();
    for trades in &args.trades {
        let phase = listen(args, *trades, exchange, accounts, traders, &subscribers).await?;
        rows.extend(phase.rows());
        accounts.clear(exchange.address).await?;
        settle(exchange, &subscribers).await?;
    }
    let after = memory()?;

    let count = args.subscribers;
    writeln!(
        out,
        "{count} subscribers of {} and {}, {} s for each row; none lost a message.",
        crate::subscriber::DEPTH,
        crate::subscriber::TRADE,
        seconds(args).as_secs()
    )?;
    let each = |then: Option<u64>| {
        let bytes = then
            .zip(before)
            .map(|(then, before)| then.saturating_sub(before) / count);
        known(bytes.map(|bytes| format!("{}.{}", bytes / 1_000, bytes % 1_000 / 100)))
    };
    writeln!(
        out,
        "Memory of the server for each connection: {} kB when all had subscribed, {} kB in the end.",
        each(idle),
        each(after)
    )?;
    table(out, HEADER, &rows)?;
    Ok(())
}

const HEADER: [&str; 9] = [
    "stream",
    "trades/s",
    "messages/s",
    "messages/s, both streams",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "cores, client",
    "cores, server",
];

/// How long a row takes.
fn seconds(args: &LoadArgs) -> Duration {
    Duration::from_secs(if args.brief { 2 } else { 2 * args.seconds })
}

/// What was heard while there were so many trades.
struct Phase {
    took: Duration,
    depth: Samples,
    trades: Samples,
    cpu: Cpu,
    subscribers: u64,
}

impl Phase {
    fn rows(&self) -> [[String; 9]; 2] {
        let traded = self.trades.count() / self.subscribers.max(1);
        let all = self.depth.count() + self.trades.count();
        let cores = |cpu: Duration| hundredths(percent(cpu.as_nanos(), self.took.as_nanos()));
        [("trade", &self.trades), ("depth@100ms", &self.depth)].map(|(name, delays)| {
            [
                name.into(),
                thousands(per_second(traded, self.took)),
                thousands(per_second(delays.count(), self.took)),
                thousands(per_second(all, self.took)),
                millis(delays.within(500)),
                millis(delays.within(990)),
                millis(delays.within(999)),
                cores(self.cpu.client),
                known(self.cpu.server.map(cores)),
            ]
        })
    }
}

/// Lets the symbol be traded, and gathers what the subscribers hear of it.
async fn listen(
    args: &LoadArgs,
    trades: u64,
    exchange: &Server,
    accounts: &Accounts,
    traders: &mut u64,
    subscribers: &[Subscriber],
) -> anyhow::Result<Phase> {
    for subscriber in subscribers {
        subscriber.take();
    }
    let meter = Meter::start(exchange.pid)?;
    let begun = Instant::now();
    let every = Duration::from_secs(1) * CONNECTIONS / u32::try_from(trades * REQUESTS_PER_TRADE)?;
    let mut trading = JoinSet::new();
    for number in 0..u64::from(CONNECTIONS) {
        *traders += 1;
        let (pair, trader) = (accounts.of(number), Trader::new(*traders));
        let http = Http::connect(exchange.address).await?;
        trading.spawn(trade(http, pair, trader, every, begun + seconds(args)));
    }
    while let Some(ended) = trading.join_next().await {
        ended??;
    }
    settle(exchange, subscribers).await?;
    let cpu = meter.read()?;
    let heard: Vec<Heard> = subscribers.iter().map(Subscriber::take).collect();
    // Who is behind needs longer than the trades took.
    let last = heard.iter().filter_map(|it| it.at).max();
    let took = last.map_or_else(|| begun.elapsed(), |last| last.duration_since(begun));
    let delays = |of: fn(&Heard) -> &Vec<Duration>| {
        Samples::new(heard.iter().flat_map(|it| of(it).iter().copied()).collect())
    };
    let (depth, trades) = (delays(|it| &it.depth), delays(|it| &it.trades));
    let subscribers = heard.len() as u64;
    ensure!(
        depth.count() >= subscribers && trades.count() >= subscribers,
        "hardly anything was heard: {} trades and {} changes of the depth",
        trades.count(),
        depth.count()
    );
    Ok(Phase {
        took,
        depth,
        trades,
        cpu,
        subscribers,
    })
}

/// Sends the next request each time, until it is over.
async fn trade(
    mut http: Http,
    pair: crate::account::Pair,
    mut trader: Trader,
    every: Duration,
    until: Instant,
) -> anyhow::Result<()> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut request = String::new();
    while Instant::now() < until {
        ticks.tick().await;
        let ask = trader.next();
        request.clear();
        pair.key(ask.side()).rest(&ask, &mut request);
        let answer = http.send(request.as_bytes()).await?;
        ensure!(answer.status == 200, "an order was refused: {answer}");
        trader.done(&ask);
    }
    Ok(())
}

/// Waits, when nobody trades, until all have heard the last that there is.
async fn settle(exchange: &Server, subscribers: &[Subscriber]) -> anyhow::Result<()> {
    let (begun, last) = (Instant::now(), Last::ask(exchange.address).await?);
    loop {
        let mut behind = 0;
        for subscriber in subscribers {
            behind += u64::from(!subscriber.has(last)?);
        }
        if behind == 0 {
            return Ok(());
        }
        let late = begun.elapsed() > PATIENCE;
        ensure!(
            !late,
            "{behind} subscribers miss the last messages: {last:?}"
        );
        sleep(PAUSE).await;
    }
}
