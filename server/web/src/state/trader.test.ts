import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { NewOrder } from "../api/account.ts";
import { Trader } from "./trader.ts";

/** What the exchange answers to a request, in turn; the last answer stands. */
type Answer = readonly [status: number, body: unknown] | "none";

const SIGNED_OUT: Answer = [401, { code: -1002, msg: "You are not authorized." }];
const NO_SUCH_ORDER: Answer = [400, { code: -2013, msg: "Order does not exist." }];
const OVERLOADED: Answer = [503, { code: -1001, msg: "Please try again." }];
const PLACED: Answer = [
  200,
  {
    orderId: 7,
    clientOrderId: "mine",
    symbol: "ETHBTC",
    side: "BUY",
    type: "MARKET",
    status: "FILLED",
    price: "0.00000000",
    origQty: "1.00000000",
    executedQty: "1.00000000",
    cummulativeQuoteQty: "0.05000000",
    transactTime: 1,
  },
];

const order: NewOrder = {
  symbol: "ETHBTC",
  side: "BUY",
  type: "MARKET",
  quantity: "1",
  clientOrderId: "mine",
};

let requests: string[];

function exchange(answers: Readonly<Record<string, readonly Answer[]>>): void {
  const left = new Map(Object.entries(answers).map(([what, list]) => [what, [...list]]));
  vi.stubGlobal("fetch", async (url: string, { method }: RequestInit) => {
    const what = `${method} ${new URL(url, "http://exchange").pathname}`;
    requests.push(what);
    const list = left.get(what) ?? [SIGNED_OUT];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer === undefined || answer === "none") {
      throw new TypeError("nobody there");
    }
    return new Response(JSON.stringify(answer[1]), { status: answer[0] });
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { hidden: false });
  requests = [];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What becomes of a promise once time has passed. */
async function settled<T>(promise: Promise<T>): Promise<T | string> {
  const outcome = promise.catch((error: unknown) => String(error));
  await vi.advanceTimersByTimeAsync(70_000);
  return outcome;
}

function times(what: string): number {
  return requests.filter((request) => request === what).length;
}

test("an order whose answer was lost is found, and sent only once", async () => {
  exchange({
    "POST /api/v3/order": ["none"],
    "GET /api/v3/order": ["none", OVERLOADED, NO_SUCH_ORDER, PLACED],
  });
  const placed = await settled(new Trader().place(order));
  expect(placed).toMatchObject({ orderId: 7, status: "FILLED" });
  expect(times("POST /api/v3/order")).toBe(1);
});

test("an order that is not there after all was not placed", async () => {
  exchange({ "POST /api/v3/order": [OVERLOADED], "GET /api/v3/order": ["none", NO_SUCH_ORDER] });
  expect(await settled(new Trader().place(order))).toMatch(/The order was not placed\.$/);
  expect(times("POST /api/v3/order")).toBe(1);
  expect(times("GET /api/v3/order")).toBe(4);
});

test("where nobody answers, nothing is claimed", async () => {
  exchange({ "POST /api/v3/order": ["none"], "GET /api/v3/order": ["none"] });
  const outcome = await settled(new Trader().place(order));
  expect(outcome).toMatch(/It is not known what has become of the order/);
  expect(outcome).toContain("mine");
});

test("a duplicate is the order itself, sent twice by the browser", async () => {
  const duplicate: Answer = [400, { code: -2010, msg: "Duplicate order sent." }];
  exchange({ "POST /api/v3/order": [duplicate], "GET /api/v3/order": [PLACED] });
  expect(await settled(new Trader().place(order))).toMatchObject({ orderId: 7 });
});

test("a refusal is told in the words of the exchange, at once", async () => {
  exchange({ "POST /api/v3/order": [[400, { code: -1013, msg: "Filter failure: LOT_SIZE" }]] });
  expect(await settled(new Trader().place(order))).toBe("Refusal: Filter failure: LOT_SIZE");
  expect(times("GET /api/v3/order")).toBe(0);
});

test("who is signed in is asked once, and not again where nobody is", async () => {
  exchange({ "GET /v1/session": [SIGNED_OUT] });
  const trader = new Trader();
  trader.focus({ symbol: "ETHBTC", everywhere: false });
  trader.refresh();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(trader.session.get()).toBeNull();
  expect(requests).toEqual(["GET /v1/session"]);
});

test("an outage signs nobody out, the end of the session does", async () => {
  const account: Answer = [200, { updateTime: 1, balances: [] }];
  exchange({
    "GET /v1/session": [[200, { accountId: 1, username: "alice", faucet: true }]],
    "GET /api/v3/account": [account, "none", OVERLOADED, account, SIGNED_OUT],
    "GET /api/v3/openOrders": [[200, []]],
    "GET /api/v3/myTrades": [[200, []]],
  });
  const trader = new Trader();
  trader.focus({ symbol: "ETHBTC", everywhere: false });
  await vi.advanceTimersByTimeAsync(0);
  expect(trader.account.get()).not.toBeNull();
  while (times("GET /api/v3/account") < 4) {
    await vi.advanceTimersByTimeAsync(500);
    expect(trader.session.get()?.username).toBe("alice");
  }
  await vi.advanceTimersByTimeAsync(5_000);
  expect(trader.session.get()).toBeNull();
  expect(trader.account.get()).toBeNull();
  expect(times("GET /api/v3/account")).toBe(5);
  expect(times("GET /api/v3/myTrades")).toBe(1);
});
