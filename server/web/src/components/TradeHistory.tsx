import { useCallback } from "react";

import type { Instrument } from "../api/market.ts";
import { useFeed, useView } from "../state/exchange.ts";
import type { Connection } from "../streams/connection.ts";
import { tapeFeed } from "../streams/feeds.ts";
import { price, quantity } from "../text.ts";
import { timeOfDay } from "../time.ts";

/** The latest trades of everybody, coloured by who came second. */
export function TradeHistory({ instrument }: { readonly instrument: Instrument }) {
  const { symbol } = instrument;
  const make = useCallback((connection: Connection) => tapeFeed(connection, symbol), [symbol]);
  const trades = useView(useFeed(make));
  return (
    <section className="panel trades" aria-label="Trades">
      <h2>Trades</h2>
      {trades?.length === 0 && <p className="empty">No trades yet</p>}
      <div className="scroll">
        <table aria-label="Latest trades">
          <thead>
            <tr>
              <th>Price ({instrument.quote})</th>
              <th>Quantity ({instrument.base})</th>
              <th>Time</th>
            </tr>
          </thead>
          <tbody>
            {trades?.map((trade) => (
              <tr key={trade.id}>
                <td className={trade.takerSide === "BUY" ? "up" : "down"}>
                  {price(trade.price, instrument)}
                  <span className="hidden">{trade.takerSide === "BUY" ? " bought" : " sold"}</span>
                </td>
                <td>{quantity(trade.quantity, instrument)}</td>
                <td className="muted">{timeOfDay(trade.time)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
