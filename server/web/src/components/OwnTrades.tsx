import type { Instrument } from "../api/market.ts";
import { formatFull } from "../decimal.ts";
import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import { price, quantity } from "../text.ts";
import { dateAndTime } from "../time.ts";

/** One's own latest trades in a market. */
export function OwnTrades({ instrument }: { readonly instrument: Instrument }) {
  const { trader } = useExchange();
  const fills = useValue(trader.fills);
  if (fills?.length === 0) {
    return <p className="empty">No trades of yours in this market</p>;
  }
  return (
    <table aria-label="Own trades">
      <thead>
        <tr>
          <th>Time</th>
          <th>Market</th>
          <th>Side</th>
          <th>Role</th>
          <th>Price</th>
          <th>Quantity</th>
          <th>Total</th>
          <th>Fee</th>
        </tr>
      </thead>
      <tbody>
        {fills?.map((fill) => (
          // A trade with oneself has two sides.
          <tr key={`${fill.id} ${fill.side}`}>
            <td className="muted">{dateAndTime(fill.time)}</td>
            <td>{fill.symbol}</td>
            <td className={fill.side === "BUY" ? "up" : "down"}>
              {fill.side === "BUY" ? "Buy" : "Sell"}
            </td>
            <td>{fill.isMaker ? "Maker" : "Taker"}</td>
            <td>{price(fill.price, instrument)}</td>
            <td>{quantity(fill.quantity, instrument)}</td>
            <td>
              {formatFull(fill.quote, instrument.pricePlaces)} {instrument.quote}
            </td>
            <td className="muted">
              {formatFull(fill.commission, 0)} {fill.commissionAsset}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
