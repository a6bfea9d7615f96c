import { useState } from "react";

import type { Order } from "../api/account.ts";
import { explain } from "../api/http.ts";
import type { Instrument } from "../api/market.ts";
import { format, formatFull, multiply } from "../decimal.ts";
import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import { price, quantity } from "../text.ts";
import { dateAndTime } from "../time.ts";
import { Message, type Told } from "./Message.tsx";

/** Orders that stand in a book, and the way to take them back. */
export function OpenOrders({ instruments }: { readonly instruments: readonly Instrument[] }) {
  const { trader } = useExchange();
  const orders = useValue(trader.openOrders);
  const [told, setTold] = useState<Told | null>(null);
  const [busy, setBusy] = useState(false);

  const cancel = async (action: () => Promise<void>) => {
    setBusy(true);
    setTold(null);
    try {
      await action();
    } catch (error) {
      setTold({ good: false, text: explain(error) });
    } finally {
      setBusy(false);
    }
  };
  const cancelAll = async () => {
    for (const symbol of new Set(orders?.map((order) => order.symbol))) {
      await trader.cancelAll(symbol);
    }
  };

  return (
    <>
      <Message told={told} />
      {orders?.length === 0 && <p className="empty">No open orders</p>}
      {orders && orders.length > 0 && (
        <table aria-label="Open orders">
          <thead>
            <tr>
              <th>Time</th>
              <th>Market</th>
              <th>Side</th>
              <th>Type</th>
              <th>Price</th>
              <th>Quantity</th>
              <th>Filled</th>
              <th>Total</th>
              <th>
                <button
                  type="button"
                  className="link"
                  disabled={busy}
                  onClick={() => void cancel(cancelAll)}
                >
                  Cancel all
                </button>
              </th>
            </tr>
          </thead>
          <tbody>
            {orders.map((order) => (
              <Row
                key={order.orderId + order.symbol}
                order={order}
                instrument={instruments.find(({ symbol }) => symbol === order.symbol)}
                busy={busy}
                onCancel={() => void cancel(() => trader.cancel(order))}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

interface RowProps {
  readonly order: Order;
  readonly instrument: Instrument | undefined;
  readonly busy: boolean;
  readonly onCancel: () => void;
}

function Row({ order, instrument, busy, onCancel }: RowProps) {
  if (!instrument) {
    return null;
  }
  return (
    <tr>
      <td className="muted">{dateAndTime(order.time)}</td>
      <td>{order.symbol}</td>
      <td className={order.side === "BUY" ? "up" : "down"}>
        {order.side === "BUY" ? "Buy" : "Sell"}
      </td>
      <td>{order.type === "LIMIT_MAKER" ? "Post only" : "Limit"}</td>
      <td>{price(order.price, instrument)}</td>
      <td>{quantity(order.quantity, instrument)}</td>
      <td>{quantity(order.executed, instrument)}</td>
      <td>
        {format(multiply(order.price, order.quantity), instrument.pricePlaces)} {instrument.quote}
      </td>
      <td>
        <button
          type="button"
          className="link"
          disabled={busy}
          aria-label={`Cancel order ${order.orderId} for ${formatFull(order.quantity, 0)} ${instrument.base}`}
          onClick={onCancel}
        >
          Cancel
        </button>
      </td>
    </tr>
  );
}
