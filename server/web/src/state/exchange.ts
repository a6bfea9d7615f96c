/** What all of the page shares: the connection, and the person in front of it. */

import { createContext, useContext, useEffect, useMemo } from "react";

import type { Connection } from "../streams/connection.ts";
import { type Observable, useValue } from "./cell.ts";
import type { Trader } from "./trader.ts";

export interface Exchange {
  readonly connection: Connection;
  readonly trader: Trader;
}

export const ExchangeContext = createContext<Exchange | null>(null);

export function useExchange(): Exchange {
  const exchange = useContext(ExchangeContext);
  if (!exchange) {
    throw new Error("there is no exchange above this component");
  }
  return exchange;
}

interface Running<T> {
  readonly view: Observable<T>;
  readonly start: () => () => void;
}

/** A feed for as long as the component is shown. `make` has to be the same as long as it means the same. */
export function useFeed<T, F extends Running<T>>(make: (connection: Connection) => F): F {
  const { connection } = useExchange();
  const feed = useMemo(() => make(connection), [make, connection]);
  useEffect(() => feed.start(), [feed]);
  return feed;
}

/** What a feed shows. */
export function useView<T>(feed: Running<T>): T {
  return useValue(feed.view);
}
