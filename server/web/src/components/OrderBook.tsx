import { useRef } from "react";

import type { Instrument } from "../api/market.ts";
import { type Decimal, ZERO, compare, divide, format, multiply, subtract } from "../decimal.ts";
import { useView } from "../state/exchange.ts";
import type { BookLevel, BookView } from "../streams/book.ts";
import type { BookFeed } from "../streams/feeds.ts";
import { price } from "../text.ts";
import { BookSide } from "./BookSide.tsx";
import { useRows } from "./useRows.ts";

interface Props {
  readonly instrument: Instrument;
  readonly feed: BookFeed;
  readonly onPick: (price: Decimal) => void;
}

/** In pixels, as in the style sheet. */
const ROW = 20;

/** Bids and asks around the spread. A price can be picked for the ticket. */
export function OrderBook({ instrument, feed, onPick }: Props) {
  const book = useView(feed);
  const half = useRef<HTMLDivElement>(null);
  const rows = useRows(half, ROW);
  const asks = book.asks.slice(0, rows);
  const bids = book.bids.slice(0, rows);
  const deepest = deeper(asks.at(-1), bids.at(-1));

  return (
    <section className="panel book" aria-label="Order book">
      <h2>Order book</h2>
      <div className="columns" aria-hidden="true">
        <span>Price ({instrument.quote})</span>
        <span>Quantity ({instrument.base})</span>
        <span>Total</span>
      </div>
      <div className="half asks" ref={half}>
        <BookSide
          side="Asks"
          levels={asks.toReversed()}
          deepest={deepest}
          instrument={instrument}
          onPick={onPick}
        />
      </div>
      <Spread book={book} instrument={instrument} />
      <div className="half bids">
        <BookSide
          side="Bids"
          levels={bids}
          deepest={deepest}
          instrument={instrument}
          onPick={onPick}
        />
      </div>
    </section>
  );
}

function deeper(ask: BookLevel | undefined, bid: BookLevel | undefined): Decimal {
  const [asked, offered] = [ask?.total ?? ZERO, bid?.total ?? ZERO];
  return compare(asked, offered) > 0 ? asked : offered;
}

const HUNDRED: Decimal = { units: 100n, places: 0 };

function Spread({ book, instrument }: { readonly book: BookView; readonly instrument: Instrument }) {
  const [ask, bid] = [book.asks[0], book.bids[0]];
  if (!ask || !bid) {
    const text = book.known && !ask && !bid ? "No orders yet" : "";
    return <p className="spread">{text}</p>;
  }
  const spread = subtract(ask.price, bid.price);
  const percent = divide(multiply(spread, HUNDRED), ask.price, 3);
  return (
    <p className="spread" role="group" aria-label="Spread">
      <span className="muted">Spread</span> {price(spread, instrument)}{" "}
      <span className="muted">{format(percent, 3)}%</span>
    </p>
  );
}
