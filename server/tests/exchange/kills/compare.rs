//! What is there, compared with what was told and with itself.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use rust_decimal::Decimal;
use serde_json::Value;

use super::client::{Client, Pending, Whereabouts};
use super::terms::SYMBOLS;
use crate::harness::{Http, decimal, list, number, text};

/// What the trades of an instrument add up to, as far as they were compared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Tape {
    trades: u64,
    volume: Decimal,
    quote: Decimal,
    last: Option<String>,
}

/// Compares after each kill what can have changed since the one before.
pub(super) struct Comparison {
    deposited: BTreeMap<String, Decimal>,
    tapes: BTreeMap<&'static str, Tape>,
}

/// What belongs to one client.
struct Belongings {
    fills: BTreeMap<&'static str, Vec<Value>>,
    open: Vec<Value>,
    balances: Vec<Value>,
}

impl Comparison {
    pub(super) fn new(deposited: BTreeMap<String, Decimal>) -> Self {
        Self {
            deposited,
            tapes: BTreeMap::new(),
        }
    }

    /// The trades so far.
    pub(super) fn trades(&self) -> u64 {
        self.tapes.values().map(|tape| tape.trades).sum()
    }

    /// Compares everything once more, from the first order and trade on.
    pub(super) async fn all(&mut self, clients: &mut [Client], door: &Http) {
        let before = std::mem::take(&mut self.tapes);
        for client in clients.iter_mut() {
            client.told.distrust();
        }
        self.changes(clients, door).await;
        assert_eq!(before, self.tapes, "the trades are those that were there");
    }

    /// Compares what can have changed. Nothing must be going on.
    pub(super) async fn changes(&mut self, clients: &mut [Client], door: &Http) {
        let theirs = clients
            .iter_mut()
            .map(|client| belongings(client, door, &self.tapes));
        let theirs = join_all(theirs).await;
        for symbol in SYMBOLS {
            let tape = self.tapes.entry(symbol).or_default();
            continue_tape(tape, symbol, &theirs, door).await;
            assert_market(tape, symbol, &theirs, door).await;
        }
        self.assert_conserved(clients, &theirs);
    }

    /// Asserts that no money was made or lost: what the accounts have and what they paid in fees is
    /// what was paid in; and that what is locked is what the open orders need.
    fn assert_conserved(&self, clients: &[Client], theirs: &[Belongings]) {
        let mut total: BTreeMap<String, Decimal> = BTreeMap::new();
        for (client, theirs) in clients.iter().zip(theirs) {
            let name = &client.trader.name;
            for (asset, paid) in &client.told.paid {
                *total.entry(asset.clone()).or_default() += paid;
            }
            let mut needed: BTreeMap<&str, Decimal> = BTreeMap::new();
            for order in &theirs.open {
                let left = decimal(order, "origQty") - decimal(order, "executedQty");
                let (base, quote) = assets(text(order, "symbol"));
                if order["side"] == "BUY" {
                    *needed.entry(quote).or_default() += left * decimal(order, "price");
                } else {
                    *needed.entry(base).or_default() += left;
                }
            }
            for balance in &theirs.balances {
                let (asset, locked) = (text(balance, "asset"), decimal(balance, "locked"));
                let needed = needed.remove(asset).unwrap_or_default();
                assert_eq!(locked, needed, "{asset} of {name}");
                *total.entry(asset.into()).or_default() += decimal(balance, "free") + locked;
            }
            assert!(needed.is_empty(), "{name} has orders but no {needed:?}");
        }
        assert_eq!(total, self.deposited, "money is conserved");
    }
}

fn assets(symbol: &str) -> (&str, &str) {
    symbol.split_at(3)
}

/// Compares what belongs to a client with what it was told.
async fn belongings(
    client: &mut Client,
    door: &Http,
    tapes: &BTreeMap<&'static str, Tape>,
) -> Belongings {
    client.trader.http = door.clone();
    let (trader, told) = (&client.trader, &mut client.told);
    let (mut all_fills, mut open) = (BTreeMap::new(), Vec::new());
    for symbol in SYMBOLS {
        let from = tapes.get(symbol).map_or(1, |tape| tape.trades + 1);
        let fills = trader.fills_from(symbol, from).await;
        told.assert_fills(symbol, from, &fills);
        all_fills.insert(symbol, fills);

        let from = told.oldest_recent(symbol);
        let orders = trader.orders_from(symbol, from).await;
        let mut strangers = told.assert_orders(symbol, from, &orders);
        // What the client does not know yet may be there or not, but not more than once.
        if let Some(Pending::Order(terms, found)) = &mut client.pending
            && terms.symbol() == symbol
        {
            let there = strangers.take(terms.name());
            *found = there.map_or(Whereabouts::Nowhere, Whereabouts::There);
        }
        strangers.assert_none();
        let is_open = |order: &&Value| matches!(text(order, "status"), "NEW" | "PARTIALLY_FILLED");
        open.extend(orders.iter().filter(is_open).cloned());
    }
    if client.one_process {
        told.no_longer_perhaps();
    }
    let mut listed = list(&trader.open_orders().await).to_vec();
    for orders in [&mut open, &mut listed] {
        orders.sort_by_key(|order| number(order, "orderId"));
    }
    assert_eq!(listed, open, "the open orders of {}", trader.name);
    let account = trader.account().await;
    Belongings {
        fills: all_fills,
        open,
        balances: list(&account["balances"]).to_vec(),
    }
}

/// Asserts that trades are numbered without a gap, and that each has a buyer and a seller.
async fn continue_tape(tape: &mut Tape, symbol: &'static str, theirs: &[Belongings], door: &Http) {
    let mut sides: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for fill in theirs.iter().flat_map(|theirs| &theirs.fills[symbol]) {
        sides.entry(number(fill, "id")).or_default().push(fill);
    }
    loop {
        let from = tape.trades + 1;
        let path = format!("/api/v3/historicalTrades?symbol={symbol}&fromId={from}&limit=1000");
        let page = door.json(&path).await;
        for trade in list(&page) {
            tape.trades += 1;
            assert_eq!(number(trade, "id"), tape.trades, "{trade}");
            let fills = sides.remove(&tape.trades).unwrap_or_default();
            let [one, other] = fills[..] else {
                panic!("not a buyer and a seller of {trade}: {fills:?}");
            };
            for side in ["isBuyer", "isMaker"] {
                assert_ne!(one[side], other[side], "{one}, {other}");
            }
            for (fill, field) in [one, other]
                .into_iter()
                .flat_map(|fill| ["price", "qty", "quoteQty", "time"].map(|field| (fill, field)))
            {
                assert_eq!(fill[field], trade[field], "{fill}, {trade}");
            }
            tape.volume += decimal(trade, "qty");
            tape.quote += decimal(trade, "quoteQty");
            tape.last = Some(text(trade, "price").into());
        }
        if list(&page).len() < 1000 {
            break;
        }
    }
    assert!(sides.is_empty(), "fills of no trade: {sides:?}");
}

/// Asserts that candles and tickers are of the trades, and the book of the open orders.
async fn assert_market(tape: &Tape, symbol: &str, theirs: &[Belongings], door: &Http) {
    let at = |index: usize, candle: &Value| -> Decimal {
        let number = candle[index].as_str().and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("no number {index} in {candle}"))
    };
    for interval in ["1m", "1d"] {
        let path = format!("/api/v3/klines?symbol={symbol}&interval={interval}&limit=1000");
        let candles = door.json(&path).await;
        let candles = list(&candles);
        let sum = Tape {
            trades: candles.iter().filter_map(|candle| candle[8].as_u64()).sum(),
            volume: candles.iter().map(|candle| at(5, candle)).sum(),
            quote: candles.iter().map(|candle| at(7, candle)).sum(),
            last: candles
                .last()
                .and_then(|candle| candle[4].as_str())
                .map(Into::into),
        };
        assert_eq!(sum, *tape, "{interval} candles of {symbol}");
    }
    let day = door
        .json(&format!("/api/v3/ticker/24hr?symbol={symbol}"))
        .await;
    assert_eq!(number(&day, "count"), tape.trades, "{day}");
    assert_eq!(decimal(&day, "volume"), tape.volume, "{day}");

    let depth = door
        .json(&format!("/api/v3/depth?symbol={symbol}&limit=5000"))
        .await;
    for (side, levels) in [("BUY", "bids"), ("SELL", "asks")] {
        let mut expected: BTreeMap<Decimal, Decimal> = BTreeMap::new();
        let open = theirs.iter().flat_map(|theirs| &theirs.open);
        for order in open.filter(|order| order["symbol"] == symbol && order["side"] == side) {
            let left = decimal(order, "origQty") - decimal(order, "executedQty");
            *expected.entry(decimal(order, "price")).or_default() += left;
        }
        let mut shown: Vec<_> = list(&depth[levels])
            .iter()
            .map(|level| (at(0, level), at(1, level)))
            .collect();
        if side == "BUY" {
            shown.reverse();
        }
        assert_eq!(shown, Vec::from_iter(expected), "{levels} of {symbol}");
    }
}
