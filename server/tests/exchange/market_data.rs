//! What anybody may see: depth, trades, candles and tickers.

use serde_json::{Value, json};

use crate::harness::log::Log;
use crate::harness::shape::{D, I, Kind, L, PUBLIC_TRADE, T, assert_shape};
use crate::harness::{Http, Server, Trader, eventually, list, new_dir, now_millis, number, text};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

const TICKER: &[(&str, Kind)] = &[
    ("symbol", T),
    ("priceChange", D),
    ("priceChangePercent", D),
    ("weightedAvgPrice", D),
    ("prevClosePrice", D),
    ("lastPrice", D),
    ("lastQty", D),
    ("bidPrice", D),
    ("bidQty", D),
    ("askPrice", D),
    ("askQty", D),
    ("openPrice", D),
    ("highPrice", D),
    ("lowPrice", D),
    ("volume", D),
    ("quoteVolume", D),
    ("openTime", I),
    ("closeTime", I),
    ("firstId", I),
    ("lastId", I),
    ("count", I),
];

const BOOK_TICKER: &[(&str, Kind)] = &[
    ("symbol", T),
    ("bidPrice", D),
    ("bidQty", D),
    ("askPrice", D),
    ("askQty", D),
];

async fn alice_and_bob(server: &Server) -> (Trader, Trader) {
    let money = [("USDT", "100000"), ("ETH", "100")];
    tokio::join!(
        Trader::funded(server, "alice", &money),
        Trader::funded(server, "bob", &money),
    )
}

#[tokio::test]
async fn depth_adds_up_the_orders_of_each_price() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let (alice, bob) = alice_and_bob(&server).await;
    let path = "/api/v3/depth?symbol=ETHUSDT";
    let empty = http.json(path).await;
    assert_shape(
        "depth",
        &empty,
        &[("lastUpdateId", I), ("bids", L), ("asks", L)],
    );
    assert_eq!((&empty["bids"], &empty["asks"]), (&json!([]), &json!([])));

    alice.limit("ETHUSDT", "BUY", "1980", "1").await;
    alice.limit("ETHUSDT", "BUY", "1970", "2").await;
    bob.limit("ETHUSDT", "BUY", "1980", "0.5").await;
    bob.limit("ETHUSDT", "SELL", "2060", "0.5").await;
    let best = bob.limit("ETHUSDT", "SELL", "2050.01", "1.25").await;
    let depth = http.json(path).await;
    assert_eq!(
        depth["bids"],
        json!([
            ["1980.00000000", "1.50000000"],
            ["1970.00000000", "2.00000000"],
        ])
    );
    assert_eq!(
        depth["asks"],
        json!([
            ["2050.01000000", "1.25000000"],
            ["2060.00000000", "0.50000000"],
        ])
    );
    // One update for each change of a level.
    let updates = number(&depth, "lastUpdateId") - number(&empty, "lastUpdateId");
    assert_eq!(updates, 5);

    let top = http.json(&format!("{path}&limit=1")).await;
    assert_eq!(top["bids"], json!([["1980.00000000", "1.50000000"]]));
    assert_eq!(top["asks"], json!([["2050.01000000", "1.25000000"]]));
    // More than there may be asked for is as much as there may be.
    assert_eq!(http.json(&format!("{path}&limit=999999")).await, depth);

    bob.cancel("ETHUSDT", &best).await;
    bob.market("ETHUSDT", "SELL", "1.6").await;
    let depth = http.json(path).await;
    assert_eq!(depth["bids"], json!([["1970.00000000", "1.90000000"]]));
    assert_eq!(depth["asks"], json!([["2060.00000000", "0.50000000"]]));
    // Bids and asks of other instruments are their own affair.
    let other = http.json("/api/v3/depth?symbol=BTCUSDT").await;
    assert_eq!((&other["bids"], &other["asks"]), (&json!([]), &json!([])));
}

/// Trades at 2000 (a buy), and in another run of the server at 2010, 1990 (sales) and 2005 (a
/// buy). Returns the stopped server's log and how many frames the first run wrote.
async fn two_runs_of_trading(dir: &std::path::Path) -> (Log, i64) {
    let mut server = Server::with_faucet(dir).await;
    let (alice, bob) = alice_and_bob(&server).await;
    bob.limit("ETHUSDT", "SELL", "2000", "1").await;
    alice.market("ETHUSDT", "BUY", "1").await;
    server.kill();
    let first_run = Log::open(dir).frames();
    let server = server.restart().await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    alice.limit("ETHUSDT", "BUY", "2010", "0.5").await;
    bob.market("ETHUSDT", "SELL", "0.5").await;
    alice.limit("ETHUSDT", "BUY", "1990", "0.25").await;
    bob.market("ETHUSDT", "SELL", "0.25").await;
    bob.limit("ETHUSDT", "SELL", "2005", "0.4").await;
    alice.market("ETHUSDT", "BUY", "0.4").await;
    alice.limit("ETHUSDT", "BUY", "1980", "3").await;
    drop(server);
    (Log::open(dir), first_run)
}

/// The start of the running minute.
fn this_minute() -> u64 {
    now_millis() / MINUTE * MINUTE
}

fn flat(open_time: u64, length: u64, price: &str) -> Value {
    let zero = "0.00000000";
    let close_time = open_time + length - 1;
    json!([
        open_time, price, price, price, price, zero, close_time, zero, 0, zero, zero, "0"
    ])
}

#[tokio::test]
async fn candles_cover_every_interval_since_the_first_trade() {
    let dir = new_dir();
    let (log, first_run) = two_runs_of_trading(dir.path()).await;
    let (early, late) = (this_minute() - 10 * MINUTE, this_minute() - 7 * MINUTE);
    // A candle has its last millisecond, too: the frames of a run are a millisecond apart.
    let time = |frame: i64| {
        let offset = u64::try_from(frame).expect("frames are counted from 1");
        if frame <= first_run { early } else { late }.saturating_add(offset)
    };
    log.date(time);
    drop(log);
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let klines = async |query: &str| {
        http.json(&format!("/api/v3/klines?symbol=ETHUSDT&{query}"))
            .await
    };

    let first = json!([
        early,
        "2000.00000000",
        "2000.00000000",
        "2000.00000000",
        "2000.00000000",
        "1.00000000",
        early + MINUTE - 1,
        "2000.00000000",
        1,
        "1.00000000",
        "2000.00000000",
        "0",
    ]);
    let second = json!([
        late,
        "2010.00000000",
        "2010.00000000",
        "1990.00000000",
        "2005.00000000",
        "1.15000000",
        late + MINUTE - 1,
        "2304.50000000",
        3,
        "0.40000000",
        "802.00000000",
        "0",
    ]);
    let quiet = |minute: u64, price| flat(early + minute * MINUTE, MINUTE, price);
    let expected = [
        first.clone(),
        quiet(1, "2000.00000000"),
        quiet(2, "2000.00000000"),
        second.clone(),
        quiet(4, "2005.00000000"),
        quiet(5, "2005.00000000"),
    ];
    let end = early + 5 * MINUTE;
    let all = klines(&format!("interval=1m&startTime={early}&endTime={end}")).await;
    assert_eq!(list(&all), &expected);
    // With a start, the oldest from there on; this is how clients look for the very first.
    let earliest = klines("interval=1m&startTime=0&limit=1").await;
    assert_eq!(list(&earliest), &expected[..1]);
    let from = early + 2 * MINUTE - 1;
    let page = klines(&format!("interval=1m&startTime={from}&limit=2")).await;
    assert_eq!(list(&page), &expected[2..4]);
    // Without one, the newest up to the end.
    let page = klines(&format!("interval=1m&endTime={end}&limit=3")).await;
    assert_eq!(list(&page), &expected[3..]);
    // The running interval is the last one, even if nothing happens in it.
    let newest = klines("interval=1m").await;
    let last = list(&newest).last().expect("there are candles");
    let open_time = last[0].as_u64().expect("an open time");
    assert!(open_time >= late + 7 * MINUTE, "{last}");
    assert_eq!(last, &flat(open_time, MINUTE, "2005.00000000"));
    assert!(klines("interval=1m&startTime=9999999999999").await == json!([]));

    let day = 24 * HOUR;
    let today = klines(&format!("interval=1d&startTime={}", late / day * day)).await;
    let today = &today[0];
    assert_eq!(text_at(today, 4), "2005.00000000");
    assert_eq!(
        today[6].as_u64(),
        today[0].as_u64().map(|open| open + day - 1)
    );
    for interval in ["1m", "5m", "15m", "1h", "4h", "1d"] {
        let candles = klines(&format!("interval={interval}&startTime=0")).await;
        let volume: rust_decimal::Decimal = list(&candles)
            .iter()
            .map(|candle| text_at(candle, 5).parse::<rust_decimal::Decimal>())
            .sum::<Result<_, _>>()
            .expect("volumes are decimals");
        assert_eq!(volume.to_string(), "2.15000000", "{interval}");
    }
    assert_eq!(
        http.json("/api/v3/klines?symbol=ETHBTC&interval=1m").await,
        json!([]),
        "no trade, no candle"
    );
}

fn text_at(candle: &Value, index: usize) -> &str {
    candle[index].as_str().expect("a decimal")
}

#[tokio::test]
async fn the_ticker_forgets_what_is_a_day_old() {
    let dir = new_dir();
    let (log, first_run) = two_runs_of_trading(dir.path()).await;
    let count = |frame: i64| u64::try_from(frame).expect("frames are counted from 1");
    let now = now_millis();
    let set_first_run_to = |ago: u64| {
        log.date(|frame| {
            let ago = if frame <= first_run { ago } else { HOUR };
            now - ago + count(frame)
        });
    };
    set_first_run_to(2 * HOUR);
    let server = Server::with_faucet(dir.path()).await;
    let ticker = server
        .http()
        .json("/api/v3/ticker/24hr?symbol=ETHUSDT")
        .await;
    assert_shape("a ticker", &ticker, TICKER);
    let day = number(&ticker, "closeTime") - number(&ticker, "openTime");
    assert_eq!(day, 24 * HOUR);
    assert_ticker(
        &ticker,
        &[
            ("priceChange", "5.00000000"),
            ("priceChangePercent", "0.250"),
            // 4304.5 / 2.15, rounded down.
            ("weightedAvgPrice", "2002.09302325"),
            ("prevClosePrice", "0.00000000"),
            ("lastPrice", "2005.00000000"),
            ("lastQty", "0.40000000"),
            ("bidPrice", "1980.00000000"),
            ("bidQty", "3.00000000"),
            ("askPrice", "0.00000000"),
            ("askQty", "0.00000000"),
            ("openPrice", "2000.00000000"),
            ("highPrice", "2010.00000000"),
            ("lowPrice", "1990.00000000"),
            ("volume", "2.15000000"),
            ("quoteVolume", "4304.50000000"),
        ],
    );
    assert_eq!(ticker["count"], 4);
    drop(server);

    set_first_run_to(25 * HOUR);
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let ticker = eventually("the first trade is forgotten", async || {
        let ticker = http.json("/api/v3/ticker/24hr?symbol=ETHUSDT").await;
        (ticker["count"] == 3).then_some(ticker)
    })
    .await;
    assert_ticker(
        &ticker,
        &[
            ("priceChange", "-5.00000000"),
            // 5 / 2010 is 0.24875 %, rounded towards zero.
            ("priceChangePercent", "-0.248"),
            // 2304.5 / 1.15, rounded down.
            ("weightedAvgPrice", "2003.91304347"),
            ("prevClosePrice", "2000.00000000"),
            ("lastPrice", "2005.00000000"),
            ("openPrice", "2010.00000000"),
            ("highPrice", "2010.00000000"),
            ("lowPrice", "1990.00000000"),
            ("volume", "1.15000000"),
            ("quoteVolume", "2304.50000000"),
        ],
    );
    let trades = http.json("/api/v3/trades?symbol=ETHUSDT").await;
    assert_eq!(ticker["firstId"], trades[1]["id"]);
    assert_eq!(ticker["lastId"], trades[3]["id"]);
    drop(server);

    // Nothing within a day: all is as it was last.
    log.date(|frame| now - 30 * HOUR + count(frame));
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let ticker = eventually("all trades are forgotten", async || {
        let ticker = http.json("/api/v3/ticker/24hr?symbol=ETHUSDT").await;
        (ticker["count"] == 0).then_some(ticker)
    })
    .await;
    assert_ticker(
        &ticker,
        &[
            ("priceChange", "0.00000000"),
            ("lastPrice", "2005.00000000"),
            ("openPrice", "2005.00000000"),
            ("volume", "0.00000000"),
        ],
    );
    assert_eq!(
        (&ticker["firstId"], &ticker["lastId"]),
        (&json!(-1), &json!(-1))
    );
}

fn assert_ticker(ticker: &Value, expected: &[(&str, &str)]) {
    for (field, expected) in expected {
        assert_eq!(text(ticker, field), *expected, "{field}");
    }
}

#[tokio::test]
async fn trades_are_listed_oldest_first() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let (alice, bob) = alice_and_bob(&server).await;
    assert_eq!(http.json("/api/v3/trades?symbol=ETHUSDT").await, json!([]));
    for quantity in ["0.1", "0.2", "0.3"] {
        bob.limit("ETHUSDT", "SELL", "2000.5", quantity).await;
        alice.market("ETHUSDT", "BUY", quantity).await;
    }
    alice.limit("ETHUSDT", "BUY", "1999", "0.4").await;
    bob.market("ETHUSDT", "SELL", "0.4").await;

    let trades = http.json("/api/v3/trades?symbol=ETHUSDT").await;
    let trades = list(&trades);
    let seen: Vec<_> = trades
        .iter()
        .map(|trade| {
            assert_shape("a trade", trade, PUBLIC_TRADE);
            let maker_bought = trade["isBuyerMaker"].as_bool().expect("a flag");
            (
                text(trade, "price"),
                text(trade, "qty"),
                text(trade, "quoteQty"),
                maker_bought,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("2000.50000000", "0.10000000", "200.05000000", false),
            ("2000.50000000", "0.20000000", "400.10000000", false),
            ("2000.50000000", "0.30000000", "600.15000000", false),
            ("1999.00000000", "0.40000000", "799.60000000", true),
        ]
    );
    let ids: Vec<_> = trades.iter().map(|trade| number(trade, "id")).collect();
    assert!(ids.is_sorted_by(|a, b| a + 1 == *b), "{ids:?}");

    let newest = http.json("/api/v3/trades?symbol=ETHUSDT&limit=2").await;
    assert_eq!(list(&newest), &trades[2..]);
    let from = format!(
        "/api/v3/historicalTrades?symbol=ETHUSDT&fromId={}&limit=2",
        ids[1]
    );
    assert_eq!(list(&http.json(&from).await), &trades[1..3]);
}

#[tokio::test]
async fn tickers_come_alone_in_lists_and_all_together() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let http = server.http();
    let (alice, bob) = alice_and_bob(&server).await;
    bob.limit("ETHUSDT", "SELL", "2001", "2").await;
    alice.market("ETHUSDT", "BUY", "0.5").await;
    alice.limit("ETHUSDT", "BUY", "1999", "0.25").await;

    let book = json!({
        "symbol": "ETHUSDT",
        "bidPrice": "1999.00000000",
        "bidQty": "0.25000000",
        "askPrice": "2001.00000000",
        "askQty": "1.50000000",
    });
    let nobody = |symbol: &str| {
        let zero = "0.00000000";
        json!({
            "symbol": symbol,
            "bidPrice": zero,
            "bidQty": zero,
            "askPrice": zero,
            "askQty": zero,
        })
    };
    let price = |symbol: &str, price: &str| json!({ "symbol": symbol, "price": price });
    let zero = "0.00000000";
    let cases = [
        (
            "bookTicker",
            [nobody("BTCUSDT"), book, nobody("ETHBTC")],
            BOOK_TICKER,
        ),
        (
            "price",
            [
                price("BTCUSDT", zero),
                price("ETHUSDT", "2001.00000000"),
                price("ETHBTC", zero),
            ],
            &[("symbol", T), ("price", D)],
        ),
    ];
    for (ticker, [btc_usdt, eth_usdt, eth_btc], shape) in cases {
        assert_selections(&http, ticker, shape, &[btc_usdt, eth_usdt, eth_btc], |_| {}).await;
    }
    let all = http.json("/api/v3/ticker/24hr").await;
    let without_times = |ticker: &mut Value| {
        let ticker = ticker.as_object_mut().expect("a ticker");
        ticker.remove("openTime");
        ticker.remove("closeTime");
    };
    let shape: Vec<_> = TICKER
        .iter()
        .filter(|(name, _)| !name.ends_with("Time"))
        .copied()
        .collect();
    let mut expected = list(&all).to_vec();
    expected.iter_mut().for_each(without_times);
    assert_eq!(text(&expected[1], "lastPrice"), "2001.00000000");
    assert_selections(&http, "24hr", &shape, &expected, without_times).await;
}

/// Asks for one symbol, for some, for none: an object, a list in the order asked for, all.
async fn assert_selections(
    http: &Http,
    ticker: &str,
    shape: &[(&str, Kind)],
    expected: &[Value],
    cleaned: impl Fn(&mut Value),
) {
    let path = format!("/api/v3/ticker/{ticker}");
    let mut one = http.json(&format!("{path}?symbol=ETHUSDT")).await;
    cleaned(&mut one);
    assert_shape(ticker, &one, shape);
    assert_eq!(one, expected[1], "{ticker}");
    for (query, expected) in [
        (
            "?symbols=%5B%22ETHBTC%22,%22ETHUSDT%22%5D",
            vec![&expected[2], &expected[1]],
        ),
        (
            "?symbols=%5B%22ETHBTC%22%2C%20%22ETHUSDT%22%5D",
            vec![&expected[2], &expected[1]],
        ),
        ("?symbols=%5B%22ETHUSDT%22%5D", vec![&expected[1]]),
        ("", expected.iter().collect()),
    ] {
        let mut several = http.json(&format!("{path}{query}")).await;
        let several = several.as_array_mut().expect("a list");
        several.iter_mut().for_each(&cleaned);
        let several: Vec<_> = several.iter().collect();
        assert_eq!(several, expected, "{ticker}{query}");
    }
}
