/** The picture in the README: the page as it is, with the bots of the demo at work. */

import { fileURLToPath } from "node:url";

import { Person } from "./person.js";

const PICTURE = fileURLToPath(new URL("../../../docs/trading-page.png", import.meta.url));

export async function takeScreenshot(browser, exchange) {
  const name = `carol${Date.now() % 1000}`;
  const carol = await Person.arrive(browser, exchange.address, name, "BTCUSDT");
  await carol.register();
  await carol.takesPlayMoney();
  await carol.page.getByRole("row", { name: /^USDT/ }).waitFor();
  for (const [side, away, quantity] of [
    ["Buy", -120, "0.25"],
    ["Sell", 90, "0.4"],
    ["Buy", -45, "0.15"],
  ]) {
    const last = await carol.page.getByRole("group", { name: "Last price" }).textContent();
    const price = Number(last?.replaceAll(",", "")) + away;
    await carol.order({ side, type: "Limit", price: price.toFixed(2), quantity });
    await carol.ticket.getByText(/is open/).waitFor();
  }
  await carol.order({ side: "Buy", type: "Market", quantity: "0.05" });
  await carol.ticket.getByText(/is filled/).waitFor();
  await carol.order({ side: "Buy", type: "Limit", price: "59000", quantity: "0.1" });
  await carol.ticket.getByText(/is open/).waitFor();
  await carol.page.mouse.move(560, 330);
  // The book and the tape move on for a while.
  await carol.page.waitForTimeout(4_000);
  await carol.page.screenshot({ path: PICTURE });
  await carol.context.close();
}
