import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Connection, type Socket, type Subscriber } from "./connection.ts";

/** A WebSocket with the exchange's end in the hands of the test. */
class FakeSocket implements Socket {
  static all: FakeSocket[] = [];
  readyState: 0 | 1 | 2 | 3 = 0;
  sent: { method: string; params: string[]; id: number }[] = [];
  closed = false;
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;

  constructor() {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  #as(): WebSocket {
    return this as unknown as WebSocket;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.call(this.#as(), new Event("open"));
  }

  says(message: unknown): void {
    const event = { data: JSON.stringify(message) } as MessageEvent;
    this.onmessage?.call(this.#as(), event);
  }

  acknowledges(id: number): void {
    this.says({ result: null, id });
  }

  ends(): void {
    this.readyState = 3;
    this.onclose?.call(this.#as(), new Event("close") as CloseEvent);
  }
}

/** Writes down what it is told. */
class Diary implements Subscriber {
  readonly lines: string[] = [];
  subscribed = () => void this.lines.push("subscribed");
  lost = () => void this.lines.push("lost");
  event = (data: unknown) => void this.lines.push(String(data));
}

function last(): FakeSocket {
  const socket = FakeSocket.all.at(-1);
  if (!socket) {
    throw new Error("nobody has connected");
  }
  return socket;
}

let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  connection = new Connection({ open: () => new FakeSocket(), random: () => 1 });
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

test("an event counts from the acknowledgement on", async () => {
  const diary = new Diary();
  connection.subscribe("a@trade", diary);
  connection.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.status.get()).toBe("connecting");
  last().opens();
  expect(connection.status.get()).toBe("live");
  expect(last().sent).toEqual([{ method: "SUBSCRIBE", params: ["a@trade"], id: 1 }]);
  last().says({ stream: "a@trade", data: "too early" });
  last().acknowledges(1);
  last().says({ stream: "a@trade", data: "first" });
  last().says({ stream: "b@trade", data: "of somebody else" });
  expect(diary.lines).toEqual(["subscribed", "first"]);
});

test("it comes back and subscribes again, and everybody is told", async () => {
  const diary = new Diary();
  connection.subscribe("a@trade", diary);
  connection.start();
  last().opens();
  last().acknowledges(1);
  last().ends();
  expect(connection.status.get()).toBe("reconnecting");
  expect(diary.lines).toEqual(["subscribed", "lost"]);
  await vi.advanceTimersByTimeAsync(249);
  expect(FakeSocket.all.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(FakeSocket.all.length).toBe(2);
  last().ends();
  await vi.advanceTimersByTimeAsync(500);
  expect(FakeSocket.all.length).toBe(3);
  last().opens();
  last().acknowledges(last().sent[0]?.id ?? 0);
  expect(connection.status.get()).toBe("live");
  expect(diary.lines).toEqual(["subscribed", "lost", "subscribed"]);
});

test("who is let in and sent away at once waits longer each time", async () => {
  connection.start();
  for (const wait of [250, 500, 1_000]) {
    const { length } = FakeSocket.all;
    last().opens();
    last().ends();
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(FakeSocket.all.length).toBe(length);
    await vi.advanceTimersByTimeAsync(1);
    expect(FakeSocket.all.length).toBe(length + 1);
  }
});

test("silence is the end of a connection, and it says nothing any more", async () => {
  const diary = new Diary();
  connection.subscribe("a@trade", diary);
  connection.start();
  const first = last();
  first.opens();
  first.acknowledges(1);
  await vi.advanceTimersByTimeAsync(9_999);
  first.says({ stream: "a@trade", data: "still there" });
  await vi.advanceTimersByTimeAsync(9_999);
  expect(connection.status.get()).toBe("live");
  await vi.advanceTimersByTimeAsync(1);
  expect(connection.status.get()).toBe("reconnecting");
  expect(first.closed).toBe(true);
  first.says({ stream: "a@trade", data: "late" });
  first.ends();
  expect(diary.lines).toEqual(["subscribed", "still there", "lost"]);
  await vi.advanceTimersByTimeAsync(250);
  expect(FakeSocket.all.length).toBe(2);
});

test("hope makes it try at once", () => {
  connection.start();
  connection.hurry();
  expect(FakeSocket.all.length).toBe(1);
  last().ends();
  connection.hurry();
  expect(FakeSocket.all.length).toBe(2);
});

test("changes of one moment travel together", async () => {
  connection.start();
  last().opens();
  const [a, b] = [new Diary(), new Diary()];
  const leave = connection.subscribe("a@trade", a);
  connection.subscribe("b@trade", b);
  await vi.advanceTimersByTimeAsync(0);
  expect(last().sent).toEqual([{ method: "SUBSCRIBE", params: ["a@trade", "b@trade"], id: 1 }]);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  expect(last().sent[1]).toEqual({ method: "UNSUBSCRIBE", params: ["a@trade"], id: 2 });
  last().acknowledges(1);
  last().acknowledges(2);
  expect([a.lines, b.lines]).toEqual([[], ["subscribed"]]);
});

test("only the latest subscription counts", async () => {
  connection.start();
  last().opens();
  connection.subscribe("a@trade", new Diary())();
  await vi.advanceTimersByTimeAsync(0);
  const leave = connection.subscribe("a@trade", new Diary());
  await vi.advanceTimersByTimeAsync(0);
  leave();
  await vi.advanceTimersByTimeAsync(0);
  const diary = new Diary();
  connection.subscribe("a@trade", diary);
  await vi.advanceTimersByTimeAsync(0);
  const subscriptions = last().sent.filter(({ method }) => method === "SUBSCRIBE");
  const [first, second] = subscriptions.map(({ id }) => id);
  expect(subscriptions.length).toBe(2);
  last().acknowledges(first ?? 0);
  last().says({ stream: "a@trade", data: "of the one that was left" });
  last().acknowledges(second ?? 0);
  last().says({ stream: "a@trade", data: "new" });
  expect(diary.lines).toEqual(["subscribed", "new"]);
});

test("who joins a stream that stands is told so too", async () => {
  const [first, second] = [new Diary(), new Diary()];
  connection.subscribe("a@trade", first);
  connection.start();
  last().opens();
  last().acknowledges(1);
  connection.subscribe("a@trade", second);
  await vi.advanceTimersByTimeAsync(0);
  last().says({ stream: "a@trade", data: "x" });
  expect(first.lines).toEqual(["subscribed", "x"]);
  expect(second.lines).toEqual(["subscribed", "x"]);
  expect(last().sent.length).toBe(1);
});
