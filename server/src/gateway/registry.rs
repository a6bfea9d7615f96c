//! Every operation there is.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::http::Method;
use matchit::{Params as PathParams, Router};

use super::auth::Access;
use super::elsewhere;
use super::operation::Operation;
use super::parameters::{
    CANCEL_REPLACE, CANCEL_RESTRICTIONS, COMPUTE_COMMISSION_RATES, END_TIME, FROM_ID, INTERVAL,
    LIMIT, LISTEN_KEY, NEW_CLIENT_ORDER_ID, NEW_ORDER, NEW_QUANTITY, OMIT_ZERO_BALANCES, ORDER_ID,
    ORIG_CLIENT_ORDER_ID, START_TIME, SYMBOL, SYMBOLS, SYMBOLS_LIKE, TICKER_TYPE, TIME_ZONE,
    WINDOW_SIZE,
};
use super::users;
use crate::accounts::{Scope, portfolio, routes as accounts};
use crate::api::params::Params;
use crate::marketdata::routes as market;
use crate::orders::routes as orders;

/// What clients of the exchange can ask for.
pub(crate) static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let operations = [
        general(),
        market_data(),
        trading(),
        account(),
        elsewhere(),
        user_stream(),
        accounts::operations().collect(),
        portfolio::operations(),
    ];
    Registry::new(operations.into_iter().flatten().collect())
});

/// Operations, by their names.
pub(crate) struct Registry {
    operations: Vec<Operation>,
    by_path: Router<Vec<usize>>,
    by_method: HashMap<&'static str, usize>,
}

/// What there is at the path of a request over HTTP.
pub(super) enum Found<'r, 'p> {
    Operation(&'r Operation, PathParams<'r, 'p>),
    /// Only other methods, these.
    Other(Vec<&'r str>),
    Nothing,
}

impl Registry {
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        let all = || operations.iter().enumerate();
        let mut paths: HashMap<_, Vec<_>> = HashMap::new();
        for (index, operation) in all() {
            if let Some((_, path)) = operation.rest {
                paths.entry(path).or_default().push(index);
            }
        }
        let mut by_path = Router::new();
        for (path, here) in paths {
            let inserted = by_path.insert(path, here);
            inserted.expect("no two routes are in each other's way");
        }
        let methods = all().filter_map(|(index, it)| Some((it.socket?, index)));
        Self {
            by_path,
            by_method: methods.collect(),
            operations,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// The operation of a REST route. Who asks for the head of an answer asks as for all of it.
    pub(super) fn route<'r, 'p>(&'r self, method: &Method, path: &'p str) -> Found<'r, 'p> {
        let Ok(at) = self.by_path.at(path) else {
            return Found::Nothing;
        };
        let asked = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let here = at.value.iter().filter_map(|index| {
            let operation = self.operations.get(*index)?;
            let (method, _) = operation.rest.as_ref()?;
            Some((method, operation))
        });
        match here.clone().find(|(method, _)| *method == asked) {
            Some((_, operation)) => Found::Operation(operation, at.params),
            None => Found::Other(here.map(|(method, _)| method.as_str()).collect()),
        }
    }

    /// The operation of a method of the WebSocket API.
    pub(crate) fn method(&self, name: &str) -> Option<&Operation> {
        self.operations.get(*self.by_method.get(name)?)
    }
}

const READ: Access = Access::Account(Scope::Read);
const TRADE: Access = Access::Account(Scope::Trade);

fn general() -> Vec<Operation> {
    vec![
        Operation::new(Access::Public, "Test the connection", market::ping)
            .rest(Method::GET, "/api/v3/ping")
            .socket("ping"),
        Operation::new(Access::Public, "Tell the time of the server", market::time)
            .rest(Method::GET, "/api/v3/time")
            .socket("time"),
        Operation::new(
            Access::Public,
            "Tell what is traded, under which rules and limits",
            market::exchange_info,
        )
        .rest(Method::GET, "/api/v3/exchangeInfo")
        .socket("exchangeInfo")
        .takes(&[SYMBOL, SYMBOLS])
        .takes(&SYMBOLS_LIKE)
        .weight(|_| 20),
    ]
}

fn market_data() -> Vec<Operation> {
    let symbol = SYMBOL.required();
    let candles = [
        symbol,
        INTERVAL.required(),
        START_TIME,
        END_TIME,
        TIME_ZONE,
        LIMIT,
    ];
    vec![
        Operation::new(Access::Public, "Tell the depth of a book", market::depth)
            .rest(Method::GET, "/api/v3/depth")
            .socket("depth")
            .takes(&[symbol, LIMIT])
            .weight(depth_weight),
        Operation::new(Access::Public, "List the newest trades", market::trades)
            .rest(Method::GET, "/api/v3/trades")
            .socket("trades.recent")
            .takes(&[symbol, LIMIT])
            .weight(|_| 25),
        Operation::new(Access::Public, "List trades of any age", market::trades)
            .rest(Method::GET, "/api/v3/historicalTrades")
            .socket("trades.historical")
            .takes(&[symbol, LIMIT, FROM_ID])
            .weight(|_| 25),
        Operation::new(
            Access::Public,
            "List what each order traded at one price",
            market::aggregate_trades,
        )
        .rest(Method::GET, "/api/v3/aggTrades")
        .socket("trades.aggregate")
        .takes(&[symbol, FROM_ID, START_TIME, END_TIME, LIMIT])
        .weight(|_| 4),
        Operation::new(Access::Public, "List candles", market::klines)
            .rest(Method::GET, "/api/v3/klines")
            .socket("klines")
            .takes(&candles)
            .weight(|_| 2),
        Operation::new(Access::Public, "List candles to be drawn", market::klines)
            .rest(Method::GET, "/api/v3/uiKlines")
            .socket("uiKlines")
            .takes(&candles)
            .weight(|_| 2),
        Operation::new(
            Access::Public,
            "Tell the average price of the last five minutes",
            market::average_price,
        )
        .rest(Method::GET, "/api/v3/avgPrice")
        .socket("avgPrice")
        .takes(&[symbol])
        .weight(|_| 2),
        Operation::new(
            Access::Public,
            "Tell what happened in the last 24 hours",
            market::ticker_day,
        )
        .rest(Method::GET, "/api/v3/ticker/24hr")
        .socket("ticker.24hr")
        .takes(&[SYMBOL, SYMBOLS, TICKER_TYPE])
        .weight(day_weight),
        Operation::new(
            Access::Public,
            "Tell what happened since midnight UTC",
            market::trading_day,
        )
        .rest(Method::GET, "/api/v3/ticker/tradingDay")
        .socket("ticker.tradingDay")
        .takes(&[SYMBOL, SYMBOLS, TIME_ZONE, TICKER_TYPE])
        .weight(window_weight),
        Operation::new(
            Access::Public,
            "Tell what happened in a while of any length",
            market::ticker_window,
        )
        .rest(Method::GET, "/api/v3/ticker")
        .socket("ticker")
        .takes(&[SYMBOL, SYMBOLS, WINDOW_SIZE, TICKER_TYPE])
        .weight(window_weight),
        Operation::new(Access::Public, "Tell the last price", market::ticker_price)
            .rest(Method::GET, "/api/v3/ticker/price")
            .socket("ticker.price")
            .takes(&[SYMBOL, SYMBOLS])
            .weight(ticker_weight),
        Operation::new(
            Access::Public,
            "Tell the best bid and ask",
            market::book_ticker,
        )
        .rest(Method::GET, "/api/v3/ticker/bookTicker")
        .socket("ticker.book")
        .takes(&[SYMBOL, SYMBOLS])
        .weight(ticker_weight),
    ]
}

fn trading() -> Vec<Operation> {
    let symbol = SYMBOL.required();
    let order = [symbol, ORDER_ID, ORIG_CLIENT_ORDER_ID];
    vec![
        Operation::new(TRADE, "Place an order", orders::place)
            .rest(Method::POST, "/api/v3/order")
            .socket("order.place")
            .takes(&[symbol])
            .takes(&NEW_ORDER)
            .counts_as_order(),
        Operation::new(TRADE, "Check an order without placing it", orders::test)
            .rest(Method::POST, "/api/v3/order/test")
            .socket("order.test")
            .takes(&[symbol, COMPUTE_COMMISSION_RATES])
            .takes(&NEW_ORDER)
            .weight(|params| match params.get("computeCommissionRates") {
                Some("true") => 20,
                _ => 1,
            }),
        Operation::new(
            TRADE,
            "Cancel an order and place another",
            orders::cancel_replace,
        )
        .rest(Method::POST, "/api/v3/order/cancelReplace")
        .socket("order.cancelReplace")
        .takes(&[symbol])
        .takes(&CANCEL_REPLACE)
        .takes(&NEW_ORDER)
        .does_more_than_order(),
        Operation::new(
            TRADE,
            "Make an order smaller; it keeps its place in the queue",
            orders::amend,
        )
        .rest(Method::PUT, "/api/v3/order/amend/keepPriority")
        .socket("order.amend.keepPriority")
        .takes(&order)
        .takes(&[NEW_CLIENT_ORDER_ID, NEW_QUANTITY.required()])
        .weight(|_| 4),
        Operation::new(READ, "Tell the state of an order", orders::query)
            .rest(Method::GET, "/api/v3/order")
            .socket("order.status")
            .takes(&order)
            .weight(|_| 4),
        Operation::new(TRADE, "Cancel an order", orders::cancel)
            .rest(Method::DELETE, "/api/v3/order")
            .socket("order.cancel")
            .takes(&order)
            .takes(&[NEW_CLIENT_ORDER_ID, CANCEL_RESTRICTIONS]),
        Operation::new(READ, "List open orders", orders::open_orders)
            .rest(Method::GET, "/api/v3/openOrders")
            .socket("openOrders.status")
            .takes(&[SYMBOL])
            .weight(|params| if is_of_one(params) { 6 } else { 80 }),
        Operation::new(
            TRADE,
            "Cancel all open orders in an instrument",
            orders::cancel_all,
        )
        .rest(Method::DELETE, "/api/v3/openOrders")
        .socket("openOrders.cancelAll")
        .takes(&[symbol, NEW_CLIENT_ORDER_ID]),
        Operation::new(
            READ,
            "List orders in whatever state, oldest first",
            orders::all_orders,
        )
        .rest(Method::GET, "/api/v3/allOrders")
        .socket("allOrders")
        .takes(&[symbol, ORDER_ID, START_TIME, END_TIME, LIMIT])
        .weight(|_| 20),
        Operation::new(
            READ,
            "List one's own trades, oldest first",
            orders::my_trades,
        )
        .rest(Method::GET, "/api/v3/myTrades")
        .socket("myTrades")
        .takes(&[symbol, ORDER_ID, START_TIME, END_TIME, FROM_ID, LIMIT])
        .weight(|params| {
            if params.get("orderId").is_some() {
                5
            } else {
                20
            }
        }),
        Operation::new(
            READ,
            "List trades that were made for orders sent around several books: none",
            orders::allocations,
        )
        .rest(Method::GET, "/api/v3/myAllocations")
        .socket("myAllocations")
        .takes(&[symbol, START_TIME, END_TIME, LIMIT])
        .weight(|_| 20),
    ]
}

fn account() -> Vec<Operation> {
    vec![
        Operation::new(READ, "Tell balances and commissions", accounts::account)
            .rest(Method::GET, "/api/v3/account")
            .socket("account.status")
            .takes(&[OMIT_ZERO_BALANCES])
            .weight(|_| 20),
        Operation::new(
            READ,
            "Tell what trades in an instrument cost",
            orders::commission,
        )
        .rest(Method::GET, "/api/v3/account/commission")
        .socket("account.commission")
        .takes(&[SYMBOL.required()])
        .weight(|_| 20),
        Operation::new(
            READ,
            "Tell what trades cost, instrument by instrument",
            orders::trade_fees,
        )
        .rest(Method::GET, "/sapi/v1/asset/tradeFee")
        .takes(&[SYMBOL]),
        Operation::new(
            READ,
            "Tell how many orders have been sent",
            orders::order_usage,
        )
        .rest(Method::GET, "/api/v3/rateLimit/order")
        .socket("account.rateLimits.orders")
        .weight(|_| 40),
    ]
}

/// What other services than this exchange would answer.
fn elsewhere() -> Vec<Operation> {
    let nothing = |access, about, path| {
        Operation::new(access, about, elsewhere::nothing).rest(Method::GET, path)
    };
    let no_instruments = |path| {
        let about = "List instruments of futures: there are none";
        Operation::new(Access::Public, about, elsewhere::no_instruments).rest(Method::GET, path)
    };
    vec![
        nothing(
            READ,
            "List wallets: there are none",
            "/sapi/v1/capital/config/getall",
        ),
        nothing(
            Access::Public,
            "List pairs with margin: there are none",
            "/sapi/v1/margin/allPairs",
        ),
        nothing(
            Access::Public,
            "List pairs with isolated margin: there are none",
            "/sapi/v1/margin/isolated/allPairs",
        ),
        no_instruments("/fapi/v1/exchangeInfo"),
        no_instruments("/dapi/v1/exchangeInfo"),
        Operation::new(
            Access::Public,
            "Tell whether the exchange is in order",
            elsewhere::system_status,
        )
        .rest(Method::GET, "/sapi/v1/system/status"),
    ]
}

fn user_stream() -> Vec<Operation> {
    let key = LISTEN_KEY.required();
    vec![
        Operation::new(
            Access::Key,
            "Make a key to listen to one's account with",
            users::create,
        )
        .rest(Method::POST, "/api/v3/userDataStream")
        .socket("userDataStream.start")
        .weight(|_| 2),
        Operation::new(Access::Key, "Keep a listen key alive", users::keep)
            .rest(Method::PUT, "/api/v3/userDataStream")
            .socket("userDataStream.ping")
            .takes(&[key])
            .weight(|_| 2),
        Operation::new(Access::Key, "Close a listen key", users::close)
            .rest(Method::DELETE, "/api/v3/userDataStream")
            .socket("userDataStream.stop")
            .takes(&[key])
            .weight(|_| 2),
    ]
}

/// Whether a request is about one instrument only.
fn is_of_one(params: &Params) -> bool {
    params.get("symbol").is_some()
}

fn ticker_weight(params: &Params) -> u32 {
    if is_of_one(params) { 2 } else { 4 }
}

/// How many instruments a request names; `None` where it is about all of them.
fn named(params: &Params) -> Option<u32> {
    if is_of_one(params) {
        return Some(1);
    }
    let commas = params.get("symbols")?.bytes().filter(|it| *it == b',');
    u32::try_from(commas.count()).ok()?.checked_add(1)
}

fn day_weight(params: &Params) -> u32 {
    match named(params) {
        Some(0..=20) => 2,
        Some(21..=100) => 40,
        _ => 80,
    }
}

/// Each instrument takes some work.
fn window_weight(params: &Params) -> u32 {
    named(params).map_or(4, |named| named.saturating_mul(4).min(200))
}

/// The deeper, the dearer.
fn depth_weight(params: &Params) -> u32 {
    match params.get("limit").and_then(|limit| limit.parse().ok()) {
        None | Some(0..=100_u64) => 5,
        Some(101..=500) => 25,
        Some(501..=1_000) => 50,
        Some(_) => 250,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_found_by_its_names() {
        for operation in REGISTRY.iter() {
            let found =
                |found: Option<&Operation>| found.is_some_and(|it| std::ptr::eq(it, operation));
            if let Some((method, path)) = &operation.rest {
                let route = REGISTRY.route(method, path);
                assert!(
                    matches!(route, Found::Operation(it, _) if found(Some(it))),
                    "{method} {path}"
                );
            }
            if let Some(method) = operation.socket {
                assert!(found(REGISTRY.method(method)), "{method}");
            }
        }
        let other = |method, path| match REGISTRY.route(&method, path) {
            Found::Other(methods) => methods.len(),
            Found::Operation(..) | Found::Nothing => 0,
        };
        assert_eq!(other(Method::PUT, "/api/v3/order"), 3);
        assert_eq!(other(Method::HEAD, "/api/v3/order"), 0);
        assert_eq!(other(Method::HEAD, "/api/v3/order/test"), 1);
        assert_eq!(other(Method::GET, "/api/v3/orders"), 0);
        assert!(REGISTRY.method("order").is_none());
    }

    #[test]
    fn deeper_books_cost_more() {
        let weight = |query| depth_weight(&Params::parse(query, b""));
        let weights = ["", "limit=100", "limit=101", "limit=1000", "limit=5000"].map(weight);
        assert_eq!(weights, [5, 5, 25, 50, 250]);
    }
}
