/** What an order ticket computes: what is wrong with it, what it costs, how much is affordable. */

import type { Instrument, Side } from "./api/market.ts";
import {
  type Decimal,
  ZERO,
  add,
  compare,
  divide,
  floorTo,
  format,
  isMultiple,
  isZero,
  multiply,
  normalize,
  parse,
  subtract,
  toText,
} from "./decimal.ts";

export type OrderType = "LIMIT" | "MARKET";

/** What a person has typed. */
export interface Draft {
  readonly type: OrderType;
  readonly price: string;
  readonly quantity: string;
}

/** What is wrong, field by field, in words. */
export interface Problems {
  readonly price?: string;
  readonly quantity?: string;
  readonly total?: string;
}

/** A level of the book. */
interface Level {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

/** Places enough for every asset. */
const MOST_PLACES = 18;

function problem(
  value: Decimal | null,
  name: string,
  step: Decimal,
  least: Decimal,
  most: Decimal,
): string | null {
  const plain = (bound: Decimal) => format(normalize(bound), normalize(bound).places);
  if (!value) {
    return `Enter a ${name}.`;
  }
  if (compare(value, least) < 0) {
    return `The ${name} must be at least ${plain(least)}.`;
  }
  if (compare(value, most) > 0) {
    return `The ${name} must be at most ${plain(most)}.`;
  }
  if (!isMultiple(value, step)) {
    return `The ${name} must be a multiple of ${plain(step)}.`;
  }
  return null;
}

/** What keeps a draft from being sent. Funds are the exchange's to judge: they change. */
export function check(draft: Draft, on: Instrument): Problems {
  const price = parse(draft.price);
  const quantity = parse(draft.quantity);
  const problems: { price?: string; quantity?: string; total?: string } = {};
  const ofQuantity = problem(quantity, "quantity", on.lotSize, on.minQuantity, on.maxQuantity);
  if (ofQuantity) {
    problems.quantity = ofQuantity;
  }
  if (draft.type === "MARKET") {
    return problems;
  }
  const ofPrice = problem(price, "price", on.tickSize, on.minPrice, on.maxPrice);
  if (ofPrice) {
    problems.price = ofPrice;
  }
  if (price && quantity && !ofPrice && !ofQuantity) {
    if (compare(multiply(price, quantity), on.minNotional) < 0) {
      const least = normalize(on.minNotional);
      problems.total = `The total must be at least ${format(least, least.places)} ${on.quote}.`;
    }
  }
  return problems;
}

/** Price times quantity as text for a field; empty where either is missing. */
export function total(price: string, quantity: string): string {
  const [priced, counted] = [parse(price), parse(quantity)];
  return priced && counted ? toText(normalize(multiply(priced, counted))) : "";
}

/** The quantity that a total buys at a price, in whole lots; empty where something is missing. */
export function quantityFor(totalText: string, price: string, on: Instrument): string {
  const [amount, priced] = [parse(totalText), parse(price)];
  if (!amount || !priced || isZero(priced)) {
    return "";
  }
  return lots(divide(amount, priced, MOST_PLACES), on);
}

/** What a quantity costs when it takes from these levels; `null` where they are not enough. */
export function costOf(quantity: Decimal, levels: readonly Level[]): Decimal | null {
  let [left, cost] = [quantity, ZERO];
  for (const level of levels) {
    const taken = compare(left, level.quantity) < 0 ? left : level.quantity;
    cost = add(cost, multiply(level.price, taken));
    left = subtract(left, taken);
    if (isZero(left)) {
      return cost;
    }
  }
  return null;
}

/** How much can be bought from these levels with so much money. */
export function boughtWith(money: Decimal, levels: readonly Level[]): Decimal {
  let [left, bought] = [money, ZERO];
  for (const level of levels) {
    const cost = multiply(level.price, level.quantity);
    if (compare(cost, left) > 0) {
      return add(bought, divide(left, level.price, MOST_PLACES));
    }
    bought = add(bought, level.quantity);
    left = subtract(left, cost);
  }
  return bought;
}

/** A part of what somebody can afford, in whole lots. */
export function portion(
  percent: number,
  side: Side,
  draft: Pick<Draft, "type" | "price">,
  free: { readonly base: Decimal; readonly quote: Decimal },
  asks: readonly Level[],
  on: Instrument,
): string {
  const share = (of: Decimal) =>
    divide(multiply(of, { units: BigInt(percent), places: 0 }), HUNDRED, MOST_PLACES);
  if (side === "SELL") {
    return lots(share(free.base), on);
  }
  const money = share(free.quote);
  return draft.type === "LIMIT"
    ? quantityFor(toText(money), draft.price, on)
    : lots(boughtWith(money, asks), on);
}

const HUNDRED: Decimal = { units: 100n, places: 0 };

function lots(quantity: Decimal, on: Instrument): string {
  return toText(normalize(floorTo(quantity, on.lotSize)));
}
