/**
 * A snapshot, kept current by a stream.
 *
 * The order of things is what makes it complete: first the subscription, then the snapshot; events
 * that come in between wait, and those that the snapshot already has are dropped. When an event
 * does not follow what is known, or the connection was lost, it starts over.
 */

import { isExpected } from "../api/http.ts";
import { Cell } from "../state/cell.ts";
import { backoff } from "./backoff.ts";
import type { Connection, Subscriber } from "./connection.ts";

/** What a stream tells of, without the telling. */
export interface Model<Snapshot, Event, View> {
  /** Forgets everything but this. */
  reset(snapshot: Snapshot): void;
  /** Takes in an event, or ignores one that it has; `false` where something is missing before it. */
  apply(event: Event): boolean;
  /** What to show; the same object as long as nothing has changed. */
  view(): View;
}

export interface Source<Snapshot, Event> {
  /** The name of the stream. */
  readonly stream: string;
  readonly fetch: (abort: { readonly signal: AbortSignal }) => Promise<Snapshot>;
  readonly read: (data: unknown) => Event;
}

export class Feed<Snapshot, Event, View> implements Subscriber {
  readonly view: Cell<View>;
  readonly #connection: Connection;
  readonly #source: Source<Snapshot, Event>;
  readonly #model: Model<Snapshot, Event, View>;
  /** Events that wait for the snapshot; `null` where the model is current. */
  #waiting: Event[] | null = [];
  #fetching = new AbortController();

  constructor(
    connection: Connection,
    source: Source<Snapshot, Event>,
    model: Model<Snapshot, Event, View>,
  ) {
    this.#connection = connection;
    this.#source = source;
    this.#model = model;
    this.view = new Cell(model.view());
  }

  /** Follows the stream until what it returns is called. */
  start(): () => void {
    const unsubscribe = this.#connection.subscribe(this.#source.stream, this);
    return () => {
      unsubscribe();
      this.#fetching.abort();
    };
  }

  subscribed(): void {
    this.#startOver([]);
  }

  lost(): void {
    this.#fetching.abort();
    this.#waiting = [];
  }

  event(data: unknown): void {
    const event = this.#source.read(data);
    if (this.#waiting) {
      this.#waiting.push(event);
    } else if (this.#model.apply(event)) {
      this.view.set(this.#model.view());
    } else {
      this.#startOver([event]);
    }
  }

  /** Takes a new snapshot; these events have come after the subscription. */
  #startOver(waiting: Event[]): void {
    this.#fetching.abort();
    this.#fetching = new AbortController();
    this.#waiting = waiting;
    void this.#synchronise(this.#fetching.signal);
  }

  async #synchronise(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        const snapshot = await this.#source.fetch({ signal });
        if (signal.aborted) {
          return;
        }
        this.#model.reset(snapshot);
        // A snapshot may be older than the first event; the next one will not be.
        if ((this.#waiting ?? []).every((event) => this.#model.apply(event))) {
          this.#waiting = null;
          this.view.set(this.#model.view());
          return;
        }
      } catch (error) {
        if (!signal.aborted && !isExpected(error)) {
          reportError(error);
        }
      }
      await pause(backoff(failures), signal);
    }
  }
}

function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, millis);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
