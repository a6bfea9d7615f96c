import { expect, test } from "vitest";

import type { Instrument } from "./api/market.ts";
import { decimal, toText } from "./decimal.ts";
import { boughtWith, check, costOf, portion, quantityFor, total } from "./ticket.ts";

const on: Instrument = {
  symbol: "BTCUSDT",
  base: "BTC",
  quote: "USDT",
  tickSize: decimal("0.01000000"),
  lotSize: decimal("0.00001000"),
  minPrice: decimal("0.01000000"),
  maxPrice: decimal("1000000.00000000"),
  minQuantity: decimal("0.00001000"),
  maxQuantity: decimal("9000.00000000"),
  minNotional: decimal("5.00000000"),
  pricePlaces: 2,
  quantityPlaces: 5,
};
const asks = [
  { price: decimal("100"), quantity: decimal("1") },
  { price: decimal("200"), quantity: decimal("2") },
];
const free = { base: decimal("0.5"), quote: decimal("300") };

test.each([
  ["60000.01", "0.01", {}],
  ["", "", { price: "Enter a price.", quantity: "Enter a quantity." }],
  ["abc", "1e5", { price: "Enter a price.", quantity: "Enter a quantity." }],
  ["0", "1", { price: "The price must be at least 0.01." }],
  ["-5", "1", { price: "The price must be at least 0.01." }],
  ["0.015", "1000", { price: "The price must be a multiple of 0.01." }],
  ["1000000.01", "1", { price: "The price must be at most 1,000,000." }],
  ["100", "0", { quantity: "The quantity must be at least 0.00001." }],
  ["100", "0.100001", { quantity: "The quantity must be a multiple of 0.00001." }],
  ["100", "9000.00001", { quantity: "The quantity must be at most 9,000." }],
  ["100", "0.04999", { total: "The total must be at least 5 USDT." }],
  ["100", "0.05", {}],
])("a limit order at %j for %j", (price, quantity, problems) => {
  expect(check({ type: "LIMIT", price, quantity }, on)).toEqual(problems);
});

test("a market order needs no price and no least total", () => {
  expect(check({ type: "MARKET", price: "abc", quantity: "0.00001" }, on)).toEqual({});
});

test("totals and quantities follow from each other", () => {
  expect(total("59000", "0.05")).toBe("2950");
  expect(total("0.1", "0.2")).toBe("0.02");
  expect(total("", "1")).toBe("");
  expect(quantityFor("100", "3", on)).toBe("33.33333");
  expect(quantityFor("100", "0", on)).toBe("");
  expect(quantityFor("x", "1", on)).toBe("");
});

test("a market order is priced level by level", () => {
  const cost = (quantity: string) => costOf(decimal(quantity), asks);
  expect(cost("0.5")).toEqual(decimal("50.0"));
  expect(toText(cost("2") ?? decimal("0"))).toBe("300");
  expect(cost("3.1")).toBeNull();
  expect(toText(boughtWith(decimal("50"), asks))).toMatch(/^0\.50*$/);
  expect(toText(boughtWith(decimal("200"), asks))).toMatch(/^1\.50*$/);
  expect(toText(boughtWith(decimal("10000"), asks))).toBe("3");
});

test("a part of what is available is cut off to lots", () => {
  const limit = { type: "LIMIT" as const, price: "7" };
  const market = { type: "MARKET" as const, price: "" };
  expect(portion(100, "BUY", limit, free, asks, on)).toBe("42.85714");
  expect(portion(25, "SELL", limit, free, asks, on)).toBe("0.125");
  expect(portion(50, "BUY", market, free, asks, on)).toBe("1.25");
  expect(portion(50, "BUY", { ...limit, price: "" }, free, asks, on)).toBe("");
});
