//! What is traded and under which rules, and that every answer about markets has the fields, each of
//! its type, that clients index.

use accounts_core::{Amount, OrderLimits, PriceCollar};
use exchange_engine::{Command, InstrumentId, Scope};
use orderbook_core::Quantity;
use serde_json::{Value, json};

use crate::harness::log::Log;
use crate::harness::shape::{D, F, I, INSTRUMENT, Kind, L, PUBLIC_TRADE, T, assert_shape};
use crate::harness::{Server, Trader, list, new_dir, text};

const BTCUSDT: InstrumentId = InstrumentId::new(0);

const AGGREGATE: &[(&str, Kind)] = &[
    ("a", I),
    ("p", D),
    ("q", D),
    ("f", I),
    ("l", I),
    ("T", I),
    ("m", F),
    ("M", F),
];

const MINI: &[(&str, Kind)] = &[
    ("symbol", T),
    ("openPrice", D),
    ("highPrice", D),
    ("lowPrice", D),
    ("lastPrice", D),
    ("volume", D),
    ("quoteVolume", D),
    ("openTime", I),
    ("closeTime", I),
    ("firstId", I),
    ("lastId", I),
    ("count", I),
];

/// What a ticker says in full besides.
const CHANGE: &[(&str, Kind)] = &[
    ("priceChange", D),
    ("priceChangePercent", D),
    ("weightedAvgPrice", D),
];

/// What only that of a day says.
const DAY: &[(&str, Kind)] = &[
    ("prevClosePrice", D),
    ("lastQty", D),
    ("bidPrice", D),
    ("bidQty", D),
    ("askPrice", D),
    ("askQty", D),
];

#[tokio::test]
async fn answers_have_the_fields_that_clients_index() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let (alice, bob) = tokio::join!(
        Trader::funded(&server, "alice", &[("USDT", "1000000")]),
        Trader::funded(&server, "bob", &[("BTC", "10")]),
    );
    bob.limit("BTCUSDT", "SELL", "50000", "0.5").await;
    alice.market("BTCUSDT", "BUY", "0.1").await;
    let http = server.http();
    let get = async |path: &str| http.json(&format!("/api/v3/{path}")).await;
    let window = [MINI, CHANGE].concat();
    let day = [&window, DAY].concat();
    let price = [("symbol", T), ("price", D)];
    let book = [
        ("symbol", T),
        ("bidPrice", D),
        ("bidQty", D),
        ("askPrice", D),
        ("askQty", D),
    ];
    for (path, fields) in [
        ("ticker/24hr?", &day[..]),
        ("ticker/24hr?type=FULL&", &day),
        ("ticker/24hr?type=MINI&", MINI),
        ("ticker?", &window),
        ("ticker?type=MINI&windowSize=4h&", MINI),
        ("ticker/tradingDay?", &window),
        ("ticker/tradingDay?type=MINI&timeZone=0&", MINI),
        ("ticker/price?", &price),
        ("ticker/bookTicker?", &book),
    ] {
        let one = get(&format!("{path}symbol=BTCUSDT")).await;
        assert_shape(path, &one, fields);
        let several = get(&format!("{path}symbols=[\"ETHUSDT\",\"BTCUSDT\"]")).await;
        let names = list(&several).iter().map(|it| text(it, "symbol"));
        assert_eq!(names.collect::<Vec<_>>(), ["ETHUSDT", "BTCUSDT"], "{path}");
        for each in list(&several) {
            assert_shape(path, each, fields);
        }
        if path.contains("tradingDay") || path.starts_with("ticker?") {
            continue;
        }
        assert!(list(&get(path).await).len() > 2, "{path}: all of them");
    }
    let first = async |path: &str| list(&get(&format!("{path}symbol=BTCUSDT")).await)[0].clone();
    for path in ["trades?", "historicalTrades?", "historicalTrades?fromId=1&"] {
        assert_shape(path, &first(path).await, PUBLIC_TRADE);
    }
    assert_shape("aggTrades", &first("aggTrades?").await, AGGREGATE);
    let average = get("avgPrice?symbol=BTCUSDT").await;
    assert_shape(
        "avgPrice",
        &average,
        &[("mins", I), ("price", D), ("closeTime", I)],
    );
    let depth = get("depth?symbol=BTCUSDT").await;
    assert_shape(
        "depth",
        &depth,
        &[("lastUpdateId", I), ("bids", L), ("asks", L)],
    );
    for path in ["klines?interval=1h&", "uiKlines?interval=1M&"] {
        let candle = first(path).await;
        let numbers = list(&candle).iter().map(Value::is_u64);
        let expected = [0, 6, 8].map(|index| (index, true));
        for (index, is_number) in numbers.enumerate() {
            assert_eq!(
                is_number,
                expected.contains(&(index, true)),
                "{path}: {index}"
            );
        }
        assert_eq!((list(&candle).len(), &candle[11]), (12, &json!("0")));
    }
    assert_eq!(get("ping").await, json!({}));
    assert_shape("time", &get("time").await, &[("serverTime", I)]);
}

async fn symbols(server: &Server, query: &str) -> Vec<Value> {
    let path = format!("/api/v3/exchangeInfo{query}");
    let info = server.http().json(&path).await;
    let fields = [
        ("timezone", T),
        ("serverTime", I),
        ("rateLimits", L),
        ("exchangeFilters", L),
        ("symbols", L),
    ];
    assert_shape("exchangeInfo", &info, &fields);
    for symbol in list(&info["symbols"]) {
        assert_shape("a symbol", symbol, INSTRUMENT);
    }
    list(&info["symbols"]).to_vec()
}

#[tokio::test]
async fn instruments_are_chosen_by_name_permission_and_status() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    Trader::join(&server, "alice").await;
    server.kill();
    let halt = Command::Halt {
        scope: Scope::Instrument(BTCUSDT),
        cancel_orders: false,
    };
    Log::open(dir.path()).decide([halt]);
    let server = server.restart().await;
    let all = symbols(&server, "").await;
    assert!(all.len() > 2);
    assert_eq!(all[0]["permissionSets"], json!([["SPOT"]]));
    assert_eq!(
        all[0]["allowedSelfTradePreventionModes"],
        json!([
            "NONE",
            "EXPIRE_MAKER",
            "EXPIRE_TAKER",
            "EXPIRE_BOTH",
            "DECREMENT"
        ])
    );
    for flag in [
        "icebergAllowed",
        "quoteOrderQtyMarketAllowed",
        "cancelReplaceAllowed",
    ] {
        assert_eq!(all[0][flag], true, "{flag}");
    }
    for (query, count) in [
        ("?symbol=BTCUSDT", 1),
        ("?symbols=[\"BTCUSDT\",\"ETHUSDT\"]", 2),
        ("?permissions=SPOT", all.len()),
        ("?permissions=[\"MARGIN\",\"SPOT\"]", all.len()),
        ("?permissions=MARGIN", 0),
        ("?permissions=[\"LEVERAGED\",\"TRD_GRP_004\"]", 0),
        ("?symbolStatus=TRADING", all.len() - 1),
        ("?symbolStatus=HALT", 1),
        ("?symbolStatus=BREAK", 0),
        ("?symbolStatus=HALT&permissions=SPOT", 1),
        ("?symbolStatus=HALT&permissions=MARGIN", 0),
    ] {
        assert_eq!(symbols(&server, query).await.len(), count, "{query}");
    }
    let hidden = symbols(&server, "?showPermissionSets=false&symbol=ETHUSDT").await;
    assert_eq!(hidden[0]["permissionSets"], json!([]));
    assert_eq!(hidden[0]["permissions"], json!(["SPOT"]));
    let http = server.http();
    for (query, code, msg) in [
        (
            "symbol=BTCUSDT&symbols=[\"ETHUSDT\"]",
            -1128,
            "Combination of optional parameters invalid. Recommendation: 'symbol' or 'symbols', not both.",
        ),
        (
            "symbol=BTCUSDT&permissions=SPOT",
            -1128,
            "Combination of optional parameters invalid.",
        ),
        (
            "symbols=[\"BTCUSDT\"]&symbolStatus=HALT",
            -1128,
            "Combination of optional parameters invalid.",
        ),
        ("symbolStatus=ASLEEP", -1122, "Invalid symbolStatus."),
        ("symbol=NOTHING", -1121, "Invalid symbol."),
        (
            "permissions=EVERYTHING",
            -1130,
            "Data sent for parameter 'permissions' is not valid.",
        ),
        (
            "showPermissionSets=maybe",
            -1100,
            "Illegal characters found in parameter 'showPermissionSets'; legal range is '^true$|^false$'.",
        ),
    ] {
        let reply = http.get(&format!("/api/v3/exchangeInfo?{query}")).await;
        reply.assert_refused(query, 400, code, msg);
    }
}

/// Of the filters of an instrument the one of that type.
fn filter<'a>(symbol: &'a Value, name: &str) -> Option<&'a Value> {
    let mut filters = list(&symbol["filters"]).iter();
    filters.find(|filter| filter["filterType"] == name)
}

#[tokio::test]
async fn filters_tell_what_the_exchange_allows() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    Trader::join(&server, "alice").await;
    let free = &symbols(&server, "?symbol=BTCUSDT").await[0];
    let names = list(&free["filters"])
        .iter()
        .map(|it| text(it, "filterType"));
    let expected = [
        "PRICE_FILTER",
        "LOT_SIZE",
        "MARKET_LOT_SIZE",
        "NOTIONAL",
        "ICEBERG_PARTS",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let lots = |name: &str| {
        let filter = filter(free, name).expect("it is there");
        ["minQty", "maxQty", "stepSize"].map(|field| text(filter, field))
    };
    assert_eq!(lots("LOT_SIZE"), lots("MARKET_LOT_SIZE"));
    let parts = filter(free, "ICEBERG_PARTS").expect("it is there");
    assert!(parts["limit"].as_u64() > Some(1), "{parts}");
    server.kill();
    let limits = OrderLimits {
        max_quantity: Some(Quantity::new(100_000)),
        max_notional: Some(Amount::new(50_000_000_000)),
        max_open_orders: Some(25),
        max_position: Some(Amount::new(300_000_000)),
    };
    Log::open(dir.path()).decide([Command::LimitInstrument {
        instrument: BTCUSDT,
        limits,
        collar: Some(PriceCollar::new(50_000)),
    }]);
    let server = server.restart().await;
    let limited = &symbols(&server, "?symbol=BTCUSDT").await[0];
    let lots = filter(limited, "LOT_SIZE").expect("it is there");
    assert_eq!(text(lots, "maxQty"), "1.00000000");
    let notional = filter(limited, "NOTIONAL").expect("it is there");
    assert_eq!(notional["applyMaxToMarket"], true);
    assert_ne!(
        notional["maxNotional"],
        filter(free, "NOTIONAL").expect("it is there")["maxNotional"]
    );
    let orders = json!({ "filterType": "MAX_NUM_ORDERS", "maxNumOrders": 25 });
    assert_eq!(filter(limited, "MAX_NUM_ORDERS"), Some(&orders));
    let position = filter(limited, "MAX_POSITION").expect("it is there");
    assert_eq!(text(position, "maxPosition"), "3.00000000");
    let collar = filter(limited, "PERCENT_PRICE_BY_SIDE").expect("it is there");
    assert_eq!(text(collar, "bidMultiplierUp"), "1.050000");
    assert_eq!(text(collar, "askMultiplierDown"), "0.950000");
    assert_eq!(
        (text(collar, "bidMultiplierDown"), &collar["avgPriceMins"]),
        ("0", &json!(0))
    );
    // What is not limited has none of these.
    let other = &symbols(&server, "?symbol=ETHUSDT").await[0];
    assert_eq!(filter(other, "MAX_NUM_ORDERS"), None);
}
