//! The example `candles`: what it prints, writes and draws of the checked-in extract.

// The example is a program of its own; all but its `main` is called here.
#[allow(dead_code)]
#[path = "../candles.rs"]
mod candles;

use std::fs;
use std::path::{Path, PathBuf};

use candles::{Options, run};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn arguments<'a>(arguments: &[&'a str]) -> impl Iterator<Item = String> + use<'a> {
    let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    arguments.into_iter()
}

fn options(given: &[&str]) -> Options {
    Options::from(arguments(given)).expect("the arguments are what they should be")
}

/// Binance published these two; of the others the extract has only parts.
#[test]
fn the_table_has_what_the_venue_published() -> anyhow::Result<()> {
    let text = run(&options(&["--interval", "5m"]))?;
    let lines: Vec<&str> = text.lines().collect();
    #[rustfmt::skip]
    assert_eq!(lines[2..4], [
        "5m        2024-08-08 23:55:00   61828.00   61860.80   61583.22   61685.99  199.42863 (8863)",
        "5m        2024-08-09 00:00:00   61686.00   61744.37   61556.04   61607.99  221.61722 (9913)",
    ]);
    assert_eq!(lines.last(), Some(&"19904 trades, 4 candles"));
    Ok(())
}

/// Bodies are the opaque rectangles of a colour, volumes the lines as wide as a body.
#[test]
fn the_chart_has_every_candle_and_every_volume() -> anyhow::Result<()> {
    let (chart, csv) = (file("chart.svg"), file("candles.csv"));
    let text = |path: &Path| path.display().to_string();
    run(&options(&["--chart", &text(&chart), "--csv", &text(&csv)]))?;
    let (svg, csv) = (fs::read_to_string(chart)?, fs::read_to_string(csv)?);
    let rows: Vec<Vec<&str>> = csv.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 1 + 12);

    let count = |tag: &str, has: &[&str]| {
        let lines = svg.lines().filter(|line| line.starts_with(tag));
        lines
            .filter(|line| has.iter().all(|text| line.contains(text)))
            .count()
    };
    let is_rise = |row: &&Vec<&str>| row[4].parse::<f64>().ok() >= row[1].parse().ok();
    let rises = rows[1..].iter().filter(is_rise).count();
    for (colour, candles) in [("#089981", rises), ("#F23645", 12 - rises)] {
        assert_eq!(
            count("<rect", &["opacity=\"1\"", colour]),
            candles,
            "bodies of {colour}"
        );
        assert_eq!(
            count("<line", &["opacity=\"1\"", colour]),
            2 * candles,
            "wicks of {colour}"
        );
        assert_eq!(
            count("<polyline", &["opacity=\"0.5\"", colour]),
            candles,
            "volumes of {colour}"
        );
    }
    for label in ["23:54", "2024-08-09", "00:06", "61700.00", "50"] {
        assert!(svg.lines().any(|line| line == label), "no label {label}");
    }
    Ok(())
}

/// To draw it again: `cargo run -p examples --example candles -- --chart docs/candles.svg`.
#[test]
fn the_chart_in_the_readme_is_this_one() -> anyhow::Result<()> {
    let chart = file("readme.svg");
    run(&options(&["--chart", &chart.display().to_string()]))?;
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/candles.svg");
    let (drawn, shown) = (fs::read_to_string(chart)?, fs::read_to_string(shown)?);
    assert!(drawn == shown, "docs/candles.svg is out of date");
    Ok(())
}

#[test]
fn a_candle_whose_price_never_moved_is_drawn() -> anyhow::Result<()> {
    let trades = file("still.csv");
    let header = "is_buyer_maker,qty,price,trade_time_ms,trade_id\n";
    fs::write(&trades, format!("{header}true,1.5,100,60000,7\n"))?;
    let chart = file("still.svg");
    let text = |path: &Path| path.display().to_string();
    let printed = run(&options(&[&text(&trades), "--chart", &text(&chart)]))?;
    assert!(
        printed.contains(" 100        100        100        100  1.5 (1)"),
        "{printed}"
    );
    let svg = fs::read_to_string(chart)?;
    let body = svg
        .lines()
        .find(|line| line.starts_with("<rect") && line.contains("#089981"));
    assert!(
        body.is_some_and(|body| !body.contains("height=\"0\"")),
        "{svg}"
    );
    Ok(())
}

#[test]
fn no_axis_is_too_long() -> anyhow::Result<()> {
    let trades = file("long.csv");
    let header = "trade_id,trade_time_ms,price,qty,is_buyer_maker\n";
    let last = u64::MAX / 1_000;
    let path = trades.display().to_string();
    let chart = file("long.svg").display().to_string();
    for (price, is_drawn) in [(5, true), (i64::MAX, false)] {
        let (first, last) = ("1,0,1,7,true\n", format!("2,{last},{price},7,true\n"));
        fs::write(&trades, format!("{header}{first}{last}"))?;
        for interval in ["1us", "1m", "1M"] {
            let drawn = run(&options(&[
                &path,
                "--interval",
                interval,
                "--chart",
                &chart,
            ]));
            assert_eq!(drawn.is_ok(), is_drawn, "{interval}: {drawn:?}");
        }
    }
    Ok(())
}

#[test]
fn what_is_wrong_is_said() -> anyhow::Result<()> {
    let header = "trade_id,trade_time_ms,price,qty,is_buyer_maker\n";
    let cases = [
        (String::new(), "neither a Bitstamp order log"),
        ("price,qty\n1,2\n".into(), ":1: there is no column trade_id"),
        (
            header.replace(",is_buyer_maker", ""),
            ":1: there is no column is_buyer_maker",
        ),
        (
            format!("{header}1,2,3,4,true\n\n1,2,3\n"),
            ":4: there is no is_buyer_maker",
        ),
        (
            format!("{header}1,2,3,4,true\n\u{1f980}\n"),
            ":3: there is no is_buyer_maker",
        ),
        (
            format!("{header}one,2,3,4,true\n"),
            ":2: trade_id cannot be \"one\"",
        ),
        (
            format!("{header}1,{},3,4,true\n", u64::MAX),
            ":2: trade_time_ms cannot be",
        ),
        (
            format!("{header}2,2,3,4,true\n1,2,3,4,true\n2,2,3,4,true\n"),
            ":4: trade_id 2 was there before",
        ),
        (format!("{header}1,2,3,0,true\n"), ":2: quantity 0: "),
        (header.into(), "there are no trades"),
    ];
    let path = file("wrong.csv");
    for (contents, expected) in cases {
        fs::write(&path, &contents)?;
        let error = run(&options(&[&path.display().to_string()])).expect_err(&contents);
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
    for wrong in [
        &["--interval"][..],
        &["--interval", "7x"],
        &["a", "b"],
        &["--fast", "1"],
    ] {
        assert!(Options::from(arguments(wrong)).is_err(), "{wrong:?}");
    }
    Ok(())
}
