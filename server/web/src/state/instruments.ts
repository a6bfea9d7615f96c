/** What is traded here. Asked for again after each reconnect: a restart may list more. */

import { useEffect, useState } from "react";

import { isExpected } from "../api/http.ts";
import { type Instrument, fetchInstruments } from "../api/market.ts";
import { backoff } from "../streams/backoff.ts";
import type { Status } from "../streams/connection.ts";

/** `null` until it is known. */
export function useInstruments(status: Status): readonly Instrument[] | null {
  const [instruments, setInstruments] = useState<readonly Instrument[] | null>(null);
  const [failures, setFailures] = useState(0);
  useEffect(() => {
    if (status === "reconnecting") {
      return;
    }
    const abort = new AbortController();
    const load = async () => {
      try {
        const found = await fetchInstruments({ signal: abort.signal });
        setInstruments((known) => (isSame(known, found) ? known : found));
        setFailures(0);
      } catch (error) {
        if (!abort.signal.aborted) {
          if (!isExpected(error)) {
            reportError(error);
          }
          setFailures((count) => count + 1);
        }
      }
    };
    const timer = setTimeout(() => void load(), failures === 0 ? 0 : backoff(failures));
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [status, failures]);
  return instruments;
}

function isSame(known: readonly Instrument[] | null, found: readonly Instrument[]): boolean {
  return fingerprint(known) === fingerprint(found);
}

function fingerprint(instruments: readonly Instrument[] | null): string {
  return JSON.stringify(instruments, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}
