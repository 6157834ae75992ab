//! Where one segment ends and the next one starts.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::{Entry, Range};
use core::ops::Bound;

use crate::{Key, KeyRange};

/// The first key of each segment but the one at 0, with how many nodes have another priority
/// there than at the key before. Owner lists differ exactly where some node's priority does, so
/// to count nodes is to know the segments without comparing a list.
#[derive(Clone, Default)]
pub(super) struct Boundaries {
    nodes: BTreeMap<Key, u32>,
}

impl Boundaries {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// One more node's priority changes at `key`. O(log n).
    pub(super) fn add(&mut self, key: Key) {
        *self.nodes.entry(key).or_default() += 1;
    }

    /// One node's priority changes there no more. O(log n).
    ///
    /// # Panics
    ///
    /// If no node's did.
    pub(super) fn remove(&mut self, key: Key) {
        let Entry::Occupied(mut nodes) = self.nodes.entry(key) else {
            panic!("no node's priority changes at {key}")
        };
        *nodes.get_mut() -= 1;
        if *nodes.get() == 0 {
            nodes.remove();
        }
    }

    /// The boundaries inside a range, so after its first key, in order. O(log n), then O(1) each.
    pub(super) fn inside(&self, range: KeyRange) -> Range<'_, Key, u32> {
        self.nodes.range((Bound::Excluded(range.start()), Bound::Included(range.end())))
    }
}
