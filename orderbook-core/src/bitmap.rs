//! Which levels of a window are occupied, and where the next one is.
//!
//! Three storeys of 64-bit words: a bit of a higher storey says whether the word below it has any.
//! Finding the next occupied position looks at five words at most, however far away it is.

use alloc::boxed::Box;

/// How many positions there are.
pub(crate) const BITS: usize = 64 * WORDS;
const WORDS: usize = 64 * GROUPS;
const GROUPS: usize = 16;

/// Its arrays have one size, whatever the size of the window: no access has to be checked then, and
/// 8 KiB are little.
#[derive(Debug, Clone)]
pub(crate) struct Bitmap {
    words: Box<[u64; WORDS]>,
    summary: [u64; GROUPS],
    top: u64,
}

impl Bitmap {
    /// All clear.
    pub(crate) fn new() -> Self {
        Self {
            words: Box::new([0; WORDS]),
            summary: [0; GROUPS],
            top: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, at: usize) {
        let word = &mut self.words[at / 64 % WORDS];
        let before = *word;
        *word |= bit(at);
        if before == 0 {
            self.set_above(at / 64);
        }
    }

    #[inline(always)]
    fn set_above(&mut self, word: usize) {
        self.summary[word / 64 % GROUPS] |= bit(word);
        self.top |= bit(word / 64);
    }

    #[inline(always)]
    pub(crate) fn clear(&mut self, at: usize) {
        let word = &mut self.words[at / 64 % WORDS];
        *word &= !bit(at);
        if *word == 0 {
            self.clear_above(at / 64);
        }
    }

    /// Clears a position. Returns the first one set after it.
    #[inline(always)]
    pub(crate) fn clear_then_next(&mut self, at: usize) -> Option<usize> {
        let word = &mut self.words[at / 64 % WORDS];
        *word &= !bit(at);
        let rest = *word;
        let here = rest >> (at % 64);
        if here != 0 {
            return Some(at + first(here));
        }
        if rest == 0 {
            self.clear_above(at / 64);
        }
        self.next_elsewhere(at / 64)
    }

    #[inline(always)]
    fn clear_above(&mut self, word: usize) {
        self.summary[word / 64 % GROUPS] &= !bit(word);
        if self.summary[word / 64 % GROUPS] == 0 {
            self.top &= !bit(word / 64);
        }
    }

    /// The first position set at `from` or after it.
    #[inline]
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let word = from / 64;
        let here = self.words.get(word)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(word * 64 + first(here));
        }
        self.next_elsewhere(word)
    }

    /// The first position set in a word after this one.
    #[inline(never)]
    fn next_elsewhere(&self, word: usize) -> Option<usize> {
        self.next_word(word)
            .map(|word| word * 64 + first(self.words[word % WORDS]))
    }

    /// The first word after this one that has any bit.
    fn next_word(&self, after: usize) -> Option<usize> {
        let group = after / 64;
        let here = self.summary[group % GROUPS] & above(after);
        if here != 0 {
            return Some(group * 64 + first(here));
        }
        let groups = self.top & above(group);
        (groups != 0).then(|| {
            let group = first(groups);
            group * 64 + first(self.summary[group % GROUPS])
        })
    }
}

const fn bit(at: usize) -> u64 {
    1 << (at % 64)
}

/// The bits above that of `at`.
const fn above(at: usize) -> u64 {
    (u64::MAX << (at % 64)) << 1
}

const fn first(word: u64) -> usize {
    word.trailing_zeros() as usize
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_next_position_is_the_one_a_linear_search_finds() {
        let positions = [0, 1, 63, 64, 65, 127, 4_095, 4_096, 4_160, 65_472, BITS - 1];
        let mut bitmap = Bitmap::new();
        for (count, at) in positions.iter().enumerate() {
            bitmap.set(*at);
            for from in positions.iter().flat_map(|at| [*at, at + 1]) {
                let expected = positions[..=count].iter().find(|at| **at >= from);
                assert_eq!(bitmap.next(from), expected.copied(), "from {from}");
            }
        }
        let mut left: Vec<usize> = positions.to_vec();
        for at in [4_096, 0, BITS - 1, 65, 1, 64, 63, 4_095, 127, 4_160, 65_472] {
            left.retain(|other| *other != at);
            let expected = left.iter().find(|other| **other > at).copied();
            assert_eq!(bitmap.clone().clear_then_next(at), expected, "after {at}");
            bitmap.clear(at);
            assert_eq!(bitmap.next(0), left.first().copied(), "without {at}");
        }
    }
}
