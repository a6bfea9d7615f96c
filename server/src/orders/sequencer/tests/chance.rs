//! Whatever happens to the log, what clients were told is what is in it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What becomes of an append, and how often the log cannot be taken anew after it.
fn appends() -> impl Strategy<Value = Vec<(Append, u32)>> {
    let append = prop_oneof![
        3 => Just(Append::Works),
        2 => Just(Append::Loses),
        2 => Just(Append::KeepsAndFails),
    ];
    let fenced = Just(Append::Fenced);
    let away = prop_oneof![4 => Just(0_u32), 1 => Just(1)];
    let any = prop_oneof![40 => append, 1 => fenced];
    prop::collection::vec((any, away), 1..12)
}

/// Accounts that are in the log, and how often.
fn opened(disk: &Disk) -> BTreeMap<u64, usize> {
    let mut opened = BTreeMap::new();
    for input in disk.frames().iter().flat_map(|frame| &frame.inputs) {
        if let Command::OpenAccount { account } = &input.command {
            *opened.entry(account.get()).or_default() += 1;
        }
    }
    opened
}

async fn trade(appends: Vec<(Append, u32)>, crowd: u64) -> TestResult {
    let script: Vec<_> = appends.iter().map(|(append, _)| *append).collect();
    let desk = Desk::start(Disk::with(&script)).await?;
    let mut answers = Vec::new();
    for (round, (_, away)) in (0_u64..).zip(&appends) {
        desk.disk.is_away_for(*away);
        let accounts = 1 + round * crowd..=(round + 1) * crowd;
        let sent: Vec<_> = accounts
            .map(|account| (account, desk.send(open(account))))
            .collect();
        for (account, answer) in sent {
            answers.push((account, answer.await?));
        }
    }
    let mut in_log = opened(&desk.disk);
    assert_eq!(in_log.remove(&1_000_000), Some(1), "the genesis");
    for (account, answer) in answers {
        let times = in_log.remove(&account).unwrap_or_default();
        match answer {
            Ok(receipt) => assert_eq!((times, receipt.outcome().result), (1, Ok(()))),
            Err(SubmitError::Stopped) => assert!(times <= 1, "unknown, but not twice"),
            Err(_) => assert_eq!(times, 0, "account {account} was refused"),
        }
    }
    assert!(in_log.is_empty(), "nobody asked for {in_log:?}");
    desk.assert_feed_is_log();
    if desk.sequencer.is_running() {
        assert!(done(desk.submit(open(1_000_001)).await), "it goes on");
        desk.beat()?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_told_is_in_the_log(appends in appends(), crowd in 1_u64..40) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .expect("there are threads");
        runtime.block_on(trade(appends, crowd)).expect("it does not fail");
    }
}
