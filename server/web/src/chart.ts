/**
 * The drawing of the bars. Only here prices become floats: what is drawn is pixels, and all that
 * is written comes from the text that the exchange sent.
 */

import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type UTCTimestamp,
  createChart,
} from "lightweight-charts";

import type { Candle } from "./api/market.ts";

const UP = "#2ebd85";
const DOWN = "#f6465d";

export interface ChartOptions {
  readonly pricePlaces: number;
  /** The bar under the pointer, or `null` where there is none. */
  readonly onPoint: (openTime: number | null) => void;
  /** The first bars come into sight. */
  readonly onBegin: () => void;
}

/** How many bars before the first one in sight there should be. */
const MARGIN = 30;

export class Chart {
  readonly #chart: IChartApi;
  readonly #bars: ISeriesApi<"Candlestick">;
  readonly #volumes: ISeriesApi<"Histogram">;
  #drawn: readonly Candle[] = [];

  constructor(element: HTMLElement, { pricePlaces, onPoint, onBegin }: ChartOptions) {
    this.#chart = createChart(element, {
      autoSize: true,
      layout: {
        background: { type: ColorType.Solid, color: "#11161d" },
        textColor: "#8a94a3",
        fontFamily: getComputedStyle(element).fontFamily,
        fontSize: 11,
        // The page names and links TradingView itself; the logo would need inline styles.
        attributionLogo: false,
      },
      grid: { vertLines: { color: "#1a212b" }, horzLines: { color: "#1a212b" } },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderColor: "#222b37", scaleMargins: { top: 0.12, bottom: 0.24 } },
      timeScale: {
        borderColor: "#222b37",
        timeVisible: true,
        secondsVisible: false,
        rightOffset: 5,
        barSpacing: 10,
      },
    });
    this.#bars = this.#chart.addSeries(CandlestickSeries, {
      upColor: UP,
      downColor: DOWN,
      borderVisible: false,
      wickUpColor: UP,
      wickDownColor: DOWN,
      priceFormat: { type: "price", precision: pricePlaces, minMove: 1 / 10 ** pricePlaces },
    });
    this.#volumes = this.#chart.addSeries(HistogramSeries, {
      priceFormat: { type: "volume" },
      priceScaleId: "",
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#volumes.priceScale().applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.#chart.subscribeCrosshairMove(({ time }) => {
      onPoint(typeof time === "number" ? time * 1000 : null);
    });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (range && range.from < MARGIN) {
        onBegin();
      }
    });
  }

  draw(candles: readonly Candle[]): void {
    const before = this.#drawn;
    this.#drawn = candles;
    const last = candles.at(-1);
    if (last && isContinued(before, candles)) {
      candles.slice(before.length - 1).forEach((candle) => {
        this.#bars.update(bar(candle));
        this.#volumes.update(volume(candle));
      });
      return;
    }
    this.#bars.setData(candles.map(bar));
    this.#volumes.setData(candles.map(volume));
  }

  remove(): void {
    this.#chart.remove();
  }
}

/** Whether only the last bar has changed and new ones have come after it. */
function isContinued(before: readonly Candle[], after: readonly Candle[]): boolean {
  const last = before.length - 1;
  return (
    last >= 0 &&
    before[0] === after[0] &&
    (last === 0 || before[last - 1] === after[last - 1]) &&
    before[last]?.openTime === after[last]?.openTime
  );
}

function time(candle: Candle): UTCTimestamp {
  return (candle.openTime / 1000) as UTCTimestamp;
}

function bar(candle: Candle) {
  return {
    time: time(candle),
    open: Number(candle.open),
    high: Number(candle.high),
    low: Number(candle.low),
    close: Number(candle.close),
  };
}

function volume(candle: Candle) {
  const color = Number(candle.close) >= Number(candle.open) ? `${UP}55` : `${DOWN}55`;
  return { time: time(candle), value: Number(candle.volume), color };
}
