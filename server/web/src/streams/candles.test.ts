import { expect, test } from "vitest";

import { Candles } from "./candles.ts";

const MINUTE = 60_000;

function bar(minute: number, trades = 1, close = "1") {
  return { openTime: minute * MINUTE, open: "1", high: "1", low: "1", close, volume: "1", trades };
}

function shown(candles: Candles) {
  return candles.view().map(({ openTime, trades }) => [openTime / MINUTE, trades]);
}

test("the last bar is redrawn, the next one joins on", () => {
  const candles = new Candles("1m");
  candles.reset([bar(1), bar(2)]);
  expect(candles.apply(bar(2, 5, "2"))).toBe(true);
  expect(candles.apply(bar(3))).toBe(true);
  expect(shown(candles)).toEqual([
    [1, 1],
    [2, 5],
    [3, 1],
  ]);
});

test("what the snapshot has already does not turn it back", () => {
  const candles = new Candles("1m");
  candles.reset([bar(1, 2), bar(2, 5)]);
  expect(candles.apply(bar(2, 4, "9"))).toBe(true);
  expect(candles.apply(bar(1, 2))).toBe(true);
  expect(shown(candles)).toEqual([
    [1, 2],
    [2, 5],
  ]);
});

test("what was missed is noticed", () => {
  const candles = new Candles("1m");
  candles.reset([bar(1, 2), bar(2)]);
  expect(candles.apply(bar(4))).toBe(false);
  expect(candles.apply(bar(1, 3))).toBe(false);
});

test("the first bar ever needs none before it", () => {
  const candles = new Candles("1m");
  candles.reset([]);
  expect(candles.apply(bar(7))).toBe(true);
  expect(shown(candles)).toEqual([[7, 1]]);
});

test("older bars are put in front where they join on", () => {
  const candles = new Candles("1m");
  candles.reset([bar(5)]);
  candles.prepend([bar(1), bar(2)]);
  candles.prepend([]);
  expect(shown(candles)).toEqual([[5, 1]]);
  candles.prepend([bar(3), bar(4)]);
  expect(shown(candles).map(([minute]) => minute)).toEqual([3, 4, 5]);
});

test("a new snapshot keeps older bars, unless that leaves a hole", () => {
  const candles = new Candles("1m");
  candles.reset([bar(1), bar(2), bar(3)]);
  candles.reset([bar(3, 9), bar(4)]);
  expect(shown(candles)).toEqual([
    [1, 1],
    [2, 1],
    [3, 9],
    [4, 1],
  ]);
  candles.reset([bar(9)]);
  expect(shown(candles)).toEqual([[9, 1]]);
});
