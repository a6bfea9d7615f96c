/**
 * One WebSocket connection for all streams of the page, for as long as the page is open.
 *
 * It comes back by itself and subscribes again to all that is wanted. What it carries has a gap
 * then, and every subscriber is told: `subscribed` is called each time a subscription begins to
 * stand, which is when a snapshot has to be taken, and `lost` each time it no longer does. Between
 * the two no message is left out and none comes twice.
 */

import { Cell } from "../state/cell.ts";
import { backoff } from "./backoff.ts";

export type Status = "connecting" | "live" | "reconnecting";

/** Somebody who follows a stream. */
export interface Subscriber {
  /** The subscription stands: all events from here on will come. */
  subscribed(): void;
  /** It stands no more. */
  lost(): void;
  event(data: unknown): void;
}

/** What of a WebSocket is needed here. */
export type Socket = Pick<
  WebSocket,
  "send" | "close" | "onopen" | "onmessage" | "onclose" | "readyState"
>;

export interface Options {
  readonly open: () => Socket;
  readonly random?: () => number;
}

/**
 * The exchange sends tickers every second, so that silence means that nobody is there any more,
 * even where the network has not noticed. There is always a ticker subscribed to.
 */
const SILENCE = 10_000;
/** A second is long for a subscription, but a machine may be busy. */
const OPENING = 10_000;

const OPEN = 1;

interface Stream {
  readonly subscribers: Set<Subscriber>;
  /** The frame that subscribed to it on this connection; an earlier one was taken back. */
  request: number | null;
  /** The exchange has acknowledged that frame. */
  stands: boolean;
}

export class Connection {
  readonly status = new Cell<Status>("connecting");
  readonly #open: () => Socket;
  readonly #random: () => number;
  readonly #streams = new Map<string, Stream>();
  /** Streams to be subscribed to and to be left with the next frame. */
  readonly #changed = new Set<string>();
  #socket: Socket | null = null;
  #requests = 0;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(options: Options) {
    this.#open = options.open;
    this.#random = options.random ?? Math.random;
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#disconnect();
  }

  /** Tries at once, where it is waiting to try again: there is a reason for hope. */
  hurry(): void {
    if (!this.#socket && this.#retry !== undefined) {
      this.#connect();
    }
  }

  /** Follows a stream until what it returns is called. */
  subscribe(name: string, subscriber: Subscriber): () => void {
    let stream = this.#streams.get(name);
    if (!stream) {
      stream = { subscribers: new Set(), request: null, stands: false };
      this.#streams.set(name, stream);
      this.#change(name);
    }
    stream.subscribers.add(subscriber);
    if (stream.stands) {
      // Not from within the call: who subscribes has to be ready first.
      queueMicrotask(() => {
        const current = this.#streams.get(name);
        if (current?.stands && current.subscribers.has(subscriber)) {
          subscriber.subscribed();
        }
      });
    }
    return () => this.#unsubscribe(name, subscriber);
  }

  #unsubscribe(name: string, subscriber: Subscriber): void {
    const stream = this.#streams.get(name);
    if (stream?.subscribers.delete(subscriber) && stream.subscribers.size === 0) {
      this.#streams.delete(name);
      this.#change(name);
    }
  }

  /** Changes of one moment travel together. */
  #change(name: string): void {
    if (this.#changed.size === 0) {
      queueMicrotask(() => this.#sendChanges());
    }
    this.#changed.add(name);
  }

  #sendChanges(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    if (this.#socket?.readyState !== OPEN) {
      // All that is wanted is subscribed to once the connection stands.
      return;
    }
    this.#send("UNSUBSCRIBE", changed.filter((name) => !this.#streams.has(name)));
    this.#send("SUBSCRIBE", changed.filter((name) => this.#streams.get(name)?.request === null));
  }

  #send(method: "SUBSCRIBE" | "UNSUBSCRIBE", params: readonly string[]): void {
    if (params.length === 0) {
      return;
    }
    this.#requests += 1;
    const id = this.#requests;
    for (const name of params) {
      const stream = this.#streams.get(name);
      if (stream) {
        stream.request = id;
      }
    }
    this.#socket?.send(JSON.stringify({ method, params, id }));
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = this.#open();
    this.#socket = socket;
    socket.onopen = () => {
      this.status.set("live");
      this.#changed.clear();
      this.#send("SUBSCRIBE", [...this.#streams.keys()]);
      this.#watch(SILENCE);
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      // Only what speaks is well: who is let in and sent away again has to wait longer.
      this.#failures = 0;
      this.#watch(SILENCE);
      this.#receive(message.data);
    };
    socket.onclose = () => this.#closed();
    this.#watch(OPENING);
  }

  #watch(patience: number): void {
    clearTimeout(this.#watchdog);
    // A dead connection may take minutes to close: what it still says is not listened to.
    this.#watchdog = setTimeout(() => this.#closed(), patience);
  }

  #closed(): void {
    this.#disconnect();
    this.status.set("reconnecting");
    const wait = backoff(this.#failures, this.#random);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #disconnect(): void {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    for (const stream of this.#streams.values()) {
      stream.request = null;
      if (stream.stands) {
        stream.stands = false;
        for (const subscriber of [...stream.subscribers]) {
          subscriber.lost();
        }
      }
    }
  }

  #receive(text: unknown): void {
    if (typeof text !== "string") {
      return;
    }
    const message = JSON.parse(text) as {
      readonly stream?: unknown;
      readonly data?: unknown;
      readonly id?: unknown;
      readonly error?: unknown;
    };
    if (typeof message.stream === "string") {
      const stream = this.#streams.get(message.stream);
      // Before its acknowledgement an event is of a subscription that was left and begins anew.
      if (stream?.stands) {
        for (const subscriber of [...stream.subscribers]) {
          subscriber.event(message.data);
        }
      }
    } else if (typeof message.id === "number") {
      if (message.error !== undefined) {
        reportError(new Error(`a subscription was refused: ${text}`));
        return;
      }
      this.#acknowledged(message.id);
    }
  }

  #acknowledged(request: number): void {
    for (const stream of [...this.#streams.values()]) {
      if (stream.request === request && !stream.stands) {
        stream.stands = true;
        for (const subscriber of [...stream.subscribers]) {
          subscriber.subscribed();
        }
      }
    }
  }
}
