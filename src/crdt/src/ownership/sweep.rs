//! Segment after segment along the keys.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::iter::Peekable;

use super::Ownership;
use super::claim_table::ClaimTable;
use super::interval_trees::{Entry, Overlapping};
use super::segment::{Owner, Segment};
use crate::sort::sorted;
use crate::{Key, KeyRange, NodeId};

/// The owners of some keys, in their order.
pub(super) type Owners<'a> = Vec<(Reverse<u64>, &'a NodeId)>;

/// A claim over some keys: the number of its node, its priority, where it ends.
type Cover = (u32, Reverse<u64>, u64);

/// Goes over the segments in a range, the first and the last of them clipped to it. The owners of
/// the present one are at hand.
pub(super) struct Sweep<'a> {
    claims: &'a ClaimTable,
    coming: Peekable<Overlapping<'a>>,
    /// Claims over the piece that was cut last.
    covering: Vec<Cover>,
    /// Where the next piece begins.
    from: u64,
    past_end: u64,
    owners: Owners<'a>,
    /// The first piece of the next segment, with its owners.
    next: Option<KeyRange>,
    next_owners: Owners<'a>,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(ownership: &'a Ownership, range: KeyRange) -> Self {
        let mut sweep = Self {
            claims: &ownership.claims,
            coming: ownership.claims.overlapping(range).peekable(),
            covering: Vec::new(),
            from: u64::from(range.start()),
            past_end: range.past_end(),
            owners: Owners::new(),
            next: None,
            next_owners: Owners::new(),
        };
        sweep.next = sweep.cut();
        sweep
    }

    /// Goes to the next segment, the first one at first. O(k log k) for each claim that starts or
    /// ends there, with k claims over it, and O(log n) for each that is passed.
    pub(super) fn advance(&mut self) -> Option<KeyRange> {
        let mut segment = self.next?;
        core::mem::swap(&mut self.owners, &mut self.next_owners);
        loop {
            self.next = self.cut();
            match self.next {
                Some(piece) if self.owners == self.next_owners => {
                    segment = KeyRange::between(segment.start().into(), piece.past_end());
                }
                _ => return Some(segment),
            }
        }
    }

    /// The owners of the present segment.
    pub(super) fn owners(&self) -> &Owners<'a> {
        &self.owners
    }

    /// The next keys over which no claim starts or ends; puts their owners into `next_owners`.
    fn cut(&mut self) -> Option<KeyRange> {
        if self.from == self.past_end {
            return None;
        }
        let from = self.from;
        self.covering.retain(|&(.., past_end)| past_end > from);
        while let Some(entry) = self.coming.next_if(|entry| u64::from(entry.range.start()) <= from)
        {
            self.covering.push(cover(entry));
        }
        let ends = self.covering.iter().map(|&(.., past_end)| past_end);
        let start = self.coming.peek().map(|entry| u64::from(entry.range.start()));
        let to = ends.chain(start).fold(self.past_end, u64::min);
        list_owners(self.claims, &mut self.covering, &mut self.next_owners);
        self.from = to;
        Some(KeyRange::between(from, to))
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
    let mut covering: Vec<Cover> = ownership.claims.overlapping(range).map(cover).collect();
    let mut owners = Owners::new();
    list_owners(&ownership.claims, &mut covering, &mut owners);
    owned(&owners)
}

fn cover(entry: &Entry) -> Cover {
    (entry.node, Reverse(entry.priority), entry.range.past_end())
}

/// Puts into `owners` those that `covering` come to; of each node its highest claim counts.
fn list_owners<'a>(claims: &'a ClaimTable, covering: &mut Vec<Cover>, owners: &mut Owners<'a>) {
    *covering = sorted(core::mem::take(covering));
    let highest = covering.chunk_by(|a, b| a.0 == b.0).map(|of_node| of_node[0]);
    owners.clear();
    owners.extend(highest.map(|(node, priority, _)| (priority, claims.node_by_number(node))));
    *owners = sorted(core::mem::take(owners));
}

fn owned(owners: &Owners<'_>) -> Vec<Owner> {
    let owner = |&(Reverse(priority), node): &(_, &NodeId)| Owner { node: node.clone(), priority };
    owners.iter().map(owner).collect()
}
