import { afterEach, expect, test, vi } from "vitest";

import { Connection } from "./connection.ts";
import { CandleFeed } from "./feeds.ts";

const MINUTE = 60_000;
/** The minute of the first trade ever. */
const BEGIN = 10_000;

/** An exchange with bars for so many minutes, which writes down until when it is asked. */
function exchangeWith(minutes: number) {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (url: string) => {
    const query = new URL(url, "http://exchange").searchParams;
    const endTime = query.get("endTime");
    asked.push(endTime);
    const last = endTime === null ? BEGIN + minutes - 1 : Math.floor(Number(endTime) / MINUTE);
    const first = Math.max(BEGIN, last + 1 - Number(query.get("limit")));
    const bars = Array.from({ length: Math.max(0, last + 1 - first) }, (_, index) => {
      const openTime = (first + index) * MINUTE;
      return [openTime, "1", "1", "1", "1", "1", openTime + MINUTE - 1, "1", 1, "1", "1", "0"];
    });
    return new Response(JSON.stringify(bars));
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

test("history is fetched page by page, until there is no more", async () => {
  const asked = exchangeWith(1_200);
  const connection = new Connection({
    open: () => {
      throw new Error("not in this test");
    },
  });
  const feed = new CandleFeed(connection, "BTCUSDT", "1m");
  feed.subscribed();
  await vi.waitFor(() => expect(feed.view.get().length).toBe(500));

  await Promise.all([feed.loadOlder(), feed.loadOlder()]);
  expect(asked.length).toBe(2);
  expect(feed.view.get().length).toBe(1_000);
  for (let times = 0; times < 4; times += 1) {
    await feed.loadOlder();
  }
  const ends = [700, 200, 0].map((minute) => `${(BEGIN + minute) * MINUTE - 1}`);
  expect(asked).toEqual([null, ...ends]);
  expect(feed.view.get().map(({ openTime }) => openTime / MINUTE - BEGIN)).toEqual(
    Array.from({ length: 1_200 }, (_, minute) => minute),
  );
});
