import { type KeyboardEvent, useEffect, useRef, useState } from "react";

import { type Instrument, type Ticker, fetchTickers } from "../api/market.ts";
import { isZero } from "../decimal.ts";
import { price, signedPercent, trend } from "../text.ts";

interface Props {
  readonly instrument: Instrument;
  readonly instruments: readonly Instrument[];
  readonly onChoose: (symbol: string) => void;
}

const REFRESH = 2_000;

/** The instruments with their prices, as a list that drops down. */
export function SymbolChooser({ instrument, instruments, onChoose }: Props) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div
      className="chooser"
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          setOpen(false);
        }
      }}
    >
      <button
        ref={button}
        type="button"
        className="symbol"
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-label={`Market: ${instrument.symbol}`}
        onClick={() => setOpen(!open)}
      >
        {instrument.base}
        <span className="muted">/{instrument.quote}</span>
        <span aria-hidden="true" className="caret" />
      </button>
      {open && (
        <Markets
          instruments={instruments}
          chosen={instrument.symbol}
          onClose={close}
          onChoose={(symbol) => {
            close();
            onChoose(symbol);
          }}
        />
      )}
    </div>
  );
}

interface MarketsProps {
  readonly instruments: readonly Instrument[];
  readonly chosen: string;
  readonly onChoose: (symbol: string) => void;
  readonly onClose: () => void;
}

function Markets({ instruments, chosen, onChoose, onClose }: MarketsProps) {
  const tickers = useTickers();
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => {
    list.current?.querySelector<HTMLElement>("[aria-selected=true]")?.focus();
  }, []);

  const onKey = (event: KeyboardEvent<HTMLElement>, symbol: string) => {
    const option = event.currentTarget;
    switch (event.key) {
      case "ArrowDown":
        (option.nextElementSibling as HTMLElement | null)?.focus();
        break;
      case "ArrowUp":
        (option.previousElementSibling as HTMLElement | null)?.focus();
        break;
      case "Enter":
      case " ":
        onChoose(symbol);
        break;
      case "Escape":
        onClose();
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  return (
    <div className="markets" role="listbox" aria-label="Markets" tabIndex={-1} ref={list}>
      {instruments.map((instrument) => {
        const ticker = tickers.get(instrument.symbol);
        const traded = ticker && !isZero(ticker.last);
        return (
          <div
            key={instrument.symbol}
            role="option"
            tabIndex={-1}
            aria-selected={instrument.symbol === chosen}
            onClick={() => onChoose(instrument.symbol)}
            onKeyDown={(event) => onKey(event, instrument.symbol)}
          >
            <span>
              {instrument.base}
              <span className="muted">/{instrument.quote}</span>
            </span>
            <span>{traded ? price(ticker.last, instrument) : "–"}</span>
            <span className={traded ? trend(ticker.change) : ""}>
              {traded ? signedPercent(ticker.changePercent) : ""}
            </span>
          </div>
        );
      })}
    </div>
  );
}

/** The tickers of all instruments, for as long as somebody looks at them. */
function useTickers(): ReadonlyMap<string, Ticker> {
  const [tickers, setTickers] = useState<ReadonlyMap<string, Ticker>>(new Map());
  useEffect(() => {
    const abort = new AbortController();
    const load = async () => {
      try {
        const found = await fetchTickers({ signal: abort.signal });
        setTickers(new Map(found.map((ticker) => [ticker.symbol, ticker])));
      } catch {
        // The badge tells that the exchange does not answer; the next time it may.
      }
    };
    void load();
    const timer = setInterval(() => void load(), REFRESH);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, []);
  return tickers;
}
