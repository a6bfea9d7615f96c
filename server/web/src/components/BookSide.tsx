import type { CSSProperties, KeyboardEvent } from "react";

import type { Instrument } from "../api/market.ts";
import { type Decimal, ratio } from "../decimal.ts";
import type { BookLevel } from "../streams/book.ts";
import { price, quantity } from "../text.ts";

interface Props {
  readonly side: "Asks" | "Bids";
  /** From the highest price to the lowest. */
  readonly levels: readonly BookLevel[];
  /** What the longest bar stands for. */
  readonly deepest: Decimal;
  readonly instrument: Instrument;
  readonly onPick: (price: Decimal) => void;
}

/** One side of the book. The tab key reaches the best price, arrows the others. */
export function BookSide({ side, levels, deepest, instrument, onPick }: Props) {
  const best = side === "Asks" ? levels.length - 1 : 0;
  return (
    <table aria-label={side}>
      <thead className="hidden">
        <tr>
          <th>Price</th>
          <th>Quantity</th>
          <th>Total</th>
        </tr>
      </thead>
      <tbody>
        {levels.map((level, index) => (
          // By its distance from the best: the focus stays there while prices come and go.
          <tr
            key={Math.abs(index - best)}
            style={{ "--depth": `${ratio(level.total, deepest) * 100}%` } as CSSProperties}
          >
            <td>
              <button
                type="button"
                tabIndex={index === best ? 0 : -1}
                aria-label={`${price(level.price, instrument)}: use this price`}
                onClick={() => onPick(level.price)}
                onKeyDown={moveFocus}
              >
                {price(level.price, instrument)}
              </button>
            </td>
            <td>{quantity(level.quantity, instrument)}</td>
            <td>{quantity(level.total, instrument)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function moveFocus(event: KeyboardEvent<HTMLButtonElement>): void {
  const row = event.currentTarget.closest("tr");
  const next =
    event.key === "ArrowUp"
      ? row?.previousElementSibling
      : event.key === "ArrowDown"
        ? row?.nextElementSibling
        : null;
  const button = next?.querySelector("button");
  if (button) {
    button.focus();
    event.preventDefault();
  }
}
