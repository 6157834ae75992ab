//! Segment after segment along the keys.

use alloc::collections::btree_map;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::iter::Peekable;

use super::Ownership;
use super::interval_trees::{Entry, Overlapping};
use super::segment::{Owner, Segment};
use crate::{Key, KeyRange, NodeId};

/// Goes over the segments in a range, the first and the last of them clipped to it. The owners of
/// the present one are at hand, in a buffer that the next one reuses.
pub(super) struct Sweep<'a> {
    ownership: &'a Ownership,
    boundaries: btree_map::Range<'a, Key, u32>,
    coming: Peekable<Overlapping<'a>>,
    /// Claims over the present segment, by node.
    covering: Vec<&'a Entry>,
    owners: Vec<(u64, &'a NodeId)>,
    from: u64,
    past_end: u64,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(ownership: &'a Ownership, range: KeyRange) -> Self {
        Self {
            ownership,
            boundaries: ownership.boundaries.inside(range),
            coming: ownership.live.overlapping(range).peekable(),
            covering: Vec::new(),
            owners: Vec::new(),
            from: u64::from(range.start()),
            past_end: range.past_end(),
        }
    }

    /// Goes to the next segment, the first one at first. O(k log k) for k claims over it, and
    /// O(log n) for each claim that is passed.
    pub(super) fn advance(&mut self) -> Option<KeyRange> {
        if self.from == self.past_end {
            return None;
        }
        let to = self.boundaries.next().map_or(self.past_end, |(&key, _)| u64::from(key));
        let segment = KeyRange::between(self.from, to);
        self.covering.retain(|entry| entry.range.end() >= segment.start());
        while let Some(entry) = self.coming.next_if(|entry| entry.range.start() <= segment.start())
        {
            if entry.range.end() >= segment.start() {
                self.covering.push(entry);
            }
        }
        self.covering.sort_by_key(|entry| (entry.node, Reverse(entry.priority)));
        list_owners(self.ownership, &self.covering, &mut self.owners);
        self.from = to;
        Some(segment)
    }

    /// The owners of the present segment, in their order.
    pub(super) fn owners(&self) -> &[(u64, &'a NodeId)] {
        &self.owners
    }
}

impl Iterator for Sweep<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let range = self.advance()?;
        Some(Segment { range, owners: owned(&self.owners) })
    }
}

/// The owners of a single key.
pub(super) fn owners_at(ownership: &Ownership, key: Key) -> Vec<Owner> {
    let range = KeyRange::between(u64::from(key), u64::from(key) + 1);
    let mut covering: Vec<&Entry> = ownership.live.overlapping(range).collect();
    covering.sort_unstable_by_key(|entry| (entry.node, Reverse(entry.priority)));
    let mut owners = Vec::new();
    list_owners(ownership, &covering, &mut owners);
    owned(&owners)
}

/// Puts into `owners` those that `covering` come to, which is by node, the highest one first.
fn list_owners<'a>(
    ownership: &'a Ownership,
    covering: &[&Entry],
    owners: &mut Vec<(u64, &'a NodeId)>,
) {
    owners.clear();
    let highest = covering.chunk_by(|a, b| a.node == b.node).map(|of_node| of_node[0]);
    owners.extend(highest.map(|entry| (entry.priority, ownership.live.node(entry))));
    owners.sort_unstable_by_key(|&(priority, node)| (Reverse(priority), node));
}

fn owned(owners: &[(u64, &NodeId)]) -> Vec<Owner> {
    owners.iter().map(|&(priority, node)| Owner { node: node.clone(), priority }).collect()
}
