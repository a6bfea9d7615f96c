import { useState } from "react";

import type { Instrument } from "../api/market.ts";
import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import { OpenOrders } from "./OpenOrders.tsx";
import { OwnTrades } from "./OwnTrades.tsx";
import { Tabs } from "./Tabs.tsx";

interface Props {
  readonly instrument: Instrument;
  readonly instruments: readonly Instrument[];
  readonly everywhere: boolean;
  readonly onEverywhere: (everywhere: boolean) => void;
}

/** One's own orders and trades. */
export function OrdersPanel({ instrument, instruments, everywhere, onEverywhere }: Props) {
  const { trader } = useExchange();
  const session = useValue(trader.session);
  const orders = useValue(trader.openOrders);
  const [tab, setTab] = useState<"orders" | "fills">("orders");
  const count = orders ? ` (${orders.length})` : "";
  return (
    <section className="panel orders" aria-label="Own orders and trades">
      <div className="bar">
        <Tabs
          label="Own orders and trades"
          tabs={[
            ["orders", `Open orders${count}`],
            ["fills", "Own trades"],
          ]}
          chosen={tab}
          onChoose={setTab}
        />
        {tab === "orders" && session && (
          <label className="check">
            <input
              type="checkbox"
              checked={everywhere}
              onChange={(event) => onEverywhere(event.target.checked)}
            />
            All markets
          </label>
        )}
      </div>
      <div className="scroll" role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`}>
        {!session && <p className="empty">Sign in to see your orders and trades</p>}
        {session && tab === "orders" && <OpenOrders instruments={instruments} />}
        {session && tab === "fills" && <OwnTrades instrument={instrument} />}
      </div>
    </section>
  );
}
