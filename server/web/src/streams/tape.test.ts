import { expect, test } from "vitest";

import { decimal } from "../decimal.ts";
import { TAPE_LENGTH, Tape } from "./tape.ts";

function trade(id: number) {
  return { id, price: decimal("1"), quantity: decimal("1"), time: id, takerSide: "BUY" as const };
}

function ids(tape: Tape) {
  return tape.view()?.map(({ id }) => id);
}

test("trades come newest first, each once", () => {
  const tape = new Tape();
  expect(tape.view()).toBeNull();
  tape.reset([trade(4), trade(5)]);
  expect([5, 4, 6].map((id) => tape.apply(trade(id)))).toEqual([true, true, true]);
  expect(ids(tape)).toEqual([6, 5, 4]);
});

test("a trade that is missing is noticed, also the first one ever", () => {
  const tape = new Tape();
  tape.reset([trade(4)]);
  expect(tape.apply(trade(6))).toBe(false);
  tape.reset([]);
  expect(tape.apply(trade(2))).toBe(false);
  expect(tape.apply(trade(1))).toBe(true);
  expect(ids(tape)).toEqual([1]);
});

test("only so many are kept", () => {
  const tape = new Tape();
  tape.reset([]);
  for (let id = 1; id <= TAPE_LENGTH + 5; id += 1) {
    tape.apply(trade(id));
  }
  expect(ids(tape)?.length).toBe(TAPE_LENGTH);
  expect(ids(tape)?.[0]).toBe(TAPE_LENGTH + 5);
});
