/**
 * The person in front of the page: who they are, what they own, what they have ordered.
 *
 * There is no stream of one's own events, so this asks once a second while somebody is signed in
 * and looking, and at once after everything that is done here.
 */

import {
  type Account,
  type Fill,
  type NewOrder,
  type Order,
  type Session,
  cancelAll,
  cancelOrder,
  fetchAccount,
  fetchFills,
  fetchOpenOrders,
  fetchSession,
  login,
  logout,
  placeOrder,
  queryOrder,
  register,
  takeFromFaucet,
} from "../api/account.ts";
import { NoAnswer, Refusal, isSignedOut } from "../api/http.ts";
import { toText } from "../decimal.ts";
import { backoff } from "../streams/backoff.ts";
import { Cell } from "./cell.ts";

const PACE = 1_000;
/** How many of one's own trades are shown. */
const FILLS = 50;
/** For how long to ask what has become of an order. */
const PATIENCE = 60_000;

const NO_SUCH_ORDER = -2013;
const DUPLICATE_ORDER = "Duplicate order sent.";

/** What is looked at. */
export interface Focus {
  /** Whose fills are shown. */
  readonly symbol: string;
  /** Whether open orders of other instruments are shown as well. */
  readonly everywhere: boolean;
}

export class Trader {
  /** `undefined` until it is known whether anybody is signed in. */
  readonly session = new Cell<Session | null | undefined>(undefined);
  readonly account = new Cell<Account | null>(null);
  readonly openOrders = new Cell<readonly Order[] | null>(null);
  /** Newest first. */
  readonly fills = new Cell<readonly Fill[] | null>(null);
  #focus: Focus | null = null;
  /** What the fills were fetched for; they change only along with balances. */
  #fillsOf = "";
  #asking: Promise<Session> | null = null;
  #polling = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  stop(): void {
    clearTimeout(this.#timer);
    this.#polling.abort();
  }

  focus(focus: Focus): void {
    if (focus.symbol !== this.#focus?.symbol) {
      this.fills.set(null);
    }
    if (focus.everywhere !== this.#focus?.everywhere || !focus.everywhere) {
      this.openOrders.set(null);
    }
    this.#focus = focus;
    this.refresh();
  }

  /** Asks now. What was asked before is not waited for: it may be old already. */
  refresh(): void {
    this.stop();
    this.#polling = new AbortController();
    void this.#poll(this.#polling.signal);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    if (this.session.get() === null || document.hidden) {
      return;
    }
    try {
      await this.#whoIsIt();
      await this.#fetchAll(signal);
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (isSignedOut(error)) {
        this.#signedOut();
        return;
      }
      this.#failures += 1;
    }
    if (!signal.aborted) {
      const wait = this.#failures === 0 ? PACE : Math.max(PACE, backoff(this.#failures));
      this.#timer = setTimeout(() => this.refresh(), wait);
    }
  }

  /** Finds out who is signed in. However many ask, the exchange is asked once. */
  async #whoIsIt(): Promise<void> {
    if (this.session.get() === undefined) {
      this.#asking ??= fetchSession().finally(() => (this.#asking = null));
      this.session.set(await this.#asking);
    }
  }

  async #fetchAll(signal: AbortSignal): Promise<void> {
    const focus = this.#focus;
    if (!focus || signal.aborted) {
      return;
    }
    const [account, orders] = await Promise.all([
      fetchAccount(signal),
      fetchOpenOrders(focus.everywhere ? null : focus.symbol, signal),
    ]);
    const fillsOf = [focus.symbol, fingerprint(account)].join();
    const fills =
      fillsOf === this.#fillsOf ? null : await fetchFills(focus.symbol, FILLS, signal);
    if (signal.aborted) {
      return;
    }
    this.account.set(account);
    this.openOrders.set(orders.toReversed());
    if (fills) {
      this.#fillsOf = fillsOf;
      this.fills.set(fills);
    }
  }

  async signIn(username: string, password: string, code: string | null): Promise<void> {
    await login(username, password, code);
    this.session.set(await fetchSession());
    this.refresh();
  }

  async register(username: string, password: string): Promise<void> {
    await register(username, password);
    await this.signIn(username, password, null);
  }

  async signOut(): Promise<void> {
    try {
      await logout();
    } catch (error) {
      // A session that is over already is what was wanted.
      if (!isSignedOut(error)) {
        throw error;
      }
    }
    this.#signedOut();
  }

  #signedOut(): void {
    this.stop();
    this.session.set(null);
    this.account.set(null);
    this.openOrders.set(null);
    this.fills.set(null);
    this.#fillsOf = "";
  }

  async takeFromFaucet(asset: string, amount: string): Promise<void> {
    await this.#act(() => takeFromFaucet(asset, amount));
  }

  async cancel(order: Order): Promise<void> {
    await this.#act(() => cancelOrder(order.symbol, order.orderId));
  }

  async cancelAll(symbol: string): Promise<void> {
    await this.#act(() => cancelAll(symbol));
  }

  /**
   * Places an order, and says what has become of it. Where the exchange does not answer, it is
   * asked for the order by its client order id until it does: nothing is sent twice.
   */
  async place(order: NewOrder): Promise<Order> {
    return this.#act(async () => {
      try {
        return await placeOrder(order);
      } catch (error) {
        // Nobody else knows the id: a duplicate is this order, sent again by the browser itself.
        const isDuplicate = error instanceof Refusal && error.message === DUPLICATE_ORDER;
        if (error instanceof NoAnswer || isDuplicate) {
          return this.#whatHasBecomeOf(order);
        }
        throw error;
      }
    });
  }

  async #whatHasBecomeOf({ symbol, clientOrderId }: NewOrder): Promise<Order> {
    const end = Date.now() + PATIENCE;
    // What was handed in may still be carried out: one answer that it is not there is too few.
    for (let missing = 0; missing < 3 && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, PACE));
      try {
        return await queryOrder(symbol, clientOrderId);
      } catch (error) {
        if (error instanceof Refusal && error.code === NO_SUCH_ORDER) {
          missing += 1;
        } else if (!(error instanceof NoAnswer)) {
          throw error;
        }
      }
      if (missing === 3) {
        throw new Error("The exchange did not answer in time. The order was not placed.");
      }
    }
    throw new Error(
      `It is not known what has become of the order: the exchange does not answer. ` +
        `Its client order id is ${clientOrderId}.`,
    );
  }

  /** Does something and looks at what it has changed, also where it was refused. */
  async #act<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (isSignedOut(error)) {
        this.#signedOut();
      }
      throw error;
    } finally {
      this.refresh();
    }
  }
}

function fingerprint(account: Account): string {
  const balances = account.balances.map(
    ({ asset, free, locked }) => `${asset} ${toText(free)} ${toText(locked)}`,
  );
  return [account.updateTime, ...balances].join();
}
