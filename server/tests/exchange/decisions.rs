//! What an exchange shows of decisions that no request asks for: halts, limits, delistings, and what
//! fees are paid in.

use accounts_core::{AccountLimits, Amount, AssetId, OrderLimits, OrderRate, PriceCollar};
use exchange_engine::{Command, InstrumentId, Scope};
use orderbook_core::{AccountId, Quantity};
use reqwest::Method;
use serde_json::Value;

use crate::harness::log::Log;
use crate::harness::{Reply, Server, Trader, list, new_dir, number, text};
use crate::history::stored;

const BTCUSDT: InstrumentId = InstrumentId::new(0);
const ETHBTC: InstrumentId = InstrumentId::new(2);
const ETH: AssetId = AssetId::new(1);
const USDT: AssetId = AssetId::new(2);

/// The same exchange, after something was decided.
async fn decided(
    mut server: Server,
    data_dir: &std::path::Path,
    commands: impl IntoIterator<Item = Command>,
) -> Server {
    server.kill();
    Log::open(data_dir).decide(commands);
    server.restart().await
}

async fn account(trader: &Trader) -> AccountId {
    let session = trader.own(Method::GET, "/v1/session", None).await.ok();
    AccountId::new(number(&session, "accountId"))
}

fn halt(scope: Scope) -> Command {
    Command::Halt {
        scope,
        cancel_orders: false,
    }
}

async fn statuses(server: &Server) -> Vec<(String, String)> {
    let info = server.http().json("/api/v3/exchangeInfo").await;
    let symbols = list(&info["symbols"]).iter();
    symbols
        .map(|one| (text(one, "symbol").into(), text(one, "status").into()))
        .collect()
}

async fn bid(trader: &Trader, symbol: &str) -> Reply {
    let params = [
        ("symbol", symbol),
        ("side", "BUY"),
        ("type", "LIMIT"),
        ("timeInForce", "GTC"),
        ("price", "1000"),
        ("quantity", "0.1"),
    ];
    trader.post("order", &params).await
}

#[tokio::test]
async fn a_halted_market_says_so_and_takes_no_orders() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "10000")]).await;
    let closed = |reply: Reply| reply.assert_refused("halted", 400, -1013, "Market is closed.");
    let open = bid(&alice, "BTCUSDT").await.ok();
    bid(&alice, "ETHUSDT").await.ok();

    let scope = Scope::Instrument(BTCUSDT);
    let server = decided(server, dir.path(), [halt(scope)]).await;
    let alice = alice.at(&server);
    let of = async |symbol: &str| {
        let statuses = statuses(&server).await;
        let found = statuses.into_iter().find(|(name, _)| name == symbol);
        found.expect("it is listed").1
    };
    assert_eq!(of("BTCUSDT").await, "HALT");
    assert_eq!(of("ETHUSDT").await, "TRADING");
    closed(bid(&alice, "BTCUSDT").await);
    bid(&alice, "ETHUSDT").await.ok();
    // Whoever has orders gets out.
    alice.cancel("BTCUSDT", &open).await;

    let more = [Command::Resume { scope }, halt(Scope::Venue)];
    let server = decided(server, dir.path(), more).await;
    let alice = alice.at(&server);
    for (symbol, status) in statuses(&server).await {
        assert_eq!(status, "HALT", "{symbol}");
    }
    closed(bid(&alice, "BTCUSDT").await);
    closed(bid(&alice, "ETHUSDT").await);

    let its = Scope::Account(account(&alice).await);
    let scope = Scope::Venue;
    let more = [Command::Resume { scope }, halt(its)];
    let server = decided(server, dir.path(), more).await;
    let alice = alice.at(&server);
    for (symbol, status) in statuses(&server).await {
        assert_eq!(status, "TRADING", "{symbol}");
    }
    let msg = "This account may not place orders at the moment; it may cancel them.";
    let reply = bid(&alice, "BTCUSDT").await;
    reply.assert_refused("a halted account", 400, -2010, msg);
    let all = alice.delete("openOrders", &[("symbol", "ETHUSDT")]).await;
    assert_eq!(list(&all.ok()).len(), 2);
    let bob = Trader::funded(&server, "bob", &[("USDT", "1000")]).await;
    bid(&bob, "BTCUSDT").await.ok();
}

#[tokio::test]
async fn limits_are_told_by_the_name_of_a_filter() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "100000")]).await;
    let bob = Trader::funded(&server, "bob", &[("BTC", "10")]).await;
    bob.limit("BTCUSDT", "SELL", "1000", "1").await;
    alice.limit("BTCUSDT", "BUY", "1000", "1").await;
    let one_tenth = PriceCollar::new(100_000);
    let limits = OrderLimits {
        max_quantity: Some(Quantity::new(500_000)),
        max_notional: Some(Amount::new(2_000 * 100_000_000)),
        max_open_orders: Some(1),
        max_position: Some(Amount::new(4 * 100_000_000)),
    };
    let instrument = BTCUSDT;
    let collar = Some(one_tenth);
    let limit = Command::LimitInstrument {
        instrument,
        limits,
        collar,
    };
    let server = decided(server, dir.path(), [limit]).await;
    let alice = alice.at(&server);
    let buy = async |price: &str, quantity: &str| {
        let params = [
            ("symbol", "BTCUSDT"),
            ("side", "BUY"),
            ("type", "LIMIT"),
            ("timeInForce", "GTC"),
            ("price", price),
            ("quantity", quantity),
        ];
        alice.post("order", &params).await
    };
    for (price, quantity, filter) in [
        ("900", "5.1", "LOT_SIZE"),
        ("1101", "1", "PERCENT_PRICE_BY_SIDE"),
        ("1001", "2", "NOTIONAL"),
        ("500", "3.1", "MAX_POSITION"),
    ] {
        let msg = format!("Filter failure: {filter}");
        let reply = buy(price, quantity).await;
        reply.assert_refused(filter, 400, -1013, &msg);
    }
    buy("900", "1").await.ok();
    let msg = "Filter failure: MAX_NUM_ORDERS";
    buy("900", "1").await.assert_refused("two", 400, -1013, msg);

    let alices = account(&alice).await;
    let limit = Command::LimitAccount {
        account: alices,
        limits: AccountLimits {
            max_open_orders: None,
            order_rate: Some(OrderRate {
                orders: 1,
                micros: u64::MAX,
            }),
        },
    };
    let server = decided(server, dir.path(), [limit]).await;
    let alice = alice.at(&server);
    bid(&alice, "ETHUSDT").await.ok();
    let reply = bid(&alice, "ETHUSDT").await;
    let msg = "Too many new orders; the order rate of this account is used up for the moment.";
    reply.assert_refused("too fast", 429, -1015, msg);
    assert_eq!(reply.header("retry-after"), Some("1"));
}

/// What is delisted is gone for good, also where a configuration still has it.
#[tokio::test]
async fn what_was_delisted_does_not_come_back() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("BTC", "100")]).await;
    alice.limit("ETHBTC", "BUY", "0.05", "1").await;
    let mut server = server;
    server.kill();
    let instrument = ETHBTC;
    Log::open(dir.path()).decide([Command::DelistInstrument { instrument }]);
    let server = Server::with_faucet(dir.path()).await;
    let said = server.stderr();
    assert!(said.contains("take it out of the configuration"), "{said}");
    let symbols = statuses(&server).await;
    let symbols: Vec<_> = symbols.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT"]);
    drop(server);

    let sample = include_str!("../../exchange.sample.toml");
    let start = sample.find("[[instrument]]\nsymbol = \"ETHBTC\"");
    let (before, after) = sample.split_at(start.expect("it is in the sample"));
    let after = &after[after.find("# Limits on clients").expect("limits follow")..];
    let another = before[before.rfind("[[instrument]]").expect("one more")..]
        .replace("ETHUSDT", "BTCETH")
        .replace("base = \"ETH\"", "base = \"BTC\"")
        .replace("quote = \"USDT\"", "quote = \"ETH\"");
    let elsewhere = new_dir();
    let config = elsewhere.path().join("without.toml");
    std::fs::write(&config, format!("{before}{another}{after}")).expect("it can be written");
    let config = config.to_str().expect("a plain name");
    let server = Server::start(dir.path(), &["--faucet", "--config", config]).await;
    let symbols: Vec<_> = statuses(&server).await;
    let symbols: Vec<_> = symbols.iter().map(|(name, _)| name.as_str()).collect();
    // The new one has an id of its own.
    assert_eq!(symbols, ["BTCUSDT", "ETHUSDT", "BTCETH"]);
    let alice = alice.at(&server);
    assert_eq!(alice.balance("BTC").await.1, "0.00000000");
    let reply = bid(&alice, "ETHBTC").await;
    reply.assert_refused("delisted", 400, -1121, "Invalid symbol.");
    alice.limit("BTCETH", "SELL", "20", "1").await;
}

#[tokio::test]
async fn a_closed_account_trades_no_more() {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::join(&server, "alice").await;
    let account = account(&alice).await;
    let server = decided(server, dir.path(), [Command::CloseAccount { account }]).await;
    let alice = alice.at(&server);
    let reply = bid(&alice, "BTCUSDT").await;
    reply.assert_refused("a closed account", 400, -2010, "This account is closed.");
    let free = list(&alice.account().await["balances"]).to_vec();
    assert!(free.iter().all(|it| it["free"] == "0.00000000"), "{free:?}");
}

/// Takers pay in what they receive, in what they pay, and in a third asset; the maker is paid out of
/// that.
#[tokio::test]
async fn fees_are_told_in_what_they_are_paid_in() {
    let config_dir = new_dir();
    let sample = include_str!("../../exchange.sample.toml");
    let fees = "maker_fee = \"0.001\"\ntaker_fee = \"0.001\"";
    let rebate = "maker_fee = \"-0.0001\"\ntaker_fee = \"0.001\"";
    let config = config_dir.path().join("rebates.toml");
    let text_of_config = sample
        .replace(fees, rebate)
        .replace("fills = 1000", "fills = 0");
    std::fs::write(&config, text_of_config).expect("it can be written");
    let config = config.to_str().expect("a plain name");
    let dir = new_dir();
    let server = Server::start(dir.path(), &["--faucet", "--config", config]).await;
    let money = [("USDT", "100000"), ("BTC", "10"), ("ETH", "10")];
    let alice = Trader::funded(&server, "alice", &money).await;
    let bob = Trader::funded(&server, "bob", &money).await;
    let its = account(&alice).await;
    // One ETH is worth 2000.
    bob.limit("ETHUSDT", "SELL", "2000", "0.01").await;
    alice.market("ETHUSDT", "BUY", "0.01").await;

    let mut server = server;
    let mut expected = Vec::new();
    for (asset, paid, rebate) in [
        (None, "0.00010000 BTC", "-0.00001000 BTC"),
        (Some(USDT), "5.00000000 USDT", "-0.50000000 USDT"),
        // 0.1 % of 5000 / 2000.
        (Some(ETH), "0.00250000 ETH", "-0.00025000 ETH"),
    ] {
        let account = its;
        let choose = Command::ChooseFeeAsset { account, asset };
        server = decided(server, dir.path(), [choose]).await;
        let (alice, bob) = (alice.at(&server), bob.at(&server));
        bob.limit("BTCUSDT", "SELL", "50000", "0.1").await;
        let taken = alice.market("BTCUSDT", "BUY", "0.1").await;
        assert_eq!(commission(&taken["fills"][0]), paid);
        expected.push((paid, rebate));
    }
    stored(&server).await;
    let (alice, bob) = (alice.at(&server), bob.at(&server));
    let (taken, made) = (alice.fills("BTCUSDT").await, bob.fills("BTCUSDT").await);
    let found = taken.iter().zip(&made);
    let found: Vec<_> = found
        .map(|(taken, made)| (commission(taken), commission(made)))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(paid, rebate)| ((*paid).to_owned(), (*rebate).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

fn commission(fill: &Value) -> String {
    let asset = text(fill, "commissionAsset");
    format!("{} {asset}", text(fill, "commission"))
}
