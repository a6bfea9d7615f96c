/** The chosen instrument. It is kept in the address, so that it survives a reload and a link. */

import { useCallback, useSyncExternalStore } from "react";

import type { Instrument } from "../api/market.ts";

function subscribe(changed: () => void): () => void {
  window.addEventListener("hashchange", changed);
  return () => window.removeEventListener("hashchange", changed);
}

function fromAddress(): string {
  return window.location.hash.slice(1).toUpperCase();
}

export function useSelection(
  instruments: readonly Instrument[] | null,
): [Instrument | undefined, (symbol: string) => void] {
  const symbol = useSyncExternalStore(subscribe, fromAddress);
  const chosen = instruments?.find((instrument) => instrument.symbol === symbol);
  const choose = useCallback((next: string) => {
    window.location.hash = next;
  }, []);
  return [chosen ?? instruments?.[0], choose];
}
