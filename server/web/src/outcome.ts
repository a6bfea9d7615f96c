/** What has become of an order, in a sentence. */

import type { Order } from "./api/account.ts";
import type { Instrument } from "./api/market.ts";
import { formatFull, isZero } from "./decimal.ts";

export interface Outcome {
  readonly good: boolean;
  readonly text: string;
}

export function outcome(order: Order, on: Instrument): Outcome {
  const amount = `${formatFull(order.quantity, 0)} ${on.base}`;
  const executed = `${formatFull(order.executed, 0)} ${on.base}`;
  const paid = `${formatFull(order.executedQuote, 0)} ${on.quote}`;
  const done = order.side === "BUY" ? "bought" : "sold";
  const name = `Order ${order.orderId}`;
  switch (order.status) {
    case "NEW":
      return {
        good: true,
        text: `${name} is open: ${order.side.toLowerCase()} ${amount} at ${formatFull(order.price, on.pricePlaces)} ${on.quote}.`,
      };
    case "PARTIALLY_FILLED":
      return { good: true, text: `${name} is open: ${executed} of ${amount} ${done} for ${paid}.` };
    case "FILLED":
      return { good: true, text: `${name} is filled: ${amount} ${done} for ${paid}.` };
    case "EXPIRED":
      return isZero(order.executed)
        ? { good: false, text: `${name} has expired: nothing could be ${done}.` }
        : { good: true, text: `${name} has expired: ${executed} of ${amount} ${done} for ${paid}.` };
    default:
      return { good: true, text: `${name} is ${order.status.toLowerCase()}.` };
  }
}
