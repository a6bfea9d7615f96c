import { type ReactNode, useEffect, useState } from "react";

import type { Instrument, Ticker } from "../api/market.ts";
import { type Decimal, ZERO, compare, format, isZero, subtract } from "../decimal.ts";
import { useView } from "../state/exchange.ts";
import type { TickerFeed } from "../streams/feeds.ts";
import { price, signedPercent, trend } from "../text.ts";
import { ConnectionBadge } from "./ConnectionBadge.tsx";
import { SymbolChooser } from "./SymbolChooser.tsx";

interface Props {
  readonly instrument: Instrument;
  readonly instruments: readonly Instrument[];
  readonly feed: TickerFeed;
  readonly onChoose: (symbol: string) => void;
  readonly children: ReactNode;
}

/** The market at a glance. */
export function TickerHeader({ instrument, instruments, feed, onChoose, children }: Props) {
  const { symbol } = instrument;
  const ticker = useView(feed);
  const direction = useDirection(symbol, ticker?.last ?? null);
  // Without a trade ever there is no price; what the ticker says then are zeros.
  const traded = ticker && !isZero(ticker.last) ? ticker : null;
  useTitle(instrument, traded);

  return (
    <header className="top">
      <h1 className="brand">
        <span aria-hidden="true" className="mark" />
        Exchange
      </h1>
      <SymbolChooser instrument={instrument} instruments={instruments} onChoose={onChoose} />
      <p className={`last ${direction}`} role="group" aria-label="Last price">
        {traded ? price(traded.last, instrument) : "–"}
      </p>
      <dl className="stats">
        <div>
          <dt>24h change</dt>
          <dd className={traded ? trend(traded.change) : ""}>
            {traded ? `${price(traded.change, instrument)} ${signedPercent(traded.changePercent)}` : "–"}
          </dd>
        </div>
        <Stat name="24h high" value={traded && price(traded.high, instrument)} />
        <Stat name="24h low" value={traded && price(traded.low, instrument)} />
        <Stat
          name={`24h volume (${instrument.base})`}
          value={ticker && format(ticker.volume, 2)}
        />
        <Stat
          name={`24h volume (${instrument.quote})`}
          value={ticker && format(ticker.quoteVolume, 2)}
        />
      </dl>
      <ConnectionBadge />
      {children}
    </header>
  );
}

function Stat({ name, value }: { readonly name: string; readonly value: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? "–"}</dd>
    </div>
  );
}

/** Where the last price came from: the class of its colour. */
function useDirection(symbol: string, last: Decimal | null): "up" | "down" | "" {
  const [seen, setSeen] = useState({ symbol, last, direction: "" as "up" | "down" | "" });
  const changed = last && (!seen.last || compare(last, seen.last) !== 0);
  if (symbol !== seen.symbol) {
    setSeen({ symbol, last, direction: "" });
  } else if (changed) {
    const direction = seen.last ? trend(subtract(last, seen.last ?? ZERO)) : "";
    setSeen({ symbol, last, direction });
  }
  return seen.direction;
}

/** The price in the tab of the browser. */
function useTitle(instrument: Instrument, ticker: Ticker | null): void {
  const last = ticker ? `${price(ticker.last, instrument)} ` : "";
  useEffect(() => {
    document.title = `${last}${instrument.symbol}`;
  }, [last, instrument.symbol]);
}
