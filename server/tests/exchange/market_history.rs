//! Everything that is made of trades, compared with the trades themselves: candles of every interval,
//! windows of any size, aggregates; from memory, and where memory has next to nothing.

use std::path::Path;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::backend::new_database;
use crate::harness::log::Log;
use crate::harness::{Http, Server, Trader, decimal, list, new_dir, now_millis, number, text};
use crate::history::stored;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The intervals whose length is always the same.
const INTERVALS: [(&str, u64); 14] = [
    ("1m", MINUTE),
    ("3m", 3 * MINUTE),
    ("5m", 5 * MINUTE),
    ("15m", 15 * MINUTE),
    ("30m", 30 * MINUTE),
    ("1h", HOUR),
    ("2h", 2 * HOUR),
    ("4h", 4 * HOUR),
    ("6h", 6 * HOUR),
    ("8h", 8 * HOUR),
    ("12h", 12 * HOUR),
    ("1d", DAY),
    ("3d", 3 * DAY),
    ("1w", 7 * DAY),
];

/// The built-in configuration, with snapshots after so many inputs, remembering so much.
fn config(dir: &Path, name: &str, every: u64, memory: &str) -> String {
    let sample = include_str!("../../exchange.sample.toml");
    let (kept, _) = sample.split_once("[memory]").expect("memory comes last");
    let kept = kept.replace("every = 500000", &format!("every = {every}"));
    let file = dir.join(name);
    std::fs::write(&file, format!("{kept}[memory]\n{memory}"))
        .expect("the directory can be written");
    file.to_str().expect("a plain name").into()
}

/// Orders that take one maker, several at one price, and several at several prices.
async fn trade(alice: &Trader, bob: &Trader) {
    for round in 0..20_u32 {
        for step in 0..=round % 4 {
            let price = 50_000 + round * 7 % 40 + step / 2;
            let quantity = format!("0.0{}", 1 + (round + step) % 9);
            bob.limit("BTCUSDT", "SELL", &price.to_string(), &quantity)
                .await;
        }
        alice.market("BTCUSDT", "BUY", "0.3").await;
        if round % 3 == 0 {
            alice.limit("BTCUSDT", "BUY", "49000", "0.02").await;
            bob.market("BTCUSDT", "SELL", "0.02").await;
        }
    }
}

/// Every trade there is, with the order that took; and every aggregate that these make.
struct Trades {
    all: Vec<Value>,
    aggregates: Vec<Value>,
}

impl Trades {
    async fn of(http: &Http, alice: &Trader, bob: &Trader) -> Self {
        let all = http
            .json("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1&limit=1000")
            .await;
        let all = list(&all).to_vec();
        assert!(all.len() > 50, "there is something to compare");
        let (alice, bob) = (alice.fills("BTCUSDT").await, bob.fills("BTCUSDT").await);
        let taker = |trade: &Value| {
            let own = alice.iter().chain(&bob);
            let mut own = own.filter(|own| own["id"] == trade["id"]);
            let own = own.find(|own| own["isMaker"] == false);
            number(own.expect("somebody took"), "orderId")
        };
        let mut aggregates: Vec<(u64, Value)> = Vec::new();
        for trade in &all {
            let taker = taker(trade);
            let quantity = decimal(trade, "qty");
            if let Some((of, last)) = aggregates.last_mut()
                && *of == taker
                && last["p"] == trade["price"]
            {
                last["l"] = trade["id"].clone();
                last["q"] = json!((decimal(last, "q") + quantity).to_string());
                continue;
            }
            let id = &trade["id"];
            let aggregate = json!({
                "a": id, "f": id, "l": id,
                "p": trade["price"], "q": trade["qty"], "T": trade["time"],
                "m": trade["isBuyerMaker"], "M": true,
            });
            aggregates.push((taker, aggregate));
        }
        let aggregates: Vec<_> = aggregates.into_iter().map(|(_, it)| it).collect();
        assert!(aggregates.len() < all.len(), "some belong together");
        Self { all, aggregates }
    }

    /// What traded in `from..=to`, added up: count, first and last id, open, high, low, close, volume,
    /// quote volume, and what takers bought.
    fn sum(&self, from: u64, to: u64) -> Option<Sum> {
        let within = |trade: &&Value| (from..=to).contains(&number(trade, "time"));
        let trades: Vec<_> = self.all.iter().filter(within).collect();
        let (first, last) = (trades.first()?, trades.last()?);
        let total = |field: &str, bought_only: bool| -> Decimal {
            let counted = trades.iter();
            let counted = counted.filter(|it| !bought_only || it["isBuyerMaker"] == false);
            counted.map(|trade| decimal(trade, field)).sum()
        };
        let prices = || trades.iter().map(|trade| decimal(trade, "price"));
        Some(Sum {
            count: trades.len() as u64,
            ids: (number(first, "id"), number(last, "id")),
            prices: [
                decimal(first, "price"),
                prices().max()?,
                prices().min()?,
                decimal(last, "price"),
            ],
            volume: total("qty", false),
            quote_volume: total("quoteQty", false),
            bought: (total("qty", true), total("quoteQty", true)),
        })
    }

    /// The candles of an interval, as answered, hold every trade and nothing else.
    fn assert_candles(&self, interval: &str, length: Option<u64>, candles: &[Value]) {
        let number_at = |candle: &Value, index: usize| candle[index].as_u64().expect("a number");
        let at = |candle: &Value, index: usize| -> Decimal {
            let text = candle[index].as_str().expect("a decimal");
            text.parse().expect("a decimal")
        };
        let mut counted = 0;
        let mut close = None;
        for (index, candle) in candles.iter().enumerate() {
            let (begin, end) = (number_at(candle, 0), number_at(candle, 6));
            match length {
                Some(length) => {
                    assert_eq!(end + 1 - begin, length, "{interval}");
                    let week = if interval == "1w" { 3 * DAY } else { 0 };
                    assert_eq!((begin + week) % length, 0, "{interval}");
                }
                None => assert!((28 * DAY..=31 * DAY).contains(&(end + 1 - begin))),
            }
            if let Some(next) = candles.get(index + 1) {
                assert_eq!(number_at(next, 0), end + 1, "{interval} candles follow");
            }
            let Some(sum) = self.sum(begin, end) else {
                assert_eq!(candle[8], 0, "{interval}: {candle}");
                assert_eq!(Some(at(candle, 1)), close, "{interval}: {candle}");
                continue;
            };
            let prices = [1, 2, 3, 4].map(|index| at(candle, index));
            assert_eq!(prices, sum.prices, "{interval}: {candle}");
            assert_eq!(at(candle, 5), sum.volume, "{interval}");
            assert_eq!(at(candle, 7), sum.quote_volume, "{interval}");
            assert_eq!(number_at(candle, 8), sum.count, "{interval}");
            assert_eq!((at(candle, 9), at(candle, 10)), sum.bought, "{interval}");
            counted += sum.count;
            close = Some(sum.prices[3]);
        }
        assert_eq!(counted, self.all.len() as u64, "{interval}");
    }

    /// A ticker tells what traded from its opening on.
    fn assert_ticker(&self, ticker: &Value) {
        let sum = self.sum(number(ticker, "openTime"), number(ticker, "closeTime"));
        let sum = sum.expect("something traded");
        let fields = ["openPrice", "highPrice", "lowPrice", "lastPrice"];
        assert_eq!(fields.map(|field| decimal(ticker, field)), sum.prices);
        assert_eq!(decimal(ticker, "volume"), sum.volume);
        assert_eq!(decimal(ticker, "quoteVolume"), sum.quote_volume);
        assert_eq!(number(ticker, "count"), sum.count);
        let ids = (number(ticker, "firstId"), number(ticker, "lastId"));
        assert_eq!(ids, sum.ids);
        let average = decimal(ticker, "weightedAvgPrice");
        let exact = sum.quote_volume / sum.volume;
        assert!(average <= exact && exact - average < Decimal::new(1, 8));
    }
}

#[derive(Debug)]
struct Sum {
    count: u64,
    ids: (u64, u64),
    prices: [Decimal; 4],
    volume: Decimal,
    quote_volume: Decimal,
    bought: (Decimal, Decimal),
}

async fn assert_all(server: &Server, trades: &Trades) {
    let http = server.http();
    let get = async |path: &str, query: &str| {
        http.json(&format!("/api/v3/{path}?symbol=BTCUSDT&{query}"))
            .await
    };
    // Later candles may come while they are asked for.
    let end = number(&trades.all[trades.all.len() - 1], "time");
    for (interval, length) in INTERVALS {
        let query = format!("interval={interval}&startTime=0&limit=1000");
        let mut candles = list(&get("klines", &query).await).to_vec();
        // Those that fit into no answer are asked for page by page.
        while let Some(last) = candles.last()
            && last[6].as_u64() < Some(now_millis())
        {
            let next = last[0].as_u64().expect("a time") + 1;
            let query = format!("interval={interval}&startTime={next}&limit=1000");
            let page = get("uiKlines", &query).await;
            candles.extend_from_slice(list(&page));
        }
        trades.assert_candles(interval, Some(length), &candles);
        let earliest = get(
            "klines",
            &format!("interval={interval}&startTime=0&limit=1"),
        )
        .await;
        assert_eq!(list(&earliest), &candles[..1], "{interval}");
        // Whichever way the newest are asked for, they are the same.
        let page = get(
            "klines",
            &format!("interval={interval}&endTime={end}&limit=4"),
        )
        .await;
        let until = candles.partition_point(|it| it[0].as_u64() <= Some(end));
        assert_eq!(
            list(&page),
            &candles[until.saturating_sub(4)..until],
            "{interval}"
        );
    }
    let months = get("klines", "interval=1M&startTime=0").await;
    trades.assert_candles("1M", None, list(&months));

    for window in [
        "",
        "&windowSize=1d",
        "&windowSize=3d",
        "&windowSize=7d",
        "&windowSize=23h",
    ] {
        let ticker = get("ticker", window).await;
        trades.assert_ticker(&ticker);
        let many = http
            .json(&format!("/api/v3/ticker?symbols=[\"BTCUSDT\"]{window}"))
            .await;
        assert_eq!(many[0]["count"], ticker["count"]);
    }
    let ticker = get("ticker", "windowSize=59m").await;
    let (open, close) = (number(&ticker, "openTime"), number(&ticker, "closeTime"));
    assert_eq!(open, (close - 59 * MINUTE) / MINUTE * MINUTE);

    assert_aggregates(trades, get).await;
}

async fn assert_aggregates(trades: &Trades, get: impl AsyncFn(&str, &str) -> Value) {
    let all = &trades.aggregates;
    let asked = async |query: &str| list(&get("aggTrades", query).await).to_vec();
    assert_eq!(asked("limit=1000").await, *all);
    assert_eq!(asked("fromId=0&limit=1000").await, *all);
    for limit in [1, 2, 3, 7] {
        // The newest, and page by page from any trade on.
        let newest = asked(&format!("limit={limit}")).await;
        assert_eq!(newest, all[all.len() - limit..]);
        for from in 1..=trades.all.len() as u64 + 2 {
            let begin = all.partition_point(|it| number(it, "a") < from);
            let end = all.len().min(begin + limit);
            let page = asked(&format!("fromId={from}&limit={limit}")).await;
            assert_eq!(page, all[begin..end], "from {from}, {limit}");
        }
    }
    for (start, end) in [(3, 9), (20, 21), (7, 7), (30, 12)] {
        let time = |index: usize| number(&all[index], "T");
        let (start, end) = (time(start), time(end));
        let within = |from: u64, to: u64| {
            let within = all
                .iter()
                .filter(|it| (from..=to).contains(&number(it, "T")));
            within.cloned().collect::<Vec<_>>()
        };
        let both = asked(&format!("startTime={start}&endTime={end}")).await;
        assert_eq!(both, within(start, end));
        let from = asked(&format!("startTime={start}&limit=4")).await;
        assert_eq!(from, within(start, u64::MAX)[..4]);
        let until = asked(&format!("endTime={end}&limit=4")).await;
        let expected = within(0, end);
        assert_eq!(until, expected[expected.len().saturating_sub(4)..]);
    }
    assert!(
        asked(&format!("startTime={}", now_millis()))
            .await
            .is_empty()
    );
    assert!(asked("endTime=1").await.is_empty());
}

fn args<'a>(config: &'a str, store: &[&'a str]) -> Vec<&'a str> {
    [&["--faucet", "--config", config], store].concat()
}

/// Either the trades are a few hours apart, or starts begin with snapshots.
async fn what_is_made_of_trades_adds_up(store: &[&str], snapshots: bool) {
    let dir = new_dir();
    let data = dir.path().join("data");
    let every = if snapshots { 40 } else { 500_000 };
    let everything = config(dir.path(), "everything.toml", every, "");
    let mut server = Server::start(&data, &args(&everything, store)).await;
    let (alice, bob) = tokio::join!(
        Trader::funded(&server, "alice", &[("USDT", "10000000")]),
        Trader::funded(&server, "bob", &[("BTC", "100")]),
    );
    trade(&alice, &bob).await;
    server.kill();
    let log = Log::open(&data);
    let (frames, now) = (log.frames(), now_millis());
    // Bursts of five commands, three hours apart.
    let dated = |frame: i64| {
        let (before, frame) = (frames - frame, frame.cast_unsigned());
        now - HOUR - before.cast_unsigned() / 5 * 3 * HOUR + frame % 1_000
    };
    if !snapshots {
        log.date(dated);
    }
    drop(log);

    let server = server.restart().await;
    stored(&server).await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    let trades = Trades::of(&server.http(), &alice, &bob).await;
    assert_all(&server, &trades).await;
    drop(server);

    for memory in [
        "candles = 2\ntrades = 3\n",
        "candles = 0\ntrades = 1\n",
        "trades = 10\n",
    ] {
        let little = config(dir.path(), "little.toml", every, memory);
        let server = Server::start(&data, &args(&little, store)).await;
        stored(&server).await;
        assert_all(&server, &trades).await;
    }
}

#[tokio::test]
async fn with_sqlite() {
    what_is_made_of_trades_adds_up(&[], false).await;
}

#[tokio::test]
async fn after_snapshots() {
    what_is_made_of_trades_adds_up(&[], true).await;
}

#[tokio::test]
async fn with_postgresql() {
    let database = new_database().await;
    what_is_made_of_trades_adds_up(&["--store", &database], true).await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let dir = new_dir();
    let server = Server::start(dir.path(), &[]).await;
    let http = server.http();
    let refused = async |path: &str, code: i64, msg: &str| {
        let reply = http.get(&format!("/api/v3/{path}")).await;
        reply.assert_refused(path, 400, code, msg);
    };
    let btc = "symbol=BTCUSDT";
    for interval in ["1s", "2m", "60m", "1Y", "7d"] {
        let path = format!("klines?{btc}&interval={interval}");
        refused(&path, -1120, "Invalid interval.").await;
    }
    let path = format!("klines?{btc}&interval=1d&timeZone=8");
    refused(
        &path,
        -1130,
        "Data sent for parameter 'timeZone' is not valid.",
    )
    .await;
    for zone in ["0", "00:00"] {
        http.json(&format!("/api/v3/klines?{btc}&interval=1d&timeZone={zone}"))
            .await;
    }
    for window in [
        "60m", "24h", "8d", "0m", "1s", "1w", "01h", "h", "%2B1h", "1M",
    ] {
        let path = format!("ticker?{btc}&windowSize={window}");
        refused(
            &path,
            -1130,
            "Data sent for parameter 'windowSize' is not valid.",
        )
        .await;
    }
    let neither = "Param 'symbol' or 'symbols' must be sent, but both were empty/null!";
    refused("ticker", -1102, neither).await;
    refused("ticker/tradingDay", -1102, neither).await;
    for path in ["ticker/24hr", "ticker", "ticker/tradingDay"] {
        let path = format!("{path}?{btc}&type=SMALL");
        refused(&path, -1139, "Invalid ticker type.").await;
    }
    let list = "Illegal characters found in parameter 'symbols'; legal range is \
                '^\\[\"[A-Z0-9]{1,20}\"(,\"[A-Z0-9]{1,20}\"){0,}\\]$'.";
    refused("ticker/price?symbols=[]", -1100, list).await;
    let twice = "ticker/price?symbols=[\"BTCUSDT\",\"BTCUSDT\"]";
    refused(
        twice,
        -1151,
        "Symbol is present multiple times in the list.",
    )
    .await;
    for with in ["startTime=1", "endTime=1", "startTime=1&endTime=2"] {
        let path = format!("aggTrades?{btc}&fromId=1&{with}");
        refused(&path, -1128, "Combination of optional parameters invalid.").await;
    }
    let missing = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
    refused("aggTrades", -1102, missing).await;
    refused("avgPrice?symbol=NOTHING", -1121, "Invalid symbol.").await;
}

#[tokio::test]
async fn averages_and_days_are_of_what_traded_in_them() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = tokio::join!(
        Trader::funded(&server, "alice", &[("USDT", "1000000")]),
        Trader::funded(&server, "bob", &[("BTC", "10")]),
    );
    let http = server.http();
    let nothing = http.json("/api/v3/avgPrice?symbol=BTCUSDT").await;
    let expected = json!({ "mins": 5, "price": "0.00000000", "closeTime": 0 });
    assert_eq!(nothing, expected);
    for (price, quantity) in [("50000", "0.1"), ("50001", "0.2")] {
        bob.limit("BTCUSDT", "SELL", price, quantity).await;
        alice.market("BTCUSDT", "BUY", quantity).await;
    }
    let average = http.json("/api/v3/avgPrice?symbol=BTCUSDT").await;
    // 50000 2/3, rounded down.
    assert_eq!(text(&average, "price"), "50000.66666666");
    let trades = http.json("/api/v3/trades?symbol=BTCUSDT").await;
    assert_eq!(average["closeTime"], trades[1]["time"]);

    let today = http.json("/api/v3/ticker/tradingDay?symbol=BTCUSDT").await;
    let (open, close) = (number(&today, "openTime"), number(&today, "closeTime"));
    assert_eq!((open % DAY, close - open), (0, DAY - 1));
    if number(&trades[0], "time") >= open {
        assert_eq!(
            (&today["count"], text(&today, "volume")),
            (&json!(2), "0.30000000")
        );
    }
}
