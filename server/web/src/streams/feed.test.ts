import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { NoAnswer } from "../api/http.ts";
import { Connection } from "./connection.ts";
import { Feed, type Model } from "./feed.ts";

/** Counts up by one: its snapshot is a number, its events are the next ones. */
class Counter implements Model<number, number, readonly number[]> {
  #seen: readonly number[] = [];

  reset(snapshot: number): void {
    this.#seen = [snapshot];
  }

  apply(event: number): boolean {
    const last = this.#seen.at(-1) ?? 0;
    if (event > last + 1) {
      return false;
    }
    if (event === last + 1) {
      this.#seen = [...this.#seen, event];
    }
    return true;
  }

  view(): readonly number[] {
    return this.#seen;
  }
}

/** Answers when the test says so. */
let snapshots: { answer: (snapshot: number) => void; fail: () => void }[];
let feed: Feed<number, number, readonly number[]>;

beforeEach(() => {
  vi.useFakeTimers();
  snapshots = [];
  const connection = new Connection({ open: () => { throw new Error("not in this test"); } });
  const source = {
    stream: "a@trade",
    fetch: () =>
      new Promise<number>((answer, fail) => {
        snapshots.push({ answer, fail: () => fail(new NoAnswer("gone")) });
      }),
    read: (data: unknown) => data as number,
  };
  feed = new Feed(connection, source, new Counter());
});

afterEach(() => {
  vi.useRealTimers();
});

async function answer(index: number, snapshot: number): Promise<void> {
  snapshots[index]?.answer(snapshot);
  await vi.advanceTimersByTimeAsync(0);
}

test("events wait for the snapshot, and what it has is dropped", async () => {
  feed.subscribed();
  [4, 5, 6].forEach((event) => feed.event(event));
  expect(feed.view.get()).toEqual([]);
  await answer(0, 5);
  expect(feed.view.get()).toEqual([5, 6]);
  feed.event(7);
  expect(feed.view.get()).toEqual([5, 6, 7]);
});

test("a snapshot older than the first event is taken again", async () => {
  feed.subscribed();
  feed.event(6);
  await answer(0, 3);
  expect(feed.view.get()).toEqual([]);
  await vi.advanceTimersByTimeAsync(250);
  await answer(1, 6);
  expect(feed.view.get()).toEqual([6]);
});

test("a gap makes it start over, with the event that showed it", async () => {
  feed.subscribed();
  await answer(0, 1);
  feed.event(5);
  expect(feed.view.get()).toEqual([1]);
  feed.event(6);
  await answer(1, 4);
  expect(feed.view.get()).toEqual([4, 5, 6]);
});

test("after a loss the answer to an old question does not count", async () => {
  feed.subscribed();
  feed.event(2);
  feed.lost();
  feed.subscribed();
  await answer(0, 1);
  expect(feed.view.get()).toEqual([]);
  feed.event(8);
  await answer(1, 7);
  expect(feed.view.get()).toEqual([7, 8]);
});

test("it asks until it is answered", async () => {
  feed.subscribed();
  snapshots[0]?.fail();
  await vi.advanceTimersByTimeAsync(250);
  snapshots[1]?.fail();
  await vi.advanceTimersByTimeAsync(500);
  await answer(2, 1);
  expect(feed.view.get()).toEqual([1]);
});
