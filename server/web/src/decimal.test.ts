import { describe, expect, test } from "vitest";

import {
  add,
  compare,
  cut,
  decimal,
  divide,
  floorTo,
  format,
  formatFull,
  isMultiple,
  multiply,
  normalize,
  parse,
  placesOf,
  ratio,
  subtract,
  toText,
} from "./decimal.ts";

describe("reading", () => {
  test.each([
    ["0", 0n, 0],
    ["60009.14000000", 6000914000000n, 8],
    ["-6.58", -658n, 2],
    ["0.00000001", 1n, 8],
    [" 1. ", 1n, 0],
    ["123456789012345678901234567890.5", 1234567890123456789012345678905n, 1],
  ])("%s is a decimal", (text, units, places) => {
    expect(parse(text)).toEqual({ units, places });
  });

  test.each(["", " ", ".5", "1e3", "1,5", "+1", "--1", "0x10", "NaN", "1.2.3", "9".repeat(31)])(
    "%j is none",
    (text) => {
      expect(parse(text)).toBeNull();
      expect(() => decimal(text)).toThrow(RangeError);
    },
  );
});

test("nothing is rounded", () => {
  expect(toText(add(decimal("0.1"), decimal("0.2")))).toBe("0.3");
  expect(toText(subtract(decimal("1"), decimal("0.00000001")))).toBe("0.99999999");
  expect(toText(multiply(decimal("60000.01"), decimal("0.00003")))).toBe("1.8000003");
  expect(toText(multiply(decimal("-0.5"), decimal("0.5")))).toBe("-0.25");
});

test("values are compared, not texts", () => {
  expect(compare(decimal("9.0"), decimal("10"))).toBe(-1);
  expect(compare(decimal("1.50"), decimal("1.5"))).toBe(0);
  expect(compare(decimal("-1"), decimal("-2"))).toBe(1);
});

test("division is cut off towards zero", () => {
  expect(toText(divide(decimal("1"), decimal("3"), 8))).toBe("0.33333333");
  expect(toText(divide(decimal("2"), decimal("0.03"), 2))).toBe("66.66");
  expect(toText(divide(decimal("-1"), decimal("3"), 2))).toBe("-0.33");
});

test("steps", () => {
  expect(toText(floorTo(decimal("1.23456"), decimal("0.001")))).toBe("1.23400");
  expect(toText(floorTo(decimal("7"), decimal("0.50")))).toBe("7.00");
  expect(isMultiple(decimal("0.30"), decimal("0.1"))).toBe(true);
  expect(isMultiple(decimal("0.35"), decimal("0.1"))).toBe(false);
  expect(placesOf(decimal("0.01000000"))).toBe(2);
  expect(placesOf(decimal("10.000"))).toBe(0);
});

test("text for the wire", () => {
  expect(toText(decimal("0.00000001"))).toBe("0.00000001");
  expect(toText(decimal("-0.05"))).toBe("-0.05");
  expect(toText(normalize(decimal("2950.000")))).toBe("2950");
  expect(toText(normalize(decimal("100")))).toBe("100");
  expect(toText(cut(decimal("1.999"), 2))).toBe("1.99");
});

test("text for people", () => {
  expect(format(decimal("60009.14000000"), 2)).toBe("60,009.14");
  expect(format(decimal("1234567.5"), 0)).toBe("1,234,567");
  expect(format(decimal("-1234.5"), 2)).toBe("-1,234.50");
  expect(format(decimal("0.00012345"), 8)).toBe("0.00012345");
  expect(formatFull(decimal("1.50000000"), 0)).toBe("1.5");
  expect(formatFull(decimal("1.50000000"), 2)).toBe("1.50");
});

test("lengths on the screen", () => {
  expect(ratio(decimal("1"), decimal("4"))).toBe(0.25);
  expect(ratio(decimal("5"), decimal("4"))).toBe(1);
  expect(ratio(decimal("1"), decimal("0"))).toBe(0);
});
