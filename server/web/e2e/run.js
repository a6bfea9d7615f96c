/**
 * Two people trade with each other through the page, in real browsers, on a real exchange, which
 * is killed in between.
 *
 *   EXCHANGE_BIN=../../target/debug/exchange npm run e2e
 *   EXCHANGE_BIN=... npm run e2e -- --screenshot [DATA_DIR]
 *
 * CHROMIUM names another browser than /usr/bin/chromium.
 */

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { env, argv, exit } from "node:process";

import { chromium } from "playwright-core";

import { Exchange } from "./exchange.js";
import { Person } from "./person.js";
import { takeScreenshot } from "./screenshot.js";

/** For all of it. */
const DEADLINE = 110_000;

const REFUSED = "Account has insufficient balance for requested action.";

async function tradeWithEachOther(browser, exchange) {
  const [alice, bob] = await Promise.all(
    ["alice", "bob"].map((name) => Person.arrive(browser, exchange.address, name, "ETHBTC")),
  );
  const both = [alice, bob];
  const all = (act) => Promise.all(both.map(act));

  step("a dialog can be left");
  await alice.presses("Sign in", "Enter");
  await alice.page.getByRole("dialog", { name: "Sign in" }).waitFor();
  await alice.page.keyboard.press("Escape");
  await alice.page.getByRole("dialog").waitFor({ state: "hidden" });

  step("both register and take play money");
  await all((person) => person.register());
  await all((person) => person.takesPlayMoney());
  const gifts = ["ETH 10.00 0.00", "BTC 10.00 0.00", "USDT 100,000.00 0.00"];
  await all((person) => person.seesRows("Balances", gifts));
  await all((person) => person.seesText("Trades", "No trades yet"));

  step("the token is out of reach of scripts");
  for (const person of both) {
    const kept = await person.page.evaluate(() => [document.cookie, localStorage.length]);
    assert.deepEqual(kept, ["", 0]);
    const [cookie] = await person.context.cookies();
    assert.equal(cookie?.name, "session");
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
  }

  step("what cannot be is said at the field, and not sent");
  await alice.order({ side: "Sell", type: "Limit", price: "0.050001", quantity: "" });
  await alice.seesText("Order ticket", "The price must be a multiple of 0.00001.");
  await alice.seesText("Order ticket", "Enter a quantity.");

  step("Alice offers, and both see it");
  await alice.order({ side: "Sell", type: "Limit", price: "0.05", quantity: "2" });
  await alice.seesText("Order ticket", /^Order \d+ is open: sell 2 ETH at 0\.05000 BTC\.$/);
  await all((person) => person.seesRows("Asks", ["0.05000 2.000 2.000"]));
  await alice.seesText("Own orders and trades", "Open orders (1)");
  await alice.seesRows("Balances", ["ETH 8.00 2.00", "BTC 10.00 0.00", "USDT 100,000.00 0.00"]);

  step("Bob takes it");
  await bob.picksPrice("0.05000");
  await bob.seesInField("Price", "0.05000");
  await bob.order({ side: "Buy", type: "Market", quantity: "2" });
  await bob.seesText("Order ticket", /^Order \d+ is filled: 2 ETH bought for 0\.1 BTC\.$/);
  const first = "0.05000 bought 2.000";
  await all((person) => person.seesTrades([first]));
  await all((person) => person.seesRows("Asks", []));
  await all((person) => person.seesBar("0.05000"));
  await alice.seesText("Own orders and trades", "No open orders");
  await alice.seesRows("Balances", ["ETH 8.00 0.00", "BTC 10.0999 0.00", "USDT 100,000.00 0.00"]);
  await bob.seesRows("Balances", ["ETH 11.998 0.00", "BTC 9.90 0.00", "USDT 100,000.00 0.00"]);

  step("the exchange refuses in its own words");
  alice.expectRefusal(400, "/api/v3/order");
  await alice.order({ side: "Buy", type: "Limit", price: "0.05", quantity: "1000" });
  await alice.ticket.getByRole("alert").getByText(REFUSED, { exact: true }).waitFor();

  step("Alice thinks better of it");
  await alice.order({ side: "Sell", type: "Limit", price: "0.06", quantity: "1" });
  await all((person) => person.seesRows("Asks", ["0.06000 1.000 1.000"]));
  await alice.cancels(/^Cancel order \d+ for 1 ETH$/);
  await all((person) => person.seesRows("Asks", []));
  await alice.seesText("Own orders and trades", "No open orders");
  for (const price of ["0.061", "0.062"]) {
    await alice.order({ side: "Sell", type: "Limit", price, quantity: "1" });
    await bob.page.getByRole("button", { name: `${price}00: use this price` }).waitFor();
  }
  await alice.cancels("Cancel all");
  await all((person) => person.seesRows("Asks", []));

  step("the exchange is killed");
  await alice.order({ side: "Sell", type: "Limit", price: "0.07", quantity: "3" });
  await all((person) => person.seesRows("Asks", ["0.07000 3.000 3.000"]));
  both.forEach((person) => person.outage(true));
  await exchange.kill();
  await all((person) => person.seesConnection("Reconnecting"));
  await bob.order({ side: "Buy", type: "Market", quantity: "3" });

  step("it comes back, and so does the page");
  // What has become of Bob's order is not known: the exchange is asked until it has said three
  // times that there is none.
  for (let times = 0; times < 3; times += 1) {
    bob.expectRefusal(400, "/api/v3/order");
  }
  await exchange.run();
  await all((person) => person.seesConnection("Live"));
  await bob.ticket
    .getByRole("alert")
    .getByText("The exchange did not answer in time. The order was not placed.")
    .waitFor();
  await all((person) => person.isSignedIn());
  await all((person) => person.seesRows("Asks", ["0.07000 3.000 3.000"]));
  await all((person) => person.seesTrades([first]));
  await alice.seesText("Own orders and trades", "Open orders (1)");
  both.forEach((person) => person.outage(false));

  step("trading goes on");
  await bob.order({ side: "Buy", type: "Market", quantity: "1" });
  await bob.seesText("Order ticket", /^Order \d+ is filled: 1 ETH bought for 0\.07 BTC\.$/);
  const second = "0.07000 bought 1.000";
  await all((person) => person.seesTrades([second, first]));
  await all((person) => person.seesRows("Asks", ["0.07000 2.000 2.000"]));
  await all((person) => person.seesBar("0.07000"));
  await alice.seesRows("Balances", ["ETH 5.00 2.00", "BTC 10.16983 0.00", "USDT 100,000.00 0.00"]);
  await bob.seesRows("Balances", ["ETH 12.997 0.00", "BTC 9.83 0.00", "USDT 100,000.00 0.00"]);
  await bob.page.getByRole("tab", { name: "Own trades" }).click();
  await bob.seesText("Own orders and trades", "0.001 ETH");
  assert.equal(await bob.rows("Own trades").count(), 2);

  step("Bob looks around by keyboard");
  await bob.presses("Market: ETHBTC", "Enter", "ArrowUp", "Enter");
  await bob.seesMarket("ETHUSDT");
  await bob.page.goBack();
  await bob.seesMarket("ETHBTC");
  await bob.presses("0.07000: use this price", "Enter");
  await bob.seesRows("Asks", ["0.07000 2.000 2.000"]);
  await all((person) => person.seesTrades([second, first]));

  step("Alice turns a second factor on, leaves, and comes back with a code");
  const secret = await alice.takesSecondFactor();
  await alice.signsOut();
  await alice.signsInWith(secret);

  step("Alice leaves, and nothing of her session stays");
  await alice.signsOut();
  await alice.page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual(await alice.context.cookies(), []);
  await alice.seesText("Own orders and trades", "Sign in to see your orders and trades");

  for (const person of both) {
    assert.deepEqual(person.complaints, [], `the console of ${person.name}`);
    assert.deepEqual(person.expected, [], `what ${person.name} should have been refused`);
    await person.context.close();
  }
}

function step(text) {
  console.log(`- ${text}`);
}

const { EXCHANGE_BIN, CHROMIUM = "/usr/bin/chromium" } = env;
assert(EXCHANGE_BIN, "EXCHANGE_BIN names the exchange to test");
const [flag, dataDir] = argv.slice(2);

setTimeout(() => {
  step("it takes too long");
  exit(1);
}, DEADLINE).unref();

const exchange = await Exchange.start(resolve(EXCHANGE_BIN), dataDir);
try {
  // Chromium's sandbox does not work for root, as whom tests run in containers.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    if (flag === "--screenshot") {
      await takeScreenshot(browser, exchange);
    } else {
      await tradeWithEachOther(browser, exchange);
    }
  } finally {
    await browser.close();
  }
} finally {
  await exchange.dispose();
}
