/** Somebody in front of the page, in a browser of their own: they see what it says, nothing else. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

/** How long anything may take. Far more than it does, for the sake of slow machines. */
const DEADLINE = 15_000;
/** What browsers write when nobody answers. */
const OUTAGE = /net::ERR_|WebSocket connection to/;

export class Person {
  /** What the console has yet to say, once each: `status path`. */
  expected = [];
  #outage = false;
  /** What it said and should not have. */
  complaints = [];

  static async arrive(browser, address, name, market) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    context.setDefaultTimeout(DEADLINE);
    const person = new Person(context, await context.newPage(), name);
    // Nobody is signed in yet, and that is asked first.
    person.expectRefusal(401, "/v1/session");
    await person.page.goto(`http://${address}/#${market}`);
    await person.seesConnection("Live");
    return person;
  }

  constructor(context, page, name) {
    this.context = context;
    this.page = page;
    this.name = name;
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => this.#hear(message));
  }

  #hear(message) {
    if (!["error", "warning"].includes(message.type())) {
      return;
    }
    const text = message.text();
    if (this.#outage && OUTAGE.test(text)) {
      return;
    }
    const status = /status of (\d+)/.exec(text)?.[1];
    const { pathname } = new URL(message.location().url || "http://nowhere");
    const expected = this.expected.indexOf(`${status} ${pathname}`);
    if (expected >= 0) {
      this.expected.splice(expected, 1);
    } else {
      this.complaints.push(`${text} (${message.location().url})`);
    }
  }

  /** Browsers write refusals to the console, whoever made the request. */
  expectRefusal(status, path) {
    this.expected.push(`${status} ${path}`);
  }

  outage(isOn) {
    this.#outage = isOn;
  }

  // What there is on the page.

  region(name) {
    return this.page.getByRole("region", { name });
  }

  get ticket() {
    return this.region("Order ticket");
  }

  rows(table) {
    return this.page.getByRole("table", { name: table, exact: true }).locator("tbody tr");
  }

  /** What rows say, cell by cell. */
  static async texts(locator) {
    return locator.evaluateAll((rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent?.trim()).join(" ")),
    );
  }

  // What they do.

  async register() {
    const { page } = this;
    await page.getByRole("button", { name: "Create account" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Username").fill(this.name);
    await dialog.getByLabel("Password").fill(`correct horse of ${this.name}`);
    await dialog.getByRole("button", { name: "Create account" }).click();
    await dialog.waitFor({ state: "hidden" });
    await this.isSignedIn();
  }

  /** Turns a second factor on, over the API: the page has nothing for it. Returns its secret. */
  async takesSecondFactor() {
    const post = async ([path, json]) => {
      const init = { method: "POST", headers: { "Content-Type": "application/json" } };
      const response = await fetch(path, json ? { ...init, body: JSON.stringify(json) } : init);
      return response.json();
    };
    const { secret } = await this.page.evaluate(post, ["/v1/totp", null]);
    const confirmed = ["/v1/totp/confirm", { code: oneTimeCode(secret, 0) }];
    const { recoveryCodes } = await this.page.evaluate(post, confirmed);
    assert.equal(recoveryCodes.length, 10);
    return secret;
  }

  async signsInWith(secret) {
    const { page } = this;
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    const dialog = page.getByRole("dialog");
    const submit = dialog.getByRole("button", { name: "Sign in", exact: true });
    await dialog.getByLabel("Username").fill(this.name);
    await dialog.getByLabel("Password").fill(`correct horse of ${this.name}`);
    this.expectRefusal(401, "/v1/login");
    await submit.click();
    // A code is good once, and the one before was used to turn the second factor on.
    await dialog.getByLabel("Code of your second factor").fill(oneTimeCode(secret, 1));
    await submit.click();
    await dialog.waitFor({ state: "hidden" });
    await this.isSignedIn();
  }

  async takesPlayMoney() {
    await this.page.getByRole("button", { name: "Get play money" }).click();
  }

  async writes(field, text) {
    await this.ticket.getByRole("textbox", { name: field, exact: true }).fill(text);
  }

  async order({ side, type, price, quantity }) {
    await this.ticket.getByRole("radio", { name: side }).check({ force: true });
    await this.ticket.getByRole("radio", { name: type }).check({ force: true });
    if (price !== undefined) {
      await this.writes("Price", price);
    }
    await this.writes("Quantity", quantity);
    await this.ticket.getByRole("button", { name: new RegExp(`^${side} `) }).click();
  }

  async picksPrice(price) {
    const level = this.page.getByRole("button", { name: `${price}: use this price` });
    await level.click();
  }

  /** Presses keys, the first of them on a button. */
  async presses(button, ...keys) {
    const [first, ...others] = keys;
    await this.page.getByRole("button", { name: button, exact: true }).press(first);
    for (const key of others) {
      await this.page.keyboard.press(key);
    }
  }

  async cancels(name) {
    await this.page.getByRole("button", { name }).click();
  }

  async signsOut() {
    await this.page.getByRole("button", { name: "Sign out" }).click();
  }

  // What they see.

  async seesConnection(state) {
    await this.page.getByRole("status", { name: "Connection" }).getByText(state).waitFor();
  }

  async isSignedIn() {
    await this.page.getByRole("banner").getByText(this.name, { exact: true }).waitFor();
  }

  async seesMarket(symbol) {
    await this.page.getByRole("button", { name: `Market: ${symbol}`, exact: true }).waitFor();
  }

  async seesText(region, text) {
    await this.region(region).getByText(text).first().waitFor();
  }

  /** Waits until the rows of a table are these, no more and no fewer. */
  async seesRows(table, expected) {
    await this.#eventually(`${table} of ${this.name}`, expected, () =>
      Person.texts(this.rows(table)),
    );
  }

  /** Each trade once, newest first. */
  async seesTrades(expected) {
    await this.#eventually(`the trades that ${this.name} sees`, expected, async () => {
      const texts = await Person.texts(this.rows("Latest trades"));
      return texts.map((text) => text.replace(/ \d\d:\d\d:\d\d$/, ""));
    });
  }

  async seesBar(text) {
    await this.page.getByRole("group", { name: "Bar" }).getByText(text).first().waitFor();
  }

  async seesInField(field, value) {
    const input = this.ticket.getByRole("textbox", { name: field, exact: true });
    await this.#eventually(`${field} of ${this.name}`, value, () => input.inputValue());
  }

  /** Asks until the answer is the expected one, and tells the last one where it is not. */
  async #eventually(what, expected, ask) {
    const end = Date.now() + DEADLINE;
    for (;;) {
      const found = await ask();
      try {
        assert.deepEqual(found, expected, what);
        return;
      } catch (error) {
        if (Date.now() > end) {
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The code that an authenticator shows so many half minutes from now: RFC 6238, with its defaults. */
function oneTimeCode(secret, ahead) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digits = Array.from(secret, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0"));
  const octets = digits.join("").match(/.{8}/g).map((bits) => Number.parseInt(bits, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const hash = createHmac("sha1", Buffer.from(octets)).update(counter).digest();
  const truncated = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(truncated % 1_000_000).padStart(6, "0");
}
