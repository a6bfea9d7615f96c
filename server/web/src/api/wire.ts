/** Reads JSON of which nothing is known yet. What is not as expected is an error, never `any`. */

export class WireError extends Error {
  override readonly name = "WireError";
}

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WireError("an object was expected");
  }
  return value as Fields;
}

export function list<T>(value: unknown, read: (entry: unknown) => T): T[] {
  if (!Array.isArray(value)) {
    throw new WireError("a list was expected");
  }
  return value.map(read);
}

export function text(of: Fields, name: string): string {
  return asText(of[name], name);
}

export function asText(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw new WireError(`${name} is no text`);
  }
  return value;
}

/** A whole number that a double holds exactly: ids, times and counts. */
export function integer(of: Fields, name: string): number {
  return asInteger(of[name], name);
}

export function asInteger(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw new WireError(`${name} is no whole number`);
  }
  return value;
}

export function flag(of: Fields, name: string): boolean {
  const value = of[name];
  if (typeof value !== "boolean") {
    throw new WireError(`${name} is neither true nor false`);
  }
  return value;
}
