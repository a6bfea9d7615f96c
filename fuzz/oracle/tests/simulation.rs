//! The exchange dies and comes back: a few seeds, and that a run is the same every time.

use oracle::differential::Coverage;
use oracle::simulation::{Fault, Options, missing, run};

fn times(coverage: &Coverage<impl Copy>, what: &str) -> u64 {
    let found = coverage.situations.iter().find(|(known, _)| *known == what);
    found.map_or(0, |(_, times)| *times)
}

#[test]
fn whatever_goes_wrong_nothing_is_lost_or_doubled() {
    let mut all = Coverage::default();
    for seed in 1..=12 {
        let options = Options {
            trouble: 60,
            snapshots: 5,
            ..Options::of(seed, 600)
        };
        all.add(&run(&options));
    }
    for what in [
        "died before an append",
        "died between append and apply",
        "a process in doubt took no more",
        "an append in doubt was there",
        "an append in doubt was not there",
        "an append in doubt was torn, and the process stopped",
        "a frame on its way arrived in time",
        "a frame on its way arrived too late and was refused",
        "a process that was in doubt woke up and was fenced",
        "a process woke up before its append and was fenced",
        "a process woke up and told of what had been durable",
        "a frame that nobody had been told of was there",
        "a frame that nobody had been told of was not there",
        "refused: a torn frame at the end",
        "refused: a log without its acknowledged end",
        "refused: an intact frame of another history",
        "an order that had been placed was sent again",
        "a start fell back to the snapshot before",
        "refused: a log that ends before its snapshot",
        "refused: a compacted log without a good snapshot",
        "refused: a snapshot of another history",
        "died while it wrote a snapshot",
        "the log was compacted",
        "a snapshot and its tail led to the same",
    ] {
        assert!(times(&all, what) > 0, "it never happened: {what}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let options = Options::of(7, 400);
    assert_eq!(run(&options), run(&options));
    assert_ne!(run(&options), run(&Options::of(8, 400)));
}

#[test]
fn without_faults_it_is_started_twice_only() {
    let options = Options {
        faults: Vec::new(),
        ..Options::of(3, 400)
    };
    let coverage = run(&options);
    assert_eq!(times(&coverage, "started"), 2);
    assert_eq!(
        times(&coverage, "a client got no answer and asked again"),
        0
    );
}

/// Each kind alone, so that none hides behind another.
#[test]
fn every_kind_of_fault_alone_is_survived() {
    for fault in Fault::ALL {
        let options = Options {
            faults: vec![Fault::CrashBeforePublish, fault],
            trouble: 50,
            ..Options::of(11, 300)
        };
        run(&options);
    }
}

#[test]
fn a_run_tells_what_it_has_not_tried() {
    let options = Options {
        faults: vec![Fault::CrashIdle],
        ..Options::of(5, 400)
    };
    let coverage = run(&options);
    let missing: Vec<_> = missing(&coverage).collect();
    assert!(missing.contains(&"died before an append"));
    assert!(!missing.contains(&"started"));
}
