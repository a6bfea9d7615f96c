//! The benchmarks with tiny numbers: they end, say what they are to say, and leave nothing behind.

use std::fs;
use std::path::Path;

use exchange_engine::{Command, Exchange, Input};
use orderbook_core::Timestamp;

use super::flow::{self, Habit, Trader};
use super::{restart, run};
use crate::cli::{BenchCommand, BenchPlace, ThroughputArgs};
use crate::postgres::testing::TestDatabase;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The cells of the rows that begin like this.
fn rows<'a>(printed: &'a str, beginning: &str) -> Vec<Vec<&'a str>> {
    let lines = printed.lines().filter(|line| line.starts_with(beginning));
    lines
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect()
}

fn names(dir: &Path) -> std::io::Result<Vec<String>> {
    let entries = fs::read_dir(dir)?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn throughput_is_measured_beside_what_is_there() -> TestResult {
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("commands.sqlite"), "somebody's")?;
    let args = ThroughputArgs {
        place: BenchPlace {
            data_dir: dir.path().into(),
        },
        seconds: 1,
        in_flight: vec![1, 8],
        log: None,
    };
    let mut out = Vec::new();
    run(&BenchCommand::Throughput(args), &mut out).await?;

    let printed = String::from_utf8(out)?;
    for ceiling in ["before", "after"] {
        assert_eq!(rows(&printed, ceiling)[0].len(), 4, "{printed}");
    }
    let alone = rows(&printed, "1 ");
    assert_eq!(alone[0][7], "1.0", "one command at a time: {printed}");
    let together = rows(&printed, "8 ");
    assert_eq!(together[0].len(), 9, "{printed}");
    assert_ne!(together[0][7], "1.0", "commands share commits: {printed}");
    assert_eq!(names(dir.path())?, ["commands.sqlite"]);
    assert_eq!(fs::read(dir.path().join("commands.sqlite"))?, b"somebody's");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_measured_unless_it_has_a_log() -> TestResult {
    let (dir, database) = (tempfile::tempdir()?, TestDatabase::create().await?);
    let args = || ThroughputArgs {
        place: BenchPlace {
            data_dir: dir.path().into(),
        },
        seconds: 1,
        in_flight: vec![4],
        log: Some(database.url()),
    };
    // Twice: nothing is left of the first time.
    for _ in 0..2 {
        let mut out = Vec::new();
        run(&BenchCommand::Throughput(args()), &mut out).await?;
        let printed = String::from_utf8(out)?;
        assert_eq!(rows(&printed, "4 ")[0].len(), 9, "{printed}");
        assert_ne!(rows(&printed, "before")[0][1], "0", "{printed}");
    }
    assert!(names(dir.path())?.is_empty());

    let frame = "INSERT INTO frames VALUES (1, 1, 1, 1, 1, 0, 0, '')";
    database.sql(frame).await?;
    let refused = run(&BenchCommand::Throughput(args()), &mut Vec::new()).await;
    let refused = refused.expect_err("it has a log").to_string();
    assert!(refused.contains("has a log"), "{refused}");
    // Had it been removed, this would be taken.
    assert!(database.sql(frame).await.is_err(), "it is still there");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_measured_from_what_was_made() -> TestResult {
    let dir = tempfile::tempdir()?;
    restart::make(dir.path(), 3_000, 2_000)?;
    let mut out = Vec::new();
    restart::measure(dir.path(), &mut out).await?;

    let printed = String::from_utf8(out)?;
    assert!(
        printed.starts_with("3000 open orders; 2000 inputs later "),
        "{printed}"
    );
    for step in [
        "log opened",
        "snapshot read and decoded",
        "exchange restored",
        "folds restored",
        "tail replayed",
        "until the folds caught up",
        "all of it",
    ] {
        assert_eq!(rows(&printed, step).len(), 1, "{step}: {printed}");
    }
    Ok(())
}

/// Were most of it refused, the numbers would say little.
#[test]
fn most_of_the_flow_is_carried_out() -> TestResult {
    let mut exchange = Exchange::new();
    let mut apply = |command: Command| {
        let time = Timestamp::new(1);
        exchange.apply(&Input { time, command }, &mut Vec::new())
    };
    for command in flow::genesis()? {
        apply(command)?;
    }
    let habit = Habit {
        deepest: 50,
        most: 64,
    };
    let mut traders: Vec<Trader> = (0..100).map(|n| Trader::new(habit, 0, n)).collect();
    let (mut placed, mut cancelled, mut refused) = (0, 0, 0);
    for turn in 0..20_000 {
        let command = traders[turn % 100].next();
        match &command {
            Command::Cancel { .. } => cancelled += 1,
            _ => placed += 1,
        }
        refused += usize::from(apply(command).is_err());
    }
    assert!((7_500..9_500).contains(&cancelled), "{cancelled}");
    assert!((10_500..12_500).contains(&placed), "{placed}");
    assert!((1..2_000).contains(&refused), "{refused}");
    Ok(())
}

#[test]
fn the_same_seed_makes_the_same_flow() {
    let habit = Habit {
        deepest: 50,
        most: 64,
    };
    let flow = |run| {
        let mut trader = Trader::new(habit, run, 7);
        std::array::from_fn::<Command, 100, _>(|_| trader.next())
    };
    assert_eq!(flow(1), flow(1));
    assert_ne!(flow(1), flow(2));
}
