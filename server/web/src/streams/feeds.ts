/** The feeds that the page is made of. */

import {
  type Candle,
  type DepthDiff,
  type DepthSnapshot,
  type Interval,
  type Ticker,
  type Trade,
  fetchCandles,
  fetchDepth,
  fetchTrades,
  readCandleEvent,
  readDepthEvent,
  readTickerEvent,
  readTradeEvent,
} from "../api/market.ts";
import { Cell } from "../state/cell.ts";
import { Book, type BookView } from "./book.ts";
import { Candles, type CandlesView } from "./candles.ts";
import type { Connection } from "./connection.ts";
import { Feed } from "./feed.ts";
import { TAPE_LENGTH, Tape, type TapeView } from "./tape.ts";

function stream(symbol: string, topic: string): string {
  return `${symbol.toLowerCase()}@${topic}`;
}

export type BookFeed = Feed<DepthSnapshot, DepthDiff, BookView>;

export function bookFeed(connection: Connection, symbol: string): BookFeed {
  const source = {
    stream: stream(symbol, "depth@100ms"),
    fetch: (abort: { readonly signal: AbortSignal }) => fetchDepth(symbol, abort),
    read: readDepthEvent,
  };
  return new Feed(connection, source, new Book());
}

export function tapeFeed(
  connection: Connection,
  symbol: string,
): Feed<readonly Trade[], Trade, TapeView> {
  const source = {
    stream: stream(symbol, "trade"),
    fetch: (abort: { readonly signal: AbortSignal }) => fetchTrades(symbol, TAPE_LENGTH, abort),
    read: readTradeEvent,
  };
  return new Feed(connection, source, new Tape());
}

/** How many bars are fetched at a time. */
const PAGE = 500;

/** Candles that reach back as far as anybody looks. */
export class CandleFeed extends Feed<readonly Candle[], Candle, CandlesView> {
  readonly #candles: Candles;
  readonly #older: (endTime: number) => Promise<readonly Candle[]>;
  #loading = false;
  #reachesBack = false;

  constructor(connection: Connection, symbol: string, interval: Interval) {
    const candles = new Candles(interval);
    const source = {
      stream: stream(symbol, `kline_${interval}`),
      fetch: (abort: { readonly signal: AbortSignal }) =>
        fetchCandles(symbol, interval, PAGE, abort),
      read: readCandleEvent,
    };
    super(connection, source, candles);
    this.#candles = candles;
    this.#older = (endTime) => fetchCandles(symbol, interval, PAGE, { endTime });
  }

  /** Fetches the bars before those that are there, if there are any and nobody does so already. */
  async loadOlder(): Promise<void> {
    const first = this.view.get()[0];
    if (this.#loading || this.#reachesBack || !first) {
      return;
    }
    this.#loading = true;
    try {
      const older = await this.#older(first.openTime - 1);
      this.#reachesBack = older.length === 0;
      this.#candles.prepend(older);
      this.view.set(this.#candles.view());
    } catch {
      // Who scrolls on asks again.
    } finally {
      this.#loading = false;
    }
  }
}

/** The last 24 hours. Each message tells all of it, so there is no snapshot to take. */
export class TickerFeed {
  readonly view = new Cell<Ticker | null>(null);
  readonly #connection: Connection;
  readonly #stream: string;

  constructor(connection: Connection, symbol: string) {
    this.#connection = connection;
    this.#stream = stream(symbol, "ticker");
  }

  start(): () => void {
    return this.#connection.subscribe(this.#stream, {
      subscribed: () => {},
      lost: () => {},
      event: (data) => this.view.set(readTickerEvent(data)),
    });
  }
}
