//! The map of ids against an ordered map, whoever chooses the ids. What it asks of the allocator is in
//! `memory.rs`.

use std::collections::BTreeMap;

use accounts_core::{AccountId, AssetId, Id, IdMap};
use proptest::prelude::*;

fn id(number: u64) -> AccountId {
    AccountId::new(number)
}

/// Every question that can be asked of both.
fn assert_same(map: &IdMap<AccountId, u32>, naive: &BTreeMap<AccountId, u32>) {
    assert_eq!(map.len(), naive.len());
    assert_eq!(map.is_empty(), naive.is_empty());
    let ours = map.iter().map(|(id, value)| (id, *value));
    assert!(
        ours.eq(naive.iter().map(|(id, value)| (*id, *value))),
        "{map:?}"
    );
    assert!(map.ids().eq(naive.keys().copied()));
    assert!(map.values().eq(naive.values()));
    let mut copy = map.clone();
    let mutable = copy.iter_mut().map(|(id, value)| (id, *value));
    assert!(mutable.eq(naive.iter().map(|(id, value)| (*id, *value))));
    for (id, value) in naive {
        assert_eq!(map.get(*id), Some(value));
        assert!(map.contains(*id));
    }
}

#[test]
fn an_empty_map_has_nothing() {
    let mut map: IdMap<AccountId, u32> = IdMap::new();
    assert_same(&map, &BTreeMap::new());
    for number in [0, 1, 63, 64, u64::MAX] {
        assert_eq!(map.get(id(number)), None);
        assert_eq!(map.get_mut(id(number)), None);
        assert_eq!(map.remove(id(number)), None);
    }
    assert_eq!(map, IdMap::default());
    assert_eq!(format!("{map:?}"), "{}");
}

#[test]
fn ids_far_apart_are_listed_in_order() {
    let far = [u64::MAX, 3, 1 << 40, 0, u64::MAX - 1, 64, 1 << 63, 63];
    let map: IdMap<_, _> = far.iter().map(|number| (id(*number), *number)).collect();
    let mut sorted = far;
    sorted.sort_unstable();
    assert!(map.values().eq(&sorted));
    assert!(map.ids().map(AccountId::get).eq(sorted));
}

#[test]
fn ids_that_come_near_keep_what_they_name() {
    // From the top down, so that everything is far away until the end.
    let mut map = IdMap::new();
    let mut naive = BTreeMap::new();
    for number in (0..1_000_u32).rev() {
        assert_eq!(map.insert(id(number.into()), number), None);
        naive.insert(id(number.into()), number);
    }
    assert_same(&map, &naive);
}

#[test]
fn an_id_that_was_far_away_is_not_there_twice() {
    for far in [64, 100, 121, 122, 1_000] {
        let mut map = IdMap::new();
        let mut naive = BTreeMap::new();
        let mut insert = |number, value| {
            assert_eq!(
                map.insert(id(number), value),
                naive.insert(id(number), value)
            );
            assert_same(&map, &naive);
        };
        insert(far, 1);
        for number in 0..60 {
            insert(number, 0);
        }
        // By now it may be near enough.
        insert(far, 2);
        insert(far, 3);
    }
}

#[test]
fn maps_are_equal_however_they_came_about() {
    let ascending: IdMap<_, _> = (0..200).map(|number| (id(number), number)).collect();
    let descending: IdMap<_, _> = (0..200).rev().map(|number| (id(number), number)).collect();
    assert_eq!(ascending, descending);
    assert_eq!(format!("{ascending:?}"), format!("{descending:?}"));

    let mut more = ascending.clone();
    more.insert(id(u64::MAX), 0);
    assert_ne!(more, ascending);
    assert_eq!(more.remove(id(u64::MAX)), Some(0));
    assert_eq!(more, ascending);
    *more.get_mut(id(7)).expect("it is there") = 8;
    assert_ne!(more, ascending);
}

#[test]
fn small_ids_are_ids_too() {
    let mut map = IdMap::new();
    for number in [u32::MAX, 0, 1 << 31] {
        map.insert(AssetId::new(number), number);
    }
    assert!(map.values().eq(&[0, 1 << 31, u32::MAX]));
    assert_eq!(
        AssetId::of_number(AssetId::new(7).number()),
        AssetId::new(7)
    );
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Insert(u64, u32),
    Remove(u64),
    Change(u64, u32),
}

/// In sequence, with gaps, huge, and around where the array ends.
fn ids() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..80_u64,
        4 => 0..400_u64,
        2 => (0..40_u64).prop_map(|number| number * 97),
        1 => (0..64_u32).prop_map(|shift| 1 << shift),
        1 => (0..3_u64).prop_map(|below| u64::MAX - below),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (ids(), any::<u32>()).prop_map(|(id, value)| Step::Insert(id, value)),
        2 => ids().prop_map(Step::Remove),
        1 => (ids(), any::<u32>()).prop_map(|(id, value)| Step::Change(id, value)),
    ]
}

proptest! {
    #[test]
    fn the_map_does_what_an_ordered_map_does(
        in_sequence in 0..150_u64,
        steps in prop::collection::vec(steps(), 0..300),
    ) {
        let mut map: IdMap<AccountId, u32> = IdMap::new();
        let mut naive: BTreeMap<AccountId, u32> = BTreeMap::new();
        let first = (0..in_sequence).map(|number| Step::Insert(number, 0));
        // Half of the steps come before those in sequence, so that these find ids far away.
        let (before, after) = steps.split_at(steps.len() / 2);
        for step in before.iter().copied().chain(first).chain(after.iter().copied()) {
            match step {
                Step::Insert(number, value) => prop_assert_eq!(
                    map.insert(id(number), value),
                    naive.insert(id(number), value)
                ),
                Step::Remove(number) => {
                    prop_assert_eq!(map.remove(id(number)), naive.remove(&id(number)));
                }
                Step::Change(number, value) => {
                    let (ours, theirs) = (map.get_mut(id(number)), naive.get_mut(&id(number)));
                    prop_assert_eq!(ours.is_some(), theirs.is_some());
                    if let (Some(ours), Some(theirs)) = (ours, theirs) {
                        *ours = value;
                        *theirs = value;
                    }
                }
            }
            prop_assert_eq!(map.len(), naive.len());
        }
        assert_same(&map, &naive);
        for number in 0..500 {
            prop_assert_eq!(map.get(id(number)), naive.get(&id(number)));
        }
        let collected: IdMap<_, _> = naive.into_iter().collect();
        prop_assert_eq!(map, collected);
    }
}
