//! What a map of ids asks of the allocator: so much for each entry, whoever chooses the ids.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use accounts_core::{AccountId, IdMap};

/// The allocator of the system, and how much this thread has of it.
struct Counting;

thread_local! {
    // Neither is initialised lazily nor has to be dropped, so that counting allocates nothing.
    static BYTES: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(given_back: usize, asked_for: usize) {
    // A thread may give back what another one has asked for.
    let bytes = BYTES.get() + asked_for.cast_signed() - given_back.cast_signed();
    BYTES.set(bytes);
    MOST.set(MOST.get().max(bytes));
}

// SAFETY: everything is handed on to the allocator of the system as it came; counting touches
// nothing but numbers of this thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that were in use meanwhile.
fn most(what: impl FnOnce()) -> usize {
    let before = BYTES.get();
    MOST.set(before);
    what();
    usize::try_from(MOST.get() - before).expect("no less than at the start")
}

/// An entry of the array is two words. It is twice as long as there are entries, with as much room to
/// grow; an ordered map has nodes that are half full.
const BYTES_OF_ENTRY: usize = 16 * 2 * 2;
/// An array that is always allowed.
const BYTES_OF_NONE: usize = 16 * 64 * 2;

/// Chooses ids, by their place in the sequence.
type Chosen = (&'static str, fn(u64) -> u64);

#[test]
fn memory_is_linear_whatever_the_ids() {
    let sequences: [Chosen; 9] = [
        ("in sequence", |place| place),
        ("from the end", |place| u64::MAX - place),
        ("every other", |place| place * 2),
        ("every third", |place| place * 3),
        ("every thousandth", |place| place * 1_000),
        ("squares", |place| place * place),
        ("backwards", |place| 3_000_000 - place),
        ("scattered", |place| {
            place.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        }),
        // As far ahead as the array would go.
        ("as far as near", |place| 2 * place + 1),
    ];
    for (what, id) in sequences {
        for entries in [1, 10, 1_000, 50_000_u64] {
            let bytes = most(|| {
                let ids = (0..entries).map(|place| AccountId::new(id(place)));
                let map: IdMap<AccountId, u64> = ids.map(|id| (id, 0)).collect();
                assert_eq!(map.len() as u64, entries);
            });
            let room = usize::try_from(entries).expect("few") * BYTES_OF_ENTRY + BYTES_OF_NONE;
            assert!(bytes <= room, "{entries} {what}: {bytes} bytes");
        }
    }
}

#[test]
fn a_single_huge_id_costs_no_more_than_a_small_one() {
    for number in [64, 1 << 20, 1 << 32, 1 << 63, u64::MAX] {
        let bytes = most(|| {
            let mut map = IdMap::new();
            assert_eq!(map.insert(AccountId::new(number), 1_u64), None);
            assert_eq!(map.get(AccountId::new(number)), Some(&1));
        });
        assert!(bytes <= BYTES_OF_NONE, "{number}: {bytes} bytes");
    }
}

#[test]
fn entries_that_went_away_make_no_room_for_ids_far_away() {
    let bytes = most(|| {
        let mut map = IdMap::new();
        for number in 0..100_000 {
            let id = AccountId::new(number);
            map.insert(id, number);
            assert_eq!(map.remove(id), Some(number));
        }
        assert!(map.is_empty());
    });
    assert!(bytes <= BYTES_OF_NONE, "{bytes} bytes");
}
