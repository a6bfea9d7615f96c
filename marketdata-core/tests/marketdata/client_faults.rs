//! A client behind a line that loses, repeats and reorders what a real book publishes.

use std::collections::BTreeMap;

use marketdata_core::{
    BookUpdate, ChecksumForm, ClientBook, ClientSettings, Depth, DepthDiffBuilder, DepthSnapshot,
    Desync, Progress,
};
use proptest::prelude::*;

use crate::given::{book, command};

/// What the line does with a message.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    Lost,
    Twice,
    /// So many others overtake it.
    Late(usize),
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        10 => Just(Fault::None),
        1 => Just(Fault::Lost),
        1 => Just(Fault::Twice),
        2 => (1_usize..5).prop_map(Fault::Late),
    ]
}

/// The messages in the order in which they arrive.
fn through_the_line(updates: &[BookUpdate], faults: &[Fault]) -> Vec<BookUpdate> {
    let mut arrivals: Vec<(usize, &BookUpdate)> = Vec::new();
    for ((sent, update), fault) in updates.iter().enumerate().zip(faults) {
        match fault {
            Fault::None => arrivals.push((sent, update)),
            Fault::Lost => {}
            Fault::Twice => arrivals.extend([(sent, update), (sent + 3, update)]),
            Fault::Late(by) => arrivals.push((sent + by, update)),
        }
    }
    arrivals.sort_by_key(|(arrives, _)| *arrives);
    arrivals
        .into_iter()
        .map(|(_, update)| update.clone())
        .collect()
}

/// What a venue published, and what its book was.
#[derive(Debug, Default)]
struct Published {
    /// The whole book after every event, by update id.
    truth: BTreeMap<u64, DepthSnapshot>,
    updates: Vec<BookUpdate>,
}

fn published() -> impl Strategy<Value = Published> {
    let commands = prop::collection::vec((command(), prop::bool::weighted(0.5)), 1..100);
    commands.prop_map(|commands| {
        let mut book = book();
        let mut depth = Depth::new();
        let mut builder = DepthDiffBuilder::new();
        let mut published = Published::default();
        published.truth.insert(0, depth.snapshot(usize::MAX));
        let mut events = Vec::new();
        for (command, publish) in commands {
            events.clear();
            let _ = book.apply(&command, &mut events);
            for event in &events {
                for change in depth.apply(event).expect("the events of a book") {
                    builder.record(&change);
                }
                let whole = depth.snapshot(usize::MAX);
                published.truth.insert(whole.last_update_id, whole);
            }
            if let Some(diff) = publish.then(|| builder.take()).flatten() {
                let checksum = depth.checksum(&ChecksumForm::CANONICAL);
                let update = BookUpdate::from(diff).with_checksum(checksum);
                published.updates.push(update);
            }
        }
        published
    })
}

fn last_id(update: &BookUpdate) -> u64 {
    update.ids.expect("numbered").last
}

proptest! {
    #[test]
    fn a_client_equals_the_depth_or_says_that_it_cannot(
        published in published(),
        faults in prop::collection::vec(fault(), 100),
        hold_back in 0_usize..6,
        buffer in 0_usize..12,
        // How many more messages come until a snapshot that was asked for does.
        delay in 0_usize..5,
        // How many events it is ahead of what the client has heard of.
        ahead in 0_usize..5,
    ) {
        let mut client = ClientBook::new(ClientSettings {
            levels: None,
            hold_back,
            buffer,
            checksum: Some(ChecksumForm::CANONICAL),
            refuse_crossed: true,
        });
        let arrivals = through_the_line(&published.updates, &faults);
        // The newest change that the venue made known, and the snapshot on its way.
        let mut newest = 0;
        let mut on_its_way: Option<(usize, DepthSnapshot)> = None;
        for update in arrivals {
            newest = newest.max(last_id(&update));
            let was_at = client.update_id();
            let outcome = client.apply(update);
            match outcome {
                Ok(Progress::Applied { messages }) => prop_assert!(messages > 0),
                Ok(_) => prop_assert_eq!(client.update_id(), was_at),
                // The totals of a real venue are never wrong, but ids may be missing.
                Err(Desync::Gap { .. }) => {}
                Err(why) => prop_assert_eq!(Err(why), Ok(())),
            }
            prop_assert!(client.update_id() >= was_at || client.needs_snapshot());
            if client.needs_snapshot() {
                // The venue may be ahead of what it has published, in the middle of a diff.
                let request = || {
                    let later = published.truth.range(newest..).take(ahead + 1);
                    let (_, snapshot) = later.last().expect("the newest");
                    (delay, snapshot.clone())
                };
                let (left, snapshot) = on_its_way.take().unwrap_or_else(request);
                if left > 0 {
                    on_its_way = Some((left - 1, snapshot));
                } else if client.restart(&snapshot, None).is_ok() {
                    prop_assert!(client.update_id() >= Some(snapshot.last_update_id));
                }
            }
            match client.snapshot(usize::MAX) {
                Some(copy) => prop_assert_eq!(&copy, &published.truth[&copy.last_update_id]),
                None => prop_assert!(client.needs_snapshot()),
            }
        }
        // After a snapshot of the present the client is at the present.
        let (id, truth) = published.truth.last_key_value().expect("the empty book");
        let checksum = truth.checksum(&ChecksumForm::CANONICAL);
        prop_assert!(client.restart(truth, Some(checksum)).is_ok());
        prop_assert_eq!(client.update_id(), Some(*id));
        prop_assert_eq!(&client.snapshot(usize::MAX), &Some(truth.clone()));
        prop_assert_eq!(client.waiting(), 0);
    }

    #[test]
    fn who_is_patient_enough_needs_no_second_snapshot(
        published in published(),
        faults in prop::collection::vec(fault(), 100),
    ) {
        let mut client = ClientBook::new(ClientSettings {
            hold_back: 10,
            ..ClientSettings::default()
        });
        prop_assert!(client.restart(&DepthSnapshot::default(), None).is_ok());
        let nothing_is_lost: Vec<Fault> = faults
            .into_iter()
            .map(|fault| if let Fault::Lost = fault { Fault::None } else { fault })
            .collect();
        for update in through_the_line(&published.updates, &nothing_is_lost) {
            prop_assert!(client.apply(update).is_ok());
        }
        let last = published.updates.last().map_or(0, last_id);
        let truth = published.truth[&last].clone();
        prop_assert_eq!(client.snapshot(usize::MAX), Some(truth));
        prop_assert_eq!(client.waiting(), 0);
    }
}
