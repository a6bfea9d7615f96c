//! A map from ids to what they name.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

/// An id that can be a key of an [`IdMap`].
pub trait Id: Copy + Ord {
    /// The number of the id.
    fn number(self) -> u64;

    /// The id of a number that [`number`](Self::number) gave.
    fn of_number(number: u64) -> Self;
}

/// A map whose keys are ids.
///
/// Ids that are handed out in sequence, as those of accounts and instruments mostly are, index an
/// array; whatever is far from that lives in an ordered map. So a lookup costs a few instructions in
/// the common case and O(log n) whoever chooses the ids, memory is linear in the number of entries,
/// and iteration is always in ascending order.
#[derive(Clone)]
pub struct IdMap<K, V> {
    /// Ids below its length are here, all others in `sparse`.
    dense: Vec<Option<V>>,
    sparse: BTreeMap<K, V>,
    len: usize,
}

impl<K: Id, V> IdMap<K, V> {
    /// An array that many times as long as there are entries is not too long.
    const SPARSENESS: u64 = 2;
    /// An array of that length is never too long.
    const ALWAYS: u64 = 64;

    /// An empty map.
    pub const fn new() -> Self {
        Self {
            dense: Vec::new(),
            sparse: BTreeMap::new(),
            len: 0,
        }
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What an id names.
    #[inline]
    pub fn get(&self, id: K) -> Option<&V> {
        match index(id).and_then(|index| self.dense.get(index)) {
            Some(entry) => entry.as_ref(),
            None => self.sparse.get(&id),
        }
    }

    /// What an id names.
    #[inline]
    pub fn get_mut(&mut self, id: K) -> Option<&mut V> {
        match index(id).and_then(|index| self.dense.get_mut(index)) {
            Some(entry) => entry.as_mut(),
            None => self.sparse.get_mut(&id),
        }
    }

    /// What three ids name, where no two are the same and all are within the array: ids far from it
    /// have to be looked up one by one.
    #[inline(always)]
    pub(crate) fn three_mut(&mut self, ids: [K; 3]) -> Option<[&mut V; 3]> {
        let indexes = ids.map(|id| index(id).unwrap_or(usize::MAX));
        let [one, two, three] = self.dense.get_disjoint_mut(indexes).ok()?;
        Some([one.as_mut()?, two.as_mut()?, three.as_mut()?])
    }

    /// Whether an id names anything.
    #[inline]
    pub fn contains(&self, id: K) -> bool {
        self.get(id).is_some()
    }

    /// Lets an id name something; returns what it named before. Amortised O(1), or O(log n).
    pub fn insert(&mut self, id: K, value: V) -> Option<V> {
        if let Some(entry) = self.get_mut(id) {
            return Some(mem::replace(entry, value));
        }
        self.make_room(id);
        match index(id).and_then(|index| self.dense.get_mut(index)) {
            Some(entry) => *entry = Some(value),
            None => {
                self.sparse.insert(id, value);
            }
        }
        self.len += 1;
        None
    }

    /// Lets an id name nothing any more; returns what it named.
    pub fn remove(&mut self, id: K) -> Option<V> {
        let old = match index(id).and_then(|index| self.dense.get_mut(index)) {
            Some(entry) => entry.take(),
            None => self.sparse.remove(&id),
        };
        self.len -= usize::from(old.is_some());
        old
    }

    /// All entries, by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        let dense = (0..).zip(&self.dense);
        let dense = dense.filter_map(|(id, entry)| Some((K::of_number(id), entry.as_ref()?)));
        dense.chain(self.sparse.iter().map(|(id, value)| (*id, value)))
    }

    /// All entries, by ascending id.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (K, &mut V)> {
        let dense = (0..).zip(&mut self.dense);
        let dense = dense.filter_map(|(id, entry)| Some((K::of_number(id), entry.as_mut()?)));
        dense.chain(self.sparse.iter_mut().map(|(id, value)| (*id, value)))
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(id, _)| id)
    }

    /// All that is named, by ascending id.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// Lets the array reach as far as `id`, which names nothing yet, where that is not too far, and
    /// moves there what then belongs there.
    fn make_room(&mut self, id: K) {
        let number = id.number();
        let bound = (self.len as u64 + 1).saturating_mul(Self::SPARSENESS);
        let Some(index) = index(id) else { return };
        if index < self.dense.len() || number >= bound.max(Self::ALWAYS) {
            return;
        }
        self.dense.resize_with(index + 1, || None);
        let beyond = match self.sparse.first_key_value() {
            Some((first, _)) if first.number() <= number => {
                let beyond = self.sparse.split_off(&id);
                mem::replace(&mut self.sparse, beyond)
            }
            _ => return,
        };
        for (id, value) in beyond {
            if let Some(entry) = self::index(id).and_then(|index| self.dense.get_mut(index)) {
                *entry = Some(value);
            }
        }
    }
}

#[inline]
fn index<K: Id>(id: K) -> Option<usize> {
    usize::try_from(id.number()).ok()
}

impl<K: Id, V> Default for IdMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Id, V: PartialEq> PartialEq for IdMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl<K: Id, V: Eq> Eq for IdMap<K, V> {}

impl<K: Id + fmt::Debug, V: fmt::Debug> fmt::Debug for IdMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Id, V> FromIterator<(K, V)> for IdMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (id, value) in entries {
            map.insert(id, value);
        }
        map
    }
}
