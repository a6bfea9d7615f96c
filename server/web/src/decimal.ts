/**
 * Decimal numbers as the exchange writes them: text on the wire, scaled integers in here.
 *
 * Money never becomes a float. Only what is drawn (bars of the depth, the pixels of the chart)
 * may, and only through {@link ratio} and in the chart itself.
 */

/** `units / 10 ** places`. */
export interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

export const ZERO: Decimal = { units: 0n, places: 0 };

/** Reads what the exchange writes or a person types; `null` where that is no decimal. */
export function parse(text: string): Decimal | null {
  const match = /^(-?)(\d{1,30})(?:\.(\d{0,30}))?$/.exec(text.trim());
  if (!match) {
    return null;
  }
  const [, sign = "", whole = "", fraction = ""] = match;
  const units = BigInt(whole + fraction);
  return { units: sign ? -units : units, places: fraction.length };
}

/** Reads a decimal that is known to be one: everything that the exchange sends. */
export function decimal(text: string): Decimal {
  const value = parse(text);
  if (!value) {
    throw new RangeError(`not a decimal: ${text}`);
  }
  return value;
}

function scale(places: number): bigint {
  return 10n ** BigInt(places);
}

/** The units that a value has with so many places, which must not be fewer than it has. */
function unitsAt(value: Decimal, places: number): bigint {
  return value.units * scale(places - value.places);
}

/** Negative, zero or positive, as for sorting. */
export function compare(a: Decimal, b: Decimal): number {
  const places = Math.max(a.places, b.places);
  const difference = unitsAt(a, places) - unitsAt(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export function isZero(value: Decimal): boolean {
  return value.units === 0n;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const places = Math.max(a.places, b.places);
  return { units: unitsAt(a, places) + unitsAt(b, places), places };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { units: -b.units, places: b.places });
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, places: a.places + b.places };
}

/** `a / b` with so many places, cut off towards zero. `b` must not be zero. */
export function divide(a: Decimal, b: Decimal, places: number): Decimal {
  const numerator = a.units * scale(b.places + places);
  return { units: numerator / (b.units * scale(a.places)), places };
}

/** The largest multiple of `step` that is not above a value of at least zero. */
export function floorTo(value: Decimal, step: Decimal): Decimal {
  const places = Math.max(value.places, step.places);
  const units = unitsAt(value, places);
  return { units: units - (units % unitsAt(step, places)), places };
}

export function isMultiple(value: Decimal, step: Decimal): boolean {
  return compare(floorTo(value, step), value) === 0;
}

/** The same value without zeros at its end. */
export function normalize(value: Decimal): Decimal {
  let { units, places } = value;
  while (places > 0 && units % 10n === 0n) {
    units /= 10n;
    places -= 1;
  }
  return { units, places };
}

/** How many places a step such as `0.01000000` needs. */
export function placesOf(step: Decimal): number {
  return normalize(step).places;
}

/** With exactly so many places, cut off towards zero. */
export function cut(value: Decimal, places: number): Decimal {
  return value.places <= places
    ? { units: unitsAt(value, places), places }
    : { units: value.units / scale(value.places - places), places };
}

/** As text for the wire and for input fields: no grouping, no exponent. */
export function toText(value: Decimal): string {
  const sign = value.units < 0n ? "-" : "";
  const digits = (value.units < 0n ? -value.units : value.units)
    .toString()
    .padStart(value.places + 1, "0");
  const whole = digits.slice(0, digits.length - value.places);
  return value.places === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-value.places)}`;
}

/** As text for people: with exactly so many places, thousands apart. */
export function format(value: Decimal, places: number): string {
  const text = toText(cut(value, places));
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Like {@link format}, with the places that the value has, but at least so many. */
export function formatFull(value: Decimal, places: number): string {
  return format(value, Math.max(placesOf(value), places));
}

/** `part / whole` between 0 and 1, for lengths on the screen. */
export function ratio(part: Decimal, whole: Decimal): number {
  if (whole.units <= 0n) {
    return 0;
  }
  const tenThousandths = divide(part, whole, 4).units;
  return Math.min(1, Math.max(0, Number(tenThousandths) / 10_000));
}
