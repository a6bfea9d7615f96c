//! The resting orders: where they are stored, and how one is found by its id.
//!
//! Each order is one node of 64 bytes, a cache line, in a pool; the links that make up the queue of
//! its level are positions in the pool, and the last place to become free is the first to be used
//! again. What only icebergs and GTD orders have is kept apart, in a slab.
//!
//! Ids are found over a table of chains, indexed by bits of the id, of which each node is a link: no
//! allocation per order, and ascending ids, such as a sequencer hands out, lie side by side. Chains
//! are bounded: ids that somebody has chosen so that they collide go to an ordered map instead, so
//! that the worst a caller can do with ids is O(log orders). Nothing ever goes through the table.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

use slab::Slab;

use crate::node::{Chain, Leaving, Node, Slot, TermsKey};
use crate::{OrderId, Quantity, Resting, Timestamp};

/// The longest chain of the id table.
const MAX_CHAIN: usize = 8;

/// What icebergs and GTD orders have beyond a node.
#[derive(Debug, Clone, Copy)]
struct Terms {
    display: Option<Quantity>,
    hidden: Quantity,
    until: Option<Timestamp>,
}

/// All resting orders of a book.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    /// Places in use, and free ones, which are linked by `next`.
    nodes: Vec<Node>,
    free: Option<Slot>,
    live: usize,
    terms: Slab<Terms>,
    /// The first node of each chain; a power of two of them, two for each place at least.
    chains: Vec<Option<Slot>>,
    /// One less than how many they are, and the logarithm of that.
    chain_mask: usize,
    chain_bits: u32,
    /// Orders whose chains were full.
    overflow: BTreeMap<OrderId, Slot>,
    /// GTD orders, earliest date first.
    dates: BTreeSet<(Timestamp, OrderId)>,
}

impl Index<Slot> for Orders {
    type Output = Node;

    #[inline]
    fn index(&self, slot: Slot) -> &Node {
        &self.nodes[slot.position()]
    }
}

impl IndexMut<Slot> for Orders {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Node {
        &mut self.nodes[slot.position()]
    }
}

impl Orders {
    /// Whether another order would be one more than `most`, which must not have been smaller
    /// before: a free place is one that was in use.
    #[inline]
    pub(crate) fn is_full(&self, most: u32) -> bool {
        self.free.is_none() && self.nodes.len() > most as usize
    }

    /// Room for so many orders, at most [`MAX_ORDERS`](crate::MAX_ORDERS), without growing. The places
    /// are there and free, so that no order has to wait for the first use of a page of memory.
    pub(crate) fn with_capacity(orders: usize) -> Self {
        let mut nodes = vec![Node::VACANT; orders + 1];
        for (position, node) in nodes.iter_mut().enumerate().take(orders).skip(1) {
            node.next = Some(Slot::new(position + 1));
        }
        Self {
            nodes,
            free: (orders > 0).then(|| Slot::new(1)),
            live: 0,
            terms: Slab::new(),
            chains: vec![None; table_size(orders)],
            chain_mask: table_size(orders) - 1,
            chain_bits: table_size(orders).trailing_zeros(),
            overflow: BTreeMap::new(),
            dates: BTreeSet::new(),
        }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.live
    }

    /// The order of this id. O(1) for ids that were not chosen to collide, O(log orders) for those
    /// that were.
    #[inline]
    pub(crate) fn find(&self, id: OrderId) -> Option<Slot> {
        self.find_in(self.chain_of(id), id)
    }

    /// The order of this id, whose chain is known.
    #[inline(always)]
    pub(crate) fn find_in(&self, chain: Chain, id: OrderId) -> Option<Slot> {
        match self.chains[chain.0] {
            None if self.overflow.is_empty() => None,
            Some(first) if self[first].id == id => Some(first),
            _ => self.find_further(chain, id),
        }
    }

    /// Whether no order has an id of this chain, as is mostly the case where an id is not in use.
    #[inline(always)]
    pub(crate) fn is_surely_new(&self, chain: Chain) -> bool {
        self.chains[chain.0].is_none() && self.overflow.is_empty()
    }

    /// The order of this id where it is the first one of its chain, as most are.
    #[inline(always)]
    pub(crate) fn find_first(&self, chain: Chain, id: OrderId) -> Option<Slot> {
        self.chains[chain.0].filter(|first| self[*first].id == id)
    }

    #[cold]
    fn find_further(&self, chain: Chain, id: OrderId) -> Option<Slot> {
        core::iter::successors(self.chains[chain.0], |slot| self[*slot].chain)
            .find(|slot| self[*slot].id == id)
            .or_else(|| self.overflow.get(&id).copied())
    }

    /// The chain of an id: its low bits, turned by a number that depends on the high ones. Ids in
    /// sequence are neighbours, and multiples of a power of two spread.
    #[inline]
    pub(crate) fn chain_of(&self, id: OrderId) -> Chain {
        let turn = (id.get() >> self.chain_bits).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        #[expect(clippy::cast_possible_truncation, reason = "only low bits count")]
        let turned = id.get().wrapping_add(turn) as usize;
        Chain(turned & self.chain_mask)
    }

    /// Stores an order whose id is not in use, and whose chain is known. It is in no queue yet. The
    /// node is asked for when there is a place for it, so that it is made there.
    #[inline(always)]
    pub(crate) fn insert(
        &mut self,
        chain: Chain,
        id: OrderId,
        node: impl FnOnce() -> Node,
    ) -> Slot {
        let (slot, chain) = match self.free {
            Some(slot) => (slot, chain),
            None => self.append(id, chain),
        };
        self.live += 1;
        let first = self.chains[chain.0].replace(slot);
        let place = &mut self.nodes[slot.position()];
        self.free = place.next;
        *place = node();
        if let Some(first) = first {
            self.enchain(chain, first, slot);
        }
        slot
    }

    /// Stores an order with terms that most do not have.
    pub(crate) fn insert_special(
        &mut self,
        chain: Chain,
        mut node: Node,
        terms: &Resting,
        hidden: Quantity,
    ) -> Slot {
        node.post_only = terms.post_only;
        if let Some(until) = terms.until {
            self.dates.insert((until, node.id));
        }
        if terms.display.is_some() || terms.until.is_some() {
            node.terms = Some(TermsKey::new(self.terms.insert(Terms {
                display: terms.display,
                hidden,
                until: terms.until,
            })));
        }
        self.insert(chain, node.id, || node.clone())
    }

    /// What has to be known of an order to take it off the book; of one that has neither reserve nor
    /// date, unless its terms are given.
    #[inline(always)]
    pub(crate) fn leaving(&self, chain: Chain, slot: Slot, terms: Option<TermsKey>) -> Leaving {
        let node = &self[slot];
        let hidden = match terms {
            None => Quantity::ZERO,
            Some(terms) => self.terms[terms.get()].hidden,
        };
        Leaving {
            id: node.id,
            account: node.account,
            side: node.side,
            price: node.price,
            remaining: Quantity::new(node.displayed.get() + hidden.get()),
            hidden,
            previous: node.previous,
            next: node.next,
            terms,
            slot,
            chain,
            rest_of_chain: node.chain,
        }
    }

    /// Forgets an order that has left its queue.
    #[inline(always)]
    pub(crate) fn remove(&mut self, order: &Leaving) {
        let slot = order.slot;
        if let Some(terms) = order.terms {
            self.remove_terms(order.id, terms);
        }
        self[slot].next = self.free.replace(slot);
        self.live -= 1;
        let first = &mut self.chains[order.chain.0];
        if *first == Some(slot) {
            *first = order.rest_of_chain;
        } else {
            self.unchain(order.chain, slot);
        }
    }

    /// The terms that the order came with beyond its price.
    #[inline]
    pub(crate) fn resting_terms(&self, slot: Slot) -> Resting {
        let node = &self[slot];
        let terms = node.terms.map(|terms| self.terms[terms.get()]);
        Resting {
            until: terms.and_then(|terms| terms.until),
            post_only: node.post_only,
            display: terms.and_then(|terms| terms.display),
        }
    }

    /// What is left of an order, its reserve included.
    #[inline]
    pub(crate) fn remaining(&self, slot: Slot) -> Quantity {
        let node = &self[slot];
        match node.terms {
            None => node.displayed,
            Some(_) => Quantity::new(node.displayed.get() + self.hidden(slot).get()),
        }
    }

    /// The reserve of an iceberg.
    #[inline]
    pub(crate) fn hidden(&self, slot: Slot) -> Quantity {
        match self[slot].terms {
            None => Quantity::ZERO,
            Some(terms) => self.terms[terms.get()].hidden,
        }
    }

    /// The largest slice that the order shows, where it is an iceberg.
    pub(crate) fn display(&self, slot: Slot) -> Option<Quantity> {
        self[slot]
            .terms
            .and_then(|terms| self.terms[terms.get()].display)
    }

    /// Takes the next slice out of the reserve, once the last one is used up. Returns the slice and
    /// what is left of the reserve; `None` where there is no reserve.
    pub(crate) fn next_slice(&mut self, slot: Slot) -> Option<(Quantity, Quantity)> {
        let key = self[slot].terms?.get();
        let terms = &mut self.terms[key];
        let slice = terms.display?.min(terms.hidden);
        if slice.is_zero() {
            return None;
        }
        terms.hidden = Quantity::new(terms.hidden.get() - slice.get());
        let hidden = terms.hidden;
        self[slot].displayed = slice;
        Some((slice, hidden))
    }

    /// Makes the reserve smaller.
    pub(crate) fn reduce_hidden(&mut self, slot: Slot, by: Quantity) {
        if let Some(terms) = self[slot].terms {
            let hidden = &mut self.terms[terms.get()].hidden;
            *hidden = Quantity::new(hidden.get() - by.get());
        }
    }

    /// The first order to expire at `now`.
    pub(crate) fn due(&self, now: Timestamp) -> Option<Slot> {
        let (until, id) = *self.dates.first()?;
        if until > now {
            return None;
        }
        self.find(id)
    }

    /// How many orders have a date.
    pub(crate) fn dated(&self) -> usize {
        self.dates.len()
    }

    #[cold]
    fn remove_terms(&mut self, id: OrderId, terms: TermsKey) {
        if let Some(until) = self.terms.remove(terms.get()).until {
            self.dates.remove(&(until, id));
        }
    }

    /// A place that has never been used, for an order of this id. The table may grow for it, which
    /// gives the order another chain.
    #[cold]
    fn append(&mut self, id: OrderId, mut chain: Chain) -> (Slot, Chain) {
        if self.nodes.len() > self.chains.len() / 2 {
            self.grow();
            chain = self.chain_of(id);
        }
        let slot = Slot::new(self.nodes.len());
        self.nodes.push(Node::VACANT);
        (slot, chain)
    }

    /// An order has taken the place of the first one of its chain: it goes before it, where there
    /// is room.
    #[cold]
    fn enchain(&mut self, chain: Chain, first: Slot, slot: Slot) {
        if self.chain_has_room(first) {
            self[slot].chain = Some(first);
        } else {
            self.chains[chain.0] = Some(first);
            self.overflow.insert(self[slot].id, slot);
        }
    }

    fn chain_has_room(&self, first: Slot) -> bool {
        core::iter::successors(Some(first), |slot| self[*slot].chain)
            .take(MAX_CHAIN)
            .count()
            < MAX_CHAIN
    }

    /// Takes an order that is not the first one out of its chain, or out of the map.
    #[cold]
    fn unchain(&mut self, chain: Chain, slot: Slot) {
        let mut link = self.chains[chain.0];
        while let Some(at) = link {
            link = self[at].chain;
            if link == Some(slot) {
                self[at].chain = self[slot].chain;
                return;
            }
        }
        let id = self[slot].id;
        self.overflow.remove(&id);
    }

    /// More chains, and every order in its new one. All places are in use.
    #[cold]
    fn grow(&mut self) {
        let size = table_size(self.nodes.len());
        self.chains = vec![None; size];
        self.chain_mask = size - 1;
        self.chain_bits = size.trailing_zeros();
        self.overflow.clear();
        for position in 1..self.nodes.len() {
            let slot = Slot::new(position);
            self[slot].chain = None;
            let chain = self.chain_of(self[slot].id);
            if let Some(first) = self.chains[chain.0].replace(slot) {
                self.enchain(chain, first, slot);
            }
        }
    }
}

/// How many chains for so many orders: twice as many at least, so that most are empty or short.
fn table_size(orders: usize) -> usize {
    (orders.saturating_add(1) * 2).next_power_of_two().max(64)
}
