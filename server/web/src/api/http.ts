/** Requests to the exchange that the page came from. The session travels as a cookie. */

import { fields, integer, text } from "./wire.ts";

/** Refused by the exchange, in its own words. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** No answer that tells what has become of a request. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** The exchange's word for "the session is not good". */
export function isSignedOut(error: unknown): boolean {
  return error instanceof Refusal && error.status === 401;
}

/** Whether a login is good but for the code of a second factor. */
export function wantsCode(error: unknown): boolean {
  return error instanceof Refusal && error.code === -9101;
}

/** Whether this happens to good requests: an outage, or too many of them. Others are defects. */
export function isExpected(error: unknown): boolean {
  return error instanceof NoAnswer || (error instanceof Refusal && error.status === 429);
}

/** What to tell a person about an error. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : "Something unexpected happened.";
}

/** Longer than the exchange takes for anything. */
const DEADLINE = 15_000;

type Method = "GET" | "POST" | "DELETE";
export type Params = Readonly<Record<string, string | number>>;

interface Options {
  readonly params?: Params;
  readonly json?: unknown;
  readonly signal?: AbortSignal;
}

export async function request(
  method: Method,
  path: string,
  options: Options = {},
): Promise<unknown> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.params ?? {})) {
    query.set(name, String(value));
  }
  const url = query.size > 0 ? `${path}?${query}` : path;
  const deadline = AbortSignal.timeout(DEADLINE);
  const init: RequestInit = {
    method,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
    signal: options.signal ? AbortSignal.any([options.signal, deadline]) : deadline,
  };
  if (options.json !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(options.json);
  }
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, init);
    body = await response.json();
  } catch (error) {
    if (options.signal?.aborted) {
      throw error;
    }
    throw new NoAnswer("The exchange does not answer.", { cause: error });
  }
  if (!response.ok) {
    throw refusal(response.status, body);
  }
  return body;
}

/** A 408 or 5xx says nothing about what has become of the request. */
function refusal(status: number, body: unknown): Error {
  let told: Refusal;
  try {
    const refused = fields(body);
    told = new Refusal(status, integer(refused, "code"), text(refused, "msg"));
  } catch {
    return new NoAnswer(`The exchange answers with an error (${status}).`);
  }
  return status === 408 || status >= 500 ? new NoAnswer(told.message, { cause: told }) : told;
}
