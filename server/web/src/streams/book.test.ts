import { expect, test } from "vitest";

import type { Level } from "../api/market.ts";
import { toText } from "../decimal.ts";
import { Book } from "./book.ts";

const snapshot = {
  lastUpdateId: 10,
  bids: [
    ["9.90", "1.0"],
    ["9.80", "2.0"],
  ] as Level[],
  asks: [
    ["10.00", "1.0"],
    ["10.20", "3.0"],
  ] as Level[],
};

function diff(firstUpdateId: number, lastUpdateId: number, bids: Level[], asks: Level[]) {
  return { firstUpdateId, lastUpdateId, bids, asks };
}

function levels(book: Book) {
  const { bids, asks } = book.view();
  const text = (side: typeof bids) =>
    side.map(({ price, quantity, total }) => [price, quantity, total].map(toText).join(" "));
  return { bids: text(bids), asks: text(asks) };
}

test("a snapshot is sorted and summed up", () => {
  const book = new Book();
  expect(book.view().known).toBe(false);
  book.reset({ ...snapshot, bids: snapshot.bids.toReversed() });
  expect(levels(book)).toEqual({
    bids: ["9.90 1.0 1.0", "9.80 2.0 3.0"],
    asks: ["10.00 1.0 1.0", "10.20 3.0 4.0"],
  });
});

test("diffs put levels in, replace them and take them away", () => {
  const book = new Book();
  book.reset(snapshot);
  const applied = book.apply(
    diff(
      11,
      14,
      [
        ["9.95", "0.5"],
        ["9.80", "0.0"],
        ["9.10", "0.0"],
      ],
      [
        ["10.2", "1.0"],
        ["100.00", "1.0"],
        ["10.10", "2.0"],
      ],
    ),
  );
  expect(applied).toBe(true);
  expect(levels(book)).toEqual({
    bids: ["9.95 0.5 0.5", "9.90 1.0 1.5"],
    asks: ["10.00 1.0 1.0", "10.10 2.0 3.0", "10.2 1.0 4.0", "100.00 1.0 5.0"],
  });
  expect(book.view().lastUpdateId).toBe(14);
});

test("what the snapshot has is dropped, what reaches beyond it is taken", () => {
  const book = new Book();
  book.reset(snapshot);
  const before = book.view();
  expect(book.apply(diff(5, 10, [["9.90", "7.0"]], []))).toBe(true);
  expect(book.view()).toBe(before);
  expect(book.apply(diff(8, 12, [["9.90", "7.0"]], []))).toBe(true);
  expect(levels(book).bids[0]).toBe("9.90 7.0 7.0");
});

test("a gap is refused and changes nothing", () => {
  const book = new Book();
  book.reset(snapshot);
  const before = book.view();
  expect(book.apply(diff(12, 13, [["9.90", "7.0"]], []))).toBe(false);
  expect(book.view()).toBe(before);
});
