import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import type { Status } from "../streams/connection.ts";

const TEXTS: Readonly<Record<Status, string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
};

/** Whether what is shown is current. */
export function ConnectionBadge() {
  const { connection } = useExchange();
  const status = useValue(connection.status);
  return (
    <span className={`badge ${status}`} role="status" aria-label="Connection">
      {TEXTS[status]}
    </span>
  );
}
