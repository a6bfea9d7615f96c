/** The latest trades of an instrument. */

import type { Trade } from "../api/market.ts";
import type { Model } from "./feed.ts";

/** How many trades are kept. */
export const TAPE_LENGTH = 60;

/** Newest first; `null` before there is a snapshot. */
export type TapeView = readonly Trade[] | null;

export class Tape implements Model<readonly Trade[], Trade, TapeView> {
  #trades: TapeView = null;

  reset(trades: readonly Trade[]): void {
    this.#trades = trades.toReversed();
  }

  apply(trade: Trade): boolean {
    const trades = this.#trades ?? [];
    const newest = trades[0]?.id;
    if (newest !== undefined && trade.id <= newest) {
      return true;
    }
    // Ids count up by one, from 1.
    if (trade.id !== (newest ?? 0) + 1) {
      return false;
    }
    this.#trades = [trade, ...trades].slice(0, TAPE_LENGTH);
    return true;
  }

  view(): TapeView {
    return this.#trades;
  }
}
