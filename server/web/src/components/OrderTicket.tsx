import { type FormEvent, useState } from "react";

import { type TimeInForce, newClientOrderId } from "../api/account.ts";
import { explain } from "../api/http.ts";
import type { Instrument, Side, Ticker } from "../api/market.ts";
import { type Decimal, ZERO, cut, format, isZero, normalize, parse, toText } from "../decimal.ts";
import { outcome } from "../outcome.ts";
import { useValue } from "../state/cell.ts";
import { useExchange, useView } from "../state/exchange.ts";
import type { BookFeed, TickerFeed } from "../streams/feeds.ts";
import { type OrderType, check, costOf, portion, quantityFor, total } from "../ticket.ts";
import { Choice } from "./Choice.tsx";
import { Field } from "./Field.tsx";
import { Message, type Told } from "./Message.tsx";
import type { SignInMode } from "./SignIn.tsx";

/** A price picked from the book; `count` tells the same price picked again. */
export interface Pick {
  readonly symbol: string;
  readonly price: Decimal;
  readonly count: number;
}

interface Props {
  readonly instrument: Instrument;
  readonly ticker: TickerFeed;
  readonly book: BookFeed;
  readonly pick: Pick | null;
  readonly onSignIn: (mode: SignInMode) => void;
}

const PERCENTS = [25, 50, 75, 100] as const;

/** Where orders are written. */
export function OrderTicket({ instrument, ticker, book, pick, onSignIn }: Props) {
  const { trader } = useExchange();
  const session = useValue(trader.session);
  const account = useValue(trader.account);
  const { symbol, base, quote } = instrument;
  const levels = useView(book);

  const [side, setSide] = useState<Side>("BUY");
  const [type, setType] = useState<OrderType>("LIMIT");
  const [timeInForce, setTimeInForce] = useState<TimeInForce>("GTC");
  const [price, setPrice] = usePrice(instrument, useView(ticker), pick);
  const [quantity, setQuantity] = useState("");
  /** What is being typed into the total; otherwise it follows from price and quantity. */
  const [totalDraft, setTotalDraft] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told | null>(null);

  const draft = { type, price, quantity };
  const problems = check(draft, instrument);
  const shown = tried ? problems : {};
  const free = {
    base: freeOf(account?.balances, base),
    quote: freeOf(account?.balances, quote),
  };

  const place = async () => {
    const common = { symbol, side, quantity: quantity.trim(), clientOrderId: newClientOrderId() };
    const order =
      type === "LIMIT"
        ? { ...common, type, price: price.trim(), timeInForce }
        : { ...common, type };
    setBusy(true);
    setTold(null);
    try {
      const placed = await trader.place(order);
      setTold(outcome(placed, instrument));
      // The next one is to be meant, and not the same by a slip of the finger.
      setQuantity("");
      setTried(false);
    } catch (error) {
      setTold({ good: false, text: explain(error) });
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!session) {
      onSignIn("sign in");
      return;
    }
    setTried(true);
    if (Object.keys(problems).length === 0 && !busy) {
      void place();
    }
  };

  return (
    <section className="panel ticket" aria-label="Order ticket">
      <form onSubmit={submit} noValidate>
        <Choice
          legend="Side"
          className="sides"
          choices={[
            ["BUY", "Buy"],
            ["SELL", "Sell"],
          ]}
          chosen={side}
          onChoose={setSide}
        />
        <Choice
          legend="Type"
          className="types"
          choices={[
            ["LIMIT", "Limit"],
            ["MARKET", "Market"],
          ]}
          chosen={type}
          onChoose={setType}
        />
        <p className="available">
          <span className="muted">Available</span>
          <span>
            {side === "BUY"
              ? `${format(free.quote, instrument.pricePlaces)} ${quote}`
              : `${format(free.base, instrument.quantityPlaces)} ${base}`}
          </span>
        </p>
        {type === "LIMIT" && (
          <Field
            label="Price"
            unit={quote}
            value={price}
            problem={shown.price}
            onChange={setPrice}
          />
        )}
        <Field
          label="Quantity"
          unit={base}
          value={quantity}
          problem={shown.quantity}
          onChange={setQuantity}
        />
        <div className="percents" role="group" aria-label="Part of what is available">
          {PERCENTS.map((percent) => (
            <button
              key={percent}
              type="button"
              disabled={!account}
              onClick={() =>
                setQuantity(portion(percent, side, draft, free, levels.asks, instrument))
              }
            >
              {percent}%
            </button>
          ))}
        </div>
        {type === "LIMIT" ? (
          <>
            <Field
              label="Total"
              unit={quote}
              value={totalDraft ?? total(price, quantity)}
              problem={shown.total}
              onChange={(text) => {
                setTotalDraft(text);
                setQuantity(quantityFor(text, price, instrument));
              }}
              onBlur={() => setTotalDraft(null)}
            />
            <label className="policy">
              <span className="muted">Time in force</span>
              <select
                value={timeInForce}
                onChange={(event) => setTimeInForce(event.target.value as TimeInForce)}
              >
                <option value="GTC">Good till cancelled</option>
                <option value="IOC">Immediate or cancel</option>
                <option value="FOK">Fill or kill</option>
              </select>
            </label>
          </>
        ) : (
          <p className="available">
            <span className="muted">Total, about</span>
            <span>{estimate(quantity, side === "BUY" ? levels.asks : levels.bids, instrument)}</span>
          </p>
        )}
        {session ? (
          <button type="submit" className={`button wide ${side.toLowerCase()}`} disabled={busy}>
            {busy ? "Placing…" : `${side === "BUY" ? "Buy" : "Sell"} ${base}`}
          </button>
        ) : (
          <button type="button" className="button wide" onClick={() => onSignIn("sign in")}>
            Sign in to trade
          </button>
        )}
        <Message told={told} />
      </form>
    </section>
  );
}

/** The price in the ticket: the last one to begin with, then what is picked or typed. */
function usePrice(
  { pricePlaces }: Instrument,
  ticker: Ticker | null,
  pick: Pick | null,
): [string, (price: string) => void] {
  const [price, setPrice] = useState<string | null>(null);
  const [seen, setSeen] = useState(pick);
  if (price === null && ticker && !isZero(ticker.last)) {
    setPrice(toText(cut(ticker.last, pricePlaces)));
  }
  if (pick !== seen) {
    setSeen(pick);
    if (pick) {
      setPrice(toText(cut(pick.price, pricePlaces)));
    }
  }
  return [price ?? "", setPrice];
}

function freeOf(
  balances: readonly { readonly asset: string; readonly free: Decimal }[] | undefined,
  asset: string,
): Decimal {
  return balances?.find((balance) => balance.asset === asset)?.free ?? ZERO;
}

function estimate(
  text: string,
  levels: Parameters<typeof costOf>[1],
  { quote, pricePlaces }: Instrument,
): string {
  const quantity = parse(text);
  if (!quantity || isZero(quantity)) {
    return "–";
  }
  const cost = costOf(quantity, levels);
  if (!cost) {
    return "more than the book has";
  }
  return `${format(cost, Math.max(pricePlaces, Math.min(8, normalize(cost).places)))} ${quote}`;
}
