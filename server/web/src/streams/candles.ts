/** The bars of an instrument and interval: history, and the one that is being drawn. */

import { type Candle, INTERVAL_MILLIS, type Interval } from "../api/market.ts";
import type { Model } from "./feed.ts";

/** Oldest first, without holes. */
export type CandlesView = readonly Candle[];

export class Candles implements Model<readonly Candle[], Candle, CandlesView> {
  readonly #width: number;
  #candles: readonly Candle[] = [];

  constructor(interval: Interval) {
    this.#width = INTERVAL_MILLIS[interval];
  }

  /** Takes the newest bars. Older ones stay where they join on without a hole. */
  reset(newest: readonly Candle[]): void {
    const first = newest[0];
    const older = first ? this.#candles.filter((bar) => bar.openTime < first.openTime) : [];
    const joins = first && older.at(-1)?.openTime === first.openTime - this.#width;
    this.#candles = joins ? [...older, ...newest] : newest;
  }

  /** Puts older bars in front, where they join on. */
  prepend(older: readonly Candle[]): void {
    const first = this.#candles[0];
    const joins = first && older.at(-1)?.openTime === first.openTime - this.#width;
    if (joins) {
      this.#candles = [...older, ...this.#candles];
    }
  }

  apply(candle: Candle): boolean {
    const last = this.#candles.at(-1);
    if (!last || candle.openTime > last.openTime + this.#width) {
      // Quiet intervals are not told of, and bars may have been missed: history knows.
      return last === undefined && this.#start(candle);
    }
    if (candle.openTime < last.openTime) {
      return this.#isKnown(candle);
    }
    if (candle.openTime > last.openTime) {
      this.#candles = [...this.#candles, candle];
    } else if (candle.trades >= last.trades && !isSame(candle, last)) {
      this.#candles = [...this.#candles.slice(0, -1), candle];
    }
    return true;
  }

  /** The first bar ever. */
  #start(candle: Candle): boolean {
    this.#candles = [candle];
    return true;
  }

  /** Whether an earlier bar is there as it was told last. */
  #isKnown(candle: Candle): boolean {
    const known = this.#candles.find((bar) => bar.openTime === candle.openTime);
    return known === undefined || known.trades >= candle.trades;
  }

  view(): CandlesView {
    return this.#candles;
  }
}

function isSame(a: Candle, b: Candle): boolean {
  return a.trades === b.trades && a.close === b.close && a.openTime === b.openTime;
}
