import { useState } from "react";

import { explain } from "../api/http.ts";
import type { Instrument } from "../api/market.ts";
import { add, formatFull, isZero } from "../decimal.ts";
import { useValue } from "../state/cell.ts";
import { useExchange } from "../state/exchange.ts";
import { Message, type Told } from "./Message.tsx";

interface Props {
  readonly instrument: Instrument;
  readonly instruments: readonly Instrument[];
}

/** What somebody owns. Where the exchange gives away play money, this is where to get it. */
export function Balances({ instrument, instruments }: Props) {
  const { trader } = useExchange();
  const session = useValue(trader.session);
  const account = useValue(trader.account);
  // What is traded here comes first, then what there is any of.
  const own = [instrument.base, instrument.quote];
  const balances = (account?.balances ?? [])
    .filter(({ asset, free, locked }) => own.includes(asset) || !isZero(add(free, locked)))
    .toSorted((a, b) => rank(own, a.asset) - rank(own, b.asset));
  return (
    <section className="panel balances" aria-label="Balances">
      <h2>Balances</h2>
      {session === null && <p className="empty">Sign in to see your balances</p>}
      <div className="scroll">
        <table aria-label="Balances" hidden={!session}>
          <thead>
            <tr>
              <th>Asset</th>
              <th>Available</th>
              <th>In orders</th>
            </tr>
          </thead>
          <tbody>
            {balances.map(({ asset, free, locked }) => (
              <tr key={asset}>
                <th scope="row">{asset}</th>
                <td>{formatFull(free, 2)}</td>
                <td className="muted">{formatFull(locked, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {session?.faucet && <Faucet instruments={instruments} />}
    </section>
  );
}

function rank(first: readonly string[], asset: string): number {
  const index = first.indexOf(asset);
  return index < 0 ? first.length : index;
}

/** Something of everything that is listed: much of what others are paid with. */
function gifts(instruments: readonly Instrument[]): [asset: string, amount: string][] {
  const bases = new Set(instruments.map(({ base }) => base));
  const assets = new Set(instruments.flatMap(({ base, quote }) => [base, quote]));
  return [...assets].map((asset) => [asset, bases.has(asset) ? "10" : "100000"]);
}

function Faucet({ instruments }: { readonly instruments: readonly Instrument[] }) {
  const { trader } = useExchange();
  const [told, setTold] = useState<Told | null>(null);
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    setTold(null);
    try {
      for (const [asset, amount] of gifts(instruments)) {
        await trader.takeFromFaucet(asset, amount);
      }
    } catch (error) {
      setTold({ good: false, text: explain(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="faucet">
      <button type="button" className="button quiet wide" disabled={busy} onClick={() => void take()}>
        Get play money
      </button>
      <Message told={told} />
    </div>
  );
}
