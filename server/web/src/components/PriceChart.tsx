import { useCallback, useEffect, useRef, useState } from "react";

import { type Candle, INTERVALS, type Instrument, type Interval } from "../api/market.ts";
import { Chart } from "../chart.ts";
import { decimal, subtract } from "../decimal.ts";
import { useFeed, useView } from "../state/exchange.ts";
import type { Connection } from "../streams/connection.ts";
import { CandleFeed } from "../streams/feeds.ts";
import { price, quantity, trend } from "../text.ts";
import { dateAndTime } from "../time.ts";

/** The bars of an instrument, and the choice of their width. */
export function PriceChart({ instrument }: { readonly instrument: Instrument }) {
  const [interval, setInterval] = useState<Interval>("1m");
  return (
    <section className="panel chart" aria-label="Price chart">
      <div className="bar">
        <fieldset className="intervals">
          <legend className="hidden">Interval</legend>
          {INTERVALS.map((choice) => (
            <label key={choice}>
              <input
                type="radio"
                name="interval"
                checked={choice === interval}
                onChange={() => setInterval(choice)}
              />
              <span>{choice}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Bars key={`${instrument.symbol} ${interval}`} instrument={instrument} interval={interval} />
    </section>
  );
}

interface BarsProps {
  readonly instrument: Instrument;
  readonly interval: Interval;
}

function Bars({ instrument, interval }: BarsProps) {
  const { symbol, pricePlaces } = instrument;
  const make = useCallback(
    (connection: Connection) => new CandleFeed(connection, symbol, interval),
    [symbol, interval],
  );
  const feed = useFeed(make);
  const candles = useView(feed);
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart>(null);
  const [pointed, setPointed] = useState<number | null>(null);

  useEffect(() => {
    if (!element.current) {
      return;
    }
    const drawing = new Chart(element.current, {
      pricePlaces,
      onPoint: setPointed,
      onBegin: () => void feed.loadOlder(),
    });
    drawing.draw(feed.view.get());
    chart.current = drawing;
    return () => {
      chart.current = null;
      drawing.remove();
    };
  }, [feed, pricePlaces]);

  useEffect(() => chart.current?.draw(candles), [candles]);

  const shown = candles.find((candle) => candle.openTime === pointed) ?? candles.at(-1);
  return (
    <>
      <Legend candle={shown} instrument={instrument} />
      <div
        ref={element}
        className="canvas"
        role="img"
        aria-label={`Candles of ${symbol}, ${interval} each, with volume`}
      />
      {candles.length === 0 && <p className="empty over">No trades yet</p>}
    </>
  );
}

interface LegendProps {
  readonly candle: Candle | undefined;
  readonly instrument: Instrument;
}

/** The numbers of one bar: the one under the pointer, or the latest. */
function Legend({ candle, instrument }: LegendProps) {
  if (!candle) {
    return null;
  }
  const { open, close } = candle;
  const colour = trend(subtract(decimal(close), decimal(open)));
  const values = [
    ["O", "open", open],
    ["H", "high", candle.high],
    ["L", "low", candle.low],
    ["C", "close", close],
  ] as const;
  return (
    <div className="legend" role="group" aria-label="Bar">
      <time>{dateAndTime(candle.openTime).slice(0, 16)}</time>
      {values.map(([letter, name, value]) => (
        <span key={letter}>
          <abbr title={name}>{letter}</abbr>{" "}
          <span className={colour}>{price(decimal(value), instrument)}</span>
        </span>
      ))}
      <span>
        <abbr title="volume">V</abbr> {quantity(decimal(candle.volume), instrument)}
      </span>
    </div>
  );
}
