import { expect, test } from "vitest";

import { backoff } from "./backoff.ts";

test("waits get longer up to a bound, and differ", () => {
  expect([0, 1, 2, 3, 4, 5, 100].map((failures) => backoff(failures, () => 1))).toEqual([
    250, 500, 1_000, 2_000, 4_000, 5_000, 5_000,
  ]);
  expect(backoff(100, () => 0)).toBe(2_500);
});
