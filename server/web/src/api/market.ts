/** Market data: what anybody may see. REST answers and stream events become the same types. */

import { type Decimal, decimal, placesOf } from "../decimal.ts";
import { type Params, request } from "./http.ts";
import { WireError, asInteger, asText, fields, flag, integer, list, text } from "./wire.ts";

/** A tradable pair and its grid. */
export interface Instrument {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
  readonly minPrice: Decimal;
  readonly maxPrice: Decimal;
  readonly minQuantity: Decimal;
  readonly maxQuantity: Decimal;
  readonly minNotional: Decimal;
  /** Decimal places of prices. */
  readonly pricePlaces: number;
  /** Decimal places of quantities. */
  readonly quantityPlaces: number;
}

/** A level as it is on the wire: price and quantity, the quantity zero where it is gone. */
export type Level = readonly [price: string, quantity: string];

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface DepthDiff {
  readonly firstUpdateId: number;
  readonly lastUpdateId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface Trade {
  readonly id: number;
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /** The side of the order that came second. */
  readonly takerSide: Side;
}

export type Side = "BUY" | "SELL";

export const INTERVALS = ["1m", "5m", "15m", "1h", "4h", "1d"] as const;
export type Interval = (typeof INTERVALS)[number];

const MINUTE = 60_000;
export const INTERVAL_MILLIS: Readonly<Record<Interval, number>> = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "1h": 60 * MINUTE,
  "4h": 240 * MINUTE,
  "1d": 1_440 * MINUTE,
};

/** A bar. The numbers stay text: they are shown as they are, and drawn as pixels. */
export interface Candle {
  /** Milliseconds since the Unix epoch. */
  readonly openTime: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Number of trades; of two versions of a bar, the one with more is the newer. */
  readonly trades: number;
}

/** The rolling 24 hours. */
export interface Ticker {
  readonly symbol: string;
  readonly last: Decimal;
  readonly change: Decimal;
  readonly changePercent: Decimal;
  readonly high: Decimal;
  readonly low: Decimal;
  readonly volume: Decimal;
  readonly quoteVolume: Decimal;
  /** Number of trades. Without any, the prices above are zeros that mean nothing. */
  readonly trades: number;
}

type Abort = { readonly signal?: AbortSignal };

async function get(path: string, params: Params, abort: Abort): Promise<unknown> {
  return request("GET", `/api/v3/${path}`, { params, ...abort });
}

export async function fetchInstruments(abort: Abort = {}): Promise<Instrument[]> {
  const info = fields(await get("exchangeInfo", {}, abort));
  return list(info["symbols"], readInstrument);
}

export async function fetchDepth(symbol: string, abort: Abort = {}): Promise<DepthSnapshot> {
  const depth = fields(await get("depth", { symbol, limit: 1000 }, abort));
  return {
    lastUpdateId: integer(depth, "lastUpdateId"),
    bids: list(depth["bids"], readLevel),
    asks: list(depth["asks"], readLevel),
  };
}

export async function fetchTrades(
  symbol: string,
  limit: number,
  abort: Abort = {},
): Promise<Trade[]> {
  return list(await get("trades", { symbol, limit }, abort), (entry) => {
    const trade = fields(entry);
    return {
      id: integer(trade, "id"),
      price: decimal(text(trade, "price")),
      quantity: decimal(text(trade, "qty")),
      time: integer(trade, "time"),
      takerSide: flag(trade, "isBuyerMaker") ? "SELL" : "BUY",
    };
  });
}

/** The newest candles, or the newest that open no later than `endTime`; oldest first. */
export async function fetchCandles(
  symbol: string,
  interval: Interval,
  limit: number,
  options: Abort & { readonly endTime?: number } = {},
): Promise<Candle[]> {
  const { endTime, ...abort } = options;
  const until: Params = endTime === undefined ? {} : { endTime };
  const answer = await get("klines", { symbol, interval, limit, ...until }, abort);
  return list(answer, (entry) => {
    const candle = list(entry, (field) => field);
    return {
      openTime: asInteger(candle[0], "open time"),
      open: asText(candle[1], "open"),
      high: asText(candle[2], "high"),
      low: asText(candle[3], "low"),
      close: asText(candle[4], "close"),
      volume: asText(candle[5], "volume"),
      trades: asInteger(candle[8], "number of trades"),
    };
  });
}

export async function fetchTickers(abort: Abort = {}): Promise<Ticker[]> {
  return list(await get("ticker/24hr", {}, abort), (entry) => {
    const ticker = fields(entry);
    const number = (name: string) => decimal(text(ticker, name));
    return {
      symbol: text(ticker, "symbol"),
      last: number("lastPrice"),
      change: number("priceChange"),
      changePercent: number("priceChangePercent"),
      high: number("highPrice"),
      low: number("lowPrice"),
      volume: number("volume"),
      quoteVolume: number("quoteVolume"),
      trades: integer(ticker, "count"),
    };
  });
}

export function readDepthEvent(data: unknown): DepthDiff {
  const event = fields(data);
  return {
    firstUpdateId: integer(event, "U"),
    lastUpdateId: integer(event, "u"),
    bids: list(event["b"], readLevel),
    asks: list(event["a"], readLevel),
  };
}

export function readTradeEvent(data: unknown): Trade {
  const event = fields(data);
  return {
    id: integer(event, "t"),
    price: decimal(text(event, "p")),
    quantity: decimal(text(event, "q")),
    time: integer(event, "T"),
    takerSide: flag(event, "m") ? "SELL" : "BUY",
  };
}

export function readCandleEvent(data: unknown): Candle {
  const candle = fields(fields(data)["k"]);
  return {
    openTime: integer(candle, "t"),
    open: text(candle, "o"),
    high: text(candle, "h"),
    low: text(candle, "l"),
    close: text(candle, "c"),
    volume: text(candle, "v"),
    trades: integer(candle, "n"),
  };
}

export function readTickerEvent(data: unknown): Ticker {
  const event = fields(data);
  const number = (name: string) => decimal(text(event, name));
  return {
    symbol: text(event, "s"),
    last: number("c"),
    change: number("p"),
    changePercent: number("P"),
    high: number("h"),
    low: number("l"),
    volume: number("v"),
    quoteVolume: number("q"),
    trades: integer(event, "n"),
  };
}

function readLevel(entry: unknown): Level {
  const level = list(entry, (value) => asText(value, "a price or quantity"));
  const [price, quantity] = level;
  if (price === undefined || quantity === undefined) {
    throw new WireError("a level has a price and a quantity");
  }
  return [price, quantity];
}

function readInstrument(entry: unknown): Instrument {
  const instrument = fields(entry);
  const filters = list(instrument["filters"], fields);
  const filter = (type: string, name: string): Decimal => {
    const found = filters.find((candidate) => candidate["filterType"] === type);
    if (!found) {
      throw new WireError(`there is no ${type}`);
    }
    return decimal(text(found, name));
  };
  const tickSize = filter("PRICE_FILTER", "tickSize");
  const lotSize = filter("LOT_SIZE", "stepSize");
  return {
    symbol: text(instrument, "symbol"),
    base: text(instrument, "baseAsset"),
    quote: text(instrument, "quoteAsset"),
    tickSize,
    lotSize,
    minPrice: filter("PRICE_FILTER", "minPrice"),
    maxPrice: filter("PRICE_FILTER", "maxPrice"),
    minQuantity: filter("LOT_SIZE", "minQty"),
    maxQuantity: filter("LOT_SIZE", "maxQty"),
    minNotional: filter("NOTIONAL", "minNotional"),
    pricePlaces: placesOf(tickSize),
    quantityPlaces: placesOf(lotSize),
  };
}
