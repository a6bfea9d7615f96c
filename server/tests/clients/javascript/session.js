/** `binance` of npm: two traders over REST, with streams and over WebSocket requests. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { MainClient, WebsocketAPIClient, WebsocketClient } from "binance";

import { eventually, Steps } from "./steps.js";

const MARKET = "BTCUSDT";
const REST = `http://${process.env.EXCHANGE}`;
const WS = `ws://${process.env.EXCHANGE}`;
// What goes wrong in the library is told by the steps, which never come to their end then.
const silent = { trace() {}, info() {}, error() {} };

function keys(name) {
  const [api_key, api_secret] = process.env[name].split(":");
  return { api_key, api_secret };
}

function trader(name, changes = {}) {
  return new MainClient({ ...keys(name), ...changes, baseUrl: REST, disableTimeSync: true });
}

function limit(side, quantity, price, more = {}) {
  return { symbol: MARKET, side, type: "LIMIT", timeInForce: "GTC", quantity, price, newOrderRespType: "FULL", ...more };
}

/** That an object has these and maybe others. */
function has(actual, expected) {
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, actual[name]]));
  assert.deepEqual(found, expected);
}

async function refused(code, message, call) {
  await assert.rejects(call, (error) => {
    has(error, { code, message });
    return true;
  });
}

async function trade(steps, alice, bob) {
  await steps.step("load markets", async () => {
    assert.deepEqual(await bob.testConnectivity(), {});
    const { symbols } = await bob.getExchangeInfo({ symbol: MARKET });
    has(symbols[0], { symbol: MARKET, status: "TRADING", baseAsset: "BTC" });
  });

  let asks;
  await steps.step("rest orders on two levels", async () => {
    asks = [await alice.submitNewOrder(limit("SELL", 1, 60000)), await alice.submitNewOrder(limit("SELL", 1, 60010))];
    has(asks[0], { status: "NEW", executedQty: "0.00000000", fills: [] });
    const open = await alice.getOpenOrders({ symbol: MARKET });
    assert.deepEqual(open.map((order) => order.orderId), asks.map((order) => order.orderId));
    has(await bob.getOrderBook({ symbol: MARKET, limit: 5 }), { asks: [["60000.00000000", "1.00000000"], ["60010.00000000", "1.00000000"]] });
  });

  let bid;
  await steps.step("cross two levels and rest", async () => {
    bid = await bob.submitNewOrder(limit("BUY", 2.5, 60010));
    has(bid, { status: "PARTIALLY_FILLED", executedQty: "2.00000000" });
    assert.deepEqual(bid.fills.map(({ price, qty }) => [price, qty]), [["60000.00000000", "1.00000000"], ["60010.00000000", "1.00000000"]]);
    has(await alice.getOrder({ symbol: MARKET, orderId: asks[1].orderId }), { status: "FILLED" });
  });

  await steps.step("cancel, replace, cancel all", async () => {
    has(await bob.cancelOrder({ symbol: MARKET, orderId: bid.orderId }), { status: "CANCELED" });
    const before = await bob.submitNewOrder(limit("BUY", 1, 50000));
    const after = await bob.replaceOrder(limit("BUY", 2, 50100, { cancelReplaceMode: "STOP_ON_FAILURE", cancelOrderId: before.orderId }));
    has(after, { cancelResult: "SUCCESS", newOrderResult: "SUCCESS" });
    assert.equal((await bob.cancelAllSymbolOrders({ symbol: MARKET })).length, 1);
  });

  await steps.step("history, own trades, balances", async () => {
    const orders = await bob.getAllOrders({ symbol: MARKET });
    assert.deepEqual(orders.map((order) => order.status), ["CANCELED", "CANCELED", "CANCELED"]);
    const trades = await bob.getAccountTradeList({ symbol: MARKET });
    assert.deepEqual(trades.map((trade) => trade.qty), ["1.00000000", "1.00000000"]);
    const { balances } = await bob.getAccountInformation();
    has(balances.find((balance) => balance.asset === "BTC"), { free: "11.99800000", locked: "0.00000000" });
  });

  await steps.step("the market", async () => {
    has(await bob.get24hrChangeStatistics({ symbol: MARKET }), { lastPrice: "60010.00000000", volume: "2.00000000" });
    const [candle] = (await bob.getKlines({ symbol: MARKET, interval: "1d" })).slice(-1);
    assert.deepEqual(candle.slice(1, 6), ["60000.00000000", "60010.00000000", "60000.00000000", "60010.00000000", "2.00000000"]);
    assert.equal((await bob.getRecentTrades({ symbol: MARKET })).length, 2);
  });
}

async function refusals(steps, bob) {
  const cases = [
    [-2010, "Account has insufficient balance for requested action.", () => bob.submitNewOrder(limit("BUY", 1000, 60000))],
    [-1013, "Filter failure: PRICE_FILTER", () => bob.submitNewOrder(limit("BUY", 1, 50000.001))],
    [-1013, "Filter failure: LOT_SIZE", () => bob.submitNewOrder(limit("BUY", 1.000001, 50000))],
    [-1121, "Invalid symbol.", () => bob.submitNewOrder({ ...limit("BUY", 1, 50000), symbol: "NOSUCH" })],
    [-2011, "Unknown order sent.", () => bob.cancelOrder({ symbol: MARKET, orderId: 999999999 })],
    [-2013, "Order does not exist.", () => bob.getOrder({ symbol: MARKET, orderId: 999999999 })],
    [-1022, "Signature for this request is not valid.", () => trader("BOB", { api_secret: "0".repeat(64) }).getAccountInformation()],
    [-2015, "Invalid API-key, IP, or permissions for action.", () => trader("BOB", { api_key: "0".repeat(64) }).getAccountInformation()],
  ];
  for (const [code, message, call] of cases) {
    await steps.step(`refused: ${message}`, () => refused(code, message, call));
  }
}

async function streams(steps, alice, bob) {
  const came = [];
  const client = new WebsocketClient({ ...keys("BOB"), wsUrl: WS }, silent);
  const user = new WebsocketAPIClient({ ...keys("BOB"), wsUrl: WS, attachEventListeners: false, muteLatencyWarning: true }, silent);
  for (const source of [client, user.getWSClient()]) {
    source.on("message", (message) => came.push(message));
    source.on("exception", () => {});
  }
  const of = (event) => came.map((message) => message.event ?? message.data ?? message).filter((message) => message.e === event);

  await steps.step("follow the market and own events", async () => {
    await client.subscribe(["btcusdt@trade", "btcusdt@kline_1m", "btcusdt@miniTicker", "btcusdt@depth@100ms"], "main");
    await user.subscribeUserDataStream("mainWSAPI");
    await eventually("a ticker", () => of("24hrMiniTicker").length > 0);
  });

  await steps.step("own orders and balances", async () => {
    await alice.submitNewOrder(limit("SELL", 1, 60500));
    await bob.submitNewOrder(limit("BUY", 0.4, 60500, { newClientOrderId: bob.generateNewOrderId() }));
    const name = bob.generateNewOrderId();
    const { orderId } = await bob.submitNewOrder(limit("BUY", 1, 50000, { newClientOrderId: name }));
    await bob.cancelOrder({ symbol: MARKET, orderId });
    await eventually("a cancellation", () => of("executionReport").some((report) => report.x === "CANCELED"));
    const reports = of("executionReport").map(({ x, X, i }) => [x, X, i === orderId]);
    assert.deepEqual(reports, [["NEW", "NEW", false], ["TRADE", "FILLED", false], ["NEW", "NEW", true], ["CANCELED", "CANCELED", true]]);
    assert.equal(of("executionReport").at(-1).C, name);
    await eventually("balances", () => of("outboundAccountPosition").length >= 3);
  });

  await steps.step("the market moves", async () => {
    await eventually("the trade", () => of("trade").at(-1)?.p === "60500.00000000");
    await eventually("the candle", () => of("kline").at(-1)?.k.c === "60500.00000000");
    await eventually("the ticker", () => of("24hrMiniTicker").at(-1)?.c === "60500.00000000");
    await eventually("the book", () => of("depthUpdate").length > 0);
    const changes = of("depthUpdate");
    changes.slice(1).forEach((change, at) => assert.equal(change.U, changes[at].u + 1));
  });

  const now = () => ({ timestamp: Date.now() });
  await steps.step("WebSocket: an order rests, is found and taken back", async () => {
    const { result: order } = await user.submitNewSpotOrder(limit("BUY", "1", "50000", now()));
    has(order, { status: "NEW", fills: [] });
    const which = { symbol: MARKET, orderId: order.orderId };
    has((await user.getSpotOrderStatus({ ...which, ...now() })).result, { status: "NEW" });
    has((await user.cancelSpotOrder({ ...which, ...now() })).result, { status: "CANCELED" });
    assert.deepEqual((await user.getSpotOpenOrders({ symbol: MARKET, ...now() })).result, []);
  });

  await steps.step("WebSocket: refused", async () => {
    await assert.rejects(user.submitNewSpotOrder(limit("BUY", "1000", "60000", now())), (answer) => {
      has(answer.error, { code: -2010, msg: "Account has insufficient balance for requested action." });
      return true;
    });
  });
}

const { version } = createRequire(import.meta.url)("binance/package.json");
const steps = new Steps(`binance ${version} of npm`);
const [alice, bob] = [trader("ALICE"), trader("BOB")];
await trade(steps, alice, bob);
await refusals(steps, bob);
await streams(steps, alice, bob);
steps.finish();
