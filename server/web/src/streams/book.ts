/** The order book of an instrument: a snapshot and the diffs that follow it. */

import type { DepthDiff, DepthSnapshot, Level } from "../api/market.ts";
import { type Decimal, ZERO, add, compare, decimal, isZero } from "../decimal.ts";
import type { Model } from "./feed.ts";

export interface BookLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The quantity here and at all better prices. */
  readonly total: Decimal;
}

export interface BookView {
  /** Whether there has been a snapshot. Before that, an empty book means nothing. */
  readonly known: boolean;
  readonly lastUpdateId: number;
  /** Best first. */
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

type Entry = Omit<BookLevel, "total">;

/** One side, best first. */
class Side {
  #levels: Entry[] = [];
  readonly #isBetter: (a: Decimal, b: Decimal) => boolean;

  constructor(isBetter: (a: Decimal, b: Decimal) => boolean) {
    this.#isBetter = isBetter;
  }

  reset(levels: readonly Level[]): void {
    this.#levels = [];
    levels.forEach((level) => this.set(level));
  }

  /** Puts a level where it belongs, replaces it, or takes it away. */
  set([priceText, quantityText]: Level): void {
    const price = decimal(priceText);
    const quantity = decimal(quantityText);
    const index = this.#indexOf(price);
    const known = this.#levels[index];
    const isThere = known !== undefined && compare(known.price, price) === 0;
    if (!isZero(quantity)) {
      this.#levels.splice(index, isThere ? 1 : 0, { price, quantity });
    } else if (isThere) {
      this.#levels.splice(index, 1);
    }
  }

  /** The first level that is not better than a price. */
  #indexOf(price: Decimal): number {
    let [low, high] = [0, this.#levels.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const level = this.#levels[middle];
      if (level && this.#isBetter(level.price, price)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  view(): BookLevel[] {
    let total = ZERO;
    return this.#levels.map(({ price, quantity }) => {
      total = add(total, quantity);
      return { price, quantity, total };
    });
  }
}

export class Book implements Model<DepthSnapshot, DepthDiff, BookView> {
  readonly #bids = new Side((a, b) => compare(a, b) > 0);
  readonly #asks = new Side((a, b) => compare(a, b) < 0);
  #lastUpdateId = 0;
  #view: BookView = { known: false, lastUpdateId: 0, bids: [], asks: [] };

  reset(snapshot: DepthSnapshot): void {
    this.#bids.reset(snapshot.bids);
    this.#asks.reset(snapshot.asks);
    this.#changed(snapshot.lastUpdateId);
  }

  apply(diff: DepthDiff): boolean {
    if (diff.lastUpdateId <= this.#lastUpdateId) {
      return true;
    }
    // Levels are absolute, so a diff may reach back behind the snapshot, but must not leave a gap.
    if (diff.firstUpdateId > this.#lastUpdateId + 1) {
      return false;
    }
    diff.bids.forEach((level) => this.#bids.set(level));
    diff.asks.forEach((level) => this.#asks.set(level));
    this.#changed(diff.lastUpdateId);
    return true;
  }

  #changed(lastUpdateId: number): void {
    this.#lastUpdateId = lastUpdateId;
    this.#view = {
      known: true,
      lastUpdateId,
      bids: this.#bids.view(),
      asks: this.#asks.view(),
    };
  }

  view(): BookView {
    return this.#view;
  }
}
