//! A chart of candles with their volumes, as SVG.
//!
//! The axes count ticks, lots and microseconds: no price becomes a float before it is a pixel, and
//! the labels are exact.

use std::error::Error as StdError;
use std::ops::Range;

use marketdata_core::Candle;
use orderbook_core::{Price, Timestamp};
use plotters::prelude::*;

use crate::{Error, Pair, utc};

const SIZE: (u32, u32) = (1_200, 675);
/// Where the prices end and the volumes begin, in pixels from the top.
const PRICES: i32 = 500;
/// Room for the title and on the left.
const ABOVE: i32 = 44;
const LEFT: i32 = 32;
/// Room for the labels of prices and volumes, and for those of times.
const RIGHT: i32 = 90;
const BELOW: i32 = 32;

/// The colour of a candle that closed no lower than it opened.
const RISE: RGBColor = RGBColor(0x08, 0x99, 0x81);
/// The colour of a candle that closed lower.
const FALL: RGBColor = RGBColor(0xf2, 0x36, 0x45);
const TEXT: RGBColor = RGBColor(0x43, 0x46, 0x51);
const GRID: RGBColor = RGBColor(0xe6, 0xe8, 0xec);

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Draws candles of one interval, oldest first, from first to last: what is quiet in between is a
/// gap.
///
/// # Errors
///
/// [`Error::Chart`] where there are none, or where their prices or volumes are so far apart that no
/// axis can have them.
pub fn svg(title: &str, pair: &Pair, candles: &[Candle]) -> Result<String, Error> {
    let mut svg = String::new();
    draw(&mut svg, title, pair, candles).map_err(|error| Error::Chart(error.to_string()))?;
    Ok(svg)
}

fn draw(
    svg: &mut String,
    title: &str,
    pair: &Pair,
    candles: &[Candle],
) -> Result<(), Box<dyn StdError>> {
    let times = times(candles).ok_or("there are no candles")?;
    let prices = prices(candles).ok_or("the prices are too far apart")?;
    let volumes = volumes(candles).ok_or("the volumes are too large")?;
    // One pixel, in ticks.
    let pixel = (prices.end - prices.start) / i64::from(PRICES - ABOVE) + 1;

    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font().color(&TEXT);
    root.draw(&Text::new(title, (LEFT, 14), font(22)))?;
    let marks = marks(&times);
    let times_marked = || times.clone().with_key_points(marks.clone());
    let (above, below) = root.split_vertically(PRICES);

    let mut chart = ChartBuilder::on(&above)
        .margin_left(LEFT)
        .margin_top(ABOVE)
        .set_label_area_size(LabelAreaPosition::Right, RIGHT)
        .build_cartesian_2d(times_marked(), prices)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .y_label_style(font(15))
        .y_labels(8)
        .y_label_formatter(&|ticks| pair.price(Price::new(*ticks)))
        .draw()?;
    let width = width(chart.plotting_area().dim_in_pixel().0, candles, &times);
    chart.draw_series(candles.iter().map(|candle| {
        let [open, high, low, close] =
            [candle.open, candle.high, candle.low, candle.close].map(Price::get);
        let (style, close) = if close < open {
            (FALL, close.min(open.saturating_sub(pixel)))
        } else {
            (RISE, close.max(open.saturating_add(pixel)))
        };
        let style = style.filled().stroke_width(if width > 8 { 2 } else { 1 });
        CandleStick::new(
            middle(candle),
            open,
            high.max(close),
            low.min(close),
            close,
            style,
            style,
            width,
        )
    }))?;

    let mut chart = ChartBuilder::on(&below)
        .margin_left(LEFT)
        .margin_top(12)
        .set_label_area_size(LabelAreaPosition::Right, RIGHT)
        .set_label_area_size(LabelAreaPosition::Bottom, BELOW)
        .build_cartesian_2d(times_marked(), volumes)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .label_style(font(15))
        .x_label_formatter(&|time| mark(*time))
        .y_labels(4)
        .y_label_formatter(&|lots| short(&pair.volume(*lots)))
        .draw()?;
    chart.draw_series(candles.iter().map(|candle| {
        let style = if candle.close < candle.open {
            FALL
        } else {
            RISE
        };
        let time = middle(candle);
        PathElement::new(
            [(time, 0), (time, candle.volume.get())],
            style.mix(0.5).stroke_width(width),
        )
    }))?;
    root.present()?;
    drop(chart);
    Ok(())
}

/// From the beginning of the first candle to the end of the last, in microseconds.
fn times(candles: &[Candle]) -> Option<Range<u64>> {
    let (first, last) = (candles.first()?, candles.last()?);
    Some(first.open_time.get()..last.close_time.get())
}

/// From below the lowest price to above the highest, in ticks.
fn prices(candles: &[Candle]) -> Option<Range<i64>> {
    let low = candles.iter().map(|candle| candle.low.get()).min()?;
    let high = candles.iter().map(|candle| candle.high.get()).max()?;
    // Plotters counts in powers of ten and does not look where they end.
    let height = high.checked_sub(low).filter(|height| *height < 1 << 56)?;
    let margin = height / 20 + 1;
    Some(low.checked_sub(margin)?..high.checked_add(margin)?)
}

/// From nothing to above the largest volume, in lots.
fn volumes(candles: &[Candle]) -> Option<Range<u128>> {
    let most = candles.iter().map(|candle| candle.volume.get()).max()?;
    Some(0..most + most / 10 + 1).filter(|_| most < 1 << 100)
}

/// The middle of a candle's time, in microseconds.
fn middle(candle: &Candle) -> u64 {
    candle.open_time.get().midpoint(candle.close_time.get())
}

/// How many pixels wide a candle is, of which so many are there for all times.
fn width(pixels: u32, candles: &[Candle], times: &Range<u64>) -> u32 {
    let lengths = candles
        .iter()
        .map(|candle| candle.close_time.get() - candle.open_time.get());
    let slots = (times.end - times.start) / lengths.min().unwrap_or(0).max(1);
    let width = u64::from(pixels) * 7 / 10 / slots.max(1);
    u32::try_from(width).unwrap_or(pixels).clamp(1, 60)
}

/// The times below the chart: a dozen at most, and such that people like.
fn marks(times: &Range<u64>) -> Vec<u64> {
    let seconds = [1, 2, 5, 10, 15, 30].map(|count| count * SECOND);
    let minutes = [1, 2, 5, 10, 15, 30].map(|count| count * 60 * SECOND);
    let hours = [1, 2, 4, 6, 12].map(|count| count * 3_600 * SECOND);
    let days = (0..).map(|power| DAY << power);
    let fits = |step: &u64| (times.end - times.start) / step <= 12;
    let mut steps = seconds.into_iter().chain(minutes).chain(hours).chain(days);
    // Doubled often enough a day is longer than any time.
    let step = steps.find(fits).unwrap_or(u64::MAX);
    let first = times.start.div_ceil(step);
    let last = times.end / step;
    (first..=last).map(|count| count * step).collect()
}

/// A time below the chart: the day where one begins, seconds only where they count.
fn mark(time: u64) -> String {
    let text = utc(Timestamp::new(time));
    let (date, time) = text.split_once(' ').unwrap_or((&text, ""));
    let short = match time {
        "00:00:00" => date,
        _ => time.strip_suffix(":00").unwrap_or(time),
    };
    short.to_owned()
}

/// A decimal without the zeros behind it.
fn short(number: &str) -> String {
    let is_decimal = number.contains('.');
    let number = number.trim_end_matches(|end| is_decimal && end == '0');
    number.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_behind_a_decimal_say_nothing() {
        for (number, expected) in [
            ("50.000", "50"),
            ("0.050", "0.05"),
            ("500", "500"),
            ("0", "0"),
        ] {
            assert_eq!(short(number), expected);
        }
    }

    #[test]
    fn times_are_marked_where_people_look() {
        let minute = 60 * SECOND;
        let day = 19_943 * DAY;
        let cases = [
            (
                day + 10 * minute..day + 20 * minute,
                "00:10 00:11 00:12 00:13 00:14 00:15 00:16 00:17 00:18 00:19 00:20",
            ),
            (
                day - 40 * minute..day + 20 * minute,
                "23:20 23:25 23:30 23:35 23:40 23:45 23:50 23:55 2024-08-08 00:05 00:10 00:15 00:20",
            ),
            (
                day + 1..day + 6 * SECOND,
                "00:00:01 00:00:02 00:00:03 00:00:04 00:00:05 00:00:06",
            ),
            (
                day..day + 3 * DAY,
                "2024-08-08 06:00 12:00 18:00 2024-08-09 06:00 12:00 18:00 2024-08-10 06:00 12:00 18:00 2024-08-11",
            ),
            (0..u64::MAX, ""),
        ];
        for (times, expected) in cases {
            let marks = marks(&times);
            assert!(marks.len() <= 13, "{times:?}");
            let texts: Vec<_> = marks.into_iter().map(mark).collect();
            if !expected.is_empty() {
                assert_eq!(texts.join(" "), expected);
            }
        }
    }
}
