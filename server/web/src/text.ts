/** Numbers of an instrument as people read them. */

import type { Instrument } from "./api/market.ts";
import { type Decimal, format, isZero } from "./decimal.ts";

export function price(value: Decimal, on: Instrument): string {
  return format(value, on.pricePlaces);
}

export function quantity(value: Decimal, on: Instrument): string {
  return format(value, on.quantityPlaces);
}

/** `+1.23%` */
export function signedPercent(value: Decimal): string {
  return `${value.units > 0n ? "+" : ""}${format(value, 2)}%`;
}

/** The class of a number that goes up or down. */
export function trend(change: Decimal): "up" | "down" | "" {
  if (isZero(change)) {
    return "";
  }
  return change.units > 0n ? "up" : "down";
}
