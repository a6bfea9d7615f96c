import { useCallback, useEffect, useState } from "react";

import type { Instrument } from "./api/market.ts";
import type { Decimal } from "./decimal.ts";
import { AccountMenu } from "./components/AccountMenu.tsx";
import { Balances } from "./components/Balances.tsx";
import { Footer } from "./components/Footer.tsx";
import { OrderBook } from "./components/OrderBook.tsx";
import { OrderTicket, type Pick } from "./components/OrderTicket.tsx";
import { OrdersPanel } from "./components/OrdersPanel.tsx";
import { PriceChart } from "./components/PriceChart.tsx";
import { SignIn, type SignInMode } from "./components/SignIn.tsx";
import { TickerHeader } from "./components/TickerHeader.tsx";
import { TradeHistory } from "./components/TradeHistory.tsx";
import { useValue } from "./state/cell.ts";
import { useExchange, useFeed } from "./state/exchange.ts";
import { useInstruments } from "./state/instruments.ts";
import { useSelection } from "./state/selection.ts";
import type { Connection } from "./streams/connection.ts";
import { TickerFeed, bookFeed } from "./streams/feeds.ts";

export function App() {
  const { connection } = useExchange();
  const instruments = useInstruments(useValue(connection.status));
  const [instrument, choose] = useSelection(instruments);
  if (!instruments || !instrument) {
    return (
      <p className="loading" role="status">
        Connecting to the exchange…
      </p>
    );
  }
  return <Market instruments={instruments} instrument={instrument} onChoose={choose} />;
}

interface MarketProps {
  readonly instruments: readonly Instrument[];
  readonly instrument: Instrument;
  readonly onChoose: (symbol: string) => void;
}

/** One screen about one instrument. */
function Market({ instruments, instrument, onChoose }: MarketProps) {
  const { connection, trader } = useExchange();
  const status = useValue(connection.status);
  const [everywhere, setEverywhere] = useState(false);
  const [pick, setPick] = useState<Pick | null>(null);
  const [signIn, setSignIn] = useState<SignInMode | null>(null);
  const { symbol } = instrument;

  useEffect(() => trader.focus({ symbol, everywhere }), [trader, symbol, everywhere]);

  const ticker = useFeed(
    useCallback((connection: Connection) => new TickerFeed(connection, symbol), [symbol]),
  );
  const book = useFeed(
    useCallback((connection: Connection) => bookFeed(connection, symbol), [symbol]),
  );
  const pickPrice = useCallback(
    (price: Decimal) => setPick((last) => ({ symbol, price, count: (last?.count ?? 0) + 1 })),
    [symbol],
  );

  return (
    <div className={`screen ${status}`}>
      <TickerHeader
        instrument={instrument}
        instruments={instruments}
        feed={ticker}
        onChoose={onChoose}
      >
        <AccountMenu onSignIn={setSignIn} />
      </TickerHeader>
      <main>
        <PriceChart instrument={instrument} />
        <OrderBook instrument={instrument} feed={book} onPick={pickPrice} />
        <TradeHistory instrument={instrument} />
        <div className="side">
          <OrderTicket
            key={`ticket ${symbol}`}
            instrument={instrument}
            ticker={ticker}
            book={book}
            pick={pick?.symbol === symbol ? pick : null}
            onSignIn={setSignIn}
          />
          <Balances instrument={instrument} instruments={instruments} />
        </div>
        <OrdersPanel
          instrument={instrument}
          instruments={instruments}
          everywhere={everywhere}
          onEverywhere={setEverywhere}
        />
      </main>
      <Footer />
      {signIn && <SignIn mode={signIn} onClose={() => setSignIn(null)} />}
    </div>
  );
}
