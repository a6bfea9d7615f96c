/** Everything about one's own account. The browser adds the cookie of the session. */

import { type Decimal, decimal } from "../decimal.ts";
import { type Params, request } from "./http.ts";
import type { Side } from "./market.ts";
import { WireError, fields, flag, integer, list, text } from "./wire.ts";

export interface Session {
  readonly accountId: number;
  readonly username: string;
  /** Whether the exchange gives away play money. */
  readonly faucet: boolean;
}

export interface Balance {
  readonly asset: string;
  readonly free: Decimal;
  readonly locked: Decimal;
}

export interface Account {
  /** When a balance last changed, in milliseconds since the Unix epoch. */
  readonly updateTime: number;
  readonly balances: readonly Balance[];
}

export type TimeInForce = "GTC" | "IOC" | "FOK";

/** What is asked for. The client order id is how to find out what has become of it. */
export type NewOrder = {
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: string;
  readonly clientOrderId: string;
} & (
  | { readonly type: "LIMIT"; readonly price: string; readonly timeInForce: TimeInForce }
  | { readonly type: "MARKET" }
);

export interface Order {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: string;
  readonly status: string;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly executed: Decimal;
  /** What was paid or received so far, in the quote asset. */
  readonly executedQuote: Decimal;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

/** One's own side of a trade. */
export interface Fill {
  readonly id: number;
  readonly orderId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly quote: Decimal;
  readonly commission: Decimal;
  readonly commissionAsset: string;
  readonly isMaker: boolean;
  readonly time: number;
}

export async function register(username: string, password: string): Promise<void> {
  await request("POST", "/v1/register", { json: { username, password } });
}

/** The token in the answer is for programs; the page lives on the cookie. */
export async function login(
  username: string,
  password: string,
  code: string | null,
): Promise<void> {
  const json = code === null ? { username, password } : { username, password, code };
  await request("POST", "/v1/login", { json });
}

export async function logout(): Promise<void> {
  await request("POST", "/v1/logout");
}

export async function fetchSession(): Promise<Session> {
  const session = fields(await request("GET", "/v1/session"));
  return {
    accountId: integer(session, "accountId"),
    username: text(session, "username"),
    faucet: flag(session, "faucet"),
  };
}

export async function takeFromFaucet(asset: string, amount: string): Promise<void> {
  await request("POST", "/v1/faucet", { json: { asset, amount } });
}

export async function fetchAccount(signal: AbortSignal): Promise<Account> {
  const account = fields(await request("GET", "/api/v3/account", { signal }));
  return {
    updateTime: integer(account, "updateTime"),
    balances: list(account["balances"], (entry) => {
      const balance = fields(entry);
      return {
        asset: text(balance, "asset"),
        free: decimal(text(balance, "free")),
        locked: decimal(text(balance, "locked")),
      };
    }),
  };
}

/** Oldest first; of all instruments where none is named. */
export async function fetchOpenOrders(
  symbol: string | null,
  signal: AbortSignal,
): Promise<Order[]> {
  const params: Params = symbol === null ? {} : { symbol };
  return list(await request("GET", "/api/v3/openOrders", { params, signal }), readOrder);
}

/** Newest first. */
export async function fetchFills(
  symbol: string,
  limit: number,
  signal: AbortSignal,
): Promise<Fill[]> {
  const params = { symbol, limit };
  const fills = list(await request("GET", "/api/v3/myTrades", { params, signal }), readFill);
  return fills.toReversed();
}

export async function placeOrder(order: NewOrder): Promise<Order> {
  const { clientOrderId, ...terms } = order;
  const params = { ...terms, newClientOrderId: clientOrderId, newOrderRespType: "RESULT" };
  return readOrder(await request("POST", "/api/v3/order", { params }));
}

export async function queryOrder(symbol: string, clientOrderId: string): Promise<Order> {
  const params = { symbol, origClientOrderId: clientOrderId };
  return readOrder(await request("GET", "/api/v3/order", { params }));
}

export async function cancelOrder(symbol: string, orderId: number): Promise<void> {
  await request("DELETE", "/api/v3/order", { params: { symbol, orderId } });
}

export async function cancelAll(symbol: string): Promise<void> {
  await request("DELETE", "/api/v3/openOrders", { params: { symbol } });
}

/** A name for an order: unique without asking anybody. */
export function newClientOrderId(): string {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return `web-${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function readSide(value: string): Side {
  if (value !== "BUY" && value !== "SELL") {
    throw new WireError("a side is BUY or SELL");
  }
  return value;
}

function readOrder(entry: unknown): Order {
  const order = fields(entry);
  // A new order has the time of its command, one that is asked for that of its acceptance.
  const time = order["time"] === undefined ? "transactTime" : "time";
  return {
    orderId: integer(order, "orderId"),
    clientOrderId: text(order, "clientOrderId"),
    symbol: text(order, "symbol"),
    side: readSide(text(order, "side")),
    type: text(order, "type"),
    status: text(order, "status"),
    price: decimal(text(order, "price")),
    quantity: decimal(text(order, "origQty")),
    executed: decimal(text(order, "executedQty")),
    executedQuote: decimal(text(order, "cummulativeQuoteQty")),
    time: integer(order, time),
  };
}

function readFill(entry: unknown): Fill {
  const fill = fields(entry);
  return {
    id: integer(fill, "id"),
    orderId: integer(fill, "orderId"),
    symbol: text(fill, "symbol"),
    side: flag(fill, "isBuyer") ? "BUY" : "SELL",
    price: decimal(text(fill, "price")),
    quantity: decimal(text(fill, "qty")),
    quote: decimal(text(fill, "quoteQty")),
    commission: decimal(text(fill, "commission")),
    commissionAsset: text(fill, "commissionAsset"),
    isMaker: flag(fill, "isMaker"),
    time: integer(fill, "time"),
  };
}
